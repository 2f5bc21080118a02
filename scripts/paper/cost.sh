#!/bin/sh
# Energy and cost of 1 000 tokens under each policy, by load: cost.csv and its picture in OUT.
#	scripts/paper/cost.sh OFFING OUT [--quick]
# Energy is that of the cards while they work. Cost: the cloud's card is rented by the hour, used or not
# (0.34 USD, `offing list gpus`); those at the edge are bought (999 USD each, over four years) and run at
# 0.30 USD a kWh, an assumption.
set -eu
offing=$1
out=$2
# shellcheck source=scripts/paper/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/paper/draw.sh
. "$here/draw.sh"

loads='0.8 1.6 2.4 3.2 4 4.8 5.6 6.4' replications=10 horizon=600
[ "${3:-}" != --quick ] || loads='1.6' replications=2 horizon=60

# per_1000 METRIC EXPRESSION: of energy in J (e of all, x at the edge), tokens n, hours h
per_1000()
{
	sqlite3 -readonly -csv "$tmp/run/results.sqlite" "
		SELECT policy, 1000.0 * ($2) / n FROM (
			SELECT r.policy, m.run, m.replication, $horizon / 3600.0 AS h,
				sum(m.value) FILTER (WHERE m.name = 'energy.J' AND m.scope = '') AS e,
				sum(m.value) FILTER (WHERE m.name = 'energy.J'
					AND m.scope LIKE 'instance:edge%') AS x,
				$horizon * sum(m.value) FILTER (WHERE m.name = 'throughput.tok_per_s'
					AND m.scope = '') AS n
			FROM metric m JOIN run r ON r.id = m.run GROUP BY m.run, m.replication)
		ORDER BY run, replication" | tr -d '\r' |
		awk -F, -f "$here/interval.awk" | sed "s/,/,$load,$1,/"
}

{
	echo 'policy,load_per_s,metric,mean,ci_low,ci_high,n'
	for load in $loads; do
		offices "$load" -s "run.horizon=$horizon s"
		per_1000 energy_kJ 'e / 1000'
		per_1000 cost_usd '0.34 * h + 4 * 999 * h / (4 * 8760) + 0.30 * x / 3.6e6'
	done
} >"$out/cost.csv"
draw cost 760 430
