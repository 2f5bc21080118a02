#!/bin/sh
# Pages of the paper's tables and figures, from the figures in DATA, into OUT:
#	scripts/paper/pages.sh DATA OUT
set -eu
LC_ALL=C
export LC_ALL
data=$1
out=$2
here=$(dirname "$0")

# page NAME FILE...: OUT/NAME.md
page()
{
	name=$1
	shift
	awk -f "$here/csv.awk" -f "$here/page.awk" -f "$here/${name}_md.awk" "$@" >"$out/$name.md"
}

page fit "$data/fit.csv"
page table1 "$here/table1_published.csv" "$data/table1.csv"
page fig3 "$data/table1.csv"
page table2 "$here/table2_published.csv" "$data/table2.csv"
page fig2 "$data/fig2.csv"
page claims "$here/claims.csv" "$data/verdicts.csv" "$here/table1_published.csv" \
	"$here/table2_published.csv" "$data/table1.csv"
page summary "$here/claims.csv" "$data/verdicts.csv" "$here/table1_published.csv"
