#!/bin/sh
# `offing place`: the examples of docs/placement.md are what it prints, JSON has the same figures, what it
# saves runs, and `instances: auto` is the same as its answers written down.
# usage: place.sh OFFING ROOT
set -eu
offing=$(realpath "$1")
cd "$2"
failed=0
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

complain() {
	echo "$*"
	failed=1
}

# seconds are the machine's, not the answer's
untimed() {
	sed -E 's/, [0-9.]+ s(, out of time)?$/, T s/; s/ +$//'
}

# the block of the page that begins with the command $1
documented() {
	awk -v cmd="    \$ offing $1" '
		$0 == cmd { on = 1; next }
		on && !/^(    |$)/ { exit }
		on && /^$/ { blank++; next }
		on { while (blank > 0) { print ""; blank-- } sub(/^    /, ""); print }' docs/placement.md | untimed
}

check_example() {
	# shellcheck disable=SC2086
	"$offing" $1 2>/dev/null | untimed >"$tmp/is"
	documented "$1" >"$tmp/was"
	diff "$tmp/was" "$tmp/is" || complain "docs/placement.md does not have what 'offing $1' prints"
}

check_example 'place scenarios/placement.yaml --candidates --simulate'
check_example 'place scenarios/placement.yaml --form repaired -s sites.cloud=null -s links.wan=null -s links.backhaul=null -s models.chat.precision=fp16'

# JSON: an object that parses, with the figures of the text
"$offing" place scenarios/placement.yaml --candidates --simulate --json >"$tmp/json" 2>/dev/null
python3 - "$tmp/json" <<'END' || complain "--json: not as printed"
import json, sys
r = json.load(open(sys.argv[1]))
assert r["choice"]["where"] == "cloud" and r["choice"]["stages"] == [{"site": "cloud", "layers": 40}]
assert abs(r["repaired"]["objective_s"] - r["choice"]["foretold_token_s"]) < 1e-9
assert r["repaired"]["bound_s"] <= r["repaired"]["objective_s"] * (1 + 1e-9)
assert len(r["repaired"]["units"]) == 42 and r["printed"]["free_device"] == "host of edge4"
assert sum(t["bytes"] for t in r["printed"]["tensors"]) == r["weight_bytes"]
times = [c["foretold_token_s"] for c in r["candidates"]]
assert times == sorted(times) and len(times) >= 8
for c in r["candidates"]:
    assert abs(c["foretold_token_s"] / c["simulated_token_s"] - 1) < 0.01, c
END

# every method that is exact has the same objective
for method in exact milp heuristic; do
	"$offing" place scenarios/placement.yaml --form repaired --method "$method" --json 2>/dev/null |
		grep -o '"objective_s": [^,]*' | head -n 1 | cut -c1-28
done | sort -u >"$tmp/objectives"
[ "$(wc -l <"$tmp/objectives")" = 1 ] || complain "methods differ: $(cat "$tmp/objectives")"

# what is saved reads, and is that one instance of the model
"$offing" place scenarios/placement.yaml --form repaired --save "$tmp/saved.yaml" >/dev/null 2>&1 ||
	complain "--save fails"
"$offing" check "$tmp/saved.yaml" 2>/dev/null >"$tmp/resolved"
[ "$(grep -c '^  chat-' "$tmp/resolved")" = 1 ] || complain "--save: not one instance of chat"
grep -q '^    site: cloud$' "$tmp/resolved" || complain "--save: not in the cloud"
"$offing" place scenarios/placement.yaml --save "$tmp/saved.yaml" >/dev/null 2>&1 &&
	complain "--save replaces a file"
"$offing" place scenarios/pipeline.yaml --model by-four --form repaired --save "$tmp/four.yaml" >/dev/null 2>&1
"$offing" check "$tmp/four.yaml" 2>/dev/null | grep -q 'stages: \[{site: edge3' ||
	complain "--save: by-four is not on the gpus that are its own"

# auto: what check prints reads back to itself, and runs as the file does, whatever the threads
"$offing" check scenarios/placement.yaml 2>/dev/null >"$tmp/auto.yaml"
"$offing" check "$tmp/auto.yaml" 2>/dev/null | diff "$tmp/auto.yaml" - || complain "auto does not read back"
for file in scenarios/placement.yaml "$tmp/auto.yaml"; do
	for threads in 1 2; do
		"$offing" run "$file" -j $threads -q --json -s run.horizon='60 s' -s run.warmup='10 s' \
			--replications 3 -o "$tmp/run" --force 2>/dev/null | sha256sum
	done
done | sort -u >"$tmp/sums"
[ "$(wc -l <"$tmp/sums")" = 1 ] || complain "auto runs are not the same"
sqlite3 "$tmp/run/results.sqlite" 'SELECT tensor, device FROM placement WHERE run = 1' |
	grep -q 'embedding, layers 1-20|titan-x' || complain "table placement lacks a stage"
"$offing" run scenarios/placement.yaml -q -s run.horizon='60 s' -s run.warmup='10 s' --replications 2 \
	-o "$tmp/run" --force 2>/dev/null | grep -Eq '^chat-1 +cloud +[0-9]' ||
	complain "the run does not compare token times"

# what stands beside auto changes one instance; offload: auto finds the layers
"$offing" check scenarios/placement.yaml -s instances.chat-2.max_batch=3 2>/dev/null |
	grep -q '^    max_batch: 3$' || complain "an entry beside auto is not laid over"
"$offing" check scenarios/offload.yaml -s instances.edge.offload=auto 2>/dev/null |
	grep -q 'cpu_layers: [1-9]' || complain "offload: auto finds no layers"
"$offing" help place | grep -q -- '--candidates' || complain "help lacks --candidates"
exit $failed
