#!/bin/bash
# What a run says of itself reaches standard error, once a policy, and the table `warning`; a pilot
# without an end stops its own policy only; a circle at one instant stops all replications.
# usage: remarks.sh OFFING
offing=$(realpath "$1")
dir=$(mktemp -d) && cd "$dir" || exit 1
trap 'rm -rf "$dir"' EXIT

fail() {
	echo "$*"
	cat err
	exit 1
}

# $1: the status wanted, the rest is the command; what it says is in out and err
status() {
	local want=$1
	shift
	timeout 60 "$@" >out 2>err
	local got=$?
	[ $got = "$want" ] || fail "$* ended with $got, not $want"
}

told() {
	[ "$(grep -c -- "$1" err)" = "$2" ] || fail "'$1' is not told $2 times"
}

kept() {
	local n
	n=$(sqlite3 "$1/results.sqlite" "SELECT count(*) FROM warning WHERE $2")
	[ "$n" = "$3" ] || fail "$n rows of $2, not $3"
}

# 1.5 a second need two servers of 1 s; edge-only has one.
cat >pilot.yaml <<'YAML'
name: pilot
run: {horizon: 1000 s, replications: 2}
sites: {edge: {tier: edge}, cloud: {tier: cloud}}
instances:
  e: {site: edge, service: {distribution: exponential, mean: 1 s}}
  c: {site: cloud, service: {distribution: exponential, mean: 1 s}}
users: {u: {home: edge, arrivals: {process: poisson, rate: 1.5 /s}}}
policies:
  both: {name: fcfs}
  one: {name: edge-only}
record: {queues: off, requests: false}
YAML
status 0 "$offing" run pilot.yaml -q -o pilot
told "policy 'one': no end of the warm-up in a pilot of 1000 s" 1
told "policy 'one': it does not keep up" 1
told "policy 'both'" 0
kept pilot "kind = 'pilot' AND replication = 0" 1
kept pilot "kind = 'behind' AND replication > 0" 2
n=$(sqlite3 pilot/results.sqlite "SELECT count(*) FROM run WHERE status = 'complete'")
[ "$n" = 2 ] || fail "$n policies are complete"
# with no other policy there is no warm-up at all
sed -i '/both:/d' pilot.yaml
status 1 "$offing" run pilot.yaml -q -o alone
told "policy 'one': no end of the warm-up" 1

# 20 rows in 20 s; a pilot as long as the window, 40 s, is half empty, too.
{
	echo arrival_s,prompt_tokens,output_tokens
	for i in $(seq 0 19); do echo "$i,10,3"; done
} >rows.csv
cat >trace.yaml <<'YAML'
name: trace
run: {horizon: 40 s, replications: 1}
sites: {edge: {tier: edge}}
instances: {e: {site: edge, service: 0.1 s}}
users: {u: {arrivals: {process: trace, file: rows.csv, format: csv}}}
policy: {name: fcfs}
record: {queues: off, requests: false}
YAML
status 0 "$offing" run trace.yaml -q -o trace
told "its trace ends at 19 s" 1
kept trace "kind = 'trace-ends' AND replication = 0" 1
kept trace "kind = 'trace-ends' AND replication = 1" 1
status 0 "$offing" run trace.yaml -q -o whole -s run.horizon=trace -s run.warmup='0 s'
told trace-ends 0
n=$(sqlite3 whole/results.sqlite "SELECT value FROM metric WHERE scope = '' AND name = 'requests.done'")
[ "$n" = 20.0 ] || fail "$n of 20 rows are answered"
sed -i 's/horizon: 40 s/requests: 21/' trace.yaml
status 2 "$offing" check trace.yaml
told "rows.csv' has 20 requests" 1
sed -i 's/process: trace.*csv}/process: poisson, rate: 1 \/s}/; s/requests: 21/horizon: trace/' trace.yaml
status 2 "$offing" check trace.yaml
told "run.horizon is 'trace', but the arrivals of no group are one" 1

# One of two users finds the place taken and asks again at once.
cat >circle.yaml <<'YAML'
name: circle
run: {horizon: 10 s, warmup: 0 s, replications: 200}
sites: {edge: {tier: edge}}
instances: {e: {site: edge, service: 1 s, capacity: 1}}
users: {u: {arrivals: {process: saturated, outstanding: 2}}}
policy: {name: fcfs}
YAML
(
	# a sanitizer's shadow memory alone is more
	nm "$offing" 2>/dev/null | grep -q __asan_init || ulimit -v 2000000
	status 1 "$offing" run circle.yaml -q -j 2 -o circle
) || exit 1
told "users of 'u' are refused and ask again at once, at 0 s without end" 1
n=$(sqlite3 circle/results.sqlite "SELECT count(*) FROM replication WHERE status = 'failed'")
[ "$n" = 1 ] || fail "$n replications went in the same circle"

# A quantile of too few answers: n of 1 - p^n < 95 %.
cat >short.yaml <<'YAML'
name: short
run: {requests: 299, warmup: 0 s, replications: 2}
sites: {edge: {tier: edge}}
links: {}
instances: {e: {site: edge, service: {distribution: exponential, mean: 1 s}}}
users: {u: {arrivals: {process: poisson, rate: 0.5 /s}}}
policy: {name: fcfs}
record: {queues: off, requests: false}
YAML
for case in '299:none' '298:p99' '59:p99' '58:p95 and p99' '28:p90, p95 and p99' '4:all quantiles'; do
	status 0 "$offing" run short.yaml -q --force -o short -s "run.requests=${case%:*}"
	if [ "${case#*:}" = none ]; then
		told 'too short' 0
	else
		told "too short for ${case#*:}: of ${case%:*} answers" 1
		kept short "kind = 'short' AND replication IS NULL" 1
	fi
done
# one long replication has intervals, by batch means, and says so
status 0 "$offing" run short.yaml -q --force -o short -s run.requests=20000 -s run.replications=1
grep -q 'by batch means' out || fail "not marked: $(cat out)"
grep -q 'mean .* ± ' out || fail "no interval: $(cat out)"
status 0 "$offing" run short.yaml -q --force -o short -s run.requests=20000 -s run.replications=1 --json
grep -q '"ci95_by":"batch means","n":1' out || fail "not marked: $(cat out)"
status 0 "$offing" run short.yaml -q --force -o short -s run.requests=40 -s run.replications=1
grep -q 'so no interval' out || fail "an interval of 40: $(cat out)"
# Antithetic pairs: narrower where times are monotone in what is drawn; told where they are not opposite.
half() { # of the mean end-to-end time, over the mean
	sqlite3 short/results.sqlite "SELECT (ci_high - ci_low) / mean / 2 FROM summary WHERE scope = '' AND name = 'e2e.mean_s'"
}
many="-s run.requests=400 -s run.replications=800"
# shellcheck disable=SC2086
status 0 "$offing" run short.yaml -q --force -o short $many
independent=$(half)
# shellcheck disable=SC2086
status 0 "$offing" run short.yaml -q --force -o short $many -s run.antithetic=true
told 'antithetic pairs do not help' 0
grep -q '800 replications in antithetic pairs' out || fail "not said: $(cat out)"
n=$(sqlite3 short/results.sqlite "SELECT n FROM summary WHERE scope = '' AND name = 'e2e.mean_s'")
[ "$n" = 400 ] || fail "an interval over $n, not 400 pairs"
# a correlation of -0.31: of the root of 0.69, 0.83; either half is known to 4 %
awk -v a="$(half)" -v b="$independent" 'BEGIN { exit !(a < 0.95 * b) }' ||
	fail "pairs are no narrower: $(half), not below 0.95 of $independent"
# gamma draws reject, so that one of a pair soon draws what the other drew before
status 0 "$offing" run short.yaml -q --force -o short -s run.replications=24 -s run.antithetic=true \
	-s 'instances.e.service={distribution: gamma, mean: 1 s, cv: 0.5}' \
	-s 'users.u.arrivals={process: gamma, rate: 0.5 /s, cv: 2}'
told 'antithetic pairs do not help' 1
status 2 "$offing" run short.yaml -q --force -o short -s run.replications=3 -s run.antithetic=true
told 'antithetic replications are pairs; their number must be even, not 3' 1
exit 0
