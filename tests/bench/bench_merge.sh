#!/bin/sh
# 200 results of 5000 requests each, with series, are merged in at most 3 s of a quiet machine; the
# quickest of three counts.
# usage: bench_merge.sh OFFING SCENARIO
set -eu
offing=$(realpath "$1")
scenario=$(realpath "$2")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

seed=0
while [ $((seed += 1)) -le 200 ]; do
	"$offing" run "$scenario" -q -s run.horizon=null -s run.requests=500 --replications 10 \
		-s users.office.arrivals.rate='0.5 /s' --seed $seed -o "parts/$seed" >/dev/null 2>&1
done
for _ in 1 2 3; do
	start=$(date +%s%N)
	"$offing" merge -q parts/* -o all --force
	echo $(($(date +%s%N) - start))
done >took
sort -n took | awk 'NR == 1 {
	printf "%.2f s for 200 results, limit 3 s\n", $1 / 1e9
	exit $1 > 3e9
}'
