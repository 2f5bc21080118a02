#!/bin/sh
# The paper's tables and figures from short runs are those of results/expected/:
#	tests/paper/reduced.sh [--rewrite|''] OFFING NAME
# NAME: as in scripts/paper.sh. --rewrite writes them there anew, for a human to read:
# git diff results/expected
set -eu
LC_ALL=C
export LC_ALL
rewrite=$1
offing=$2
name=$3
root=$(cd "$(dirname "$0")/../.." && pwd)

for program in sqlite3 gnuplot; do
	command -v $program >/dev/null || {
		echo "$program is missing"
		exit 77
	}
done
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

"$root/scripts/paper/$name.sh" "$offing" "$tmp" --quick
status=0
for got in "$tmp"/*; do
	file=${got##*/}
	want=$root/results/expected/$file
	rel=1e-9
	case $file in
	fit.csv) rel=1e-3 ;; # where the least squares end: a tenth of a standard error is 1e-3
	*.profile) # the fit is that of the runtime: its constants are those of the program
		want=$root/models/cost/profiles/$file
		rel=1e-3
		;;
	*.csv) ;;
	*) # made from the others
		[ -s "$got" ] || {
			echo "$file is empty"
			status=1
		}
		continue
		;;
	esac
	if [ "$rewrite" = --rewrite ] && [ "$file" != "${file%.csv}" ]; then
		cp "$got" "$want"
		echo "wrote $want"
	elif awk -v rel=$rel -f "$root/tests/golden/near_diff.awk" "$want" "$got"; then
		echo "$file is as expected"
	else
		status=1
	fi
done
exit $status
