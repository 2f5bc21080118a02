#!/bin/sh
# Every row of a table that a test prints stands in a page as it is printed.
# usage: printed_tables.sh TEST PAGE
set -eu
missing=$("$1" 2>/dev/null | grep '^|' | while IFS= read -r row; do
	grep -qxF -- "$row" "$2" || echo "$2 lacks: $row"
done)
"$1" 2>/dev/null | grep -q '^|' || missing="$1 prints no table"
[ -z "$missing" ] || { echo "$missing"; exit 1; }
