#!/bin/sh
# What sparse attention gives by the length of a prompt: das.csv and its picture in OUT.
#	scripts/paper/das.sh OFFING OUT [--quick]
# Nothing in it is random: one run a point, no interval.
set -eu
offing=$1
out=$2
# shellcheck source=scripts/paper/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/paper/draw.sh
. "$here/draw.sh"

gpus='titan-x rtx-4090 h200' lengths='1024 2048 4096 6144 8192 12288 16384 24576 32768 49152 65536'
[ "${3:-}" != --quick ] || lengths='4096 16384'

# first_token_s ATTENTION: nothing where the card cannot hold the keys and values of such a prompt
first_token_s()
{
	quietly "$offing" run "$scenarios/das.yaml" --quiet --force -o "$tmp/run" \
		-s "sites.server.gpu=$gpu" -s "users.one.workload.prompt_tokens=$length" \
		-s "instances.server.attention=$1" >/dev/null
	sqlite3 -readonly "$tmp/run/results.sqlite" \
		"SELECT mean FROM summary WHERE scope = '' AND name = 'ttft.mean_s'"
}

{
	echo 'gpu,attention,prompt_tokens,first_token_s,full_s,gain'
	for gpu in $gpus; do
		for length in $lengths; do
			full=$(first_token_s full)
			[ -n "$full" ] || continue
			for attention in das das-ceiling; do
				first_token_s $attention |
					awk -v OFS=, -v key="$gpu,$attention,$length" -v full="$full" \
						'{ print key, $1, full, sprintf("%.10g", full / $1) }'
			done
		done
	done
} >"$out/das.csv"
draw das 760 430
