#!/bin/sh
# The server that is measured and offing's batch do the same, step by step: at equal prices every
# request of every run has its first token and ends at the same time, and gives way as often. Not where
# memory is short in chunked steps: offing sets blocks aside for those who wait, that server does not.
#
#	serve_twin.sh OFFING ROOT TWIN
set -eu
offing=$1
root=$2
twin=$3
command -v sqlite3 >/dev/null || { echo "no sqlite3 here"; exit 77; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
failed=0

# Arrivals, blocks of 16 tokens of KV, tokens in a chunked step (0: continuous).
while read -r run blocks chunk; do
	model=llama2-${run%%-*}
	cut -d, -f1-3 "$root/results/served/h200-$run.csv" >"$dir/arrivals.csv"
	"$twin" "$dir/arrivals.csv" "$dir/twin.csv" "$model" "$blocks" "$chunk"
	set -- -s models.chat.model="$model" -s instances.server.kv_blocks="$blocks"
	[ "$chunk" -eq 0 ] ||
		set -- "$@" -s instances.server.batching=chunked -s instances.server.chunk_tokens="$chunk"
	"$offing" run "$root/scenarios/served.yaml" "$@" --quiet -o "$dir/run" \
		-s "users.served.arrivals={process: trace, trace: {file: '$dir/twin.csv', format: csv}}" \
		-s run.requests=$(($(wc -l <"$dir/arrivals.csv") - 1)) >/dev/null
	sqlite3 "$dir/$run.$blocks.$chunk.sqlite" >"$dir/off" <<-END
		ATTACH '$dir/run/results.sqlite' AS sim;
		CREATE TABLE twin(arrival_s REAL, prompt_tokens INT, output_tokens INT, start_s REAL,
			first_token_s REAL, last_token_s REAL, preemptions INT);
		.mode csv
		.import --skip 1 '$dir/twin.csv' twin
		.mode list
		SELECT count(*) || ' of ' || (SELECT count(*) FROM twin) || ' requests, ' || sum(t.preemptions)
			|| ' times put back, at most ' || printf('%.1f us apart',
			1e6 * max(abs(t.first_token_s - s.first_token_s), abs(t.last_token_s - s.finished_s)))
			|| (CASE WHEN count(*) = (SELECT count(*) FROM twin) AND sum(t.preemptions <> s.preemptions) = 0
			AND max(abs(t.first_token_s - s.first_token_s)) < 20e-6
			AND max(abs(t.last_token_s - s.finished_s)) < 20e-6 THEN '' ELSE ': WRONG' END)
		FROM twin t JOIN sim.request s ON t.rowid = s.id + (SELECT 1 - min(id) FROM sim.request);
	END
	echo "$run $blocks $chunk: $(cat "$dir/off")"
	grep -q WRONG "$dir/off" && failed=1
	rm -rf "$dir/run"
done <<END
7b-load6 10000 0
7b-load95 10000 0
7b-overload 800 0
7b-bursts 10000 0
7b-load95 10000 512
7b-load95 10000 256
13b-load8 6000 0
13b-bursts 400 0
13b-overload 500 0
END
exit $failed
