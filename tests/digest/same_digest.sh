#!/bin/sh
# The same bits from gcc and clang, -O0 and -O3, with addresses randomised and not, and with
# another allocator. Skipped (77) when there is only one compiler.
#
#	same_digest.sh ROOT SOURCES FLAGS...
#
# SOURCES: one word, patterns as seen from ROOT and what to link. The program they make prints
# what must be the same.
set -eu
root=$1
sources=$2
shift 2
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$root"

compilers=
for cc in gcc clang; do
	command -v $cc >/dev/null && compilers="$compilers $cc"
done
set -- -std=c17 -D_GNU_SOURCE -I. "$@"

failed=0
first=
# $1 says how, the rest is what to run.
same() {
	how=$1
	shift
	said=$("$@")
	if [ -z "$first" ]; then
		first=$said
		echo "$said"
	elif [ "$said" != "$first" ]; then
		echo "differs: $how"
		echo "$said"
		failed=1
	fi
}

runs=0
for cc in $compilers; do
	for level in -O0 -O3; do
		# shellcheck disable=SC2086
		$cc "$@" $level -o "$dir/run$level-$cc" $sources -lgsl -lgslcblas -lm -pthread
		same "$cc $level" "$dir/run$level-$cc"
		runs=$((runs + 1))
	done
	$cc "$@" -O2 -fno-builtin -shared -fPIC -o "$dir/odd-$cc.so" tests/digest/odd_malloc.c
	same "$cc, another allocator" env LD_PRELOAD="$dir/odd-$cc.so" "$dir/run-O3-$cc"
	setarch "$(uname -m)" -R true 2>/dev/null &&
		same "$cc, fixed addresses" setarch "$(uname -m)" -R "$dir/run-O3-$cc"
done
[ $failed -eq 0 ] || exit 1
if [ $runs -lt 4 ]; then
	echo "only$compilers here: the compilers were not compared"
	exit 77
fi
