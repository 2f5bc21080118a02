#!/bin/bash
# scripts/sweep.sh --slurm on a Slurm of this machine: the same database as without it, byte for byte,
# also when a node dies, a task is lost and the sweep itself is killed.
# usage: sweep_slurm.sh OFFING ROOT
set -u
offing=$(realpath "$1") root=$(realpath "$2")
# shellcheck source=tests/slurm.sh
. "$root/tests/slurm.sh"
slurm_has || exit 77
command -v sqlite3 >/dev/null || { echo "sqlite3 is missing"; exit 77; }
dir=$(mktemp -d) && cd "$dir" || exit 1
trap 'slurm_stop; rm -rf "$dir"' EXIT
export OFFING=$offing
failed=0

complain() {
	echo "$*"
	failed=1
}

# sweep STATUS ARGUMENT...: it ends with that
sweep() {
	local want=$1 status=0
	shift
	timeout 120 "$root/scripts/sweep.sh" "$@" >out 2>err || status=$?
	[ "$status" = "$want" ] || complain "sweep $*: status $status, not $want: $(cat err)"
}

# same FOLDER FOLDER
same() {
	cmp "$1/results.sqlite" "$2/results.sqlite" || complain "$2: another database"
	[ ! -e "$1/failed.csv" ] || cmp "$1/failed.csv" "$2/failed.csv" || complain "$2: other failures"
}

# until_true WHAT COMMAND...: the command succeeds within a minute
until_true() {
	local what=$1
	shift
	for _ in $(seq 600); do
		"$@" && return
		sleep 0.1
	done
	complain "$what: not in a minute"
}

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

# Arrays of at most four tasks, so that six points need two of them. One value is none, others have
# commas and blanks in them.
slurm_array_size=5
slurm_start "$dir/slurm" || exit 1
grid=(--vary "users.u.arrivals.rate=1 /s,often,0.5 /s" --vary 'description="slow, far",near')
sweep 1 s.yaml "${grid[@]}" -o here
sweep 1 s.yaml "${grid[@]}" -o there --slurm
same here there
grep -q '6 points: 4 done, 2 failed' err || complain "closing: $(cat err)"
sweep 1 s.yaml "${grid[@]}" -o packed --slurm --per-task 4 -j 1 --sbatch --time=5
same here packed

# running FOLDER: $node is the number of a node that runs a point of it
# shellcheck disable=SC2317
running() {
	node=$(squeue -h -t R -o %N | head -n 1)
	node=${node#n}
	[ -n "$node" ] && ls "$1"/points/*/results.sqlite >/dev/null 2>&1
}

# A task is gone with all its processes, and Slurm does not start it again: that is told, and
# --resume runs what is left.
long=(--vary 'seed=1,2,3,4' -s run.requests=400000 -s record.requests=false)
sweep 0 s.yaml "${long[@]}" -o long

# However fast this machine is, points are caught in their middle: while the file hold is there they
# are killed as soon as they have written something, and go on when it is gone.
cat >held <<SH
#!/bin/sh
if [ -e "$dir/hold" ] && [ "\$1" = run ]; then
	"$offing" "\$@" &
	for word; do
		[ "\$before" != -o ] || folder=\$word
		before=\$word
	done
	until [ -e "\$folder/results.sqlite" ]; do sleep 0.01; done
	kill -KILL \$!
	while [ -e "$dir/hold" ]; do sleep 0.05; done
fi
exec "$offing" "\$@"
SH
chmod +x held
OFFING=$dir/held
: >hold
"$root/scripts/sweep.sh" s.yaml "${long[@]}" -o lost --slurm >out 2>err &
sweeping=$!
until_true 'a task that runs' running lost
slurm_kill "$node" tasks
rm hold
wait $sweeping
[ $? = 1 ] || complain "a task that is lost: status is not 1: $(cat err)"
grep -q ',,"did not finish: its process or its machine is gone"' lost/failed.csv ||
	complain "a task that is lost: $(cat lost/failed.csv)"
sweep 0 s.yaml "${long[@]}" -o lost --slurm --resume
same long lost

# A node dies, and the sweep is killed; Slurm starts the task again on another node (its pause of
# two minutes is cut short), and --resume waits for it.
: >hold
"$root/scripts/sweep.sh" s.yaml "${long[@]}" -o dead --slurm >out 2>err &
sweeping=$!
until_true 'a task that runs' running dead
task=$(squeue -h -t R -w "n$node" -o %i | head -n 1)
slurm_kill "$node"
kill -KILL $sweeping
wait $sweeping 2>/dev/null
rm hold
scontrol update nodename="n$node" state=down reason=dead
# shellcheck disable=SC2317
requeued() {
	scontrol update jobid="$task" starttime=now 2>/dev/null
}
until_true "$task begins again" requeued
sweep 0 s.yaml "${long[@]}" -o dead --slurm --resume
grep -q ' 4 of them before' err || complain "node that died: not all was done by Slurm: $(cat err)"
same long dead
exit $failed
