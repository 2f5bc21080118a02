#!/bin/sh
# The figure of load can be drawn from a short run, as PNG and as SVG, twice the same and with
# every policy in it: figure.sh OFFING
set -eu
LC_ALL=C
export LC_ALL
offing=$1
root=$(cd "$(dirname "$0")/../.." && pwd)

for program in gnuplot sqlite3; do
	command -v $program >/dev/null || {
		echo "$program is missing"
		exit 77
	}
done
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

"$root/scripts/paper/load.sh" "$offing" "$tmp/load.sqlite" 2 0.8 4.0 8.0
for file in a.png b.png a.svg b.svg; do
	gnuplot -e "db='$tmp/load.sqlite'; out='$tmp/$file'" "$root/scripts/plot/load.gp" 2>"$tmp/said"
	[ ! -s "$tmp/said" ] || {
		cat "$tmp/said"
		exit 1
	}
done
cmp "$tmp/a.png" "$tmp/b.png"
cmp "$tmp/a.svg" "$tmp/b.svg"
[ "$(head -c 8 "$tmp/a.png" | tail -c 7 | head -c 3)" = PNG ]
for policy in k-p-fcfs cloud-only edge-only fcfs random; do
	grep -q ">$policy<" "$tmp/a.svg" || {
		echo "$policy is not in the figure"
		exit 1
	}
done
