#!/bin/sh
# Do verdicts hang on how sure device times are: sensitivity.csv and sensitivity.md in OUT.
#	scripts/paper/sensitivity.sh OFFING OUT [--quick]
# The tables and Fig. 2 again with all times of devices at their 5 % quantile (low) and at their 95 % quantile
# (high), and all claims judged from those.
set -eu
offing=$(realpath "$1")
out=$2
# shellcheck source=scripts/paper/lib.sh
. "$(dirname "$0")/lib.sh"

artefacts='table1 table2 fig2' data=$here/../../results/paper
[ "${3:-}" != --quick ] || artefacts=table2 data=$here/../../results/expected

# at QUANTILE FOLDER: verdicts with the quantile as a first column, but for the line of names
at()
{
	judge "$2" | sed "1d; s/^/$1,/"
}

for quantile in low high; do
	mkdir "$tmp/$quantile"
	cp "$data/table1.csv" "$data/table2.csv" "$data/fig2.csv" "$data/stability.csv" "$tmp/$quantile"
	# the last option counts
	printf '#!/bin/sh\nexec "%s" "$@" -s run.profile_quantile=%s\n' "$offing" $quantile \
		>"$tmp/offing-$quantile"
	chmod +x "$tmp/offing-$quantile"
	for artefact in $artefacts; do
		"$here/$artefact.sh" "$tmp/offing-$quantile" "$tmp/$quantile" ${3:+"$3"}
	done
done
{
	echo 'quantile,id,runtime,load,kind,cells,value,low,high,at,verdict'
	at low "$tmp/low"
	at median "$data"
	at high "$tmp/high"
} >"$out/sensitivity.csv"
awk -f "$here/csv.awk" -f "$here/sensitivity_md.awk" "$here/claims.csv" "$out/sensitivity.csv" \
	>"$out/sensitivity.md"
