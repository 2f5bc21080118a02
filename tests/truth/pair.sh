#!/bin/sh
# Two H200 of one host, as measured, against the model: transfers of keys and values, rounds of drafts made on one
# and verified on the other, and servers whose phases, or whose drafts, are apart. Nothing here wants a GPU.
#
#	pair.sh OFFING ROOT
set -eu
LC_ALL=C
export LC_ALL
OFFING=$(realpath "$1")
export OFFING
root=$2
rows=$root/results/pair
failed=0
for tool in sqlite3 awk; do
	command -v $tool >/dev/null || { echo "no $tool here"; exit 77; }
done
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# within N LIMIT WHAT: N rows at least, and none whose figure before a % is beyond the limit
within()
{
	awk -v n="$1" -v limit="$2" -v what="$3" '
		NR > 1 {
			for (i = 2; i <= NF; i++)
				if ($i == "%" && ($(i - 1) > limit || $(i - 1) < -limit)) {
					print what ": " $0
					bad = 1
				}
			seen++
		}
		END { exit bad || seen < n }' "$dir/table" || { echo "$3: beyond $2 %, or fewer than $1 rows"; failed=1; }
}

"$root/scripts/pair.sh" kv "$rows" >"$dir/table"
within 12 5 'keys and values'
"$root/scripts/pair.sh" overlap "$rows" >"$dir/table"
within 12 5 'layer by layer'

"$root/scripts/pair.sh" rounds "$rows" >"$dir/table"
within 52 9 rounds
awk 'NR > 1 {
		off = $NF
		error = $7
		sum += error < 0 ? -error : error
		if (off > 3.5 || off < -3.5) {
			print "tokens a round: " $0
			bad = 1
		}
	}
	END { exit bad || sum / (NR - 1) > 2.5 }' "$dir/table" || failed=1

# Of a run: how far first tokens, times per token, ends, and the last quantile of ends may be off, in percent; and
# what the scenario is told. In bursts this server keeps a place for what it has computed, which the model does not.
while read -r run first token end late settings; do
	scenario=${run%%-*}
	# shellcheck disable=SC2086
	"$root/scripts/foretell.sh" "$rows/h200-$run.csv" "$root/scenarios/pair-$scenario.yaml" $settings >"$dir/table" </dev/null
	awk -v run="$run" -v first="$first" -v token="$token" -v end="$end" -v late="$late" '
		/, mean s|^makespan|^end to end, p99/ {
			error = $(NF - 1) + 0
			limit = /^first/ ? first : /^per/ ? token : /p99/ ? late : /^make/ ? 1 : end
			seen++
			if (error > limit || error < -limit) {
				print run ": " $0
				bad = 1
			}
		}
		END { exit bad || seen != 5 }' "$dir/table" || failed=1
done <<END
phases-7b-load95 3 3 3 3
phases-7b-load95-overlap 3 3 3 3 -s instances.prompts.kv_overlap=true
phases-7b-bursts 30 8 6 5
phases-7b-batch64 3 3 3 3 -s instances.prompts.max_batch=64 -s instances.answers.max_batch=64
phases-13b-load95 3 3 3 3 -s models.chat.model=llama2-13b -s instances.prompts.profile=$rows/h200-llama2-13b.profile -s instances.answers.profile=$rows/h200-llama2-13b.profile
drafts-7b-load3 4 4 4 7
END

mkdir "$dir/none"
printf 'model,tokens\na,1\n' >"$dir/none/kv.csv"
if "$root/scripts/pair.sh" kv "$dir/none" >/dev/null 2>"$dir/said"; then
	echo 'a table of other columns was taken'
	failed=1
fi
grep -q 'kv.csv: the heading should be model,prompt_tokens,' "$dir/said" || { cat "$dir/said"; failed=1; }
exit $failed
