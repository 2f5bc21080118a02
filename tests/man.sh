#!/bin/sh
# The pages of the manual: one a command, installed as they are written, with every option, and without
# a word of complaint from mandoc and groff, or what of them is here.
# usage: man.sh OFFING BUILT_PAGES
set -eu
offing=$(realpath "$1")
built=$(realpath "$2")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
failed=0
complain() {
	echo "$*"
	failed=1
}

mkdir pages
"$offing" help --output pages
(cd "$built" && ls ./*.[1-8]) >built
(cd pages && ls ./*) >written
diff built written || complain "what is installed is not what there is"

for command in $("$offing" help | sed -n 's/^  \([a-z]*\) .*/\1/p'); do
	page=pages/offing-$command.1
	[ -f "$page" ] || { complain "no page for $command"; continue; }
	"$offing" help --man "$command" | cmp - "$page" || complain "two pages for $command"
	for option in $("$offing" help "$command" | sed -n 's/^  .. *\(--[a-z-]*\).*/\1/p; s/^  -., \(--[a-z-]*\).*/\1/p'); do
		tr -d '\\' <"$page" | grep -qF -- "fB${option}fP" || complain "$page does not have $option"
	done
	grep -q '\\-\\-help' "$page" || complain "$page does not have --help"
done
"$offing" help --man | cmp - pages/offing.1 || complain "two pages for offing"
[ "$(wc -l <written)" -ge 13 ] || complain "found too few pages"

# Where `meson install` puts them, as it says itself.
for place in man/man1/offing.1 man/man1/offing-run.1 man/man3/offing-policy.3 man/man5/offing-scenario.5 \
	bash-completion/completions/offing zsh/site-functions/_offing fish/vendor_completions.d/offing.fish; do
	grep -q "/share/$place\"" "$built/../../meson-info/intro-installed.json" || complain "$place is not installed"
done

checked=
if command -v mandoc >/dev/null; then
	checked="mandoc"
	mandoc -T lint pages/* || complain "mandoc: see above"
fi
if command -v groff >/dev/null; then
	checked="$checked groff"
	for page in pages/*; do
		groff -man -ww -Tutf8 "$page" 2>&1 >text | grep . && complain "groff: $page"
		grep -q '^N.*AM.*E' text || complain "$page shows nothing"
	done
fi
[ "$checked" ] || { echo "neither mandoc nor groff is here: the form of the pages was not checked"; exit 77; }
echo "checked by: $checked"

# A full disk, and a folder that is not there, are told.
status=0
"$offing" help --output nowhere 2>said || status=$?
[ "$status" = 1 ] && grep -q "^offing: error: cannot write 'nowhere/offing.1': No such file" said ||
	complain "a folder that is not there: $status, $(cat said)"
exit $failed
