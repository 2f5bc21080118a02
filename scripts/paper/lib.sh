# shellcheck shell=sh disable=SC2034,SC2154
# What the scripts of the paper's tables and figures share; they source it. It wants $offing, $out
# and $replications.
LC_ALL=C
export LC_ALL

here=$(dirname "$0")
scenarios=$here/../../scenarios/paper
window=8 # of k-p-fcfs
edges=4
runtimes='fused llmint8 paper'
models='llama2-7b llama2-13b'
datasets='humaneval ceval summeval wikitext-2'

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

# What a gpu has beside weights and 0.4 GB for the rest, and takes for keys and values of a token. An
# edge card has all of Llama 2 7B, but 20 of the 40 layers of 13B, and an end.
free_bytes()
{
	case $1/$2 in
	titan-x/llama2-7b) echo $((12777527706 - 7004000000 - 400000000)) ;; # 11.9 GiB
	titan-x/llama2-13b) echo $((12777527706 - 6673000000 - 400000000)) ;;
	rtx-4090/llama2-7b) echo $((25340307046 - 7004000000 - 400000000)) ;; # 23.6 GiB
	rtx-4090/llama2-13b) echo $((25340307046 - 13345000000 - 400000000)) ;;
	esac
}

kv_bytes()
{
	case $1/$2 in
	*/llama2-7b) echo 524288 ;;
	titan-x/llama2-13b) echo 409600 ;;
	rtx-4090/llama2-13b) echo 819200 ;;
	esac
}

# max_batch GPU MODEL DATASET: as many of the longest requests as the memory holds in full,
# in blocks of 16 tokens. A pipeline deals its blocks to two micro-batches.
max_batch()
{
	blocks=$(($(free_bytes "$1" "$2") / (16 * $(kv_bytes "$1" "$2"))))
	[ "$1/$2" != titan-x/llama2-13b ] || blocks=$((blocks / 2))
	echo $((blocks / (($(longest_tok "$3") + 15) / 16)))
}

# Requests that all edge cards serve at once: 13B is on two pipelines of two micro-batches.
edge_places()
{
	case $1 in
	llama2-7b) echo $((edges * $2)) ;;
	llama2-13b) echo $((2 * 2 * $2)) ;;
	esac
}

# testbed MODEL DATASET RUNTIME EDGE_BATCH CLOUD_BATCH OPTION...: run the testbed of Table 1 with
# that; what comes out is in $tmp/run.
testbed()
{
	model=$1
	dataset=$2
	runtime=$3
	edge_batch=$4
	cloud_batch=$5
	shift 5
	if [ "$model" = llama2-13b ]; then
		set -- "$scenarios/table1-13b.yaml" -s "instances.auto.runtime=$runtime" \
			-s "instances.auto.max_batch=$edge_batch" \
			-s "instances.chat-1={max_batch: $cloud_batch}" "$@"
	else
		set -- "$scenarios/table1.yaml" -s "instances.edge.runtime=$runtime" \
			-s "instances.cloud.runtime=$runtime" \
			-s "instances.edge.max_batch=$edge_batch" \
			-s "instances.cloud.max_batch=$cloud_batch" "$@"
	fi
	"$offing" run "$@" --quiet --force -o "$tmp/run" --replications "$replications" \
		-s "users.all.workload=$dataset" >/dev/null 2>"$tmp/said" || {
		cat "$tmp/said" >&2
		exit 1
	}
}

# saturated PLACES: twice as many requests as are served at once, and a window of the queue
# besides, are always there.
saturated()
{
	echo "{process: saturated, outstanding: $((2 * $1 + window))}"
}

# judge FOLDER: verdicts on the paper's claims from the tables there
judge()
{
	awk -f "$here/csv.awk" -f "$here/agree.awk" -f "$here/claims.awk" "$here/claims.csv" \
		"$here/table1_published.csv" "$here/table2_published.csv" "$1/table1.csv" \
		"$1/table2.csv" "$1/fig2.csv" "$1/stability.csv"
}
