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

exit $failed
