#!/bin/bash
# The measured tables of docs/stability.md are what the program measures. It fails by itself when a
# rate is not what the page promises.
# usage: stability_table.sh PROGRAM PAGE
got=$(mktemp)
trap 'rm -f "$got"' EXIT
"$1" >"$got" || { echo "a rate is above what is promised:"; cat "$got"; exit 1; }
sed -n '/^<!-- measured -->$/,/^<!-- \/measured -->$/p' "$2" | sed '1d;$d' | diff - "$got" ||
	{ echo "$2 does not have what was measured (>)"; exit 1; }
