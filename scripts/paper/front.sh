#!/bin/sh
# The Pareto front of Eq. 1 with every policy on it: front.csv, front-policies.csv and their picture in
# OUT.
#	scripts/paper/front.sh OFFING OUT [--quick]
set -eu
offing=$1
out=$2
# shellcheck source=scripts/paper/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/paper/draw.sh
. "$here/draw.sh"

tasks=50
[ "${3:-}" != --quick ] || tasks=20
quietly "$offing" optimum "$scenarios/../optimum.yaml" --tasks $tasks -o "$tmp/front" \
	-s 'policies.jsq={name: jsq}' -s 'policies.max-weight={name: max-weight}' \
	-s 'policies.perllm={name: perllm}' >/dev/null
cp "$tmp/front/front.csv" "$out/front.csv"
cp "$tmp/front/policies.csv" "$out/front-policies.csv"
draw front 760 430
