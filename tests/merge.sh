#!/bin/sh
# `offing merge`: what is kept, numbered and said, and the same bytes for the same results.
# usage: merge.sh OFFING
set -eu
offing=$(realpath "$1")
command -v sqlite3 >/dev/null || { echo "sqlite3 is missing"; exit 77; }
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
failed=0

complain() {
	echo "$*"
	failed=1
}

# is FOLDER SQL ANSWER WHAT
is() {
	got=$(sqlite3 "$1/results.sqlite" "$2" 2>&1 | tr '\n' ' ')
	[ "$got" = "$3 " ] || complain "$4: $2 gave '$got', not '$3 '"
}

# refused PATTERN ARGUMENT...: in one line, with status 2
refused() {
	pattern=$1
	shift
	status=0
	"$offing" merge "$@" >out 2>err || status=$?
	[ "$status" = 2 ] || complain "merge $*: status $status, not 2"
	[ ! -s out ] || complain "merge $*: prints though it is refused"
	if [ "$(wc -l <err)" != 1 ] || ! grep -q "$pattern" err; then
		complain "merge $*: says $(cat err), not $pattern"
	fi
}

cat >two.yaml <<'YAML'
name: two
run: {horizon: 20 s, warmup: auto, replications: 3, seed: 5}
sites: {e: {tier: edge}, f: {tier: edge}}
instances:
  q: {site: e, service: {distribution: exponential, mean: 10 ms}}
  r: {site: f, service: {distribution: exponential, mean: 20 ms}}
users: {u: {arrivals: {process: poisson, rate: 50 /s}}}
policies: {ours: {name: jsq}, blind: {name: random}}
record: {requests: true, queues: 1 s}
YAML

run() {
	"$offing" run two.yaml -q "$@" >/dev/null
}

run -o a -j 1
run -o b -j 2 -s users.u.arrivals.rate='60 /s'
run -o c -j 2 -s run.seed=6

# Every run, in the order of the folders, with all rows of all tables.
"$offing" merge a b c -o all >out
grep -q '^all: 6 runs of 3 folders, which differ in 2 keys$' out || complain "says $(cat out)"
is all "SELECT group_concat(id || policy, ' ') FROM run" '1ours 2blind 3ours 4blind 5ours 6blind' 'order of runs'
is all "PRAGMA integrity_check" ok 'a sound file'
is all "PRAGMA user_version" "$(sqlite3 a/results.sqlite 'PRAGMA user_version')" 'the schema'
for table in setting input profile replication metric summary drift drift_fit pilot warning request placement; do
	for from in a:0 b:2 c:4; do
		missing=$(sqlite3 "${from%:*}/results.sqlite" "ATTACH 'all/results.sqlite' AS m;
			SELECT count(*) FROM (SELECT * FROM main.$table EXCEPT
				SELECT $(sqlite3 a/results.sqlite "SELECT group_concat(iif(name = 'run', 'run - ${from#*:}', name))
					FROM pragma_table_info('$table')") FROM m.$table)")
		[ "$missing" = 0 ] || complain "$table of ${from%:*}: $missing rows are not in the merged file"
	done
	is all "SELECT count(*) FROM $table" "$(for f in a b c; do
		sqlite3 "$f/results.sqlite" "SELECT count(*) FROM $table"
	done | awk '{ n += $1 } END { print n }')" "rows of $table"
done
is all "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name NOT IN ('run', 'setting', 'input', 'profile',
	'replication', 'metric', 'summary', 'drift', 'drift_fit', 'pilot', 'warning', 'request', 'placement')" 0 'tables looked at'
is all "SELECT name FROM sqlite_schema WHERE type = 'index' AND sql NOT NULL" request_order 'the index of requests'

# The view has a column for each key that differs.
is all "SELECT group_concat(name) FROM pragma_table_info('swept')" 'run,name,policy,run.seed,users.u.arrivals.rate' 'columns of swept'
is all "SELECT run, policy, \"run.seed\", \"users.u.arrivals.rate\" FROM swept WHERE run IN (1, 4, 5)" \
	'1|ours|5|50 /s 4|blind|5|60 /s 5|ours|6|50 /s' 'values of swept'

# SQL heeds no case: of two keys that differ in nothing else neither is taken for the other.
sed 's/  r: /  Q: /' two.yaml >cases.yaml
"$offing" run cases.yaml -q -o lower >/dev/null
"$offing" run cases.yaml -q -o upper -s instances.Q.service.mean='6 ms' -s instances.q.service.mean='5 ms' >/dev/null
"$offing" merge -q lower upper -o cases
is cases 'SELECT "instances.Q.service.mean (1)", "instances.q.service.mean (2)" FROM swept WHERE run = 3' '6 ms|5 ms' 'two cases'
is cases "SELECT group_concat(name) FROM pragma_table_info('swept') WHERE name = 'instances.q.service.mean' COLLATE NOCASE" '' 'no third'

# Where and when is beside it, and of no part of its bytes.
is all "SELECT count(*) FROM run WHERE host IS NULL AND started_utc IS NULL AND wall_s IS NULL" 6 'no place, no time'
[ "$(wc -l <all/provenance.csv)" = 7 ] || complain "provenance: $(cat all/provenance.csv)"
grep -q "^4,blind,b,$(sqlite3 b/results.sqlite "SELECT host || ',' || started_utc || ',' FROM run WHERE id = 2")" all/provenance.csv ||
	complain "provenance: $(cat all/provenance.csv)"
mkdir elsewhere
sleep 1
run -o elsewhere/a -j 2
run -o elsewhere/b -j 1 -s users.u.arrivals.rate='60 /s'
run -o elsewhere/c -j 1 -s run.seed=6
(cd elsewhere && MALLOC_PERTURB_=77 "$offing" merge -q a b c -o all)
cmp all/results.sqlite elsewhere/all/results.sqlite || complain "other bytes for the same results"

# Series are in a group for each run, with what its file said of it.
if command -v h5diff >/dev/null && [ -e a/series.h5 ]; then
	run -o one -s policies=null -s policy.name=fcfs
	"$offing" merge -q b one -o grouped
	h5diff b/series.h5 grouped/series.h5 /run_2/replication_1 /run_2/replication_1 || complain "series of b are not what they were"
	h5diff one/series.h5 grouped/series.h5 /replication_3 /run_3/replication_3 || complain "series of one are not what they were"
	for run in 1 3; do
		for what in scenario version policy; do
			h5dump -a "/run_$run/$what" grouped/series.h5 >out 2>&1 || complain "run $run has no $what"
		done
	done
	h5dump -a /run_3/policy grouped/series.h5 | grep -q '"fcfs"' || complain "policy of a series"
	h5dump -a /run_1/scenario grouped/series.h5 | grep -q '60 /s' || complain "scenario of a series"
	cmp all/series.h5 elsewhere/all/series.h5 || complain "other bytes for the same series"
fi

# What is merged can be merged again, and is the same; so is where it came from.
"$offing" merge -q a b -o ab
"$offing" merge -q ab c -o again
cmp all/results.sqlite again/results.sqlite || complain "merged in two steps it has other bytes"
[ ! -e all/series.h5 ] || cmp all/series.h5 again/series.h5 || complain "merged in two steps its series have other bytes"
cmp all/provenance.csv again/provenance.csv || complain "merged in two steps it came from elsewhere"

# A folder may be called anything.
cp -r a 'odd
"name", of a'
"$offing" merge -q 'odd
"name", of a' b -o odd
"$offing" merge -q odd c -o odder || complain "a merged folder with an odd name in it is not merged again"
grep -q '^2,blind,"odd.x0a""name"", of a",' odder/provenance.csv || complain "an odd name: $(cat odder/provenance.csv)"

# The same run twice is kept once, and it is said.
"$offing" merge a elsewhere/a b a -o once >out 2>err
is once "SELECT count(*) FROM run" 4 'runs kept once'
grep -q "policy 'ours' of elsewhere/a is the same run as in a and is left out$" err || complain "twice: $(cat err)"

# ... and where it came to something else that is said, too.
cp -r a other
sqlite3 other/results.sqlite "UPDATE metric SET value = value + 1 WHERE run = 2 AND scope = '' AND name = 'e2e.mean_s'"
"$offing" merge a other -o once --force >out 2>err
grep -q "policy 'ours' of other is the same run as in a and is left out$" err || complain "alike: $(cat err)"
grep -q "policy 'blind' of other is the same run as in a and is left out, though it came to something else$" err ||
	complain "unlike: $(cat err)"

# A run that is not complete gives way to a complete one, and is kept and said otherwise.
cp -r a cut
sqlite3 cut/results.sqlite "UPDATE run SET status = 'interrupted' WHERE id = 1;
	UPDATE replication SET status = 'interrupted' WHERE run = 1 AND number = 3; DELETE FROM summary WHERE run = 1"
"$offing" merge cut a -o whole >/dev/null 2>&1
is whole "SELECT group_concat(status || policy, ' ') FROM run" 'completeblind completeours' 'the complete run'
"$offing" merge cut b -o part >out 2>err
is part "SELECT status FROM run WHERE id = 1" interrupted 'the unfinished run'
grep -q "policy 'ours' of cut is interrupted, with 2 of 3 replications; it is kept so" err || complain "unfinished: $(cat err)"

# What an older schema does not have is not known.
mkdir five
cp a/results.sqlite five
sqlite3 five/results.sqlite 'PRAGMA user_version = 5; ALTER TABLE request DROP COLUMN measured; ALTER TABLE request DROP COLUMN own;
	ALTER TABLE request DROP COLUMN heard_s; DROP TABLE pilot'
"$offing" merge five -o six -q >/dev/null || complain "a result of schema 5 is not merged"
is six 'SELECT count(*), count(measured), count(own) FROM request' \
	"$(sqlite3 five/results.sqlite "SELECT count(*) || '|0|0' FROM request")" 'requests of schema 5'
is six 'SELECT count(*) FROM pilot' 0 'pilots of schema 5'

# What cannot be merged leaves nothing, and an older result as it was.
cp all/results.sqlite before
refused 'already holds a result; --force replaces it' a -o all
refused "'all' is both read and written to" a all --force -o "$dir/./all"
refused "'none' holds no result" a none --force -o all
mkdir later old junk
cp a/results.sqlite later && sqlite3 later/results.sqlite 'PRAGMA user_version = 99'
cp a/results.sqlite old && sqlite3 old/results.sqlite 'PRAGMA user_version = 4'
head -c 100000 /dev/urandom >junk/results.sqlite
refused 'a later version' a later --force -o all
refused 'old has schema 4, and 5 to' a old --force -o all
refused 'not a database' a junk --force -o all
refused 'says where' a
cmp before all/results.sqlite || complain "a merge that was refused changed what was there"
[ ! -e all/unfinished ] || complain "a merge that was refused left files"
"$offing" merge -q a --force -o all
is all "SELECT count(*) FROM run" 2 'replaced by force'

# Broken series are refused, and left out of a run that is not complete.
if [ -e a/series.h5 ]; then
	cp -r a broken
	head -c 5000 a/series.h5 >broken/series.h5
	status=0
	"$offing" merge broken --force -o all >out 2>err || status=$?
	if [ "$status" != 2 ] || ! grep -q 'broken/series.h5: ' err; then
		complain "broken series: $status $(cat err)"
	fi
	sqlite3 broken/results.sqlite "UPDATE run SET status = 'interrupted'"
	"$offing" merge broken -o some >out 2>err || complain "broken series of an unfinished run: $(cat err)"
	grep -q 'series of some runs are left out: broken/series.h5: ' err || complain "left out: $(cat err)"
fi

# Damage that is met in the middle.
mkdir torn
head -c 150000 a/results.sqlite >torn/results.sqlite
status=0
"$offing" merge b torn --force -o all >out 2>err || status=$?
if [ "$status" = 0 ] || [ "$(wc -l <err)" != 1 ]; then
	complain "a torn file: $status $(cat err)"
fi
is all "SELECT count(*) FROM run" 2 'what was there before a torn file'
[ ! -e all/unfinished ] || complain "a torn file left files"

# A disk that fills on the way.
status=0
(ulimit -f 300 && exec "$offing" merge a b c -o full) >out 2>err || status=$?
if [ "$status" != 1 ] || [ "$(wc -l <err)" != 1 ] || ! grep -q 'full/unfinished/results.sqlite: ' err; then
	complain "a full disk: $status $(cat err)"
fi
[ ! -e full ] || complain "a full disk: $(find full)"
exit $failed
