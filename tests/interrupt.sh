#!/bin/bash
# SIGINT, SIGTERM and SIGHUP end a run at once, whatever it is at, and it says so.
# usage: interrupt.sh OFFING
offing=$(realpath "$1")
dir=$(mktemp -d) && cd "$dir" || exit 1
trap 'rm -rf "$dir"' EXIT

# A loop of refusals, 1 ns each: hours of work within one simulated second.
cat >busy.yaml <<'YAML'
name: busy
run: {horizon: 1 d, warmup: 0 s, replications: 1}
sites: {e: {tier: edge}}
links: {}
instances: {q: {site: e, service: 1 h, capacity: 1}}
users: {u: {count: 3, arrivals: {process: closed, think: 1 ns}}}
policy: {name: fcfs}
record: {requests: false, queues: off}
YAML

# A link whose rate changes every nanosecond, and nobody who asks for anything.
sed -e 's/^links: .*/links: {l: {between: [users, e], rate: 1 Mbps, schedule: {1 ns: {rate: 2 Mbps}}, repeat: 2 ns}}/' \
	-e 's/think: 1 ns/think: 1 d/' -e 's/^name: .*/name: rates/' busy.yaml >rates.yaml

# begun FOLDER: its run is under way
begun() {
	for _ in $(seq 400); do
		[ ! -e "$1/results.sqlite" ] || break
		sleep 0.05
	done
	sleep 0.2
}

for case in busy-INT busy-TERM busy-HUP rates-INT; do
	file=${case%-*}.yaml
	signal=${case#*-}
	# in the background of a script SIGINT would be ignored; a job has it
	set -m
	"$offing" run $file -q -o $case >out 2>&1 &
	set +m
	begun $case
	kill -$signal $!
	for _ in $(seq 100); do
		kill -0 $! 2>/dev/null || break
		sleep 0.1
	done
	kill -KILL $! 2>/dev/null
	wait $!
	status=$?
	if [ $status != 130 ] || ! grep -q 'fcfs: interrupted' out; then
		echo "$case: ended with $status"
		cat out
		exit 1
	fi
done

# nohup asks for SIGHUP to be ignored.
set -m
nohup "$offing" run busy.yaml -q -o nohup >out 2>&1 </dev/null &
set +m
begun nohup
kill -HUP $!
sleep 0.3
kill -0 $! || { echo "nohup: hung up all the same"; exit 1; }
kill -INT $!
wait $!
[ $? = 130 ] || { echo "nohup: not ended by SIGINT"; exit 1; }
