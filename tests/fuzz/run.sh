#!/bin/sh
# Fuzz the readers of scenarios and traces for SECONDS each, under ASan and UBSan, in a clang
# build of its own. Exit status 77 (skipped) where there is no clang.
#
# usage: run.sh SOURCE_ROOT WORK_DIR SECONDS
set -eu
root=$1
work=$2
seconds=$3
here=$root/tests/fuzz

if ! command -v clang >/dev/null; then
	echo "no clang, so no libFuzzer: skipped"
	exit 77
fi
build=$work/clang
if [ ! -f "$build/build.ninja" ]; then
	CC=clang meson setup "$build" "$root" -Dfuzz=true -Dwerror=false -Doptimization=1 \
		-Db_sanitize=address,undefined -Db_lundef=false \
		-Dc_args=-fsanitize=fuzzer-no-link >/dev/null
fi
ninja -C "$build" tests/fuzz/fuzz_scenario tests/fuzz/fuzz_trace >"$work/ninja.log" 2>&1 || {
	cat "$work/ninja.log"
	exit 1
}

# A file as a seed has its reader in front: 0 csv, 1 azure, 2 mooncake, 3 burstgpt, 4 rates,
# 5 mahimahi, 6 a profile.
mkdir -p "$work/trace_seeds" "$work/scenario" "$work/trace"
for file in "$root"/tests/bad/*-*.csv "$root"/tests/bad/*.jsonl "$root"/tests/bad/support/rates*.csv \
	"$root"/tests/bad/support/*.mahimahi "$root"/models/cost/profiles/*.profile; do
	name=${file##*/}
	case $name in
	rates*) format=4 ;;
	*.mahimahi) format=5 ;;
	*.profile) format=6 ;;
	csv-*) format=0 ;;
	azure-*) format=1 ;;
	mooncake-*) format=2 ;;
	burstgpt-*) format=3 ;;
	esac
	(printf '%s' "$format" && cat "$file") >"$work/trace_seeds/$name"
done

# fuzz TARGET SEED_DIR... : says how much was tried, or all that libFuzzer said
fuzz() {
	target=$1
	shift
	log=$work/$target.log
	if ! "$build/tests/fuzz/fuzz_$target" -max_total_time="$seconds" -max_len=8192 -timeout=5 \
		-rss_limit_mb=1024 -dict="$here/scenario.dict" -print_final_stats=1 \
		"$target" "$@" >"$log" 2>&1; then
		cat "$log"
		exit 1
	fi
	echo "$target: $(sed -n 's/stat::number_of_executed_units: //p' "$log") inputs"
}

cd "$work"
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
fuzz scenario "$root/scenarios" "$root/tests/bad" "$root/tests/bad/support"
fuzz trace trace_seeds
