#!/bin/sh
# Which of Table 2's three switches gives which gain: the full factorial, effects.csv, effects.md and a
# picture in OUT.
#	scripts/paper/effects.sh OFFING OUT [--quick]
set -eu
offing=$1
out=$2
# shellcheck source=scripts/paper/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/paper/draw.sh
. "$here/draw.sh"

requests=200 warmup='300 s' horizon='3600 s' replications=10
[ "${3:-}" != --quick ] || requests=20 warmup='20 s' horizon='200 s' replications=2 runtimes='fused paper'

for runtime in $runtimes; do
	for attention in full das; do
		for decoding in autoregressive planned; do
			for load in light one-by-one saturated; do
				switches
				sqlite3 -readonly -csv "$tmp/run/results.sqlite" "
					SELECT '$runtime', '$load', '$attention', '$decoding', policy, replication, value
					FROM metric m JOIN run r ON r.id = m.run WHERE scope = '' AND m.name = '$metric'" |
					tr -d '\r'
			done
		done
	done
done >"$tmp/observed.csv"

{
	echo 'runtime,load,effect,times,ci_low,ci_high,n'
	awk -f "$here/effects.awk" "$tmp/observed.csv" | awk -F, -f "$here/interval.awk" |
		awk -F, -v OFS=, '{
			gsub("/", ",", $1)
			print $1, sprintf("%.10g", exp($2)), sprintf("%.10g", exp($3)), sprintf("%.10g", exp($4)), $5
		}'
} >"$out/effects.csv"
awk -f "$here/csv.awk" -f "$here/page.awk" -f "$here/effects_md.awk" "$out/effects.csv" >"$out/effects.md"
draw effects 760 380
