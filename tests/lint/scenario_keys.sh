#!/bin/sh
# docs/scenario.md is held to the tables that read a scenario: "Every key" is what `offing help scenario
# --markdown` prints, and the rows that explain a key at length name its default.
# usage: scenario_keys.sh SOURCE_ROOT OFFING
#	To write the part anew: sed -i '/<!-- offing help/q' docs/scenario.md; offing help scenario --markdown >>docs/scenario.md
set -eu
doc=$1/docs/scenario.md
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

"$2" help scenario --markdown >"$dir/keys"
sed '1,/<!-- offing help scenario --markdown -->/d' "$doc" >"$dir/told"
diff "$dir/told" "$dir/keys" || {
	echo "docs/scenario.md: 'Every key' is not what the tables say; the head of this test says how to write it anew"
	exit 1
}

awk -F ' *[|] *' '
NR == FNR && FNR > 2 {
	key = $2
	gsub(/`/, "", key)
	dflt[key] = $6
	next
}
NR == FNR { next }
/<!-- offing help/ { exit }
/^## / {
	prefix = $0
	sub(/^## /, "", prefix)
	gsub(/`/, "", prefix)
	prefix = prefix == "Top level" ? "" : prefix == "run" || prefix == "record" ? prefix "." : prefix ".X."
}
/^A device of one.s own/ { prefix = "sites.X.gpu." }
/^### / { prefix = "-" }
/^[|] `/ {
	n = split($2, name, /`, `|`/)
	for (i = 1; i <= n; i++) {
		key = prefix name[i]
		if (name[i] == "" || !(key in dflt))
			continue
		seen++
		want = dflt[key]
		if (want !~ /^`[^`]*`$/ || index($4, want))
			continue
		# "none" says the same as `none`, and a list of defaults has each
		bare = want
		gsub(/`/, "", bare)
		if (index($4, bare) || index($4, "as above"))
			continue
		print FILENAME ":" FNR ": error: the default of " key " is " want ", not " $4
		bad = 1
	}
}
END {
	if (seen < 90) {
		print "found too few rows: " seen
		bad = 1
	}
	exit bad
}' "$dir/keys" "$doc"
