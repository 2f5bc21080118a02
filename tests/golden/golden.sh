#!/bin/sh
# Hold what offing prints and records to the files beside this script:
#   tests/golden/golden.sh OFFING CASE
# or write those anew, which a human should then read: git diff tests/golden
#   tests/golden/golden.sh --rewrite OFFING [CASE...]
# Numbers may differ by 1e-9 of their size or 3 ns, since exp() and log() do between processors.
set -eu
LC_ALL=C
export LC_ALL
here=$(cd "$(dirname "$0")" && pwd)
root=$here/../..

rewrite=no
if [ "$1" = --rewrite ]; then
	rewrite=yes
	shift
fi
offing=$1
shift

command -v sqlite3 >/dev/null || {
	echo 'sqlite3 is missing'
	exit 77
}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# produce CASE: its text on standard output.
produce()
{
	case $1 in
	tiny.json)
		"$offing" run "$root/scenarios/tiny.yaml" --quiet --json -o "$tmp/tiny" |
			sed 's/,{"scope"/,\n{"scope"/g'
		;;
	tiny.requests)
		"$offing" run "$root/scenarios/tiny.yaml" --quiet --json -o "$tmp/tiny" >/dev/null
		sqlite3 -readonly -header "$tmp/tiny/results.sqlite" \
			'SELECT * FROM request ORDER BY run, replication, id'
		;;
	*)
		echo "golden.sh: no case '$1'" >&2
		exit 2
		;;
	esac
}

expected()
{
	case $1 in
	tiny.*) echo "$here/$1" ;;
	esac
}

[ $# -gt 0 ] || set -- tiny.json tiny.requests
for case in "$@"; do
	produce "$case" >"$tmp/got"
	if [ "$rewrite" = yes ]; then
		mv "$tmp/got" "$(expected "$case")"
		echo "wrote $(expected "$case")"
	else
		awk -f "$here/near_diff.awk" "$(expected "$case")" "$tmp/got"
	fi
	rm -rf "$tmp/tiny"
done
