#!/bin/sh
# `offing run --resume` runs what a folder lacks of a result, and nothing where it is whole.
# usage: resume.sh OFFING
set -u
offing=$(realpath "$1")
command -v sqlite3 >/dev/null || { echo "sqlite3 is missing"; exit 77; }
dir=$(mktemp -d) && cd "$dir" || exit 1
trap 'rm -rf "$dir"' EXIT
failed=0

complain() {
	echo "$1"
	failed=1
}

# run STATUS WORDS ARGUMENTS...: what it says has WORDS in it
run() {
	want=$1 words=$2
	shift 2
	"$offing" run "$@" >out 2>err
	got=$?
	[ $got = "$want" ] || complain "run $*: ended with $got: $(cat err)"
	grep -q -- "$words" err || complain "run $*: does not say '$words': $(cat err)"
}

listing() {
	(cd "$1" && for f in *; do
		[ -f "$f" ] && echo "$f $(stat -c '%Y %Z %s' "$f") $(sha256sum <"$f")"
	done)
}

cat >two.yaml <<'YAML'
name: two
run: {horizon: 40 s, warmup: auto, replications: 3, seed: 5}
sites: {e: {tier: edge, count: 2}}
links: {l: {between: [users, 'e*'], rate: 1 Gbps}}
instances: {q: {site: e1, service: {distribution: exponential, mean: 10 ms}}, p: {site: e2, service: {distribution: exponential, mean: 10 ms}}}
users: {u: {arrivals: {process: poisson, rate: 90 /s}}}
policies: {one: {name: jsq}, other: {name: random}}
record: {queues: 1 s}
YAML

# What is whole is not touched, whoever may write there; where there is nothing, all is run.
run 0 'results in whole' two.yaml --resume -o whole
listing whole >before
run 0 'whole holds this result already: nothing is run' two.yaml --resume -o whole
[ -s out ] && complain "whole: it prints $(cat out)"
run 0 'whole holds this result already' two.yaml --resume --force -j 2 -o whole
chmod a-w whole
run 0 'whole holds this result already' two.yaml --resume -o whole
chmod u+w whole
listing whole | cmp -s before - || complain "whole: it is not what it was"

# Other runs are another result: another seed, key, policy, version or number of replications.
for change in run.seed=6 run.replications=4 run.horizon='41 s' policies.other.name=fcfs \
	policies.third='{name: fcfs}' policies.one=null; do
	run 2 "the result in 'whole' .*; --force replaces it" two.yaml --resume -o whole -s "$change"
	listing whole | cmp -s before - || complain "$change: the older result is not what it was"
done
cp -r whole version
sqlite3 version/results.sqlite "UPDATE run SET version = '0.0.0'"
run 2 'was written by version 0.0.0, this is' two.yaml --resume -o version
run 0 'results in version' two.yaml --resume --force -o version
run 0 'already' two.yaml --resume -o version

# A run that fails, fails again: it is told once more, as a failure.
run 1 'policy' two.yaml --resume -o fails -s run.horizon=null -s run.requests=1000 -s run.limit='1 s' -s run.warmup='0 s'
run 1 'fails holds this result already, of a run that failed' two.yaml --resume -o fails \
	-s run.horizon=null -s run.requests=1000 -s run.limit='1 s' -s run.warmup='0 s'

# No folder to go on with, a folder of something else, and one that was only claimed.
run 2 'wants the folder to go on with' two.yaml --resume
mkdir foreign claimed
sqlite3 foreign/results.sqlite 'CREATE TABLE t (a)'
run 2 'was not written by offing' two.yaml --resume -o foreign
: >claimed/results.sqlite
run 0 'results in claimed' two.yaml --resume -o claimed

# A whole result that could not take its place since somebody had the older one open, takes it now.
run 0 'results in late' two.yaml -s run.seed=6 -o late
cp -r whole late/unfinished
run 0 'late holds this result already' two.yaml --resume -o late
[ "$(cd late && ls -A)" = "$(cd whole && ls -A)" ] || complain "late: $(ls -A late)"
listing late | cut -d ' ' -f 1,5- >now
listing whole | cut -d ' ' -f 1,5- | cmp -s now - || complain "late: it is not the whole one"

# Interrupted, it goes on: what was finished is not simulated again, and the end is the same.
cat >long.yaml <<'YAML'
name: long
run: {horizon: 30 s, warmup: 1 s, replications: 200, seed: 2}
sites: {e: {tier: edge}}
links: {}
instances: {q: {site: e, service: {distribution: exponential, mean: 1 ms}}}
users: {u: {arrivals: {process: poisson, rate: 500 /s}}}
policy: {name: fcfs}
record: {queues: 1 s, requests: false}
YAML
ask() {
	sqlite3 "$1/results.sqlite" "$2" 2>/dev/null
}
# broken_off SIGNAL: long.yaml is begun and ended by the signal when some of its replications are there
broken_off() {
	rm -rf long
	# in the background of a script SIGINT would be ignored
	env --default-signal=INT "$offing" run long.yaml -q -o long >/dev/null 2>&1 &
	for _ in $(seq 2000); do
		[ "$(ask long "SELECT count(*) > 1 FROM replication WHERE status = 'complete'")" != 1 ] || break
		sleep 0.01
	done
	kill -"$1" $!
	wait $!
}
for signal in INT TERM; do
	broken_off $signal
	# those before the first that was cut; another thread may have finished the one behind it
	n=$(ask long "SELECT coalesce((SELECT min(number) - 1 FROM replication WHERE status <> 'complete'),
		(SELECT count(*) FROM replication))")
	if [ "$n" -eq 0 ] || [ "$n" -ge 200 ]; then
		complain "$signal: $n replications were finished"
	fi
	[ "$(ask long 'SELECT status FROM run')" = interrupted ] || complain "$signal: not marked"
	run 0 "$n replications were there and are kept" long.yaml --resume -o long
done
"$offing" run long.yaml -q -o straight >want
cmp -s out want || complain "interrupted: another summary"
for table in replication metric summary drift drift_fit warning; do
	ask straight "SELECT * FROM $table" >want
	ask long "SELECT * FROM $table" | cmp -s want - || complain "interrupted: another $table"
done
cmp -s long/series.h5 straight/series.h5 || complain "interrupted: other series"

# Two that go on at once: one does, the other says so and harms nothing.
broken_off INT
"$offing" run long.yaml -q --resume -o long >/dev/null 2>first &
"$offing" run long.yaml -q --resume -o long >/dev/null 2>second
second=$?
wait $!
first=$?
case "$first $second" in
"0 2") refused=second ;;
"2 0") refused=first ;;
"0 0") refused= ;; # it came when all was done
*)
	refused=
	complain "two at once: ended with $first and $second: $(cat first second)"
	;;
esac
[ -z "$refused" ] || grep -q 'another run is writing its result to long' "$refused" ||
	complain "two at once: $(cat first second)"
cmp -s long/series.h5 straight/series.h5 || complain "two at once: other series"

exit $failed
