# shellcheck shell=sh disable=SC2034,SC2154
# What the scripts of the paper's tables and figures share; they source it. What runs scenarios wants
# $offing and $replications.
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

# quietly COMMAND...: what it says on standard error only where it fails, which ends the script
quietly()
{
	"$@" 2>"$tmp/said" || {
		cat "$tmp/said" >&2
		exit 1
	}
}

# run SCENARIO OPTION...: $replications of one in $scenarios; what comes out is in $tmp/run.
run()
{
	scenario=$1
	shift
	quietly "$offing" run "$scenarios/$scenario.yaml" --quiet --force -o "$tmp/run" \
		--replications "$replications" "$@" >/dev/null
}

# testbed OPTION...: run the testbed of Table 1 with $model, $dataset, $runtime, $edge_batch and
# $cloud_batch
testbed()
{
	if [ "$model" = llama2-13b ]; then
		set -- table1-13b -s "instances.auto.runtime=$runtime" \
			-s "instances.auto.max_batch=$edge_batch" \
			-s "instances.chat-1={max_batch: $cloud_batch}" "$@"
	else
		set -- table1 -s "instances.edge.runtime=$runtime" \
			-s "instances.cloud.runtime=$runtime" \
			-s "instances.edge.max_batch=$edge_batch" \
			-s "instances.cloud.max_batch=$cloud_batch" "$@"
	fi
	run "$@" -s "users.all.workload=$dataset"
}

# crowd USERS OPTION...: run that testbed with so many users who ask again and again
crowd()
{
	users=$1
	shift
	testbed -s "run.requests=$requests" -s "users.all.count=$users" \
		-s "users.all.arrivals={process: closed, think: 0 s}" "$@"
}

# saturate OPTION...: run that testbed with more requests than it serves at once
saturate()
{
	testbed -s run.requests=null -s "run.horizon=$horizon" -s "run.warmup=$warmup" \
		-s "users.all.arrivals=$(saturated $(($(edge_places "$model" "$edge_batch") + cloud_batch)))" "$@"
}

# switches: run the testbed of Table 2 at $load with $runtime, $attention and $decoding; $metric
# is what it is about. Batches are as in Table 1, less 0.14 GB of draft and 6 KiB a token.
switches()
{
	edge_batch=1 cloud_batch=1 metric=throughput.tok_per_s
	[ "$load" != saturated ] || edge_batch=13 cloud_batch=45
	if [ "$load" = light ]; then
		metric=latency.mean_ms_per_token
		set -- -s "run.requests=$requests"
	else
		set -- -s run.requests=null -s "run.horizon=$horizon" -s "run.warmup=$warmup" \
			-s "users.all.arrivals=$(saturated $((edges * edge_batch + cloud_batch)))"
	fi
	run table2 -s "instances.auto.runtime=$runtime" -s "instances.auto.attention=$attention" \
		-s "instances.auto.decoding=$decoding" -s "instances.auto.max_batch=$edge_batch" \
		-s "instances.chat-1.max_batch=$cloud_batch" "$@"
}

# offices LOAD OPTION...: run load.yaml at so many requests a second of its four offices together
offices()
{
	rate=$(awk "BEGIN { print $1 / 4 }")
	shift
	run load -s "users.office1.arrivals.rate=$rate /s" -s "users.office2.arrivals.rate=$rate /s" \
		-s "users.office3.arrivals.rate=$rate /s" -s "users.office4.arrivals.rate=$rate /s" "$@"
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
