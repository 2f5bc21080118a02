#!/bin/bash
# However a run ends, what was finished can be read, and an older result goes for a whole one only.
# usage: results_kept.sh OFFING
offing=$(realpath "$1")
command -v sqlite3 >/dev/null || { echo "sqlite3 is missing"; exit 77; }
dir=$(mktemp -d) && cd "$dir" || exit 1
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
failed=0

complain() {
	echo "$1"
	failed=1
}

# ask FOLDER SQL
ask() {
	sqlite3 "$1/results.sqlite" "$2" 2>&1
}

# is FOLDER SQL ANSWER WHAT
is() {
	local got
	got=$(ask "$1" "$2")
	[ "$got" = "$3" ] || complain "$4: $2 gave '$got', not '$3'"
}

# until_true SECONDS COMMAND...
until_true() {
	local tries=$(($1 * 20))
	shift
	while ! "$@" >/dev/null 2>&1; do
		[ $((tries--)) -gt 0 ] || return 1
		sleep 0.05
	done
}

cat >short.yaml <<'YAML'
name: short
run: {horizon: 400 s, warmup: 0 s, replications: 3, seed: 5}
sites: {e: {tier: edge}}
instances: {q: {site: e, service: {distribution: exponential, mean: 10 ms}}}
users: {u: {arrivals: {process: poisson, rate: 50 /s}}}
policy: {name: fcfs}
record: {queues: 1 s}
YAML
# Replications of minutes, some of them finished at once by the limit on requests in the window.
sed 's/horizon: 400 s/horizon: 1 d/; s/name: short/name: long/' short.yaml >long.yaml
sed 's/warmup: 0 s/warmup: auto/; s/horizon: 400 s/horizon: 100 d/' short.yaml >pilot.yaml

old() { # a result of three replications in folder $1
	rm -rf "$1"
	"$offing" run short.yaml -q -o "$1" >/dev/null || complain "cannot make the older result"
}

is_old() { # FOLDER WHAT
	is "$1" "SELECT name || '|' || status FROM run" 'short|complete' "$2"
	is "$1" "PRAGMA integrity_check" ok "$2"
}

# Ctrl-C in the pilot
old pilot
set -m
"$offing" run pilot.yaml -q --force -o pilot >out 2>&1 &
set +m
sleep 0.7
kill -INT $!
wait $!
[ $? = 130 ] || complain "pilot: not interrupted: $(cat out)"
grep -q 'nothing was finished: pilot keeps the older result' out || complain "pilot: $(cat out)"
is_old pilot pilot
[ "$(cd pilot && echo *)" = 'results.sqlite series.h5' ] || complain "pilot: left $(ls pilot)"

# kill -9, with nothing there before and over an older result
finished() {
	[ "$(ask "$1" "SELECT count(*) > 0 FROM replication WHERE status = 'complete'")" = 1 ]
}
old over
for folder in fresh over; do
	"$offing" run long.yaml -q --force -j 2 -s run.replications=100000 -s run.horizon='200 s' \
		-o $folder >out 2>&1 &
	into=$folder
	[ $folder = fresh ] || into=$folder/unfinished
	until_true 20 finished $into || complain "$folder: nothing was ever finished"
	kill -KILL $!
	wait $! 2>/dev/null
	is $into "PRAGMA integrity_check" ok "killed, $folder"
	is $into "SELECT DISTINCT status FROM run" interrupted "killed, $folder"
	is $into "SELECT count(*) FROM replication AS p WHERE status = 'complete' AND NOT EXISTS
		(SELECT * FROM metric WHERE replication = p.number AND name = 'requests.done' AND
		value = (SELECT count(*) FROM request WHERE replication = p.number AND
		fate = 'done'))" 0 "killed, $folder"
done
is_old over "killed over an older result"
"$offing" run long.yaml -q --force -s run.horizon='20 s' -o over >/dev/null || complain "over: again"
is over "SELECT name || '|' || status FROM run" 'long|complete' "whole at last"
[ "$(cd over && echo *)" = 'results.sqlite series.h5' ] || complain "over: left $(ls over)"

# interrupted over an older result: what was finished lies beside it
old beside
set -m
"$offing" run long.yaml -q --force -s run.replications=100000 -s run.horizon='200 s' -o beside \
	>out 2>&1 &
set +m
until_true 20 finished beside/unfinished || complain "beside: nothing was ever finished"
kill -INT $!
wait $!
[ $? = 130 ] || complain "beside: not interrupted: $(cat out)"
grep -q 'results in beside/unfinished: not whole' out || complain "beside: $(cat out)"
is_old beside beside
is beside/unfinished "SELECT name || '|' || status FROM run" 'long|interrupted' beside

# a run that fails is a result: the older one does not stay behind it
old fails
"$offing" run short.yaml -q --force -o fails -s run.horizon=null -s run.requests=1000 \
	-s run.limit='1 s' >/dev/null 2>out
[ $? = 1 ] || complain "fails: did not: $(cat out)"
is fails "SELECT status FROM run" failed "a run that fails"

# two at once
old twice
set -m
"$offing" run long.yaml -q --force -o twice >/dev/null 2>&1 &
set +m
until_true 10 test -s twice/unfinished/results.sqlite || complain "twice: the first does not write"
"$offing" run short.yaml -q --force -o twice >out 2>&1
[ $? = 2 ] && grep -q 'another run is writing its result to twice' out || complain "twice: $(cat out)"
kill -INT $!
wait $!
is_old twice "two at once"

# no permission
old closed
chmod a-w closed
as_user=
if [ "$(id -u)" = 0 ]; then # who may do everything: as somebody else
	as_user="setpriv --reuid=65534 --clear-groups"
	chmod 755 .
fi
if ! $as_user "$offing" --version >/dev/null 2>&1; then
	echo "not tried as root: a folder without permission"
else
	$as_user "$offing" run short.yaml -q --force -o closed >out 2>&1
	[ $? = 1 ] || complain "closed: $(cat out)"
	grep -q 'cannot replace the result in closed: Permission denied' out ||
		complain "closed: $(cat out)"
fi

# a shell left open
"$offing" run long.yaml -q -o open -s run.replications=1 -s run.horizon='40000 s' >out 2>err &
run=$!
until_true 10 test -s open/results.sqlite || complain "open: nothing is written"
until_true 10 ask open 'SELECT * FROM run'
exec 7> >(exec sqlite3 open/results.sqlite >seen 2>&1)
echo 'SELECT count(*) FROM run;' >&7
until_true 10 test -s seen || complain "a shell left open: it sees nothing"
wait $run
[ $? = 0 ] || complain "a shell left open: $(cat err)"
grep -q 'end to end' out || complain "a shell left open: no table"
grep -q 'open in another program' err || complain "a shell left open: $(cat err)"
exec 7>&-
until_true 5 test ! -e open/results.sqlite-wal || complain "a shell left open: its log stays"
is open "SELECT status FROM run" complete "a shell left open"
[ "$(cd open && echo *)" = 'results.sqlite series.h5' ] || complain "open: left $(ls open)"

# Disks of every size: all that was finished can be read, it is said what is whole, and the end
# comes soon. A limit on the size of files is to a run what a full disk is.
whole=0 closing=0 full=0
for kb in $(seq 16 96 4300); do
	rm -rf full
	(
		ulimit -f "$kb"
		timeout 20 "$offing" run short.yaml -q -s run.horizon='100 s' -o full
	) >out 2>err
	status=$?
	case $status in
	0) whole=$((whole + 1)) ;;
	1)
		full=$((full + 1))
		grep -q '^offing: error: full/[a-z.0-9]*: ' err || complain "$kb kB: $(cat err)"
		;;
	*) complain "$kb kB: ended with $status: $(cat err)" ;;
	esac
	[ -s full/results.sqlite ] || continue
	is full "PRAGMA integrity_check" ok "$kb kB"
	done=$(ask full "SELECT count(*) FROM replication WHERE status = 'complete'")
	if [ "$status" = 1 ] && grep -q 'all replications are complete' err; then
		closing=$((closing + 1))
		[ "$done" = 3 ] || complain "$kb kB: says that all are complete, not $done"
		grep -q 'end to end' out || complain "$kb kB: no table"
	fi
done
echo "disks: $whole large enough, $full full, $closing of them only at the end"
[ $whole -gt 2 ] && [ $full -gt 5 ] && [ $closing -gt 0 ] || complain "disks: not all kinds were met"

# A small disk itself, where one may be made.
mkdir disk
export offing
if unshare -Urm true 2>/dev/null; then
	unshare -Urm sh -c 'mount -t tmpfs -o size=1m none disk &&
		timeout 20 "$offing" run short.yaml -q -o disk/r; echo $? >status
		cp -r disk/r kept' >out 2>err
	[ "$(cat status)" = 1 ] || complain "small disk: ended with $(cat status): $(cat err)"
	grep -q 'error: disk/r/[a-z0-9.]*: .*full' err || complain "small disk: $(cat err)"
	is kept "SELECT status FROM run" interrupted "small disk"
else
	echo "not tried without name spaces: a small disk"
fi

# Noticed at once: this replication would go on for hours.
(
	ulimit -f 3000
	timeout 60 "$offing" run long.yaml -q -j 1 -o noticed -s run.horizon='1000 d' \
		-s run.replications=1
) >out 2>err
status=$?
[ $status = 1 ] && grep -q 'error: noticed/results.sqlite' err && grep -q 'interrupted' err ||
	complain "full in the middle: ended with $status: $(cat err)"

# Out of memory: a sentence and 1, and a file that can be read. A queue that grows for
# ever.
sed 's/mean: 10 ms/mean: 1 h/; s/rate: 50/rate: 1000000/; s/horizon: 400 s/horizon: 1 d/' \
	short.yaml >endless.yaml
(
	ulimit -v 600000
	timeout 60 "$offing" run endless.yaml -q -j 1 -o memory -s record.requests=false \
		-s record.queues=off
) >out 2>err
status=$?
if nm "$offing" 2>/dev/null | grep -q __asan_init; then
	echo "not tried with sanitizers: out of memory"
else
	[ $status = 1 ] && grep -q '^offing: error: out of memory' err ||
		complain "out of memory: ended with $status: $(cat err)"
	is memory "SELECT status FROM run" interrupted "out of memory"
fi

exit $failed
