#!/bin/sh
# Measured runs of the server of kernels-ref/ on an H200 are foretold: times per token and end to end within
# 3 % everywhere, first tokens up to .8 of capacity within 4, the makespan within 1 %. And a table that is none is refused.
#
#	foretell.sh OFFING ROOT
set -eu
OFFING=$(realpath "$1")
export OFFING
root=$2
failed=0
for tool in sqlite3 awk; do
	command -v $tool >/dev/null || { echo "no $tool here"; exit 77; }
done
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# Of a run: how far its mean first token may be off, and its mean time per token and end to end, in percent.
while read -r run first others; do
	set -- -s models.chat.model=llama2-"${run%%-*}"
	case $run in
	*-chunk*) set -- "$@" -s instances.server.batching=chunked -s instances.server.chunk_tokens="${run##*chunk}" ;;
	7b-overload) set -- "$@" -s instances.server.kv_blocks=800 ;;
	13b-overload) set -- "$@" -s instances.server.kv_blocks=500 ;;
	esac
	"$root/scripts/foretell.sh" "$root/results/served/h200-$run.csv" "$root/scenarios/served.yaml" "$@" >"$dir/table" </dev/null
	awk -v run="$run" -v first="$first" -v others="$others" '
		/, mean s|^makespan/ {
			error = $(NF - 1) + 0
			limit = /^makespan/ ? 1 : /^first/ ? first : others
			seen++
			if (error > limit || error < -limit) {
				print run ": " $0
				bad = 1
			}
		}
		END { exit bad || seen != 4 }' "$dir/table" || failed=1
done <<END
7b-load3 3 3
7b-load6 4 3
7b-load6-chunk512 2 3
7b-load8 4 3
7b-load95 9 2
7b-load95-chunk512 2 2
7b-load95-chunk256 2 2
7b-overload 2 2
13b-load3 2 2
13b-load6 2 3
13b-load8 2 2
13b-load95 9 2
13b-overload 2 2
END

printf 'arrival_s,prompt_tokens\n1,2\n' >"$dir/none.csv"
if "$root/scripts/foretell.sh" "$dir/none.csv" "$root/scenarios/served.yaml" 2>"$dir/said"; then
	echo 'a table of other columns was taken'
	failed=1
fi
grep -q 'the heading should be arrival_s,' "$dir/said" || { cat "$dir/said"; failed=1; }
exit $failed
