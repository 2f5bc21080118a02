#!/bin/sh
# Set up what is missing, build, and regenerate the tables and figures of results/paper/.
# Takes no arguments; results/README.md says what comes out and how it is measured.
set -eu
LC_ALL=C
export LC_ALL
cd "$(dirname "$0")/.."
out=results/paper
offing=build/cli/offing

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# keep FILE: it is whole now, so let it take the place of the old one, with the usual rights.
changed=no
keep()
{
	if cmp -s "$tmp/$1" "$out/$1"; then
		echo "$out/$1 is as it was"
	else
		cat "$tmp/$1" >"$out/$1"
		echo "wrote $out/$1"
		changed=yes
	fi
}

scripts/setup.sh run
mkdir -p "$out"

scripts/paper/table1.sh "$offing" 200 '300 s' '3600 s' 10 >"$tmp/table1.csv"
awk -f scripts/paper/table1_md.awk scripts/paper/table1_published.csv "$tmp/table1.csv" \
	>"$tmp/table1.md"
keep table1.csv
keep table1.md

scripts/paper/load.sh "$offing" "$tmp/load.sqlite" 10
for terminal in png svg; do
	gnuplot -e "db='$tmp/load.sqlite'; out='$tmp/load.$terminal'" scripts/plot/load.gp
	[ -s "$tmp/load.$terminal" ]
	keep "load.$terminal"
done
sqlite3 -readonly -csv -header "$tmp/load.sqlite" \
	'SELECT * FROM point ORDER BY load_per_s, policy, metric' | tr -d '\r' >"$tmp/load.csv"
keep load.csv

if [ $changed = yes ]; then
	"$offing" --version | head -n 1 >"$tmp/made-by.txt"
	keep made-by.txt
fi
