#!/bin/sh
# Every key that the tables of io/scenario/*.c know stands in docs/scenario.md, in code type.
# usage: keys_documented.sh SOURCE_ROOT
set -u
cd "$1" || exit 1
keys=$(grep -hoE '(\.name = |\b(SIZE|RUN_TIME|DIST_NUMBER|WORK_TOKENS|SECTION)\()"[A-Za-z_0-9]+"' \
	io/scenario/*.c | sed 's/.*"\(.*\)"/\1/' | sort -u)
words=$(grep -oE '`[^`]+`' docs/scenario.md | grep -oE '[A-Za-z_0-9]+' | sort -u)
missing=0
for key in $keys; do
	if ! echo "$words" | grep -qx "$key"; then
		echo "docs/scenario.md does not tell of '$key'"
		missing=1
	fi
done
[ "$(echo "$keys" | wc -l)" -gt 60 ] || { echo "found too few keys"; exit 1; }
exit $missing
