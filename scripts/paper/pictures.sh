#!/bin/sh
# Pictures of figures that were made before, Table 1 beside the paper's, Fig. 2 and Fig. 3: beside.csv,
# fig3.csv, and the pictures beside, fig2 and fig3 in OUT.
#	scripts/paper/pictures.sh OFFING OUT [--quick]
# --quick: of those of short runs, results/expected/.
set -eu
out=$2
# shellcheck source=scripts/paper/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/paper/draw.sh
. "$here/draw.sh"
data=$here/../../results/paper
[ "${3:-}" != --quick ] || data=$here/../../results/expected

awk -f "$here/csv.awk" -f "$here/beside.awk" "$here/table1_published.csv" "$data/table1.csv" \
	>"$out/beside.csv"
draw beside 760 580

cp "$data/fig2.csv" "$out/fig2.csv"
draw fig2 760 560

awk -F, -v OFS=, '
	NR == 1 { print "model,dataset,runtime,load,system,mean,ci_low,ci_high,n" }
	$4 == "median" && $9 == "busy.s_per_request" { print $1, $2, $3, $5, $6, $10, $11, $12, $13 }
	' "$data/table1.csv" >"$out/fig3.csv"
draw fig3 760 560
