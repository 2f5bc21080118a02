#!/bin/sh
# Set up what is missing, build, and pass the tests: scripts/test.sh [--slow]
# Twice: as released, and under clang with the address and undefined-behaviour
# sanitizers (but for what only compares times or needs millions of customers, and what looks at
# the text of the tree, repeats a method many times, or tells other programs what to do: once).
# --slow adds the full queueing cases, fuzzing, other compilers, and links held to
# this kernel's own qdiscs, which wants root and an otherwise idle machine.
set -eu
LC_ALL=C
export LC_ALL
cd "$(dirname "$0")/.."

slow='--no-suite slow --no-suite net'
[ "${1:-}" != --slow ] || slow=
scripts/setup.sh test

status=0
# shellcheck disable=SC2086
meson test -C build --print-errorlogs $slow || status=1

if [ ! -f build-asan/build.ninja ]; then
	CC=clang meson setup build-asan -Db_sanitize=address,undefined -Db_lundef=false >/dev/null
fi
ninja -C build-asan >build-asan/build.log 2>&1 || {
	tail -n 30 build-asan/build.log >&2
	exit 1
}
# the tests ask for impossible amounts of memory on purpose
ASAN_OPTIONS=allocator_may_return_null=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
	meson test -C build-asan --print-errorlogs \
	--no-suite slow --no-suite theory --no-suite net --no-suite lint --no-suite once || status=1

logs='build/meson-logs/testlog.json build-asan/meson-logs/testlog.json'
count()
{
	# shellcheck disable=SC2086
	cat $logs | grep -c "\"result\": \"$1\"" || true
}

# What failed once more at the end, where it is looked for: a line a test, and the end of what it said.
# shellcheck disable=SC2086
cat $logs | grep -E '"result": "(FAIL|TIMEOUT|ERROR|INTERRUPT|UNEXPECTEDPASS)"' | while read -r test; do
	printf '%s\n' "$test" | sed -E 's/.*"name": "([^"]*)".*"result": "([A-Z]+)".*/\2 \1/'
	for stream in stdout stderr; do
		printf '%s\n' "$test" | sed -n -E 's/.*"'$stream'": "(([^"\\]|\\.)*)".*/\1/p' |
			sed 's/\\n/\n/g; s/\\t/\t/g; s/\\"/"/g' | tail -n 30 | cut -c 1-300 | sed 's/^/    /'
	done
done
ok=$(($(count OK) + $(count EXPECTEDFAIL)))
skipped=$(count SKIP)
total=$(cat build/meson-logs/testlog.json build-asan/meson-logs/testlog.json | grep -c '"result":')
echo "$ok passed, $((total - ok - skipped)) failed, $skipped skipped"
exit $status
