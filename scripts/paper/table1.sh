#!/bin/sh
# Table 1, and Fig. 3 from the same runs: table1.csv in OUT.
#	scripts/paper/table1.sh OFFING OUT [--quick]
# results/README.md says what is measured and how. --quick: few requests, for a test.
set -eu
offing=$1
out=$2
# shellcheck source=scripts/paper/lib.sh
. "$(dirname "$0")/lib.sh"

requests=200 warmup='300 s' horizon='3600 s' replications=10
[ "${3:-}" != --quick ] || {
	requests=20 warmup='20 s' horizon='200 s' replications=2
	datasets='humaneval summeval' runtimes='fused paper'
}

# rows METRIC SCOPE [CONDITION]: of every policy of the run.
rows()
{
	sqlite3 -readonly -csv "$tmp/run/results.sqlite" "
		SELECT '$model', '$dataset', '$runtime', '$quantile', '$load', policy,
			$edge_batch, $cloud_batch, s.name, mean, ci_low, ci_high, n,
			(SELECT total(mean) FROM summary p
				WHERE p.run = s.run AND p.name = 'preemptions' AND p.scope <> '')
		FROM summary s JOIN run ON run.id = s.run
		WHERE scope = '$2' AND s.name = '$1' AND ${3:-1} ORDER BY run.id" | tr -d '\r'
}

# filled: one request on every device of a system. In the cloud that is the light load, whose run is
# still there; of the others PLACES users ask again and again.
filled()
{
	load=filled edge_batch=1 cloud_batch=1
	rows latency.mean_ms_per_token '' "policy = 'cloud-only'"
	places=$(edge_places "$model" 1)
	crowd "$places" -s "run.profile_quantile=$quantile"
	rows latency.mean_ms_per_token '' "policy = 'edge-only'"
	crowd $((places + 1)) -s "run.profile_quantile=$quantile"
	rows latency.mean_ms_per_token '' "policy = 'edge-cloud'"
}

full()
{
	saturate -s "run.profile_quantile=$quantile"
	rows throughput.tok_per_s ''
	rows busy.s_per_request site:cloud
}

cell()
{
	edge_batch=$(max_batch titan-x "$model" "$dataset")
	cloud_batch=$(max_batch rtx-4090 "$model" "$dataset")
	load=light
	testbed -s "run.profile_quantile=$quantile" -s "run.requests=$requests"
	rows latency.mean_ms_per_token ''
	rows busy.s_per_request site:cloud
	filled
	edge_batch=$(max_batch titan-x "$model" "$dataset")
	cloud_batch=$(max_batch rtx-4090 "$model" "$dataset")
	load=saturated
	full
	load=one-by-one
	edge_batch=1
	cloud_batch=1
	full
}

all()
{
	echo 'model,dataset,runtime,quantile,load,system,edge_batch,cloud_batch,metric,mean,ci_low,ci_high,n,preemptions'
	for model in $models; do
		for runtime in $runtimes; do
			for dataset in $datasets; do
				quantile=median
				cell
				[ "$dataset" = humaneval ] || continue
				for quantile in low high; do
					cell
				done
			done
		done
	done
}

all >"$out/table1.csv"
