#!/bin/sh
# Replications that may be antithetic become a sample in two files, one for those in memory and one for those on disk;
# nobody else reads them one by one to make an interval of them.
# usage: samples.sh SOURCE_ROOT
set -eu
cd "$1"

# others PATTERN FILE...: lines of the program that have it, beside those of the files (names begin so)
others() {
	pattern=$1
	shift
	allowed=$(printf '|%s' "$@" | cut -c 2-)
	find base cli io models plan policies sim study -name '*.[ch]' -exec grep -HnE "$pattern" {} + |
		grep -vE "^($allowed)" || true
}

check() {
	others by_replication study/samples io/results/ io/export/
	others antithetic_means sim/antithetic study/samples io/results/samples
	others '(FROM|JOIN) metric\b' io/results/samples.c io/results/summary.c io/record/resume.c
}

found=$(check)
[ -z "$found" ] || {
	echo "replications are read one by one, where results_samples() or samples_values() are due:"
	echo "$found"
	exit 1
}
# and it would be seen
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
mkdir -p "$tree/cli" "$tree/base" "$tree/io" "$tree/models" "$tree/plan" "$tree/policies" "$tree/sim" "$tree/study"
cd "$tree"
for line in 'x = s->by_replication[0];' 'antithetic_means(x, n, 2);' '"SELECT avg(value) FROM metric"'; do
	echo "$line" >cli/cmd_new.c
	[ "$(check)" = "cli/cmd_new.c:1:$line" ] || { echo "not seen: $line"; exit 1; }
done
