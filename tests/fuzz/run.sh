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
# 5 mahimahi, 6 a profile, then 7 vidur, 8 splitwise, 9 blis, ':' llmservingsim, ';' aiperf,
# '<' vllm-bench, '=' auto, '>' pensieve, '?' ms-kbit, '@' hsdpa, 'A' a log.
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

for seed in \
	'7arrived_at,num_prefill_tokens,num_decode_tokens\n0.5,374,44\n4,396,109\n' \
	'8request_id,arrival_timestamp,prompt_size,token_size\n0,1,4096,32\n' \
	'9prefix_group,prefix_length,input_tokens,output_tokens,arrival_time_us\na,30,7,9,7000\n' \
	':{"input_toks": 7, "output_toks": 4, "arrival_time_ns": 405974, "input_tok_ids": [1, 2]}\n' \
	':arrival,end_time,input,output\n604829891,900000000,10,5\n' \
	';{"metadata": {"request_start_ns": 17}, "metrics": {"input_sequence_length": {"value": 5}, "output_sequence_length": {"value": 9}}}\n' \
	'<{"request_throughput": 2.5, "start_times": [1, 2], "input_lens": [5, 6], "output_lens": [2, 1], "ttfts": [0.5, 1], "itls": [[0.1], []]}\n' \
	'=arrival_s,prompt_tokens,output_tokens\n1,2,3\n' \
	'>0 1.5\n1 2.5\n' '?0 1500\n880 2500\n' \
	'@1289406399 549692 59.8 10.7 248069 1008\n1289406400 550772 59.8 10.7 191698 1080\n' \
	'Aarrival_s,prompt_tokens,output_tokens,ttft_ms,e2el_ms\n1,2,3,400,500\n' \
	'A{"metadata": {"request_start_ns": 17}, "metrics": {"input_sequence_length": {"value": 5}, "output_sequence_length": {"value": 9}, "time_to_first_token": {"value": 5, "unit": "ms"}, "request_latency": {"value": 9, "unit": "sec"}}}\n'; do
	# shellcheck disable=SC2059 # the seeds are formats: their line ends are spelled out
	printf "$seed" >"$work/trace_seeds/$(printf '%s' "$seed" | cksum | cut -d' ' -f1)"
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
