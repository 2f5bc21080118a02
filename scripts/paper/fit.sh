#!/bin/sh
# Fit the runtime `paper` to the cells of Table 1 that it may see: fit.csv and the four
# profiles *-paper-*.profile in OUT.
#	scripts/paper/fit.sh OFFING OUT [--quick]
# docs/paper.md says which constants and why. --quick: these alone, none of those they are held
# against, for a test.
set -eu
offing=$1
out=$2
# shellcheck source=scripts/paper/lib.sh
. "$(dirname "$0")/lib.sh"

forms=--forms
[ "${3:-}" != --quick ] || forms=
replications=4

# beside the program in the build
fit=$(dirname "$offing")/../scripts/paper/fit/paper_fit

"$fit" "$here/table1_published.csv" "$scenarios" "$replications" $forms \
	--profiles "$out" >"$out/fit.csv"
