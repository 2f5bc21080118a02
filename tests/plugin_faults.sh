#!/bin/bash
# A policy that crashes, or never returns: what was finished is kept, the others run on, the exit
# status says so, and Ctrl-C is answered all the same.
# usage: plugin_faults.sh OFFING ROGUE
offing=$(realpath "$1") rogue=$(realpath "$2")
command -v sqlite3 >/dev/null || { echo "sqlite3 is missing"; exit 77; }
dir=$(mktemp -d) && cd "$dir" || exit 1
trap 'rm -rf "$dir"' EXIT

fail() {
	echo "$1"
	cat out
	exit 1
}

# $1: the fault
scenario() {
	cat >"$1.yaml" <<-YAML
		name: rogue
		run: {horizon: 60 s, warmup: 0 s, replications: 3}
		sites: {e: {tier: edge}}
		links: {}
		instances: {a: {site: e, service: 1.5 s}, b: {site: e, service: 1.5 s}}
		users: {u: {arrivals: {process: poisson, rate: 1 /s}}}
		policies: {before: {name: fcfs}, bad: {name: rogue, fault: $1, from: 20 s}, after: {name: jsq}}
	YAML
}

for fault in segv abort best-class wake-now; do
	scenario $fault
	"$offing" run $fault.yaml --plugin "$rogue" -q -o $fault -j 2 >out 2>&1
	[ $? = 1 ] || fail "$fault: another status than 1"
	grep -q "error: policy 'bad': policy 'rogue' .* t = 2[0-9.]* s" out ||
		fail "$fault: does not say who did what when"
	done=$(sqlite3 $fault/results.sqlite "select group_concat(n, ' ') from (select count(*) n
		from replication where status = 'complete' group by run order by run)")
	[ "$done" = "3 3" ] || fail "$fault: kept '$done' replications of the others, not 3 and 3"
done

"$offing" list policies rogue --plugin "$rogue" >out 2>&1 && grep -q '^from  *0 s  *at least' out ||
	fail "list policies: no parameters of a plug-in"

# At load, one line each.
scenario none
mkfifo fifo.so
echo 'int main(void) { return 0; }' >text.so
for what in fifo.so text.so .; do
	timeout 10 "$offing" check none.yaml --plugin $what >out 2>&1
	[ $? = 2 ] || fail "$what: another status than 2"
	[ "$(wc -l <out)" = 1 ] || fail "$what: not one line"
done

# While it spins the first Ctrl-C is answered, long before the call is given up.
scenario spin
set -m
"$offing" run spin.yaml --plugin "$rogue" -q -o spin >out 2>&1 &
set +m
sleep 1
kill -INT $!
for _ in $(seq 60); do
	kill -0 $! 2>/dev/null || break
	sleep 0.1
done
kill -KILL $! 2>/dev/null && fail "spin: the first Ctrl-C was not answered"
wait $!
[ $? = 130 ] || fail "spin: another status than 130"
grep -q 'bad: interrupted' out || fail "spin: does not say that it was interrupted"
