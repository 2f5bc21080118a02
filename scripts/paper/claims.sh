#!/bin/sh
# Verdicts on the paper's claims, scripts/paper/claims.csv, from the figures that were made before:
# verdicts.csv in OUT.
#	scripts/paper/claims.sh OFFING OUT [--quick]
# --quick: from those of short runs, results/expected/.
set -eu
LC_ALL=C
export LC_ALL
out=$2
here=$(dirname "$0")
data=$here/../../results/paper
[ "${3:-}" != --quick ] || data=$here/../../results/expected

awk -f "$here/csv.awk" -f "$here/claims.awk" "$here/claims.csv" "$here/table1_published.csv" \
	"$here/table2_published.csv" "$data/table1.csv" "$data/table2.csv" "$data/fig2.csv" \
	"$data/stability.csv" >"$out/verdicts.csv"
