#!/bin/sh
# Every metric of the program stands in the table of docs/results.md with what it is measured
# of, and no other does. There `requests.created .done` stands for two, `e2e.*` for the six of a span.
# usage: metrics_documented.sh SOURCE_ROOT OFFING
set -eu
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
"$2" list metrics --json |
	sed 's/.*"name":"\([^"]*\)".*"scopes":\[\([^]]*\)\].*/\1 \2/; s/["]//g; s/,/ /g' |
	LC_ALL=C sort >"$tmp/known"
awk -F '|' '
/^## / { inside = ($0 == "## Metrics") }
!inside || !/^\| `/ { next }
{
	n = split($2, tokens, "`")
	for (i = 2; i <= n; i += 2) {
		m = split(tokens[i], words, " ")
		for (k = 1; k <= m; k++) {
			word = words[k]
			if (word ~ /^\./)
				word = prefix word
			prefix = word
			sub(/\..*/, "", prefix)
			if (word !~ /\*$/) {
				note(word, $4)
				continue
			}
			sub(/\*$/, "", word)
			for (j in span)
				note(word span[j], $4)
		}
	}
}
function note(name, scopes,    i) {
	for (i = 1; i <= 6; i++)
		if (scopes ~ kinds[i])
			of[name] = of[name] " " kinds[i]
	names[name]
}
BEGIN {
	split("mean_s sd_s p50_s p90_s p95_s p99_s", span, " ")
	split("system group site instance link stage", kinds, " ")
}
END {
	for (name in names) { # in the order of the kinds, each once
		line = name
		for (i = 1; i <= 6; i++)
			if (index(of[name] " ", " " kinds[i] " "))
				line = line " " kinds[i]
		print line
	}
}' "$1/docs/results.md" | LC_ALL=C sort >"$tmp/told"
[ "$(wc -l <"$tmp/known")" -gt 40 ] || { echo "found too few metrics"; exit 1; }
diff "$tmp/told" "$tmp/known" || { echo "(< docs/results.md, > offing list metrics)"; exit 1; }
