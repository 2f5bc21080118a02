#!/bin/sh
# Build the example policies as a user would: against what is installed, by pkg-config, with nothing
# of the source tree but the examples themselves; then hold them to the conformance suite.
# usage: plugin_build.sh SOURCE_DIR BUILD_DIR CONFORMANCE_TEST
set -eu
source=$1 build=$2 conform=$(realpath "$3") stale=$(realpath "$4")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

DESTDIR=$dir/root meson install -C "$build" --no-rebuild --tags devel >"$dir/log" || {
	cat "$dir/log"
	exit 1
}
PKG_CONFIG_PATH=$(dirname "$(find "$dir/root" -name offing.pc)")
PKG_CONFIG_SYSROOT_DIR=$dir/root
export PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR

mkdir "$dir/mine"
cp "$source"/policies/examples/*.c "$source/policies/examples/Makefile" "$source/tests/plugins/rogue.c" \
	"$dir/mine"
cd "$dir/mine"
make CFLAGS='-std=c17 -O2 -Wall -Wextra -Werror -Wno-missing-field-initializers' all rogue.so

# The header asks for nothing before it and for nothing beside it.
echo '#include <offing/policy.h>' >alone.c
${CC:-cc} -std=c17 -Wall -Wextra -Wpedantic -Werror $(pkg-config --cflags offing) -fsyntax-only \
	alone.c

"$conform" ./spill.so ./bandit.so
"$stale" ./spill.so ./bandit.so
"$source/tests/plugin_faults.sh" "$build/cli/offing" ./rogue.so
