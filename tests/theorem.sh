#!/bin/sh
# docs/theorem.md against its arithmetic: what policies reach of the fluid bound, in the scenarios of the page.
# usage: theorem.sh OFFING ROOT
set -eu
offing=$(realpath "$1")
cd "$2/scenarios/theorem"
failed=0

# share SCENARIO POLICY EXPECTED: within 2 % of it
share() {
	"$offing" capacity "$1.yaml" --policies "$2" --quiet 2>/dev/null |
		awk -v s="$1" -v p="$2" -v e="$3" '
		$1 == p { found = 1; at = $7; if (at / e > 1.02 || at / e < 0.98) { print s, p ": " at ", not " e; bad = 1 } }
		END { if (!found) print s, p ": no answer"; exit bad || !found }' || failed=1
}

share one-class k-p-fcfs 1
share one-class fcfs 1
share one-class random 0.625
share two-classes fcfs 0.5
share two-classes k-p-fcfs 0.5
share two-classes max-weight 1
share smallest k-p-fcfs 0.75
share smallest max-weight 1
share related k-p-fcfs 1
share related random 0.6667
share window fcfs 0.6667
share window window-2 0.75
share window window-4 0.8333
share window window-8 0.9
exit "$failed"
