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

{
	echo 'runtime,load,attention,decoding,policy,edge_batch,cloud_batch,metric,mean,ci_low,ci_high,n'
	for runtime in $runtimes; do
		for attention in $attentions; do
			for decoding in autoregressive planned; do
				for load in light one-by-one saturated; do
					switches
					rows "$metric"
				done
			done
		done
	done
} >"$out/table2.csv"
