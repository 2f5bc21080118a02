#!/bin/bash
# Intervals and replications: none where nothing is random, the precision asked for or a word that
# it was not reached, and policies of several numbers compared over those that all have.
# usage: statistics.sh OFFING
offing=$(realpath "$1")
command -v sqlite3 >/dev/null || { echo "sqlite3 is missing"; exit 77; }
dir=$(mktemp -d) && cd "$dir" || exit 1
trap 'rm -rf "$dir"' EXIT
failed=0

complain() {
	echo "$1"
	failed=1
}

# is SQL ANSWER WHAT
is() {
	local got
	got=$(sqlite3 out/results.sqlite "$1" 2>&1)
	[ "$got" = "$2" ] || complain "$3: $1 gave '$got', not '$2'"
}

# Nothing random: arrivals every second, constant lengths and service, one link.
cat >plain.yaml <<'YAML'
name: plain
run: {horizon: 20 s, warmup: 0 s, replications: 3}
sites: {a: {tier: edge}, b: {tier: cloud}}
links: {l: {between: [users, a], rate: 1 Mbps, delay: 20 ms}, m: {between: [users, b], rate: 1 Mbps}}
instances: {i: {site: a, service: 700 ms}, j: {site: b, service: 700 ms}}
users: {u: {arrivals: {process: deterministic, rate: 1 /s}}}
policy: {name: fcfs}
record: {queues: off}
YAML
run() { # WHAT OPTION...
	local what=$1
	shift
	"$offing" run plain.yaml -q --force -o out "$@" >table 2>said ||
		complain "$what: $(cat said)"
}

run plain
is "SELECT count(*), sum(sd IS NULL AND ci_low IS NULL AND ci_high IS NULL) = count(*), min(n) = 3 OR
	min(n) = 0 FROM summary" "$(is_all=$(sqlite3 out/results.sqlite \
	'SELECT count(*) FROM summary'); echo "$is_all|1|1")" plain
is "SELECT replication IS NULL, kind FROM warning" '1|not-random' plain
grep -q 'nothing in the scenario is random: all 3 replications are alike' said || complain "$(cat said)"
grep -q '±' table && grep -q '[0-9] ±' table && complain "plain: $(cat table)"
run 'one replication' --replications 1
[ -s said ] && complain "one replication: $(cat said)"

# Each source of chance alone makes it random.
random() { # WHAT OPTION...
	run "$@"
	is "SELECT count(*) FROM warning WHERE kind = 'not-random'" 0 "$1"
	is "SELECT count(*) > 0 FROM summary WHERE sd IS NOT NULL" 1 "$1"
}
random arrivals -s users.u.arrivals='{process: poisson, rate: 1 /s}'
random service -s instances.i.service='{distribution: uniform, min: 600 ms, max: 800 ms}'
random jitter -s links.l.jitter='1 ms'
random 'a policy that draws' -s policy='{name: random}'
random 'lengths' -s users.u.workload='{prompt_tokens: {distribution: uniform, min: 10, max: 20}, output_tokens: 5}'
# ... and one that is never asked does not.
run 'service of an instance without work' -s policy='{name: edge-only}' \
	-s instances.j.service='{distribution: exponential, mean: 1 s}'
is "SELECT count(*) FROM warning WHERE kind = 'not-random'" 1 'an idle instance'

# A key that says nothing says so.
run 'precision_of alone' -s run.precision_of='[e2e.mean_s]'
grep -q 'warning: precision_of has no effect without a precision' said ||
	complain "precision_of alone: $(cat said)"
is "SELECT count(*) FROM warning WHERE kind = 'scenario' AND text LIKE '%precision_of%'" 1 \
	'precision_of alone'

# Precision: of what it names, or of all that is printed large.
precise() { # WHAT PRECISION
	"$offing" run plain.yaml -q --force -o out -s users.u.arrivals='{process: poisson, rate: 1 /s}' \
		--precision "$2" >table 2>said || complain "$1: $(cat said)"
}
within() { # METRIC RELATIVE WHAT: Law's rule, half-width <= g / (1 + g) of the mean
	is "SELECT (ci_high - mean) <= $2 / (1 + $2) * mean FROM summary
		WHERE scope = '' AND name = '$1'" 1 "$3"
}
precise 'of one metric' '10 %: e2e.mean_s'
within e2e.mean_s .1 'of one metric'
few=$(sqlite3 out/results.sqlite 'SELECT count(*) FROM replication')
precise 'of those printed large' '10 %'
for metric in e2e.mean_s e2e.p50_s e2e.p95_s e2e.p99_s throughput.req_per_s goodput.req_per_s; do
	within $metric .1 'of those printed large'
done
many=$(sqlite3 out/results.sqlite 'SELECT count(*) FROM replication')
[ "$few" -ge 10 ] && [ "$many" -gt "$few" ] || complain "precision: $few and $many replications"

# ... or to each its own.
precise 'each its own' 'e2e.mean_s=10 %,throughput.req_per_s=3 %'
within e2e.mean_s .1 'each its own'
within throughput.req_per_s .03 'each its own'
both=$(sqlite3 out/results.sqlite 'SELECT count(*) FROM replication')
[ "$both" -gt "$few" ] || complain "each its own: $both replications, and $few of one metric alone"
precise 'each its own, the first alone' 'e2e.mean_s=10 %'
is 'SELECT count(*) FROM replication' "$few" 'each its own, the first alone'

# ... or until it is certain whether the system is stable: one replication is not enough. (A place is
# taken for the upload of 20 ms, too, so at most 16.7 a second are served.)
"$offing" run plain.yaml -q --force -o out -s users.u.arrivals='{process: poisson, rate: 14 /s}' \
	-s instances.i.service='{distribution: exponential, mean: 40 ms}' -s policy='{name: edge-only}' \
	-s run.horizon='10 s' --precision 'lyapunov.verdict=1 %' >table 2>said ||
	complain "a verdict: $(cat said)"
grep -q '^stable: ' table || complain "a verdict: $(cat table)"
is "SELECT count(*) BETWEEN 2 AND 200 FROM replication" 1 'a verdict: replications'
is "SELECT mean, ci_low, n = (SELECT count(*) FROM replication) FROM summary
	WHERE name = 'lyapunov.verdict'" '1.0||1' 'a verdict'

# Not reached: said, with the metric furthest from it.
"$offing" run plain.yaml -q --force -o out -s users.u.arrivals='{process: poisson, rate: 1 /s}' \
	-s run.horizon='2 s' -s record.requests=false --precision '0.01 %: e2e.mean_s' >table 2>said ||
	complain "not reached: $(cat said)"
grep -q "the precision of 0.01 % was not reached within 10000 replications: e2e.mean_s is" said ||
	complain "not reached: $(cat said)"
is "SELECT count(*), (SELECT count(*) FROM warning WHERE kind = 'precision') FROM replication" \
	'10000|1' 'not reached'

# Policies of different numbers: each says its own, and what is shown is over those that all have.
"$offing" run plain.yaml -q --force -o out -s users.u.arrivals='{process: poisson, rate: 1 /s}' \
	-s policy=null -s policies='{calm: {name: edge-only}, wild: {name: cloud-only}}' \
	-s instances.j.service='{distribution: hyperexponential, mean: 400 ms, cv: 4}' \
	-s instances.i.service='1 ms' --precision '8 %: e2e.mean_s' >table 2>said ||
	complain "two policies: $(cat said)"
numbers=$(sqlite3 -separator ' ' out/results.sqlite \
	'SELECT sum(run = 1), sum(run = 2) FROM replication' | tr -s ' ')
read -r calm wild <<<"$numbers"
[ "$calm" -lt "$wild" ] || complain "two policies: $numbers replications"
tr -s ' \n' '  ' <table | grep -q "over the $calm replications that all have" ||
	complain "two policies: $(cat table)"
tr -s ' ' <table | grep -q "^replications $calm $wild$" || complain "two policies: $(cat table)"
over_common=$(sqlite3 out/results.sqlite "SELECT printf('%.4g', 1000 * avg(value)) FROM metric WHERE
	run = 2 AND scope = '' AND name = 'e2e.mean_s' AND replication <= $calm")
shown=$(grep '^end to end *mean' table | awk '{ print $(NF - 2) }')
awk -v a="$over_common" -v b="$shown" 'BEGIN { exit !(a - b <= .05 * a && b - a <= .05 * a) }' ||
	complain "two policies: shows $shown, not $over_common"

# A policy that does not keep up is marked: twice as many come as one server can take.
"$offing" run plain.yaml -q --force -o out -s users.u.arrivals='{process: poisson, rate: 2 /s}' \
	-s run.horizon='200 s' -s instances.j.service='{distribution: exponential, mean: 1 s}' \
	-s policy=null -s policies='{calm: {name: fcfs}, late: {name: cloud-only}}' \
	-s instances.i.service='100 ms' >table 2>said || complain "late: $(cat said)"
grep -q '^late !: does not keep up' table && grep -q 'late !$' table || complain "late: $(cat table)"
grep -q 'calm !' table && complain "calm is marked: $(cat table)"

exit $failed
