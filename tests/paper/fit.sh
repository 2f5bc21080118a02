#!/bin/sh
# The fit of the runtime `paper`: fit.sh OFFING PAPER_FIT
# - finds the constants again in latencies that offing made with them;
# - is the same whatever stands in the cells that it is to predict;
# - refuses a table with too few cells, and one without the columns.
set -eu
LC_ALL=C
export LC_ALL
offing=$1
fit=$2
root=$(cd "$(dirname "$0")/../.." && pwd)
published=$root/scripts/paper/table1_published.csv
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

fail()
{
	echo "$1"
	exit 1
}

# made MODEL SCENARIO RUNTIME_KEYS...: its eight cells from runs of offing.
made()
{
	model=$1
	file=$2
	shift 2
	for dataset in humaneval ceval summeval wikitext-2; do
		"$offing" run "$root/scenarios/paper/$file" "$@" --quiet --force -o "$tmp/run" --json \
			--replications 2 -s "users.all.workload=$dataset" -s policies.edge-cloud=null \
			2>/dev/null >"$tmp/json"
		for system in edge-only cloud-only; do
			grep "\"policy\":\"$system\"" "$tmp/json" |
				sed 's/.*"scope":"","name":"latency.mean_ms_per_token","unit":"ms.token","mean":\([0-9.e+-]*\).*/'"$model,$system,$dataset"',\1/'
		done
	done
}

{
	echo 'model,system,dataset,latency_ms_per_token'
	made llama2-7b table1.yaml -s instances.edge.runtime=paper -s instances.cloud.runtime=paper
	made llama2-13b table1-13b.yaml -s instances.auto.runtime=paper
} >"$tmp/made.csv"
[ "$(grep -c '[0-9]$' "$tmp/made.csv")" = 16 ] || fail "$(cat "$tmp/made.csv")"
"$fit" "$tmp/made.csv" "$root/scenarios/paper" 2 --profiles "$tmp" >"$tmp/made.fit"
for profile in "$root"/models/cost/profiles/*-paper-*.profile; do
	# sigma is that of what is left, and nothing is
	sed '/^sigma/d' "$profile" >"$tmp/want"
	sed '/^sigma/d' "$tmp/${profile##*/}" >"$tmp/got"
	awk -v rel=1e-4 -f "$root/tests/golden/near_diff.awk" "$tmp/want" "$tmp/got" ||
		fail "${profile##*/} does not come back"
done
awk -F, '$3 == "sigma" && $6 > 1e-5 { exit 1 }' "$tmp/made.fit" || fail 'something is left'

"$fit" "$published" "$root/scenarios/paper" 1 >"$tmp/once"
awk -F, 'BEGIN { OFS = FS } $2 == "edge-cloud" { $4 *= 2 } NR > 1 { $5 *= 3 } 1' "$published" >"$tmp/other.csv"
cmp -s "$published" "$tmp/other.csv" && fail 'nothing was changed'
"$fit" "$tmp/other.csv" "$root/scenarios/paper" 1 >"$tmp/again"
cmp "$tmp/once" "$tmp/again" || fail 'the fit looks at what it is to predict'

head -n 4 "$published" >"$tmp/few.csv"
! "$fit" "$tmp/few.csv" "$root/scenarios/paper" 1 >/dev/null 2>"$tmp/said" || fail 'three cells are enough'
grep -q 'too few' "$tmp/said" || fail "$(cat "$tmp/said")"
sed 's/latency_ms_per_token/latency/' "$published" >"$tmp/renamed.csv"
! "$fit" "$tmp/renamed.csv" "$root/scenarios/paper" 1 >/dev/null 2>"$tmp/said" || fail 'a column is missing'
grep -q latency_ms_per_token "$tmp/said" || fail "$(cat "$tmp/said")"
