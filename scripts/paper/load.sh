#!/bin/sh
# The testbed at many loads under every policy: load.csv and its picture in OUT.
#	scripts/paper/load.sh OFFING OUT [--quick]
# results/README.md says what is shown. --quick: three loads, for a test.
set -eu
offing=$1
out=$2
# shellcheck source=scripts/paper/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/paper/draw.sh
. "$here/draw.sh"

replications=10
# requests a second of the four offices together
loads='0.4 0.8 1.2 1.6 2.0 2.4 2.8 3.2 3.6 4.0 4.4 4.8 5.2 5.6 6.0 6.4 6.8 7.2 7.6 8.0'
[ "${3:-}" != --quick ] || replications=2 loads='0.8 4.0 8.0'

{
	echo 'load_per_s,policy,metric,mean,ci_low,ci_high,n'
	for load in $loads; do
		offices "$load"
		sqlite3 -readonly -csv "$tmp/run/results.sqlite" "
			SELECT $load, policy, s.name AS metric, mean, ci_low, ci_high, n
			FROM summary s JOIN run ON run.id = s.run
			WHERE scope = '' AND s.name IN ('latency.mean_ms_per_token', 'e2e.p95_s',
				'goodput.req_per_s', 'throughput.req_per_s')
			UNION ALL
			SELECT $load, policy, 'offered.req_per_s', mean / h, ci_low / h, ci_high / h, n
			FROM summary s JOIN run ON run.id = s.run,
				(SELECT max(horizon_s) AS h FROM replication)
			WHERE scope = '' AND s.name = 'requests.created'
			ORDER BY policy, metric" | tr -d '\r'
	done
} >"$out/load.csv"
draw load 760 750
