# A Slurm of this machine's own, for tests: sourced. All of it is in the folder $slurm, under
# whoever runs the test; slurm_stop ends its daemons, whatever happened.
# shellcheck shell=bash disable=SC2034
slurm_nodes=${slurm_nodes:-4}

# slurm_has: are the programs there?
slurm_has() {
	PATH=$PATH:/usr/sbin:/sbin
	id -un >/dev/null 2>&1 || { echo "who runs this has no name"; return 1; }
	for program in munged mungekey slurmctld slurmd sbatch squeue scontrol; do
		command -v $program >/dev/null || { echo "$program is missing"; return 1; }
	done
}

# A port that nobody listens on, and the four behind it.
slurm_port() {
	local port=$((20000 + $$ % 20000))

	while for i in 0 1 2 3 4; do (: <"/dev/tcp/127.0.0.1/$((port + i))") 2>/dev/null && break; done; do
		port=$((port + 7))
	done
	echo $port
}

# Nodes see one processor each, whatever there is.
slurm_conf() {
	local port
	port=$(slurm_port)
	cat <<END
ClusterName=offing
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort=$port
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
AuthType=auth/munge
AuthInfo=socket=$slurm/munge/sock
CryptoType=crypto/munge
StateSaveLocation=$slurm/state
SlurmdSpoolDir=$slurm/spool.%n
SlurmctldPidFile=$slurm/slurmctld.pid
SlurmdPidFile=$slurm/slurmd.%n.pid
SlurmctldLogFile=$slurm/slurmctld.log
SlurmdLogFile=$slurm/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SlurmdParameters=config_overrides
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_interval=1,batch_sched_delay=0,defer_batch,sched_min_interval=0
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MailProg=/bin/true
MpiDefault=none
ReturnToService=2
SlurmdTimeout=3
KillWait=2
MaxArraySize=${slurm_array_size:-1001}
NodeName=n[1-$slurm_nodes] NodeHostname=localhost NodeAddr=127.0.0.1 Port=[$((port + 1))-$((port + slurm_nodes))] CPUs=1
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
END
}

slurm_munge() {
	mkdir -m 700 "$slurm/munge"
	mungekey -c -k "$slurm/munge/key"
	munged --force --key-file="$slurm/munge/key" --socket="$slurm/munge/sock" \
		--pid-file="$slurm/munge/pid" --log-file="$slurm/munge/log" \
		--seed-file="$slurm/munge/seed" --num-threads=2
}

# slurm_node N: start one node
slurm_node() {
	mkdir -p "$slurm/spool.n$1"
	slurmd -N "n$1" -D >"$slurm/slurmd.n$1.out" 2>&1 &
	echo $! >"$slurm/node.$1"
}

# slurm_start FOLDER: returns when every node is idle.
slurm_start() {
	slurm=$1
	export SLURM_CONF=$slurm/slurm.conf
	mkdir -p "$slurm/state"
	chmod 755 "$slurm"
	slurm_munge || return
	slurm_conf >"$SLURM_CONF"
	# or it looks for one that is mounted, also where nothing asks for it
	echo 'CgroupPlugin=cgroup/v1' >"$slurm/cgroup.conf"
	slurmctld -c -D >"$slurm/slurmctld.out" 2>&1 &
	echo $! >"$slurm/controller"
	for n in $(seq "$slurm_nodes"); do
		slurm_node "$n"
	done
	for _ in $(seq 600); do
		[ "$(sinfo -h -t idle -o %D 2>/dev/null)" = "$slurm_nodes" ] && return
		sleep 0.1
	done
	echo "Slurm did not start"
	tail -n 5 "$slurm"/*.log
	return 1
}

# Processes of it: they were started with its configuration.
slurm_processes() (
	conf=$SLURM_CONF
	unset SLURM_CONF # of those who look
	grep -lsz "^SLURM_CONF=$conf\$" /proc/[0-9]*/environ | cut -d/ -f3
)

# slurm_kill N [tasks]: node N dies with all that runs on it, at once; or only what runs there
slurm_kill() {
	local tasks parents
	tasks=$(grep -lsz "^SLURMD_NODENAME=n$1\$" /proc/[0-9]*/environ | cut -d/ -f3)
	# shellcheck disable=SC2086
	parents=$(for t in $tasks; do sed -n 's/^PPid:[^0-9]*//p' "/proc/$t/status" 2>/dev/null; done |
		sort -u | while read -r p; do grep -qs '^slurmstepd' "/proc/$p/cmdline" && echo "$p"; done)
	# Slurm notices at once that a process of a step is gone, but not that all of it is
	[ "${2:-}" = tasks ] || tasks="$(cat "$slurm/node.$1") $parents $tasks"
	# shellcheck disable=SC2086
	kill -KILL $tasks 2>/dev/null
}

slurm_stop() {
	[ -n "${slurm:-}" ] || return 0
	scancel -u "$(id -un)" 2>/dev/null
	for file in "$slurm"/node.* "$slurm/controller" "$slurm/munge/pid"; do
		[ -f "$file" ] && kill -TERM "$(cat "$file")" 2>/dev/null
	done
	for _ in $(seq 30); do
		[ -z "$(slurm_processes)" ] && break
		sleep 0.1
	done
	# what has not heard, and steps that lost their node
	left=$(slurm_processes)
	# shellcheck disable=SC2086
	[ -z "$left" ] || kill -KILL $left 2>/dev/null
	slurm=
}
