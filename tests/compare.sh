#!/bin/sh
# `offing compare`: pairs by seed against arithmetic on the tables, ranking, and what is refused.
# usage: compare.sh OFFING ROOT
set -eu
offing=$(realpath "$1")
cd "$2"
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
failed=0

complain() {
	echo "$*"
	failed=1
}

run() {
	"$offing" run scenarios/tiny.yaml -q -s run.horizon='60 s' "$@" >/dev/null 2>&1
}

# refused PATTERN ARGUMENT...: in one line, with status 2
refused() {
	pattern=$1
	shift
	status=0
	"$offing" compare "$@" >"$dir/out" 2>"$dir/err" || status=$?
	[ "$status" = 2 ] || complain "compare $*: status $status, not 2"
	[ ! -s "$dir/out" ] || complain "compare $*: prints though it is refused"
	if [ "$(wc -l <"$dir/err")" != 1 ] || ! grep -q "$pattern" "$dir/err"; then
		complain "compare $*: says $(cat "$dir/err"), not $pattern"
	fi
}

run -o "$dir/a" --replications 10
run -o "$dir/b" --replications 12 -s users.office.arrivals.rate='0.5 /s'
run -o "$dir/other" --replications 10 --seed 2
first=$(sqlite3 "$dir/a/results.sqlite" "SELECT policy FROM run ORDER BY id LIMIT 1")

# the difference and its half-width, from the tables: t of 9 degrees at 97.5 % is 2.262157
expected=$(sqlite3 "$dir/a/results.sqlite" "ATTACH '$dir/b/results.sqlite' AS b;
	WITH d AS (SELECT y.value - x.value AS d FROM main.metric x JOIN b.metric y USING (replication, scope, name)
		WHERE x.scope = '' AND x.name = 'e2e.mean_s' AND x.run = 1 AND y.run = 1)
	SELECT printf('%.9f %.9f', avg(d), 2.262157 * sqrt((avg(d * d) - avg(d) * avg(d)) * 10 / 9) / sqrt(10)) FROM d")
printed=$("$offing" compare "$dir/a" "$dir/b" --policy "$first" --json | tr '{' '\n' |
	sed -n 's/"scope": "", "name": "e2e.mean_s",.*"difference": \([^,]*\), "ci95": \[\([^,]*\), \([^]]*\)\].*"n": 10}.*/\1 \2 \3/p' |
	awk '{ printf "%.9f %.9f", $1, ($3 - $2) / 2 }')
echo "$expected $printed" | awk '{ exit !(NF == 4 && ($1 - $3) ^ 2 < 1e-14 && ($2 / $4 - 1) ^ 2 < 1e-10) }' ||
	complain "e2e.mean_s differs by $expected, not by $printed"

"$offing" compare "$dir/a" "$dir/b" --policy "$first" >"$dir/out"
grep -q '10 pairs of replications with the same seed' "$dir/out" || complain "the pairs are not told"
"$offing" compare "$dir/a" "$dir/other" --policy "$first" | grep -q "Welch's 95 % interval" ||
	complain "replications of two seeds are taken for pairs"
"$offing" compare "$dir/a" "$dir/a" --policy "$first" | grep -q '0 of 0\|±' &&
	complain "a result differs from itself"
"$offing" compare "$dir/a" "$dir/b" "$dir/other" --best e2e.mean_s >"$dir/out" ||
	complain "three results are not ranked"
grep -q ' is the best with 95 % confidence\|^undecided between' "$dir/out" || complain "no verdict on three"
[ "$("$offing" compare "$dir/a" "$dir/b" --all --policy "$first" | wc -l)" -gt \
	"$("$offing" compare "$dir/a" "$dir/b" --policy "$first" | wc -l)" ] || complain "--all is not more"

# what was left by others: read, and nothing written
chmod -R a-w "$dir/a"
"$offing" compare "$dir/a" "$dir/b" --policy "$first" >/dev/null || complain "a folder that forbids writing is not read"
chmod -R u+w "$dir/a"

refused "'$dir/none' holds no result" "$dir/none" "$dir/a"
refused "there is no metric 'e2e.p95'; did you mean 'e2e.p95_s'?" "$dir/a" "$dir/b" --best e2e.p95
refused "no result has a policy 'no'" "$dir/a" --policy no
refused "it takes two results or more" "$dir/a" --policy "$first"
refused "neither more nor less of requests.created is better" "$dir/a" "$dir/b" --best requests.created
refused 'indifference must be above 0 %' "$dir/a" "$dir/b" --best e2e.mean_s --indifference '0 %'
run -o "$dir/few" --replications 3
refused 'to rank them takes 10 replications that all have' "$dir/few" "$dir/a" --best e2e.mean_s
exit "$failed"
