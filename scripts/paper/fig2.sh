#!/bin/sh
# Fig. 2, latency and throughput of three systems by bandwidth: fig2.csv in OUT.
#	scripts/paper/fig2.sh OFFING OUT [--quick]
# Table 1's testbed and HumanEval, with all links at the same rate.
set -eu
offing=$1
out=$2
# shellcheck source=scripts/paper/lib.sh
. "$(dirname "$0")/lib.sh"

requests=200 warmup='300 s' horizon='3600 s' replications=10
rates='1 2 5 10 20 50 100 200 500 1000'
[ "${3:-}" != --quick ] || {
	requests=20 warmup='20 s' horizon='200 s' replications=2
	rates='1 50' runtimes='fused paper'
}
dataset=humaneval

# rows METRIC [CONDITION]: of every policy of the run.
rows()
{
	sqlite3 -readonly -csv "$tmp/run/results.sqlite" "
		SELECT '$model', '$runtime', '$load', $rate, policy, s.name, mean, ci_low, ci_high, n
		FROM summary s JOIN run ON run.id = s.run
		WHERE scope = '' AND s.name = '$1' AND ${2:-1} ORDER BY run.id" | tr -d '\r'
}

point()
{
	set -- -s "links.access.rate=$rate Mbps" -s "links.wan.rate=$rate Mbps" \
		-s "links.metro.rate=$rate Mbps"
	load=light edge_batch=1 cloud_batch=1
	testbed -s "run.requests=$requests" "$@"
	rows latency.mean_ms_per_token
	# one request on every device: in the cloud that is the run above
	load=filled
	rows latency.mean_ms_per_token "policy = 'cloud-only'"
	places=$(edge_places "$model" 1)
	crowd "$places" "$@"
	rows latency.mean_ms_per_token "policy = 'edge-only'"
	crowd $((places + 1)) "$@"
	rows latency.mean_ms_per_token "policy = 'edge-cloud'"
	load=one-by-one
	saturate "$@"
	rows throughput.tok_per_s
	load=saturated
	edge_batch=$(max_batch titan-x "$model" "$dataset")
	cloud_batch=$(max_batch rtx-4090 "$model" "$dataset")
	saturate "$@"
	rows throughput.tok_per_s
}

{
	echo 'model,runtime,load,rate_mbps,system,metric,mean,ci_low,ci_high,n'
	for model in $models; do
		for runtime in $runtimes; do
			for rate in $rates; do
				point
			done
		done
	done
} >"$out/fig2.csv"
