#!/bin/sh
# Table 2 with all combinations of its three switches: table2.csv in OUT.
#	scripts/paper/table2.sh OFFING OUT [--quick]
# results/README.md says what is measured and how.
set -eu
offing=$1
out=$2
# shellcheck source=scripts/paper/lib.sh
. "$(dirname "$0")/lib.sh"

requests=200 warmup='300 s' horizon='3600 s' replications=10
# beside those of the paper the most that a sparse mask can leave out, whatever the prompt
attentions='full das das-ceiling'
[ "${3:-}" != --quick ] || {
	requests=20 warmup='20 s' horizon='200 s' replications=2
	runtimes='fused paper' attentions='full das'
}

# rows METRIC: of both policies of the run.
rows()
{
	sqlite3 -readonly -csv "$tmp/run/results.sqlite" "
		SELECT '$runtime', '$load', '$attention', '$decoding', policy, $edge_batch, $cloud_batch,
			s.name, mean, ci_low, ci_high, n
		FROM summary s JOIN run ON run.id = s.run
		WHERE scope = '' AND s.name = '$1' ORDER BY run.id" | tr -d '\r'
}

# run OPTION...
run()
{
	"$offing" run "$scenarios/table2.yaml" --quiet --force -o "$tmp/run" \
		--replications "$replications" -s "instances.auto.runtime=$runtime" \
		-s "instances.auto.attention=$attention" -s "instances.auto.decoding=$decoding" \
		-s "instances.auto.max_batch=$edge_batch" -s "instances.chat-1.max_batch=$cloud_batch" \
		"$@" >/dev/null 2>"$tmp/said" || {
		cat "$tmp/said" >&2
		exit 1
	}
}

saturate()
{
	run -s run.requests=null -s "run.horizon=$horizon" -s "run.warmup=$warmup" \
		-s "users.all.arrivals=$(saturated $((edges * edge_batch + cloud_batch)))"
	rows throughput.tok_per_s
}

combination()
{
	load=light edge_batch=1 cloud_batch=1
	run -s "run.requests=$requests"
	rows latency.mean_ms_per_token
	load=one-by-one
	saturate
	# as in Table 1, less 0.14 GB of draft and 6 KiB a token
	load=saturated edge_batch=13 cloud_batch=45
	saturate
}

{
	echo 'runtime,load,attention,decoding,policy,edge_batch,cloud_batch,metric,mean,ci_low,ci_high,n'
	for runtime in $runtimes; do
		for attention in $attentions; do
			for decoding in autoregressive planned; do
				combination
			done
		done
	done
} >"$out/table2.csv"
