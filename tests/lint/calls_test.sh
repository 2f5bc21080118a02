#!/bin/sh
# scripts/lint_calls against made-up builds: one good, the others each wrong in one way.
#
#	calls_test.sh LINT_CALLS COMPILER...
set -eu
lint=$1
shift
cc=$*
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
failed=0

# $1: room/file.c, $2: what stands in it
compile() {
	room=${1%/*}
	object="$tree/$room/lib$(echo "$room" | tr / _).a.p/${1##*/}.o"
	mkdir -p "${object%/*}"
	# shellcheck disable=SC2086
	echo "$2" | $cc -std=c17 -x c -c -o "$object" -
}

# Calls downwards only, and a table that names what stands above.
plant() {
	rm -rf "${tree:?}"/*
	compile base/err.c 'int err_at(void) { return 1; }'
	compile models/net/net.c 'int err_at(void); int net_send(void) { return err_at(); }'
	compile models/cost/cost.c 'int err_at(void); int cost_step(void) { return err_at(); }'
	compile models/world/run.c 'int net_send(void), cost_step(void);
		int world_run(void) { return net_send() + cost_step(); }'
	compile models/world/table.c 'int world_run(void); int (*const table[])(void) = {world_run};'
}

# The build as it stands must be refused with the one line $1.
refuses() {
	if said=$("$lint" "$tree"); then
		echo "accepted, though: $1"
		failed=1
	elif [ "$said" != "$1" ]; then
		echo "expected: $1"
		echo "got:      $said"
		failed=1
	fi
}

plant
"$lint" "$tree" || { echo "the good build was refused"; failed=1; }

compile models/net/link.c 'int world_run(void); int link_up(void) { return world_run(); }'
refuses 'models/net/link.c: error: may not call world_run() of models/world/run.c'

plant
compile models/net/link.c 'int cost_step(void); int link_side(void) { return cost_step(); }'
refuses 'models/net/link.c: error: may not call cost_step() of models/cost/cost.c'

plant
compile models/net/link.c 'int net_send(void); int link_back(void) { return net_send(); }'
compile models/net/net.c 'int link_back(void); int net_send(void) { return link_back(); }'
refuses 'models/net/net.c: error: circle of calls: models/net/link.c -> models/net/net.c -> models/net/link.c'

plant
compile models/world/a.c 'int b(void); int a(void) { return b(); }'
compile models/world/b.c 'int c(void); int b(void) { return c(); }'
compile models/world/c.c 'int a(void); int c(void) { return a(); }'
refuses 'models/world/c.c: error: circle of calls: models/world/a.c -> models/world/b.c -> models/world/c.c -> models/world/a.c'

rm -rf "${tree:?}"/*
refuses '.: error: no objects here'

exit $failed
