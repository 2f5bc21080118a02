#!/bin/sh
# Deviations between profiles, by hand: rows that are a factor e^.1 apart have .1 / sqrt 2, those that only one
# has count for nothing, and alike rows have none.
#
#	sigma.sh SCRIPT
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
printf '[decode]\n1 10 0.01\n1 20 0.02\n[prefill]\n16 0 0.5\n[attention]\n128 0 1\n128 0.333 2\n[verify]\n1 2 3 1\n' >"$dir/a"
printf '[decode]\n1 10 0.0110517\n1 20 0.0221034\n2 20 9\n[prefill]\n16 0 0.5\n[attention]\n128 0 1\n128 0.3334 2.44281\n' >"$dir/b"
awk -f "$1" "$dir/a" "$dir/b" >"$dir/said"
printf 'sigma.decode: 0.071 (2 rows)\nsigma.prefill: 0 (1 rows)\nsigma.attention: 0.1 (2 rows)\n' | diff - "$dir/said"
