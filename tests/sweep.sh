#!/bin/bash
# scripts/sweep.sh: the same merged database whoever hands out the points, failures that stop
# nobody, going on after kill -9, and what is refused.
# usage: sweep.sh OFFING ROOT
set -u
offing=$(realpath "$1") root=$(realpath "$2")
command -v sqlite3 >/dev/null || { echo "sqlite3 is missing"; exit 77; }
dir=$(mktemp -d) && cd "$dir" || exit 1
export OFFING=$offing SWEEP_TEST=$dir
failed=0

# Processes of this test, but those that look for them.
processes() (
	unset SWEEP_TEST
	grep -lsz "^SWEEP_TEST=$dir\$" /proc/[0-9]*/environ | cut -d/ -f3
)

# shellcheck disable=SC2317 # of a trap
clean() {
	left=$(processes)
	# shellcheck disable=SC2086
	[ -z "$left" ] || kill -KILL $left 2>/dev/null
	rm -rf "$dir"
}
trap clean EXIT

complain() {
	echo "$*"
	failed=1
}

# Synthetic: what is varied has commas, blanks and quotes in it.
cat >s.yaml <<'YAML'
name: s
run: {requests: 60, warmup: 0 s, replications: 2}
sites: {a: {tier: edge}}
instances: {i: {site: a, slots: 1, discipline: fifo, service: {distribution: exponential, mean: 0.5 s}}}
users: {u: {arrivals: {process: poisson, rate: 1 /s}}}
policy: {name: fcfs}
links: {}
record: {queues: off}
YAML
grid=(--vary 'users.u.arrivals.rate=lin:0.5..1:3 /s'
	--vary "policy={name: fcfs},{name: random}"
	--vary 'description="slow, far", it'\''s "near"')

# sweep STATUS ARGUMENT...: it ends with that
sweep() {
	local want=$1 status=0
	shift
	"$root/scripts/sweep.sh" "$@" >out 2>err || status=$?
	[ "$status" = "$want" ] || complain "sweep $*: status $status, not $want: $(cat err)"
}

# same FOLDER WHAT: its database and failures are those of the first sweep, byte for byte
same() {
	cmp -s first/results.sqlite "$1/results.sqlite" || complain "$2: another database"
	[ ! -e first/failed.csv ] || cmp first/failed.csv "$1/failed.csv" || complain "$2: other failures"
}

# Twelve points, by hand: three rates, each with two policies, each with two descriptions.
sweep 0 s.yaml "${grid[@]}" -o first
[ "$(sqlite3 first/results.sqlite 'SELECT count(*) FROM run')" = 12 ] || complain "not 12 runs"
[ "$(sqlite3 first/results.sqlite "SELECT group_concat(r, ';') FROM (SELECT \"users.u.arrivals.rate\" ||
	policy || description AS r FROM swept LIMIT 5)")" = \
	"0.5 /sfcfsslow, far;0.5 /sfcfsit's \"near\";0.5 /srandomslow, far;0.5 /srandomit's \"near\";0.75 /sfcfsslow, far" ] ||
	complain "swept: $(sqlite3 first/results.sqlite 'SELECT * FROM swept')"
[ "$(sed -n 3p first/points.csv | cut -d, -f1-3)" = '2,0.5 /s,{name: fcfs}' ] || complain "points.csv: $(cat first/points.csv)"
grep -q '12 points: 12 done, 0 failed' err || complain "closing: $(cat err)"

# Without GNU parallel, one at a time, from another folder; and over ssh, where a host is down.
mkdir bin alone
for program in sh env sed cut tr cat cp mv rm mkdir mktemp date wc awk grep nproc xargs flock setsid setpriv \
	dirname realpath sleep cksum head; do
	ln -s "$(command -v $program)" alone
done
(cd / && PATH=$dir/alone "$root/scripts/sweep.sh" "$dir/s.yaml" "${grid[@]}" -j 1 -q -o "$dir/with xargs") ||
	complain "with xargs: $?"
same 'with xargs' 'xargs'
cat >bin/ssh <<'END'
#!/bin/sh
while [ "${1#-}" != "$1" ]; do shift; done
[ "$1" != down ] || exit 255
echo "$1" >>hosts
shift
[ "$1" != -- ] || shift
SHELL=/bin/sh exec sh -c "$*" # as a login has it
END
chmod +x bin/ssh
if command -v parallel >/dev/null; then
	PATH=$dir/bin:$PATH sweep 0 s.yaml "${grid[@]}" -S alpha,down --hosts beta -j 1 -o "a 'quoted' \"folder\""
	same "a 'quoted' \"folder\"" 'hosts'
	[ "$(sort -u hosts | tr '\n' ' ')" = 'alpha beta ' ] || complain "hosts: $(sort hosts | uniq -c)"
else
	echo "parallel is missing: hosts are not tested"
fi

# Failures: a value that is none, and a run that fails; the rest is merged as ever.
bad=(--vary "users.u.arrivals.rate=1 /s,often,0.5 /s" --vary "run.limit=auto,1 s")
sweep 1 s.yaml "${bad[@]}" -o bad
[ "$(cut -d, -f1,2 bad/failed.csv | tr '\n' ' ')" = 'point,status 2,1 3,2 4,2 6,1 ' ] ||
	complain "failed.csv: $(cat bad/failed.csv)"
grep -q '^3,2,"points.csv:4:3: error: rate should be a number' bad/failed.csv ||
	complain "message of point 3: $(sed -n 3p bad/failed.csv)"
grep -q '^2,1,".*limit' bad/failed.csv || complain "message of point 2: $(sed -n 2p bad/failed.csv)"
[ "$(sqlite3 bad/results.sqlite 'SELECT group_concat(r) FROM (SELECT "users.u.arrivals.rate" AS r FROM swept)')" = \
	'1 /s,0.5 /s' ] || complain "the rest: $(sqlite3 bad/results.sqlite 'SELECT * FROM swept')"
grep -q '6 points: 2 done, 4 failed' err || complain "closing of failures: $(cat err)"
cp bad/failed.csv before.csv
sweep 1 s.yaml "${bad[@]}" -o bad --resume
cmp before.csv bad/failed.csv || complain "resumed: other failures"

# Another design in the same folder: what was there keeps its number, and is not run again.
stamp=$(stat -c %Y.%i bad/points/5/results.sqlite)
sweep 0 s.yaml --vary 'users.u.arrivals.rate=0.25 /s,0.5 /s,1 /s' -o bad --resume
[ "$(cut -d, -f1 bad/points.csv | tr '\n' ' ')" = 'point 7 5 1 ' ] || complain "numbers: $(cat bad/points.csv)"
[ "$(stat -c %Y.%i bad/points/5/results.sqlite)" = "$stamp" ] || complain "point 5 was run again"
[ ! -e bad/failed.csv ] || complain "failures of a design that is gone"
sweep 0 s.yaml --vary 'users.u.arrivals.rate=0.25 /s,0.5 /s,1 /s' -o afresh
cmp bad/results.sqlite afresh/results.sqlite || complain "in two steps: another database"

# Points that are one.
sweep 0 s.yaml --vary 'users.u.arrivals.rate=1 /s,0.5 /s,1 /s' --vary run.limit=auto,auto -o once
[ "$(wc -l <once/points.csv)" = 3 ] || complain "the same twice: $(cat once/points.csv)"

# A dry run prints what could be pasted, and writes nothing.
sweep 0 s.yaml "${grid[@]}" -o dry --dry-run
[ ! -e dry ] || complain "a dry run makes a folder"
[ "$(wc -l <out)" = 12 ] || complain "a dry run prints $(wc -l <out) lines"
sed -n 7p out | sed "s|^offing|$offing|" >line.sh
sh line.sh >/dev/null 2>&1 || complain "the seventh line: $(cat line.sh)"
[ "$(sqlite3 dry/points/7/results.sqlite 'SELECT scenario_sha256 FROM run')" = \
	"$(sqlite3 first/points/7/results.sqlite 'SELECT scenario_sha256 FROM run')" ] ||
	complain "a pasted line is another run"

# Edited in between: refused by the point, run again by --resume.
sed 's/0.5 s/0.4 s/' s.yaml >t.yaml
"$offing" run t.yaml --design first/points.csv --point 2 -o edited >out 2>err
grep -q 'point 2 is another scenario than when first/points.csv was made' err || complain "edited: $(cat err)"

# refused PATTERN ARGUMENT...
refused() {
	pattern=$1
	shift
	sweep 2 "$@"
	grep -q -e "$pattern" err || complain "sweep $*: says $(cat err), not $pattern"
}
refused 'holds a sweep already' s.yaml "${grid[@]}" -o first
refused "unknown key 'polciy'" s.yaml --vary polciy.name=a,b -o new
refused 'has no values' s.yaml --vary run.seed= -o new
refused 'nothing is varied' s.yaml -o new
refused 'varied twice' s.yaml --vary seed=1,2 --vary run.seed=3,4 -o new
refused 'would undo' s.yaml --vary seed=1,2 --seed 3 -o new
refused 'more than 100000 points' s.yaml --vary seed=step:1..1000:1 --vary run.backlog=step:1..101:1 -o new
refused 'needs the number of values' s.yaml --vary 'users.u.arrivals.rate=log:1..2 /s' -o new
refused "no option '--vari'" s.yaml --vari seed=1 -o new
refused 'where should' s.yaml --vary seed=1
refused 'standard input' - --vary seed=1 -o new
refused 'cannot open' no.yaml --vary seed=1 -o new
refused 'whole number' s.yaml --vary seed=1 -j 0 -o new
[ ! -e new ] || complain "a folder was made though all was refused: $(ls new)"

# Killed in the middle with all that it started, three times, and gone on: the same bytes as undisturbed.
long=(--vary 'users.u.arrivals.rate=lin:0.5..1:20 /s' -s run.requests=80000 -s record.requests=false)
sweep 0 s.yaml "${long[@]}" -o first --force
# done_in FOLDER: how many points
done_in() {
	cat "$1"/points/*/status 2>/dev/null | grep -c '^0 '
}

# until_done FOLDER N: wait for so many
until_done() {
	for _ in $(seq 3000); do
		[ "$(done_in "$1")" -lt "$2" ] || return
		sleep 0.02
	done
	complain "$1: $2 points are not done in a minute"
}

for n in 2 5 8; do
	"$root/scripts/sweep.sh" s.yaml "${long[@]}" -o killed --resume -q >/dev/null 2>&1 &
	until_done killed $n
	# some may be born while they are listed
	while left=$(processes) && [ -n "$left" ]; do
		# shellcheck disable=SC2086
		kill -KILL $left 2>/dev/null
	done
	wait $! 2>/dev/null
done
n=$(done_in killed)
[ "$n" -lt 20 ] || complain "nothing was left when all was killed"
sweep 0 s.yaml "${long[@]}" -o killed --resume
grep -q "20 done, 0 failed, $n of them before" err || complain "not $n before: $(cat err)"
same killed 'killed and resumed'

# Only the script is killed: what it started ends its points and begins no more; --resume waits.
"$root/scripts/sweep.sh" s.yaml "${long[@]}" -o orphans -q >/dev/null 2>&1 &
until_done orphans 2
kill -KILL $!
wait $! 2>/dev/null
sweep 0 s.yaml "${long[@]}" -o orphans --resume
same orphans 'without its head'

# SIGTERM: 130, and what is left is told; with either of those who hand out points.
for path in "$PATH" "$dir/alone"; do
	rm -rf stopped
	PATH=$path "$root/scripts/sweep.sh" s.yaml "${long[@]}" -j 2 -o stopped >out 2>err &
	until_done stopped 2
	kill -TERM $!
	wait $!
	[ $? = 130 ] || complain "stopped: not 130"
	grep -q 'interrupted: .* left; --resume' err || complain "stopped: $(cat err)"
	[ "$(done_in stopped)" -lt 20 ] || complain "nothing was left when it was stopped"
	sweep 0 s.yaml "${long[@]}" -o stopped --resume
	same stopped 'stopped and resumed'
done

# Processor time of a point beside that of its run: at most 30 ms (design, hand-out, log, merge).
# cpu COMMAND...: in ms, of all that it starts
cpu() {
	TIMEFORMAT='%U %S'
	{ time "$@" >/dev/null 2>&1; } 2>&1 | awk '{ print int(1000 * ($1 + $2)) }'
}
# shellcheck disable=SC2317
plain() {
	for seed in $(seq 40); do
		"$offing" run s.yaml -q --seed "$seed" -j 1 -o "plain/$seed"
	done
}
runs=$(cpu plain)
whole=$(cpu "$root/scripts/sweep.sh" s.yaml --vary seed=step:1..40:1 -o swept)
[ "$(sqlite3 swept/results.sqlite 'SELECT count(*) FROM run')" = 40 ] || complain "not 40 runs"
echo "$(((whole - runs) / 40)) ms a point beside the $((runs / 40)) ms of its run"
[ $((whole - runs)) -le $((40 * 30)) ] || complain "more than 30 ms a point"
exit $failed
