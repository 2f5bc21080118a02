#!/bin/sh
# The memory of a run does not grow with its length: neither within one replication without end nor over many.
# usage: soak.sh OFFING SOURCE SECONDS      (each of the two runs for half of them)
set -u
offing=$(realpath "$1") source=$(realpath "$2") seconds=$3
dir=$(mktemp -d -p "${SOAK_DIR:-/tmp}") && cd "$dir" || exit 1
trap 'rm -rf "$dir"' EXIT
failed=0

# soak NAME SETTING...: a run that does not end by itself; 120 samples of what it has resident
soak() {
	name=$1
	shift
	nice -n 19 "$offing" run "$source/scenarios/testbed.yaml" -q -j 1 -o "$name" "$@" >out 2>err &
	pid=$!
	i=0
	while [ $i -lt 120 ]; do
		sleep "$(awk -v s="$seconds" 'BEGIN { print s / 240 }')"
		awk '/^VmRSS/ { print $2 }' "/proc/$pid/status" 2>/dev/null
		i=$((i + 1))
	done >"$name.kb"
	kill -INT $pid
	wait $pid
	[ $? = 130 ] || { echo "$name: it ended by itself: $(cat err)"; failed=1; }
	# the last third against the one before; the first is the warm-up of caches
	awk -v name="$name" '
		{ kb[NR] = $1 }
		END {
			if (NR < 120) { print name ": no memory was seen"; exit 1 }
			for (i = 41; i <= 80; i++) middle += kb[i] / 40
			for (i = 81; i <= 120; i++) last += kb[i] / 40
			printf "%s: %.1f MB, then %.1f MB: %+.2f %%\n", name, middle / 1024, last / 1024, 100 * (last / middle - 1)
			exit !(last < 1.02 * middle)
		}' "$name.kb" || failed=1
	# and all of it went through
	du -sk "$name" | awk -v name="$name" '{ printf "%s: %.0f MB written\n", name, $1 / 1024 }'
}

soak one -s run.replications=1 -s run.horizon='11000 d' -s run.warmup='100 s' -s record.queues='10 s'
soak many -s run.replications=1000000 -s run.horizon='20000 s' -s run.warmup='100 s' -s record.queues='10 s'
exit $failed
