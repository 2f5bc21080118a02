#!/bin/sh
# All tables and pictures as one page for a browser: paper.html in OUT.
#	scripts/paper/page.sh OFFING OUT [--quick]
# Of what is in results/paper/, whether or not it is from short runs; captions are those of
# results/README.md.
set -eu
offing=$1
out=$2
# shellcheck source=scripts/paper/lib.sh
. "$(dirname "$0")/lib.sh"

results=$here/../../results
mkdir "$tmp/paper"

cp "$results"/paper/*.md "$results"/paper/*.svg "$tmp/paper"
"$here/pages.sh" "$results/paper" "$tmp/paper"
for picture in "$tmp"/paper/*.svg; do
	name=${picture##*/}
	echo "${name%.svg}"
done >"$tmp/names"
awk -f "$here/pictures_md.awk" "$tmp/names" "$results/README.md" >"$tmp/pictures.md"

set --
for name in claims table1 table2 fig2 fig3 effects sensitivity assume fit; do
	set -- "$@" "$tmp/paper/$name.md"
done
"$offing" report --pages "$@" "$tmp/pictures.md" --title 'The paper, regenerated and judged' --force -q \
	-o "$out/paper.html"
