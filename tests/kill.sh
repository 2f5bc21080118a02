#!/bin/sh
# kill -9 at any moment, also within a write, leaves files that can be read and whose finished replications
# are whole and marked; --resume then makes what an undisturbed run makes.
# usage: kill.sh OFFING KILL_AT.so WRITES MOMENTS     (how many of each to kill at)
set -u
offing=$(realpath "$1") kill_at=$(realpath "$2") writes=$3 moments=$4
command -v sqlite3 >/dev/null || { echo "sqlite3 is missing"; exit 77; }
dir=$(mktemp -d) && cd "$dir" || exit 1
trap 'rm -rf "$dir"' EXIT
failed=0

complain() {
	echo "$1"
	failed=1
}

cat >two.yaml <<'YAML'
name: two
run: {horizon: 12 s, warmup: auto, replications: 3, seed: 5}
sites: {e: {tier: edge, count: 2}}
links: {l: {between: [users, 'e*'], rate: 1 Gbps}}
instances:
  q: {site: e1, service: {distribution: exponential, mean: 10 ms}}
  p: {site: e2, service: {distribution: exponential, mean: 10 ms}}
users: {u: {arrivals: {process: poisson, rate: 150 /s}}}
policies: {one: {name: jsq}, other: {name: random}}
record: {queues: 10 ms}
YAML

# All that a result says but where and when it was made and how long that took; rows in their order
# where it is one.
content() {
	sqlite3 "$1/results.sqlite" >"$2" <<'SQL' || complain "$1: cannot be read"
PRAGMA integrity_check;
SELECT sql FROM sqlite_schema ORDER BY name;
SELECT id, name, scenario, scenario_sha256, policy, seed, replications, version, wall_s > 0, status FROM run;
SELECT * FROM setting; SELECT * FROM input; SELECT * FROM profile; SELECT * FROM placement;
SELECT * FROM replication; SELECT * FROM metric; SELECT rowid, * FROM summary;
SELECT * FROM drift ORDER BY run, replication, backlog_least;
SELECT * FROM drift_fit ORDER BY run, replication;
SELECT * FROM pilot ORDER BY run, t_s;
SELECT * FROM warning ORDER BY rowid;
SELECT * FROM request ORDER BY run, replication, id;
SQL
	sha256sum <"$1/series.h5" >>"$2"
	(cd "$1" && ls -A) >>"$2"
}

# A killed process that waits for the disk holds its locks until that is done.
# What is marked complete is whole: requests as the metrics count them, its series, nothing half there.
check_killed() {
	[ -s "$1/results.sqlite" ] || return 0
	# its first transaction had not ended
	[ "$(sqlite3 -cmd '.timeout 9000' "$1/results.sqlite" 'SELECT count(*) FROM sqlite_schema' 2>&1)" != 0 ] || return 0
	sqlite3 -cmd '.timeout 9000' "$1/results.sqlite" >found <<'SQL' || complain "$2: results.sqlite cannot be read"
PRAGMA integrity_check;
SELECT run, number, 'differs' FROM replication AS p WHERE status = 'complete' AND
	(SELECT value FROM metric WHERE run = p.run AND replication = p.number AND scope = '' AND
	name = 'requests.done') > (SELECT count(*) FROM request WHERE run = p.run AND replication =
	p.number AND fate = 'done');
SQL
	[ "$(cat found)" = ok ] || complain "$2: $(cat found)"
	[ ! -e "$1/series.h5" ] || h5dump -H "$1/series.h5" >/dev/null 2>&1 || complain "$2: series.h5 is no file"
	sqlite3 "$1/results.sqlite" "SELECT run || ' ' || number FROM replication WHERE status = 'complete'" \
		2>/dev/null | while read -r run number; do
		h5dump -H -d /lyapunov/drift "$1/parts/$run-$number.h5" >/dev/null 2>&1 ||
			h5dump -H -d "/run_$run/replication_$number/lyapunov/drift" "$1/series.h5" \
				>/dev/null 2>&1 || echo "$2: no series of $run-$number"
	done >missing
	[ ! -s missing ] || complain "$(cat missing)"
}

# Ends as an undisturbed run does.
check_resumed() {
	"$offing" run two.yaml -q --resume -o "$1" >out 2>err || complain "$2: resumed: $(cat err)"
	grep -q 'holds this result already' err || cmp -s out want.out ||
		complain "$2: another summary: $(diff out want.out | head -4)"
	content "$1" got
	cmp -s got want || complain "$2: $(diff got want | head -6)"
}

command -v h5dump >/dev/null || { echo "h5dump is missing"; exit 77; }
KILL_COUNT=count LD_PRELOAD=$kill_at "$offing" run two.yaml -q -j 2 -o undisturbed >want.out ||
	complain "cannot run"
content undisturbed want
n=$(cat count)
[ "$n" -gt 500 ] || complain "only $n writes are seen"

i=0 killed=0
while [ $i -lt "$writes" ]; do
	rm -rf r
	at=$((i * n / writes + i % 7))
	KILL_AT=$at LD_PRELOAD=$kill_at "$offing" run two.yaml -q -j 2 -o r >/dev/null 2>&1
	[ $? = 137 ] && killed=$((killed + 1))
	check_killed r "killed at write $at"
	if [ $((i % 3)) = 2 ]; then # and the run that goes on as well
		again=$((i * 37 % n))
		KILL_AT=$again LD_PRELOAD=$kill_at "$offing" run two.yaml -q --resume -j 2 -o r \
			>/dev/null 2>&1
		at="$at and $again"
		check_killed r "killed at write $at"
	fi
	check_resumed r "killed at write $at"
	i=$((i + 1))
done
[ $killed -ge $((writes * 3 / 4)) ] || complain "only $killed of $writes were killed"

# At moments of the clock: replications that take longer.
awk -v n="$moments" 'BEGIN { srand(7); for (i = 0; i < n; i++) printf "%.3f\n", 0.02 + 0.3 * rand() }' |
	while read -r s; do
		rm -rf r
		timeout -s KILL "$s" "$offing" run two.yaml -q -o r >/dev/null 2>&1
		check_killed r "killed after $s s"
		check_resumed r "killed after $s s"
		[ $failed = 0 ] || exit 1
	done || failed=1

# Over an older result: that stays until the new one is whole.
rm -rf r
"$offing" run two.yaml -q -s run.replications=1 -o r >/dev/null
KILL_AT=$((n / 2)) LD_PRELOAD=$kill_at "$offing" run two.yaml -q --force -o r >/dev/null 2>&1
[ "$(sqlite3 r/results.sqlite 'SELECT DISTINCT status, replications FROM run')" = 'complete|1' ] ||
	complain "the older result is not what it was"
check_killed r/unfinished "over an older one"
check_resumed r "over an older one"

exit $failed
