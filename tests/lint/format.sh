#!/bin/sh
# Every source is as clang-format would write it.
#
#	format.sh ROOT CLANG_FORMAT
set -eu
cd "$1"
find base sim models policies plan study io cli kernels-ref tests \
	\( -name '*.[ch]' -o -name '*.cu' \) 2>/dev/null |
	LC_ALL=C sort | xargs "$2" --dry-run -Werror
