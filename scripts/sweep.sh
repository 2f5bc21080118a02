#!/bin/sh
# Run a scenario at every point of a design, here, on other machines or on a cluster, and
# merge what comes out: see `scripts/sweep.sh --help` and docs/sweeps.md.
set -eu
LC_ALL=C
export LC_ALL

usage()
{
	cat <<'END'
usage: scripts/sweep.sh FILE --vary KEY=VALUES [--vary ...] [OPTION...] -o DIR

run a scenario at every point of a design and merge the results

what (as for `offing design`)
  --vary KEY=VALUES          values A,B,C or a range, log:1..100:10 Mbps; repeatable
  --design HOW               FILE.csv, sobol:N or lhs:N in place of the full grid
  -s, --set KEY=VALUE, --seed N, --replications N, --precision HOW, --plugin FILE.so
                             of every point, as for `offing run`
where
  -j, --jobs N               points at a time, on each machine (all processors)
  -S, --hosts HOST,...       other machines that see this folder, by ssh and GNU parallel
  --slurm                    a Slurm job array
  --sbatch OPTION            of each sbatch: --sbatch --partition=short; repeatable
  --per-task N               points that a task of the array runs, one after another (1)
  -t, --threads N            of each run (1; with --slurm $SLURM_CPUS_PER_TASK)
how
  -o, --output DIR           points.csv, points/N/, failed.csv, and results.sqlite of all
  --resume                   go on with the sweep in DIR: what is done is not run again
  --force                    begin anew, though DIR holds a sweep
  --dry-run                  print the runs, and do nothing
  --progress                 lines of progress though standard error is no terminal
  -q, --quiet                no progress, no closing lines
Exit status: 0 done, 1 points failed, 2 bad usage or input, 130 interrupted.
END
}

say()
{
	printf 'sweep: %s\n' "$*" >&2
}

fail()
{
	say "error: $*"
	exit 2
}

# quote WORD: as a word of a shell
quote()
{
	case $1 in
	'' | *[!A-Za-z0-9_./:=,+@%-]*)
		printf "'"
		printf '%s' "$1" | sed "s/'/'\\\\''/g"
		printf "'"
		;;
	*) printf '%s' "$1" ;;
	esac
}

# What the user says

file='' dir='' jobs='' hosts='' threads='' per_task=1
design_words='' run_words='' sbatch_words=''
slurm=no resume=no force=no dry_run=no progress=no quiet=no

# add LIST OPTION [VALUE]: words of a shell behind the variable LIST
add()
{
	list=$1
	shift
	for word; do
		eval "$list=\"\$$list \$(quote \"\$word\")\""
	done
}

count()
{
	case $2 in
	'' | *[!0-9]* | 0* | ???????*) fail "$1 should be a whole number from 1 on, not '$2'" ;;
	esac
}

# take OPTION VALUE: one that has a value
take()
{
	case $1 in
	--vary | --design) add design_words "$1" "$2" ;;
	-s | --set) add run_words -s "$2" ;;
	--seed | --replications | --precision | --plugin) add run_words "$1" "$2" ;;
	-j | --jobs) count "$1" "$2"; jobs=$2 ;;
	-S | --hosts) hosts=$hosts${hosts:+,}$2 ;;
	--sbatch) add sbatch_words "$2" ;;
	--per-task) count "$1" "$2"; per_task=$2 ;;
	-t | --threads) count "$1" "$2"; threads=$2 ;;
	-o | --output) dir=$2 ;;
	*) fail "there is no option '$1' with a value; see --help" ;;
	esac
}

while [ $# -gt 0 ]; do
	case $1 in
	--slurm) slurm=yes ;;
	--resume) resume=yes ;;
	--force) force=yes ;;
	--dry-run) dry_run=yes ;;
	--progress) progress=yes ;;
	-q | --quiet) quiet=yes ;;
	-h | --help) usage; exit 0 ;;
	--*=*) take "${1%%=*}" "${1#*=}" ;;
	--vary | --design | --set | --seed | --replications | --precision | --plugin | --jobs | \
		--hosts | --sbatch | --per-task | --threads | --output | -[sjSto])
		[ $# -ge 2 ] || fail "option '$1' needs a value; see --help"
		take "$1" "$2"
		shift
		;;
	-[sjSto]?*) take "${1%"${1#-?}"}" "${1#-?}" ;;
	-) fail "FILE is read once a point: it cannot be standard input" ;;
	-* | '') fail "there is no option '$1'; see --help" ;;
	*)
		[ -z "$file" ] || fail "one FILE only, not '$file' and '$1'; see --help"
		file=$1
		;;
	esac
	shift
done
[ -n "$file" ] || fail "which scenario? see --help"
[ -n "$design_words" ] || fail "nothing is varied: --vary KEY=A,B,... or --design FILE.csv"
[ -n "$dir" ] || [ $dry_run = yes ] || fail "where should results go? -o DIR"
[ $slurm = no ] || [ -z "$hosts" ] || fail "--slurm and --hosts: one of the two"
[ $slurm = no ] || [ $dry_run = yes ] || command -v sbatch >/dev/null ||
	fail "--slurm: there is no sbatch here"
[ $resume = no ] || [ $force = no ] || fail "--resume and --force: one of the two"

home=$(cd "$(dirname "$0")/.." && pwd)
offing=${OFFING:-$home/build/cli/offing}
[ -x "$offing" ] || "$home/scripts/setup.sh" run
offing=$(realpath "$offing")
version=$("$offing" --version | head -n 1)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
dir=${dir:-DIR}

# What stands in DIR

taken()
{
	[ -e "$dir/points.csv" ] || [ -e "$dir/points" ] || [ -e "$dir/results.sqlite" ]
}

# Nobody else works in DIR, nor what an earlier sweep has left at work.
lock()
{
	mkdir -p "$dir" 2>"$tmp/why" || fail "cannot make $dir: $(cat "$tmp/why")"
	dir=$(cd "$dir" && pwd)
	: 2>/dev/null >>"$dir/lock" || fail "cannot write in $dir"
	exec 9>>"$dir/lock"
	if ! flock -n 9; then
		[ $resume = yes ] || fail "another sweep is at work in $dir"
		say "an earlier sweep is still at work in $dir: waiting for it"
		flock 9
	fi
	[ $resume = yes ] || [ $force = yes ] || ! taken ||
		fail "$dir holds a sweep already: --resume goes on with it, --force begins anew"
}

# design [OPTION...]: the points
design()
{
	keep=''
	[ $resume = no ] || [ ! -s "$dir/points.csv" ] || add keep --keep "$dir/points.csv"
	for word; do add keep "$word"; done
	eval "\"\$offing\" design \"\$file\" $design_words $run_words $keep"
}

# What came of point $1 into $status: an exit status, or nothing. A result of another version
# is none.
look()
{
	status='' said=''
	{ read -r status said <"$dir/points/$1/status"; } 2>/dev/null || true
	[ "$said" = "$version" ] || status=''
	[ "$status" != 0 ] || [ -s "$dir/points/$1/results.sqlite" ] || status=''
}

# Numbers of all points, in the order of the design, from standard input.
numbers()
{
	sed '1d;s/,.*//'
}

# The runs

words=$run_words
file_word=$(quote "$file")

# What runs point $1, wherever; its status file says that it has.
write_job()
{
	cat >"$dir/job.sh" <<END
#!/bin/sh
# Written by sweep.sh: run point \$1 of points.csv.
cd $(quote "$(pwd)") || exit
d=$(quote "$dir")/points/\$1
trap : TERM INT HUP
echo "--- point \$1" >>"\$d/log"
$(quote "$offing") run $file_word$words --design $(quote "$dir/points.csv") --point "\$1" \\
	-j ${threads:-\${SLURM_CPUS_PER_TASK:-1\}} -q -o "\$d" --resume --force >>"\$d/log" 2>&1
echo "\$? $version" >"\$d/status"
END
}

# Progress and closing

# clock SECONDS: as h:mm:ss
clock()
{
	printf '%d:%02d:%02d' $(($1 / 3600)) $(($1 / 60 % 60)) $(($1 % 60))
}

# Count those of $tmp/todo: n_done, n_failed, n_left
tally()
{
	n_done=0 n_failed=0 n_left=0
	while read -r k; do
		look "$k"
		case $status in
		0) n_done=$((n_done + 1)) ;;
		'' | 130) n_left=$((n_left + 1)) ;;
		*) n_failed=$((n_failed + 1)) ;;
		esac
	done <"$tmp/todo"
}

progress_line()
{
	now=$(date +%s)
	past=$((now - began))
	ended=$((n_done + n_failed))
	line="$((n_before + n_done)) done, $n_failed failed, $n_left left after $(clock $past)"
	[ $ended -eq 0 ] || line="$line, $(clock $((past * n_left / ended))) to go"
	printf '%ssweep: %s%s' "$1" "$line" "$2" >&2
}

# In the background, until this script ends.
show_progress()
{
	exec 9>&-
	pause=$((1 + n_todo / 5000))
	while sleep $pause && kill -0 $$ 2>/dev/null; do
		tally
		if [ -t 2 ]; then
			progress_line "$(printf '\r')" "$(printf '\033[K')"
		else
			progress_line '' '
'
		fi
	done
}

end_progress()
{
	[ -n "$watcher" ] || return 0
	kill "$watcher" 2>/dev/null || true
	watcher=''
	[ ! -t 2 ] || printf '\r\033[K' >&2
}
watcher=''

# Workers. Each takes the numbers in $tmp/todo and returns when all have been run.

gnu_parallel()
{
	parallel --will-cite --version 2>/dev/null | grep -q '^GNU parallel'
}

# In the background, in a group of its own; ends its work when this script is killed.
start()
{
	setpriv --pdeathsig TERM setsid "$@" <"$tmp/todo" &
	worker=$!
}

run_here()
{
	if gnu_parallel; then
		start parallel --will-cite --ungroup --termseq TERM,30000,KILL,100 \
			-j "${jobs:-100%}" ${hosts:+--retries 3 -S "$hosts"} sh "$(quote "$dir/job.sh")" '{}'
	elif [ -n "$hosts" ]; then
		fail "--hosts needs GNU parallel"
	else
		start xargs -n 1 -P "${jobs:-$(nproc)}" sh "$dir/job.sh"
	fi
	while kill -0 "$worker" 2>/dev/null; do # a signal ends one wait
		wait "$worker" || true
	done
}

# What a task of the array runs: lines of the list of points that is left.
write_task()
{
	cp "$tmp/todo" "$dir/todo"
	cat >"$dir/task.sh" <<END
#!/bin/sh
# Written by sweep.sh: run the points of one task; \$1 is how many tasks are in arrays before.
task=\$((\$1 + SLURM_ARRAY_TASK_ID))
sed -n "\$(((task - 1) * $per_task + 1)),\$((task * $per_task))p" $(quote "$dir/todo") |
	while read -r point; do
		sh $(quote "$dir/job.sh") "\$point" </dev/null
	done
END
}

# Of all arrays for this folder.
job_name()
{
	printf 'offing-%s' "$(printf '%s' "$dir" | cksum | tr ' ' -)"
}

# How many tasks an array may have: indexes are below MaxArraySize.
array_most()
{
	size=$(scontrol show config 2>/dev/null | sed -n 's/^MaxArraySize *= *//p')
	echo $((${size:-1001} - 1))
}

# Print, or do, the sbatch of each array.
each_array()
{
	n_tasks=$(((n_todo + per_task - 1) / per_task))
	most=$(array_most)
	first=0
	while [ $first -lt $n_tasks ]; do
		n=$((n_tasks - first > most ? most : n_tasks - first))
		eval "\"\$@\" --parsable --job-name=\"\$(job_name)\" --array=1-$n${jobs:+%$jobs} \
			--output=\"\$dir/slurm.log\" --open-mode=append$sbatch_words \
			\"\$dir/task.sh\" $first" || return
		first=$((first + n))
	done
}

# Whether Slurm still has tasks of this folder.
queued()
{
	if queue=$(squeue -h --name="$(job_name)" -o %i 2>"$tmp/why"); then
		unreached=no
		[ -n "$queue" ]
	else # not reached: it will be there again, and knows
		[ "$unreached" = yes ] || say "squeue: $(cat "$tmp/why"): waiting"
		unreached=yes
	fi
}
unreached=no

wait_for_array()
{
	while queued; do
		sleep 1 &
		wait $! || true
	done
}

run_in_slurm()
{
	write_task
	each_array sbatch >"$tmp/ids" 2>"$tmp/why" || {
		say "error: sbatch: $(cat "$tmp/why")"
		sed 's/;.*//' "$tmp/ids" | xargs -r scancel
		exit 1
	}
	worker=$(sed 's/;.*//' "$tmp/ids" | tr '\n' ' ') # behind a semicolon: the cluster
	wait_for_array
}

# The first signal ends what runs where it is, keeping what is finished; a second ends the waiting.
interrupted=no worker=''
# shellcheck disable=SC2086,SC2317 # words; of a trap
stop()
{
	[ $interrupted = no ] && [ -n "$worker" ] || exit 130
	interrupted=yes
	end_progress
	say 'stopping: what runs ends at its next event'
	if [ $slurm = yes ]; then
		scancel $worker
		return
	fi
	kill -s TERM -- "-$worker" # no more points
	sleep 0.1
	kill -s TERM -- "-$worker" 2>/dev/null || true # and those that run
}

# Closing

# CSV: number, exit status and message of each point that failed, and what it changes.
list_failed()
{
	awk -v dir="$dir" '
	function message(log_file, code,   line, fresh, said, here, last) {
		while ((getline line <log_file) > 0)
			if (line ~ /^--- point /) { # another attempt
				fresh = 1
				here = last = ""
			} else if (fresh && line ~ /error: /) {
				said = here = line
				fresh = 0
			} else if (line != "")
				last = line
		close(log_file)
		sub(/^offing: error: /, "", said)
		if (index(said, "--design " dir "/") == 1) # the same wherever the sweep is
			said = substr(said, length("--design " dir "/") + 1)
		if (code == "")
			return "did not finish: its process or its machine is gone"
		if (code > 128 && here == "")
			return "ended by signal " code - 128
		return said != "" ? said : last != "" ? last : "ended with status " code
	}
	FNR == NR { code[$1] = $2; bad[$1] = 1; next }
	{ number = $0; sub(/,.*/, "", number); rest = substr($0, length(number) + 1) }
	FNR == 1 { print "point,status,message" rest; next }
	number in bad {
		text = message(dir "/points/" number "/log", code[number])
		gsub(/"/, "\"\"", text)
		print number "," code[number] ",\"" text "\"" rest
	}' "$tmp/bad" "$dir/points.csv" >"$tmp/failed.csv"
	mv "$tmp/failed.csv" "$dir/failed.csv"
}

# Sort the points by what came of them: $tmp/good and $tmp/bad.
sort_points()
{
	: >"$tmp/bad"
	n_good=0 n_bad=0 n_cut=0
	for k in $(numbers <"$dir/points.csv"); do
		look "$k"
		case $status in
		0) n_good=$((n_good + 1)); echo "points/$k" ;;
		130) n_cut=$((n_cut + 1)) ;;
		*)
			[ -n "$status" ] || [ $interrupted = no ] || { n_cut=$((n_cut + 1)); continue; }
			n_bad=$((n_bad + 1))
			echo "$k $status" >>"$tmp/bad"
			;;
		esac
	done >"$tmp/good"
}

merge()
{
	# shellcheck disable=SC2046
	(cd "$dir" && "$offing" merge $(cat "$tmp/good") -o . --force) >"$tmp/merged" 2>&1 ||
		{ cat "$tmp/merged" >&2; return 1; }
}

close_sweep()
{
	sort_points
	if [ "$n_bad" -gt 0 ]; then
		list_failed
	else
		rm -f "$dir/failed.csv"
	fi
	if [ $((n_cut)) -gt 0 ]; then
		say "interrupted: $n_good points done, $n_bad failed, $n_cut left; --resume goes on"
		exit 130
	fi
	result=0
	if [ "$n_good" -gt 0 ]; then
		merge || result=1
	else
		rm -f "$dir/results.sqlite" # of an earlier design
	fi
	[ "$n_bad" -eq 0 ] || result=1
	tell
	exit $result
}

tell()
{
	if [ "$n_bad" -gt 0 ]; then
		awk -F, 'NR > 1 && NR < 7 { m = $0; sub(/^[0-9]*,[0-9]*,/, "", m)
			match(m, /^"([^"]|"")*"/); m = substr(m, 2, RLENGTH - 2); gsub(/""/, "\"", m)
			print "sweep: point " $1 " failed: " m }' "$dir/failed.csv" >&2
		[ "$n_bad" -le 5 ] || say "and $((n_bad - 5)) more: $dir/failed.csv"
	fi
	[ $quiet = no ] || return 0
	now=$(date +%s)
	say "$((n_good + n_bad)) points: $n_good done, $n_bad failed$again, in $(clock $((now - began)))"
	[ "$n_bad" -eq 0 ] || say "failures in $dir/failed.csv, logs in $dir/points/N/log"
	[ "$n_good" -eq 0 ] || say "results in $dir"
}

# All of it

# Numbers of points that are to be run: all but those that are done.
left()
{
	while read -r k; do
		look "$k"
		[ "$status" = 0 ] || echo "$k"
	done
}

print_runs()
{
	design >"$tmp/points.csv"
	design --options >"$tmp/options" 2>/dev/null
	numbers <"$tmp/points.csv" | if [ $resume = yes ]; then left; else cat; fi >"$tmp/todo"
	n_todo=$(wc -l <"$tmp/todo")
	[ $slurm = no ] || each_array echo sbatch
	run="offing run $file_word$words" dir_word=$(quote "$dir") jobs_word=${threads:-1} awk '
	FNR == NR { wanted[$1] = 1; next }
	$1 in wanted {
		number = $1
		sub(/^[0-9]*/, "")
		print ENVIRON["run"] $0 " -j " ENVIRON["jobs_word"] " -q -o " ENVIRON["dir_word"] \
			"/points/" number
	}' "$tmp/todo" "$tmp/options"
}

begin()
{
	design >"$tmp/points.csv" || {
		result=$?
		taken || { rm -f "$dir/lock" && rmdir "$dir" 2>/dev/null; }
		exit $result
	}
	[ $force = no ] || rm -rf "$dir/points" "$dir/points.csv" "$dir/failed.csv" \
		"$dir/results.sqlite" "$dir/series.h5" "$dir/provenance.csv" "$dir/slurm.log"
	cp "$tmp/points.csv" "$dir/points.csv.new" && mv "$dir/points.csv.new" "$dir/points.csv" ||
		exit 1
	numbers <"$dir/points.csv" >"$tmp/all"
	left <"$tmp/all" >"$tmp/todo"
	n_all=$(wc -l <"$tmp/all")
	n_todo=$(wc -l <"$tmp/todo")
	n_before=$((n_all - n_todo))
	again=''
	[ $n_before -eq 0 ] || again=", $n_before of them before"
	mkdir -p "$dir/points"
	[ "$n_todo" -eq 0 ] || (cd "$dir/points" && xargs mkdir -p <"$tmp/todo" &&
		sed 's|$|/status|' "$tmp/todo" | xargs rm -f)
	write_job
}

if [ $dry_run = yes ]; then
	print_runs
	exit 0
fi
began=$(date +%s)
lock
trap stop INT TERM HUP
[ $slurm = no ] || wait_for_array # of an earlier sweep
begin
if [ $quiet = no ] && { [ -t 2 ] || [ $progress = yes ]; }; then
	show_progress &
	watcher=$!
fi
[ "$n_todo" -eq 0 ] || if [ $slurm = yes ]; then run_in_slurm; else run_here; fi
end_progress
worker=''
close_sweep
