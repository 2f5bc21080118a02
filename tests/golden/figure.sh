#!/bin/sh
# The figure of load can be drawn from short runs, as PNG and as SVG, twice the same and with
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

for run in a b; do
	mkdir "$tmp/$run"
	"$root/scripts/paper/load.sh" "$offing" "$tmp/$run" --quick 2>"$tmp/said"
	[ ! -s "$tmp/said" ] || {
		cat "$tmp/said"
		exit 1
	}
done
for file in load.csv load.png load.svg; do
	cmp "$tmp/a/$file" "$tmp/b/$file"
done
[ "$(head -c 8 "$tmp/a/load.png" | tail -c 7 | head -c 3)" = PNG ]
for policy in k-p-fcfs cloud-only edge-only fcfs random; do
	grep -q ">$policy<" "$tmp/a/load.svg" || {
		echo "$policy is not in the figure"
		exit 1
	}
done
