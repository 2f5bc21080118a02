#!/bin/sh
# Everything here is wrong, and offing must say so: exit status 2, nothing on standard output,
# and on standard error exactly what NAME.err holds.
#
#	NAME.yaml                a scenario: offing check NAME.yaml
#	FORMAT-NAME.csv|.jsonl   a trace: offing check support/trace.yaml with this trace
#	NAME.sh                  a command line: run by sh, $offing being the program
#
# usage: run.sh OFFING [--update]     --update writes the NAME.err anew, for a human to read
set -u
offing=$(realpath "$1")
update=${2:-}
cd "$(dirname "$0")" || exit 1
export offing
here=$(pwd -P)
out=$(mktemp) && err=$(mktemp) || exit 1
trap 'rm -f "$out" "$err"' EXIT
cases=0
failed=0

run_case() {
	case $1 in
	*.yaml) "$offing" check "$1" ;;
	*.sh) sh "./$1" ;;
	*) "$offing" check support/trace.yaml -s "users.u.arrivals.trace.file=$1" \
		-s "users.u.arrivals.trace.format=${1%%-*}" ;;
	esac
}

for file in *.yaml *.csv *.jsonl *.sh; do
	if [ "$file" = run.sh ] || [ ! -e "$file" ]; then
		continue
	fi
	cases=$((cases + 1))
	run_case "$file" >"$out" 2>"$err" </dev/null
	status=$?
	sed -i "s|$here|HERE|g" "$err"
	if [ "$update" = --update ]; then
		cp "$err" "${file%.*}.err"
		continue
	fi
	if [ $status -ne 2 ] || [ -s "$out" ] || ! cmp -s "$err" "${file%.*}.err"; then
		failed=$((failed + 1))
		echo "$file: status $status, standard error (- expected, + got):"
		diff -u "${file%.*}.err" "$err" | tail -n +3
	fi
done
echo "$cases wrong inputs, $failed answered wrongly"
[ $failed -eq 0 ] && [ $cases -ge 60 ]
