#!/bin/sh
# The comparison itself: what passes, what must not.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# near EXPECTED GOT
near()
{
	printf '%b' "$1" >"$tmp/a"
	printf '%b' "$2" >"$tmp/b"
	awk -f "$here/near_diff.awk" "$tmp/a" "$tmp/b" >/dev/null
}

same()
{
	near "$1" "$2" || { echo "differ: '$1' and '$2'"; exit 1; }
}

other()
{
	! near "$1" "$2" || { echo "same: '$1' and '$2'"; exit 1; }
}

same 'a,2.5\n' 'a,2.5\n'
same 'x 1000000000\n' 'x 1000000000.9\n' # 0.9 of 1e9
same '{"v":-3e-7,"u":1}\n' '{"v":-3.0000000005e-7,"u":1}\n'
same '0.437350220\n' '0.437350222\n' # 2 ns
other '0.437350220\n' '0.437350224\n'
other 'x 1000000000\n' 'x 1000000002\n'
other 'a,2.5\n' 'b,2.5\n'
other 'a,2.5\n' 'a,\n'
other 'a,2.5\n' 'a,-2.5\n'
other 'a\nb\n' 'a\n'
other 'a\n' 'a\nb\n'
