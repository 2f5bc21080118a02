#!/bin/sh
# `offing export`: what is written comes back as it was, and says what the database says.
# usage: export.sh OFFING READ_LOG
set -eu
offing=$(realpath "$1")
read_log=$(realpath "$2")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
failed=0

complain() {
	echo "$*"
	failed=1
}

sql() {
	sqlite3 -readonly -separator ' ' "$1/results.sqlite" "$2"
}

# same WHAT FILE FILE
same() {
	cmp -s "$2" "$3" || {
		complain "$1 differ:"
		diff "$2" "$3" | head -5
	}
}

# near WHAT GOT WANT [SHARE]: to 1e-9 of it, or so much
near() {
	awk -v a="$2" -v b="$3" -v e="${4:-1e-9}" 'BEGIN { d = a - b; if (d < 0) d = -d; m = b < 0 ? -b : b
		exit !(a != "" && b != "" && d <= e * m) }' || complain "$1: $2, not $3"
}

# member FILE NAME: a number of a JSON object
member() {
	sqlite3 :memory: "SELECT json_extract(readfile('$1'), '$.\"$2\"')"
}

cat >run.yaml <<'Y'
name: exported
run: {horizon: 30 s, warmup: 5 s, replications: 2, seed: 3}
instances: {a: {site: c, model: chat, batching: chunked, prefix_cache: true}}
models: {chat: {model: llama2-7b, precision: int8}}
sites: {c: {tier: cloud, gpu: rtx-4090}}
links: {access: {between: [users, c], rate: 50 Mbps, delay: 5 ms}}
users:
  u: {model: chat, arrivals: {process: poisson, rate: 1.5 /s}, workload: humaneval, prefixes: {count: 3, tokens: 1100}, deadline: 4 s}
  v: {model: chat, arrivals: {process: poisson, rate: 0.4 /s}, workload: humaneval, sessions: {turns: 3, think: 1 s}}
policies: {one: {name: fcfs}, two: {name: random}}
record: {requests: true}
Y
"$offing" run run.yaml -q -o run >/dev/null 2>&1

# requests: every row of the table, with its times
"$offing" export run --requests all.csv
"$offing" export run --requests all.jsonl
[ "$(sed 1d all.csv | wc -l)" = "$(sql run 'SELECT count(*) FROM request')" ] || complain "rows are missing"
[ "$(wc -l <all.jsonl)" = "$(sql run 'SELECT count(*) FROM request')" ] || complain "objects are missing"
sql run "SELECT printf('%.6f', 1000 * (heard_s - created_s)), printf('%.6f', 1000 * (delivered_s - created_s))
	FROM request WHERE fate = 'done' ORDER BY run, replication, id" >want
awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
	$at["status"] == "done" { printf "%.6f %.6f\n", $at["ttft_ms"], $at["e2el_ms"] }' all.csv >got
same "ttft_ms and e2el_ms" got want

# a row a request: the same arrivals and lengths when it is replayed
"$offing" export run --policy one --replication 2 --requests one.csv
"$offing" export run --policy one --replication 2 --requests one.jsonl
"$offing" export run --policy one --replication 2 --format mooncake -o one.mooncake
cat >again.yaml <<'Y'
name: again
run: {horizon: trace, warmup: 0 s, replications: 1}
instances: {a: {site: c, model: chat}}
models: {chat: {model: llama2-7b, precision: int8}}
sites: {c: {tier: cloud, gpu: rtx-4090}}
links: {}
users: {w: {model: chat, arrivals: {process: trace, file: one.csv}}}
policy: {name: fcfs}
record: {requests: true}
Y
rows="FROM request JOIN run ON run.id = request.run WHERE policy = 'one' AND replication = 2 ORDER BY request.id"
sql run "SELECT printf('%.9f', created_s), prompt_tokens, output_tokens $rows" >want
for file in one.csv one.jsonl; do
	"$offing" run again.yaml -q -o "again-$file" -s "users.w.arrivals.file=$file" >/dev/null 2>&1
	sql "again-$file" "SELECT printf('%.9f', created_s), prompt_tokens, output_tokens FROM request ORDER BY id" >got
	same "arrivals and lengths of $file" got want
done

# Mooncake has milliseconds, from the first one
sql run "SELECT CAST(round(1000 * (created_s - first_value(created_s) OVER (ORDER BY request.id))) AS INTEGER),
	prompt_tokens, output_tokens $rows" >want
"$offing" run again.yaml -q -o again-mooncake -s users.w.arrivals.file=one.mooncake >/dev/null 2>&1
sql again-mooncake "SELECT CAST(round(1000 * created_s) AS INTEGER), prompt_tokens, output_tokens FROM request ORDER BY id" >got
same "arrivals and lengths of one.mooncake" got want

# and what prompts share: once more through a run that has it from the trace alone
"$offing" export again-mooncake --format mooncake -o two.mooncake
same "hash_ids and all" one.mooncake two.mooncake
awk 'BEGIN { RS = "[^0-9]*hash_ids[^0-9]*" } NR > 1 { n++; if ($1 + 0 in seen) again++; seen[$1 + 0] = 1 } END { exit !(again > n / 3) }' one.mooncake ||
	complain "prompts with one of three beginnings share no blocks"

# vLLM: the rows that fit reads are those of the table, and its means those of the metrics
"$offing" export run --policy one --replication 2 --format vllm-bench -o vllm.json
"$read_log" vllm.json >got
sql run "SELECT CAST(round(1e9 * (created_s - min(created_s) OVER ())) AS INTEGER), CAST(round(1e9 * (heard_s - min(created_s) OVER ())) AS INTEGER),
	CAST(round(1e9 * (delivered_s - min(created_s) OVER ())) AS INTEGER), prompt_tokens, output_tokens
	FROM request JOIN run ON run.id = request.run WHERE policy = 'one' AND replication = 2 AND measured AND fate = 'done' ORDER BY request.id" >want
same "rows of a log" got want
metric() {
	sql run "SELECT printf('%.17g', value) FROM metric JOIN run ON run.id = metric.run WHERE policy = 'one' AND replication = 2 AND scope = '' AND metric.name = '$1'"
}
near completed "$(member vllm.json completed)" "$(metric requests.done)"
near mean_ttft_ms "$(member vllm.json mean_ttft_ms)" "$(metric ttft.mean_s | awk '{ print 1000 * $1 }' OFMT=%.17g)"
near mean_e2el_ms "$(member vllm.json mean_e2el_ms)" "$(metric e2e.mean_s | awk '{ print 1000 * $1 }' OFMT=%.17g)"
near p99_e2el_ms "$(member vllm.json p99_e2el_ms)" "$(metric e2e.p99_s | awk '{ print 1000 * $1 }' OFMT=%.17g)" 0.2
sql run "WITH d AS (SELECT *, fate = 'done' AS ok FROM request JOIN run ON run.id = request.run WHERE policy = 'one' AND replication = 2 AND measured)
	SELECT sum(ok), sum(ok * prompt_tokens), sum(ok * output_tokens), max(coalesce(delivered_s, created_s)) - min(created_s),
	sum(ok AND delivered_s <= coalesce(deadline_s, 1e9)) FROM d" >sums
read -r n input output duration good <sums
near duration "$(member vllm.json duration)" "$duration"
near total_input_tokens "$(member vllm.json total_input_tokens)" "$input"
near total_output_tokens "$(member vllm.json total_output_tokens)" "$output"
near request_throughput "$(member vllm.json request_throughput)" "$(echo "$n $duration" | awk '{ printf "%.17g", $1 / $2 }')"
near request_goodput "$(member vllm.json request_goodput)" "$(echo "$good $duration" | awk '{ printf "%.17g", $1 / $2 }')"
near request_rate "$(member vllm.json request_rate)" 1.9
for name in input_lens output_lens ttfts itls latencies start_times queue_times errors; do
	got=$(sqlite3 :memory: "SELECT json_array_length(readfile('vllm.json'), '$.$name')")
	[ "$got" = "$(member vllm.json num_prompts)" ] || complain "$name has $got entries"
done
most=$(sql run "WITH c AS (SELECT created_s AS b, delivered_s AS e FROM request JOIN run ON run.id = request.run
	WHERE policy = 'one' AND replication = 2 AND measured AND fate = 'done')
	SELECT max((SELECT count(*) FROM c AS d WHERE d.b <= c.b AND d.e > c.b)) FROM c")
near max_concurrent_requests "$(member vllm.json max_concurrent_requests)" "$most"
gaps=$(sqlite3 :memory: "SELECT max(abs((SELECT coalesce(sum(value), 0) FROM json_each(gaps.value)) -
	(json_extract(f, '$.latencies[' || key || ']') - json_extract(f, '$.ttfts[' || key || ']'))))
	FROM (SELECT readfile('vllm.json') AS f), json_each(f, '$.itls') AS gaps")
awk -v g="$gaps" 'BEGIN { exit !(g != "" && g < 1e-9) }' || complain "gaps do not sum up: $gaps"

# drafts that were verified
cat >drafts.yaml <<'Y'
name: drafts
run: {horizon: 10 s, warmup: 0 s, replications: 1}
instances: {a: {site: c, model: chat, decoding: speculative, draft: {k: 3, acceptance: 0.7}}}
models: {chat: {model: llama2-7b, precision: int8, draft: tinyllama-1.1b}}
sites: {c: {tier: cloud, gpu: rtx-4090}}
links: {}
users: {u: {model: chat, arrivals: {process: poisson, rate: 1 /s}, workload: humaneval}}
policy: {name: fcfs}
record: {requests: true}
Y
"$offing" run drafts.yaml -q -o drafts >/dev/null 2>&1
"$offing" export drafts --format vllm-bench -o drafts.json
draft() {
	sql drafts "SELECT printf('%.17g', value) FROM metric WHERE scope = '' AND name = 'speculation.$1'"
}
near spec_decode_num_drafts "$(member drafts.json spec_decode_num_drafts)" "$(draft rounds)"
near spec_decode_draft_tokens "$(member drafts.json spec_decode_draft_tokens)" "$(draft drafted_tok)"
near spec_decode_acceptance_length "$(member drafts.json spec_decode_acceptance_length)" "$(draft tokens_per_round)" 1e-6
near spec_decode_acceptance_rate "$(member drafts.json spec_decode_acceptance_rate)" \
	"$(echo "$(draft rounds) $(draft tokens_per_round) $(draft drafted_tok)" | awk '{ printf "%.17g", 100 * $1 * ($2 - 1) / $3 }')" 1e-6
[ -z "$(member vllm.json spec_decode_num_drafts)" ] || complain "drafts where there are none"

# one run is asked for by name, and what is not there is said
refused() {
	want=$1
	shift
	status=0
	"$offing" export "$@" >out 2>err || status=$?
	[ "$status" = 2 ] || complain "export $*: status $status"
	grep -q "$want" err || complain "export $*: $(cat err)"
	[ ! -s out ] || complain "export $*: prints though it is refused"
}
refused 'say which with --run or --policy: 1 (one), 2 (two)' run --format vllm-bench
refused "there is no policy 'onw'; did you mean 'one'" run --policy onw --format mooncake
refused "there is no format 'vllm'" run --format vllm
refused 'has no replication 7, but 1 to 2' run --policy one --replication 7 --format mooncake
refused 'say what to export' run
refused 'should end with .csv or .jsonl' run --requests x.parquet
refused 'already\|--force' run --requests all.csv
"$offing" run run.yaml -q -o none -s record.requests=false >/dev/null 2>&1
refused 'run it with -s record.requests=true' none --policy one --format mooncake
exit "$failed"
