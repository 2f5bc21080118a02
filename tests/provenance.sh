#!/bin/bash
# Whose device times a scenario uses and how sure they are: offing check, the table and the data base
# say the same as `offing list profiles` says of each.
# usage: provenance.sh OFFING SCENARIO
offing=$(realpath "$1") scenario=$(realpath "$2")
command -v sqlite3 >/dev/null || { echo "sqlite3 is missing"; exit 77; }
dir=$(mktemp -d) && cd "$dir" || exit 1
trap 'rm -rf "$dir"' EXIT
failed=0

complain() {
	echo "$1"
	failed=1
}

"$offing" check "$scenario" >resolved
"$offing" check - <resolved | cmp - resolved || complain "check does not read back to itself"
awk 'length($0) > 80 && /^#/ { exit 1 }' resolved || complain "a comment of more than 80 columns"
"$offing" run "$scenario" -q -o out >table
[ "$(sed -n 's/^# //p' resolved | tr -s ' \n' ' ')" = \
	"$(sed -n '/^device times/,$p' table | tr -s ' \n' ' ')" ] ||
	complain "check and the table differ: $(grep '^#' resolved; sed -n '/^device times/,$p' table)"
[ "$(sqlite3 out/results.sqlite 'SELECT count(*) FROM profile')" = \
	"$(sqlite3 out/results.sqlite 'SELECT count(*) FROM placement')" ] ||
	complain "not every instance with a model has a profile"
sqlite3 -separator ' ' out/results.sqlite 'SELECT DISTINCT profile, provenance,
	sigma_decode, sigma_prefill FROM profile ORDER BY 1' >kept
"$offing" list profiles --json | sed 's/^.//' |
	sed -n 's/.*"name":"\([^"]*\)".*"provenance":"\([^"]*\)".*"sigma_decode":\([0-9.]*\),"sigma_prefill":\([0-9.]*\),.*/\1 \2 \3 \4/p' |
	sort >listed
[ -s kept ] || complain "no profile is kept"
while read -r name provenance decode prefill; do
	grep -q "^$name $provenance $decode $prefill$" listed ||
		complain "$name: kept as $provenance $decode $prefill, listed as $(grep "^$name " listed)"
	grep -q "$name, $provenance, sigma $decode" table || complain "$name: $(cat table)"
done <kept
grep -q '±.*chance alone' table || complain "the interval does not say what it leaves out"

exit $failed
