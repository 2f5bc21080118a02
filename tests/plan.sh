#!/bin/sh
# `offing plan`: the examples of docs/planning.md are what it prints, and JSON has the same figures.
# usage: plan.sh OFFING ROOT
set -eu
offing=$(realpath "$1")
cd "$2"
failed=0

complain() {
	echo "$*"
	failed=1
}

plan() {
	"$offing" plan scenarios/edge-drafts.yaml -s instances.cloud.draft.site=null "$@" 2>/dev/null
}

# documented N: what the Nth command of docs/planning.md prints there
documented() {
	awk -v n="$1" '/^    \$ offing plan/ { k++; next } k == n && /^[^ ]/ { exit } k == n' docs/planning.md |
		sed 's/^    //'
}

# shown N ARGUMENT...: the last empty line of the block is the page's
shown() {
	n=$1
	shift
	[ "$(documented "$n")" = "$("$offing" plan "$@" 2>/dev/null)" ] || {
		complain "docs/planning.md does not have what is printed:"
		"$offing" plan "$@"
	}
}
shown 1 scenarios/edge-drafts.yaml -s instances.cloud.draft.site=null
shown 2 scenarios/edge-drafts.yaml
shown 3 scenarios/pipeline.yaml

# of NAME: its first value in the JSON
of() {
	plan --json | grep -o "\"$1\": [^,}]*" | head -n 1 | sed 's/.*: //'
}

for figure in prefill_s total_s; do
	ms=$(of $figure | awk '{ printf "%.2f", $1 * 1e3 }')
	plan | sed -n 6p | grep -q " $ms " || complain "--json: $figure is $ms ms, not as printed"
done
[ "$(plan --json | grep -c '"mu_pref"')" = 6 ] || complain "--json: not six plans"
awk -v p="$(of prefill_s)" -v r="$(of rounds)" -v o="$(of round_s)" -v t="$(of total_s)" \
	'BEGIN { d = p + r * o - t; exit !(d < 1e-9 && d > -1e-9) }' || complain "--json: parts and total"

plan --batch 5 --prompt 30 --output 40 | grep -qx 'batch of 5, prompts of 30 tokens, answers of 40 tokens' ||
	complain "options are not what is planned for"
plan --batch 1 --prompt 100 --output 1 | sed -n 6p | grep -q ' 0\.0 ' || complain "an answer of one token has rounds"
# What is said to fit does, and no more: the device's memory, and the host's.
chat() {
	"$offing" plan tests/bad/support/plan.yaml "$@" 2>&1
}
fits() {
	n=$(chat "$@" --batch 200 | sed -n 's/.*a batch of \([0-9]*\) would fit$/\1/p')
	chat "$@" --batch "$n" | grep -q 'candidates fit' || complain "$*: $n do not fit"
	chat "$@" --batch $((n + 1)) | grep -q "a batch of $n would fit" || complain "$*: more than $n fit"
}
fits --instance gpu --output 500
fits --instance unasked --prompt 2000 --output 2000 -s instances.unasked.offload='{cpu_layers: 8}' \
	-s sites.cloud.host='{memory: 5 GB, bandwidth: 40 GB/s, fp32: 1 TFLOP/s}'
fits --instance two --prompt 300 --output 300
# A gpu of two holds half of the layers and of their keys and values.
of_two() {
	chat --instance unasked --prompt 500 --output 500 --batch 4 -s sites.cloud.gpus=8 -s "instances.unasked.tensor_parallel=$1" --json |
		grep -o '"memory_bytes": [0-9.]*' | head -n 1 | sed 's/.*: //'
}
awk -v one="$(of_two 1)" -v two="$(of_two 2)" 'BEGIN { r = (one - 4e8) / (two - 4e8); exit !(r > 1.9 && r < 2.001) }' ||
	complain "one gpu of two takes $(of_two 2) bytes of $(of_two 1)"

"$offing" help plan | grep -q -- '--batch N' || complain "help lacks --batch"
exit $failed
