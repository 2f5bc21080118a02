#!/bin/bash
# Bash completes commands, options and words as the tables of the program have them.
# usage: completion.sh OFFING
offing=$(realpath "$1")
source <("$offing" completion) || exit 1

# expect WANTED WORD... : complete the last word
expect() {
	local wanted=$1
	shift
	COMP_WORDS=("$@")
	COMP_CWORD=$(($# - 1))
	_offing
	if [ "${COMPREPLY[*]}" != "$wanted" ]; then
		echo "$*: got '${COMPREPLY[*]}', not '$wanted'"
		failed=1
	fi
}

empty=$(mktemp -d) && cd "$empty" || exit 1
failed=0
expect 'check' offing ch
expect '--replications' offing check --rep
expect '--hold' offing fit --ho
expect 'policies profiles' offing list p
expect '--json' offing list --j
listed=$("$offing" list | sed -n 's/^\([a-z]*\) .*/\1/p' | tr '\n' ' ')
expect "${listed% }" offing list ''
rmdir "$empty"
exit $failed
