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

# observe LOAD METRIC OPTION...: of each replication, runtime,load,attention,decoding,policy,number,value
observe()
{
	load=$1
	metric=$2
	shift 2
	"$offing" run "$scenarios/table2.yaml" --quiet --force -o "$tmp/run" \
		--replications "$replications" -s "instances.auto.runtime=$runtime" \
		-s "instances.auto.attention=$attention" -s "instances.auto.decoding=$decoding" \
		-s "instances.auto.max_batch=$edge_batch" -s "instances.chat-1.max_batch=$cloud_batch" \
		"$@" >/dev/null 2>"$tmp/said" || {
		cat "$tmp/said" >&2
		exit 1
	}
	sqlite3 -readonly -csv "$tmp/run/results.sqlite" "
		SELECT '$runtime', '$load', '$attention', '$decoding', policy, replication, value
		FROM metric m JOIN run r ON r.id = m.run WHERE scope = '' AND m.name = '$metric'" |
		tr -d '\r'
}

for runtime in $runtimes; do
	for attention in full das; do
		for decoding in autoregressive planned; do
			edge_batch=1 cloud_batch=1
			observe light latency.mean_ms_per_token -s "run.requests=$requests"
			for load in one-by-one saturated; do
				[ $load = one-by-one ] || edge_batch=13 cloud_batch=45 # as in Table 2
				observe $load throughput.tok_per_s -s run.requests=null \
					-s "run.horizon=$horizon" -s "run.warmup=$warmup" \
					-s "users.all.arrivals=$(saturated $((edges * edge_batch + cloud_batch)))"
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
