#!/bin/sh
# Run the cells of Table 1 and write them as CSV on standard output:
#   scripts/paper/table1.sh OFFING REQUESTS WARMUP HORIZON REPLICATIONS
# REQUESTS are asked one after another for each latency; each throughput is measured for HORIZON
# after WARMUP ('300 s' '3600 s'). results/README.md says what is measured and how.
set -eu
LC_ALL=C
export LC_ALL

offing=$1
requests=$2
warmup=$3
horizon=$4
replications=$5
scenario=$(dirname "$0")/../../scenarios/paper/table1.yaml
window=8
edges=4

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# The longest request of a dataset: prompt and answer, tokens (quantile tables at 1).
longest_tok()
{
	case $1 in
	humaneval) echo $((433 + 300)) ;;
	ceval) echo $((615 + 236)) ;;
	summeval) echo $((832 + 141)) ;;
	wikitext-2) echo $((32 + 96)) ;;
	esac
}

# Bytes of usable device memory, of int8 weights, and of KV a token.
mem_bytes()
{
	case $1 in
	titan-x) echo 12777527706 ;;  # 11.9 GiB
	rtx-4090) echo 25340307046 ;; # 23.6 GiB
	esac
}

weight_bytes()
{
	case $1 in
	llama2-7b) echo 7004000000 ;;
	llama2-13b) echo 13345000000 ;;
	esac
}

kv_bytes()
{
	case $1 in
	llama2-7b) echo 524288 ;;
	llama2-13b) echo 819200 ;;
	esac
}

# max_batch GPU MODEL DATASET: as many of the longest requests as the memory holds in full,
# in blocks of 16 tokens, with 0.4 GB left for the rest.
max_batch()
{
	blocks=$((($(mem_bytes "$1") - $(weight_bytes "$2") - 400000000) / (16 * $(kv_bytes "$2"))))
	echo $((blocks / (($(longest_tok "$3") + 15) / 16)))
}

# What offing says of a scenario that it refuses, without the place.
refusal()
{
	! "$offing" check "$scenario" -s "models.chat.model=$1" >/dev/null 2>"$tmp/err" || return 0
	sed -n '1s/^.*: error: //p' "$tmp/err"
}

# rows METRIC: the whole system's, of every policy of the run.
rows()
{
	sqlite3 -readonly -csv "$tmp/run/results.sqlite" "
		SELECT '$model', '$dataset', '$runtime', '$quantile', '$load', policy,
			$edge_batch, $cloud_batch, s.name, mean, ci_low, ci_high, n,
			(SELECT total(mean) FROM summary p
				WHERE p.run = s.run AND p.name = 'preemptions' AND p.scope <> ''), NULL
		FROM summary s JOIN run ON run.id = s.run
		WHERE scope = '' AND s.name = '$1' ORDER BY run.id" | tr -d '\r'
}

# run METRIC [OPTION...]
run()
{
	metric=$1
	shift
	[ "$cloud_only" = no ] || set -- "$@" -s instances.edge=null -s policies.edge-only=null \
		-s users.all.home=cloud -s links.access=null
	[ "$cloud_only" = yes ] || set -- "$@" -s "instances.edge.max_batch=$edge_batch" \
		-s "instances.edge.runtime=$runtime"
	"$offing" run "$scenario" --quiet --force -o "$tmp/run" --replications "$replications" \
		-s "models.chat.model=$model" -s "users.all.workload=$dataset" \
		-s "instances.cloud.max_batch=$cloud_batch" -s "instances.cloud.runtime=$runtime" \
		-s "run.profile_quantile=$quantile" "$@" >/dev/null
	rows "$metric"
}

# saturate: twice what the batches hold, and a window of the queue besides, is always there.
saturate()
{
	outstanding=$((2 * (edges * edge_batch + cloud_batch) + window))
	run throughput.tok_per_s -s run.requests=null -s "run.horizon=$horizon" \
		-s "run.warmup=$warmup" \
		-s "users.all.arrivals={process: saturated, outstanding: $outstanding}"
}

cell()
{
	edge_batch=0
	cloud_batch=$(max_batch rtx-4090 "$model" "$dataset")
	[ "$cloud_only" = yes ] || edge_batch=$(max_batch titan-x "$model" "$dataset")
	load=light
	run latency.mean_ms_per_token -s "run.requests=$requests"
	load=saturated
	saturate
	load=one-by-one
	cloud_batch=1
	[ "$edge_batch" = 0 ] || edge_batch=1
	saturate
}

echo 'model,dataset,runtime,quantile,load,system,edge_batch,cloud_batch,metric,mean,ci_low,ci_high,n,preemptions,note'
for model in llama2-7b llama2-13b; do
	why=$(refusal "$model")
	cloud_only=no
	[ -z "$why" ] || cloud_only=yes
	[ -z "$why" ] || echo "$model,,,,,edge-only,0,,,,,,,,\"$why\""
	for runtime in fused llmint8; do
		for dataset in humaneval ceval summeval wikitext-2; do
			quantile=median
			cell
			[ "$dataset" = humaneval ] || continue
			for quantile in low high; do
				cell
			done
		done
	done
done
