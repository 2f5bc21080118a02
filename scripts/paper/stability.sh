#!/bin/sh
# How much of what any policy could keep up with k-p-fcfs does: stability.csv in OUT.
#	scripts/paper/stability.sh OFFING OUT [--quick]
# Scenarios of docs/theorem.md, with the fluid bound beside them; --quick is the same.
set -eu
offing=$1
out=$2
# shellcheck source=scripts/paper/lib.sh
. "$(dirname "$0")/lib.sh"

{
	echo 'scenario,policy,of_bound,of_bound_low,of_bound_high'
	for scenario in one-class related two-classes smallest window; do
		policies=k-p-fcfs
		[ "$scenario" != window ] || policies='window-8'
		"$offing" capacity "$here/../../scenarios/theorem/$scenario.yaml" --policies "$policies" \
			--quiet --force -o "$tmp/$scenario" >/dev/null 2>&1
		awk -F, -v scenario="$scenario" '
			{ gsub("\"", "") }
			NR == 1 { for (i = 1; i <= NF; i++) col[$i] = i; next }
			{ print scenario "," $(col["policy"]) "," $(col["of_bound"]) "," \
				$(col["of_bound_low"]) "," $(col["of_bound_high"]) }
			' "$tmp/$scenario/capacity.csv"
	done
} >"$out/stability.csv"
