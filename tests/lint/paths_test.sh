#!/bin/sh
# tests/lint/paths_exist.sh against made-up trees: one good, the others each wrong in one way.
#
#	paths_test.sh PATHS_EXIST
set -eu
lint=$1
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
failed=0

plant() {
	rm -rf "${tree:?}"/*
	mkdir -p "$tree/sim" "$tree/docs" "$tree/kernels/ref" "$tree/tests"
	cat >"$tree/docs/design.md" <<'END'
The clock is `sim/clock.h`, or `clock.h` for short; [more](clock.md), [all](../README.md).
`sim/` holds it; `sim/*.h`, `sim/clock.{c,h}`; a `file.yaml` of yours, `results/runs/x`.

    an example without a mark

```
$ cat sim/clock.c
```
END
	echo '# Clock' >"$tree/docs/clock.md"
	echo 'See `ref/num.h`.' >"$tree/README.md"
	printf '/* As clock.h says,\n * and docs/design.md. */\nchar *s = "gone.c";\n' >"$tree/sim/clock.c"
	printf '// ref/num.h\nint x; /* kernels/ref */\n' >"$tree/sim/clock.h"
	echo '/* a */' >"$tree/kernels/ref/num.h"
	printf '# sim/clock.c is built\nx = 1\n' >"$tree/meson.build"
}

# The tree as it stands must be refused with the one line $1.
refuses() {
	if said=$(sh "$lint" "$tree"); then
		echo "accepted, though: $1"
		failed=1
	elif [ "$said" != "$1" ]; then
		echo "expected: $1"
		echo "got:      $said"
		failed=1
	fi
}

plant
sh "$lint" "$tree" || { echo "the good tree was refused"; failed=1; }

echo 'Now in `sim/watch.h`.' >>"$tree/docs/design.md"
refuses 'docs/design.md:9: error: there is no sim/watch.h'

plant
echo 'Now in `watch.h`.' >>"$tree/README.md"
refuses 'README.md:2: error: there is no watch.h'

plant
echo 'See [that](gone.md).' >>"$tree/docs/clock.md"
refuses 'docs/clock.md:2: error: there is no docs/gone.md'

plant
echo '`sim/clock.{c,cc}` and `sim/*.cu`' >>"$tree/README.md"
refuses 'README.md:2: error: there is no sim/clock.cc
README.md:2: error: there is no sim/*.cu'

plant
printf '```\n$ cat sim/watch.c\n```\n' >>"$tree/README.md"
refuses 'README.md:3: error: there is no sim/watch.c'

plant
printf 'int y; /* moved to\n * ref/gone.h\n */\n' >>"$tree/sim/clock.c"
refuses 'sim/clock.c:5: error: there is no ref/gone.h'

plant
echo 'int z; // watch.c has it' >>"$tree/sim/clock.h"
refuses 'sim/clock.h:3: error: there is no watch.c'

plant
echo '# sim/watch.c is not' >>"$tree/meson.build"
refuses 'meson.build:3: error: there is no sim/watch.c'

plant
mv "$tree/sim" "$tree/time" # a folder that moved takes its paths along, clock.h is still there
refuses 'docs/design.md:1: error: there is no sim/clock.h
docs/design.md:2: error: there is no sim/*.h
docs/design.md:2: error: there is no sim/clock.c
docs/design.md:2: error: there is no sim/clock.h
docs/design.md:7: error: there is no sim/clock.c
meson.build:1: error: there is no sim/clock.c'

exit $failed
