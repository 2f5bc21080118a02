#!/bin/sh
# `offing optimum`: the example of docs/optimum.md is what it prints; files, JSON and what is refused.
# usage: optimum.sh OFFING ROOT
set -eu
offing=$(realpath "$1")
cd "$2"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
failed=0

complain() {
	echo "$*"
	failed=1
}

optimum() {
	"$offing" optimum tests/plan/by-hand.yaml --tasks 4 "$@" 2>/dev/null
}

# All but the time it took.
without_time() {
	sed 's/, [0-9.]* s$/, T s/'
}

documented() {
	awk '/^    \$ offing optimum tests/ { on = 1; next } on && /^\(The time/ { exit } on' \
		docs/optimum.md | sed 's/^    //'
}

[ "$(documented | without_time)" = "$(optimum | without_time)" ] || {
	complain "docs/optimum.md does not have what is printed:"
	optimum
}

[ "$(optimum --json | grep -c '"proved": true')" = 5 ] || complain "--json: not five points, all proved"
optimum --json | grep '"cloud-only"' | grep -q '"T_s": 0.8,' || complain "--json: cloud-only is not at 0.8 s"

# as printed: seven requests in two seconds and a bit are more than can be
tight=$(optimum --tasks 8 -s users.u.arrivals.rate='3 /s')
echo "$tight" | grep -q 'infeasible, because of' || complain "eight tasks are no conflict"
echo "$tight" | grep -q '^    capacity of edge$' || complain "the edge is not named"
echo "$tight" | grep -q 'without any one of these' || complain "the conflict is not irreducible"

optimum --policies fcfs | grep -q cloud-only && complain "--policies does not choose"
[ "$(optimum -s users.u.deadline=null | grep -c 'no task has a deadline')" = 1 ] ||
	complain "no deadline is not said"

optimum -o "$dir/out" >/dev/null
[ "$(cat "$dir/out/front.csv" | wc -l)" = 6 ] || complain "front.csv has not five points"
[ "$(cat "$dir/out/tasks.csv" | wc -l)" = 5 ] || complain "tasks.csv has not four tasks"
optimum -o "$dir/out" >/dev/null && complain "an older front is replaced without --force"
optimum -o "$dir/out" --force >/dev/null || complain "--force does not replace"
if command -v gnuplot >/dev/null; then
	optimum -o "$dir/plot" --plot >/dev/null || complain "--plot fails"
	for file in optimum.png optimum.svg optimum.gp; do
		[ -s "$dir/plot/$file" ] || complain "--plot: no $file"
	done
fi
if command -v cbc >/dev/null; then
	optimum --solver cbc | without_time | sed 's/; .*//' >"$dir/cbc"
	optimum | without_time | sed 's/; .*//' | cmp -s - "$dir/cbc" || complain "cbc says something else"
fi
exit $failed
