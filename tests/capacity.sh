#!/bin/sh
# `offing capacity`: the example of docs/capacity.md is what it prints; files, JSON and what is refused.
# usage: capacity.sh OFFING ROOT
set -eu
offing=$(realpath "$1")
cd "$2"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
failed=0
file=tests/plan/two-ways.yaml

complain() {
	echo "$*"
	failed=1
}

# few runs: enough to see what is printed
quick() {
	"$offing" capacity "$file" --policies edge-only,fcfs --precision '5 %' "$@" 2>/dev/null
}

documented() {
	awk '/^    \$ offing capacity tests/ { on = 1; next } on && /^`random`/ { exit } on' \
		docs/capacity.md | sed 's/^    //'
}

"$offing" capacity "$file" -j 2 >"$dir/one" 2>/dev/null
[ "$(documented | sed '/^$/d')" = "$(sed '/^$/d' "$dir/one")" ] || {
	complain "docs/capacity.md does not have what is printed:"
	cat "$dir/one"
}

quick -j 1 --json >"$dir/1.json"
quick -j 3 --json >"$dir/3.json"
cmp -s "$dir/1.json" "$dir/3.json" || complain "-j changes the answer"
python3 - "$dir/1.json" <<'END' || complain "--json is not what it says"
import json, sys
r = json.load(open(sys.argv[1]))
bound, (fcfs, edge) = r["bound"], r["policies"]
assert abs(bound["scale"] - 3.9776) < 1e-4 and bound["exact"]
assert [p["policy"] for p in r["policies"]] == ["fcfs", "edge-only"]
assert edge["status"] == "found" and abs(edge["scale"] - 2.9776) < 0.15
assert abs(edge["of_bound"] - edge["scale"] / bound["scale"]) < 1e-9
assert edge["scale_low"] <= edge["scale"] <= edge["scale_high"]
END

[ "$(quick --check | grep -c ': confirmed from a backlog: stable at 0.95 of its scale, unstable at 1.05')" = 2 ] ||
	complain "--check does not confirm both"
quick --check --target 'e2e.mean <= 4 s' >/dev/null && complain "a target is checked as if it were a boundary"
quick -o "$dir/out" >"$dir/text" || complain "-o fails"
[ "$(wc -l <"$dir/out/capacity.csv")" = 3 ] || complain "capacity.csv has not two policies"
[ "$(sqlite3 "$dir/out/capacity.sqlite" 'SELECT policy FROM capacity ORDER BY rowid' | xargs)" = 'fcfs edge-only' ] ||
	complain "the table capacity has not the two policies"
[ "$(sqlite3 "$dir/out/capacity.sqlite" 'SELECT count(*) FROM capacity_point')" = \
	"$(($(wc -l <"$dir/out/points.csv") - 1))" ] || complain "points differ between the two files"
quick -o "$dir/out" >/dev/null && complain "older answers are replaced without --force"
quick -o "$dir/out" --force >/dev/null || complain "--force does not replace"
if command -v gnuplot >/dev/null; then
	quick -o "$dir/plot" --plot >/dev/null || complain "--plot fails"
	for picture in capacity.png capacity.svg capacity.gp; do
		[ -s "$dir/plot/$picture" ] || complain "--plot: no $picture"
	done
fi

# what is wrong is said in one line, and the status is 2
refused() {
	want=$1
	shift
	status=0
	said=$("$offing" capacity "$@" 2>&1 >/dev/null) || status=$?
	[ $status = 2 ] || complain "capacity $*: status $status"
	[ "$(echo "$said" | wc -l)" = 1 ] || complain "capacity $*: more than a line: $said"
	echo "$said" | grep -q -F -- "$want" || complain "capacity $*: '$want' is not in: $said"
}

refused "did you mean 'ttft.p95_s'?" $file --target 'tfft.p95_s <= 2 s'
refused "needs a unit, as in" $file --target 'ttft.p95 <= 2'
refused "needs a metric, <= or >=, and a value" $file --target 'ttft.p95 < 2 s'
refused "but less is better" $file --target 'ttft.p95 >= 2 s'
refused "out of its range: 95" $file --target 'qos.share >= 95'
refused "there is no group of users 'v'" $file --target 'group:v e2e.mean <= 2 s'
refused "there is no policy 'fcsf'; did you mean 'fcfs'?" $file --policies fcsf
refused "a whole number" $file --requests 5
sed 's/process: poisson, rate: 10 .s/process: saturated, outstanding: 3/' $file >"$dir/closed.yaml"
refused "closed.yaml:15:17: error: users 'u' send when they have answers" "$dir/closed.yaml"

# no end to what it takes, and none at all
"$offing" capacity "$file" --policies random -s instances.fast.capacity=5 -s instances.slow.capacity=5 \
	>"$dir/text" 2>/dev/null
grep -q 'stable at every scale up to .* dropped there' "$dir/text" || complain "drops are not said"
"$offing" capacity "$file" --policies edge-only --target 'e2e.mean <= 15 ms' >"$dir/text" 2>/dev/null
grep -q 'the target is met at no scale' "$dir/text" || complain "a target out of reach is not said"

# a signal ends it; what is finished, here what has but a link to wait for, is kept
"$offing" capacity "$file" --policies fcfs,random --precision '0.02 %' -q \
	-s policies.fcfs.name=edge-only >"$dir/text" 2>&1 &
pid=$!
sleep 3
kill -TERM $pid
status=0
wait $pid || status=$?
[ $status = 130 ] || complain "after SIGTERM the status is $status"
grep -q 'error: interrupted' "$dir/text" || complain "an interrupt is not said"
if grep -q '^policy' "$dir/text"; then
	grep -q '^fcfs *2\.97' "$dir/text" || complain "what was finished is not kept"
	grep -q 'interrupted: 1 of 2 policies' "$dir/text" || complain "it is not said what is missing"
fi

exit $failed
