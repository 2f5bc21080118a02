#!/bin/sh
# Every header must compile by itself, first in its file.
#
#	headers_alone.sh ROOT COMPILER...
set -eu
cd "$1"
shift
failed=0
for header in $(find base sim models policies plan study io cli kernels-ref tests \
	-name '*.h' 2>/dev/null | LC_ALL=C sort); do
	echo "#include \"$header\"" |
		"$@" -std=c17 -D_GNU_SOURCE -Wall -Wextra -Werror -I. -fsyntax-only -x c - ||
		failed=1
done
exit $failed
