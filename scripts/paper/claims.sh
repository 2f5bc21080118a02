#!/bin/sh
# Verdicts on the paper's claims, scripts/paper/claims.csv, from the figures that were made before:
# verdicts.csv in OUT.
#	scripts/paper/claims.sh OFFING OUT [--quick]
# --quick: from those of short runs, results/expected/.
set -eu
out=$2
# shellcheck source=scripts/paper/lib.sh
. "$(dirname "$0")/lib.sh"

data=$here/../../results/paper
[ "${3:-}" != --quick ] || data=$here/../../results/expected

judge "$data" >"$out/verdicts.csv"
