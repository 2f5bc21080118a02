#!/bin/bash
# Runs that start together each keep a result of their own; of those sent to one folder, one does.
# usage: side_by_side.sh OFFING SCENARIO
offing=$(realpath "$1") scenario=$(realpath "$2")
dir=$(mktemp -d) && cd "$dir" || exit 1
trap 'rm -rf "$dir"' EXIT

# start OPTION... : four runs whose pilots keep them busy between choosing a folder and making it
start() {
	local i pids=()
	for i in 1 2 3 4; do
		"$offing" run "$scenario" -q -j 1 -s run.warmup=auto -s run.horizon='5000 s' \
			-s users.office.arrivals.rate='0.5 /s' "$@" >/dev/null 2>>err &
		pids+=($!)
	done
	ended=
	for i in "${pids[@]}"; do
		wait "$i"
		ended+="$? "
	done
}

start
folders=$(echo results/runs/*)
if [ "$ended" != "0 0 0 0 " ] ||
	[ "$folders" != "results/runs/tiny results/runs/tiny-2 results/runs/tiny-3 results/runs/tiny-4" ]; then
	echo "default folder: ended with $ended, left $folders"
	cat err
	exit 1
fi
start -o one
ended=$(tr ' ' '\n' <<<"$ended" | sort | tr -d '\n')
files=$(cd one && echo *)
if [ "$ended" != 0222 ] || [ "$files" != "results.sqlite series.h5" ]; then
	echo "one folder: ended with $ended, left $files"
	cat err
	exit 1
fi
