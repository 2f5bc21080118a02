#!/bin/sh
# Install what is missing and build: scripts/setup.sh [run|test]
# Sourced by nothing; run.sh and test.sh call it. Says little unless something fails.
set -eu
LC_ALL=C
export LC_ALL
cd "$(dirname "$0")/.."

what=${1:-run}
packages='gcc libc6-dev meson ninja-build pkg-config git ca-certificates libyaml-dev libgsl-dev
libglpk-dev librandom123-dev libsqlite3-dev libhdf5-dev zlib1g-dev libcmocka-dev gnuplot-nox
fonts-liberation sqlite3'
test_packages='g++ clang clang-format libclang-rt-14-dev make hdf5-tools procps shellcheck
coinor-cbc mandoc groff-base zsh fish parallel slurmctld slurmd slurm-client munge'
[ "$what" = run ] || packages="$packages $test_packages"
log=${TMPDIR:-/tmp}/offing-setup.$$.log
trap 'rm -f "$log"' EXIT

fail()
{
	echo "setup: $1" >&2
	[ ! -s "$log" ] || tail -n 20 "$log" >&2
	exit 1
}

missing()
{
	for p in $packages; do
		dpkg-query -W -f='${db:Status-Abbrev}' "$p" 2>/dev/null | grep -q '^ii' || echo "$p"
	done
}

install_missing()
{
	if ! command -v dpkg-query >/dev/null; then
		echo "setup: no dpkg here; going on, in the hope that these are installed: $packages" >&2
		return
	fi
	need=$(missing | tr '\n' ' ')
	[ -n "$need" ] || return 0
	sudo=
	if [ "$(id -u)" -ne 0 ]; then
		command -v sudo >/dev/null ||
			fail "as root, run: apt-get install --no-install-recommends $need"
		sudo=sudo
	fi
	echo "setup: installing $need" >&2
	$sudo apt-get -qq -o DPkg::Lock::Timeout=300 update >"$log" 2>&1 || fail 'apt-get update failed'
	# shellcheck disable=SC2086
	$sudo env DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o DPkg::Lock::Timeout=300 \
		install --no-install-recommends $need >"$log" 2>&1 || fail 'apt-get install failed'
}

build()
{
	[ -f build/build.ninja ] || meson setup build >"$log" 2>&1 || fail 'meson setup failed'
	if [ "$what" = run ]; then
		ninja -C build cli/offing >"$log" 2>&1 || fail 'the build failed'
	else
		ninja -C build >"$log" 2>&1 || fail 'the build failed'
	fi
}

install_missing
build
