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

count()
{
	cat build/meson-logs/testlog.json build-asan/meson-logs/testlog.json |
		grep -c "\"result\": \"$1\"" || true
}
ok=$(($(count OK) + $(count EXPECTEDFAIL)))
skipped=$(count SKIP)
total=$(cat build/meson-logs/testlog.json build-asan/meson-logs/testlog.json | grep -c '"result":')
echo "$ok passed, $((total - ok - skipped)) failed, $skipped skipped"
exit $status
