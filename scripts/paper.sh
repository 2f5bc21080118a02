#!/bin/sh
# Set up what is missing, build, and regenerate the tables and figures of results/paper/:
#	scripts/paper.sh
# results/README.md says what comes out and how it is measured, docs/paper.md what to look at.
#	scripts/paper.sh --quick [--rewrite]
# runs everything reduced and holds it to results/expected/ (--rewrite: puts it there).
set -eu
LC_ALL=C
export LC_ALL
cd "$(dirname "$0")/.."
offing=build/cli/offing
# Each is scripts/paper/NAME.sh OFFING OUT [--quick], which writes files of its own into OUT.
all=$(cat scripts/paper/artefacts.txt)

scripts/setup.sh run
ninja -C build scripts/paper/fit/paper_fit >/dev/null

if [ "${1:-}" = --quick ]; then
	status=0
	for name in $all; do
		tests/paper/reduced.sh "${2:-}" "$offing" "$name" || status=1
	done
	exit $status
fi

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# keep FILE FOLDER: it is whole now, so let it take the place of the old one, with the usual
# rights.
changed=no
keep()
{
	if cmp -s "$tmp/$1" "$2/$1"; then
		echo "$2/$1 is as it was"
	else
		cat "$tmp/$1" >"$2/$1"
		echo "wrote $2/$1"
		changed=yes
	fi
}

mkdir -p results/paper
for name in $all; do
	"scripts/paper/$name.sh" "$offing" "$tmp"
	for file in "$tmp"/*; do
		case $file in
		*.profile) # the runtime that what follows is run with
			keep "${file##*/}" models/cost/profiles
			ninja -C build cli/offing >/dev/null
			;;
		*) keep "${file##*/}" results/paper ;;
		esac
		rm "$file"
	done
done

scripts/paper/pages.sh results/paper "$tmp"
for file in "$tmp"/*; do
	keep "${file##*/}" results/paper
done

if [ $changed = yes ]; then
	"$offing" --version | head -n 1 >"$tmp/made-by.txt"
	keep made-by.txt results/paper
fi
