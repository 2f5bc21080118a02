#!/bin/sh
# Run the testbed at many loads under every policy and keep the summaries in one database:
#   scripts/paper/load.sh OFFING DATABASE REPLICATIONS [LOAD...]
# LOAD: requests a second of the four offices together. The table `point` has one row for each
# load, policy and metric.
set -eu
LC_ALL=C
export LC_ALL

offing=$1
database=$2
replications=$3
shift 3
[ $# -gt 0 ] || set -- 0.4 0.8 1.2 1.6 2.0 2.4 2.8 3.2 3.6 4.0 4.4 4.8 5.2 5.6 6.0 6.4 6.8 7.2 7.6 8.0
scenario=$(dirname "$0")/../../scenarios/paper/load.yaml

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

sqlite3 "$tmp/load.sqlite" 'CREATE TABLE point (
	load_per_s REAL NOT NULL, policy TEXT NOT NULL, metric TEXT NOT NULL,
	mean REAL, ci_low REAL, ci_high REAL, n INTEGER NOT NULL,
	PRIMARY KEY (load_per_s, policy, metric)) STRICT'
for load in "$@"; do
	rate=$(awk "BEGIN { print $load / 4 }")
	"$offing" run "$scenario" --quiet --force -o "$tmp/run" --replications "$replications" \
		-s "users.office1.arrivals.rate=$rate /s" -s "users.office2.arrivals.rate=$rate /s" \
		-s "users.office3.arrivals.rate=$rate /s" -s "users.office4.arrivals.rate=$rate /s" \
		>/dev/null
	sqlite3 "$tmp/load.sqlite" "ATTACH '$tmp/run/results.sqlite' AS r;
		INSERT INTO point SELECT $load, policy, s.name, mean, ci_low, ci_high, n
			FROM r.summary s JOIN r.run ON run.id = s.run
			WHERE scope = '' AND s.name IN ('latency.mean_ms_per_token', 'e2e.p95_s',
				'goodput.req_per_s', 'throughput.req_per_s')
		UNION ALL
		SELECT $load, policy, 'offered.req_per_s', mean / h, ci_low / h, ci_high / h, n
			FROM r.summary s JOIN r.run ON run.id = s.run,
				(SELECT max(horizon_s) AS h FROM r.replication)
			WHERE scope = '' AND s.name = 'requests.created'"
done
mv "$tmp/load.sqlite" "$database"
