#!/bin/sh
# offing fit on measured runs of the server of kernels-ref/: fitted to three loads, the profile foretells runs it
# has not seen, means within 3 % of what was measured; and what it says and writes.
#
#	fit.sh OFFING ROOT MODEL LIMIT LOAD...		fit to these, judge on the rest
set -eu
OFFING=$(realpath "$1")
export OFFING
root=$2
model=$3
judged=$4
shift 4
for tool in sqlite3 awk python3; do
	command -v $tool >/dev/null || { echo "no $tool here"; exit 77; }
done
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
scenario=$root/scenarios/served.yaml
chat=models.chat.model=llama2-$model

for load; do
	shift
	set -- "$@" "$root/results/served/h200-$model-$load.csv"
done
"$OFFING" fit "$@" --scenario "$scenario" -s "$chat" -o "$dir/fitted.profile" --json >"$dir/json" 2>"$dir/said"
python3 - "$dir/json" <<'END'
import json, sys
fit = json.load(open(sys.argv[1]))
constants = {c["name"]: c for c in fit["constants"]}
assert constants["step"]["fate"] == "held" and constants["step"]["se"] is None, constants["step"]
fitted = [c for c in constants.values() if c["fate"] == "fitted"]
assert len(fitted) >= 4 and all(0 < c["se"] < 0.1 for c in fitted), fitted
assert [row[k] ** 0.5 for k, row in enumerate(fit["covariance"])] == \
    [row[k] ** 0.5 for k, row in enumerate(fit["covariance"]) if abs(row[k] ** 0.5 / fitted[k]["se"] - 1) < 1e-9]
assert fit["held_back"]["n"] + fit["fitted"]["n"] == fit["requests"]
assert 0.08 < fit["held_back"]["n"] / fit["requests"] < 0.12
assert abs(fit["held_back"]["token"]) < 0.02 and abs(fit["held_back"]["end"]) < 0.02, fit["held_back"]
assert abs(fit["fitted"]["end"]) < max(0.005, abs(fit["fitted_before"]["end"])), fit
END
grep -q '^provenance: fitted' "$dir/fitted.profile"

failed=0
for run in $judged; do
	blocks=
	case $run in overload*) blocks=800 ;; esac
	"$root/scripts/foretell.sh" "$root/results/served/h200-$model-${run%%:*}.csv" "$scenario" -s "$chat" \
		-s "instances.server.profile=$dir/fitted.profile" \
		${blocks:+-s instances.server.kv_blocks=$blocks} >"$dir/table"
	awk -v run="$run" -v first="${run##*:}" '
		/, mean s|^makespan/ {
			error = $(NF - 1) + 0
			limit = /^first/ ? first : 3
			seen++
			if (error > limit || error < -limit) {
				print run ": " $0
				bad = 1
			}
		}
		END { exit bad || seen != 4 }' "$dir/table" || failed=1
done
exit $failed
