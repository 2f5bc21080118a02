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

sqlite3 "$tmp/load.sqlite" 'CREATE TABLE point (
	load_per_s REAL NOT NULL, policy TEXT NOT NULL, metric TEXT NOT NULL,
	mean REAL, ci_low REAL, ci_high REAL, n INTEGER NOT NULL,
	PRIMARY KEY (load_per_s, policy, metric)) STRICT'
for load in $loads; do
	rate=$(awk "BEGIN { print $load / 4 }")
	"$offing" run "$here/../../scenarios/paper/load.yaml" --quiet --force -o "$tmp/run" \
		--replications "$replications" \
		-s "users.office1.arrivals.rate=$rate /s" -s "users.office2.arrivals.rate=$rate /s" \
		-s "users.office3.arrivals.rate=$rate /s" -s "users.office4.arrivals.rate=$rate /s" \
		>/dev/null 2>"$tmp/said" || {
		cat "$tmp/said" >&2
		exit 1
	}
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

sqlite3 -readonly -csv -header "$tmp/load.sqlite" \
	'SELECT * FROM point ORDER BY load_per_s, policy, metric' | tr -d '\r' >"$out/load.csv"
draw load 760 750
