#!/bin/sh
# What a pipeline over cards gives by the bandwidth between them: pipeline.csv and its picture in OUT.
#	scripts/paper/pipeline.sh OFFING OUT [--quick]
set -eu
offing=$1
out=$2
# shellcheck source=scripts/paper/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/paper/draw.sh
. "$here/draw.sh"

rates='1 2 5 10 20 50 100 200 500 1000' replications=10 requests=600
[ "${3:-}" != --quick ] || rates='5 100' replications=2 requests=30

{
	echo 'cards,rate_mbps,ms_per_token,ci_low,ci_high,n'
	for rate in $rates; do
		run pipeline -s "run.requests=$requests" -s "links.metro.rate=$rate Mbps"
		sqlite3 -readonly -csv "$tmp/run/results.sqlite" "
			SELECT substr(scope, 7), $rate, mean, ci_low, ci_high, n FROM summary
			WHERE scope LIKE 'group:%' AND name = 'latency.mean_ms_per_token'" | tr -d '\r'
	done
} >"$out/pipeline.csv"
draw pipeline 760 430
