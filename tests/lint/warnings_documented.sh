#!/bin/sh
# Every kind of warning stands in the table of docs/results.md, and no other.
# usage: warnings_documented.sh SOURCE_ROOT
set -eu
cd "$1"
known=$(sed -n 's/^	\[WARN_[A-Z_]*\] = "\(.*\)",$/\1/p' models/measure/warnings.c | LC_ALL=C sort)
told=$(sed -n '/^| kind | what |/,/^$/s/^| `\([^`]*\)` |.*/\1/p' docs/results.md | LC_ALL=C sort)
[ -n "$known" ] || { echo "found no kinds"; exit 1; }
[ "$known" = "$told" ] || {
	echo "kinds of warnings: known [$known], told [$told]"
	exit 1
}
