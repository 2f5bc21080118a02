#!/bin/sh
# The pages of results/paper/ are those of the figures beside them, and README shows their summary:
# pages.sh
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
status=0

"$root/scripts/paper/claims.sh" - "$tmp"
cmp "$root/results/paper/verdicts.csv" "$tmp/verdicts.csv" || status=1
"$root/scripts/paper/pages.sh" "$root/results/paper" "$tmp"
for page in "$tmp"/*.md; do
	cmp "$root/results/paper/${page##*/}" "$page" || status=1
done
while read -r line; do
	grep -qxF -- "$line" "$root/README.md" || {
		echo "README.md has not: $line"
		status=1
	}
done <"$tmp/summary.md"
exit $status
