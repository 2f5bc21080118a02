#!/bin/sh
# scripts/lint_layers against made-up trees: one good, the others each wrong in one way.
#
#	layers_test.sh LINT_LAYERS
set -eu
lint=$1
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
failed=0

# A tree in which every folder includes what it may.
plant() {
	rm -rf "${tree:?}"/*
	mkdir "$tree/base" "$tree/sim" "$tree/models" "$tree/policies" "$tree/io" "$tree/cli" \
		"$tree/kernels-ref" "$tree/tests" "$tree/build"
	mkdir "$tree/kernels-ref/ref" "$tree/kernels-ref/cpu" "$tree/kernels-ref/cuda" \
		"$tree/kernels-ref/emulate"
	mkdir "$tree/study" "$tree/io/text" "$tree/io/yaml" "$tree/io/scenario" "$tree/io/record"
	echo '#include <stdio.h>' >"$tree/base/err.h"
	printf '#include "base/err.h"\n#include <Random123/philox.h>\n' >"$tree/sim/rng.c"
	echo '#include "base/err.h"' >"$tree/sim/engine.h"
	printf '#include "sim/engine.h"\n#include "base/err.h"\n' >"$tree/models/policy.h"
	echo '#include "models/policy.h"' >"$tree/policies/jsq.c"
	echo '#include "models/policy.h"' >"$tree/study/compare.h"
	echo '#include "base/err.h"' >"$tree/io/text/lines.h"
	printf '#include <yaml.h>\n#include "io/text/lines.h"\n' >"$tree/io/yaml/tree.h"
	printf '#include "io/yaml/tree.h"\n#include "models/policy.h"\n' >"$tree/io/scenario/scenario.h"
	printf '#include <sqlite3.h>\n#include "models/policy.h"\n' >"$tree/io/record/record.h"
	echo '#include "models/policy.h"' >"$tree/io/formats.h"
	printf '#include "io/record/record.h"\n#include "study/compare.h"\n' >"$tree/cli/main.c"
	echo '#include "base/err.h"' >"$tree/kernels-ref/ref/attn.h"
	echo '#include "kernels-ref/ref/attn.h"' >"$tree/kernels-ref/cpu/fast.h"
	echo >"$tree/kernels-ref/emulate/emulate.cuh"
	printf '#include "kernels-ref/ref/attn.h"\n#include "kernels-ref/emulate/emulate.cuh"\n' \
		>"$tree/kernels-ref/cuda/attn.cuh"
	echo '#include "kernels-ref/emulate/emulate.cuh"' >"$tree/kernels-ref/emulate/emulate.cc"
	mkdir "$tree/tests/io"
	printf '#include <sqlite3.h>\n#include "io/record/record.h"\n' >"$tree/tests/io/test_record.c"
	echo '#include "models/policy.h"' >"$tree/build/made.c" # not looked at
}

# The tree as it stands must be refused with the one line $1.
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

# Rooms of models/: what two of them may not see of each other or of what stands above.
rooms() {
	plant
	mkdir "$tree/models/net" "$tree/models/cost" "$tree/models/serving" "$tree/models/world"
	echo >"$tree/models/ids.h"
	echo '#include "models/ids.h"' >"$tree/models/net/net.h"
	echo '#include "base/err.h"' >"$tree/models/cost/cost.h"
	printf '#include "models/net/net.h"\n#include "models/cost/cost.h"\n' >"$tree/models/serving/batch.h"
	echo '#include "models/serving/batch.h"' >"$tree/models/world/state.h"
}

plant
"$lint" "$tree" || { echo "the good tree was refused"; failed=1; }

echo '#include "sim/engine.h"' >>"$tree/base/err.h"
sed -i 's/.*err.h.*//' "$tree/sim/engine.h" # no circle, only upwards
refuses 'base/err.h:2: error: base/ may not see sim/ (sim/engine.h)'

plant
printf '\n  #  include  "models/policy.h" /* spaced out */\n' >>"$tree/sim/rng.c"
refuses 'sim/rng.c:4: error: sim/ may not see models/ (models/policy.h)'

plant
echo '#include "io/formats.h"' >>"$tree/policies/jsq.c" # side by side
refuses 'policies/jsq.c:2: error: policies/ may not see io/ (io/formats.h)'

plant
echo '#include "study/compare.h"' >>"$tree/policies/jsq.c" # side by side
refuses 'policies/jsq.c:2: error: policies/ may not see study/ (study/compare.h)'

plant
echo '#include "io/record/record.h"' >>"$tree/study/compare.h" # side by side
refuses 'study/compare.h:2: error: study/ may not see io/record/ (io/record/record.h)'

plant
echo '#include "models/policy.h"' >>"$tree/io/text/lines.h" # what io/ sees is not what io/text/ sees
refuses 'io/text/lines.h:2: error: io/text/ may not see models/ (models/policy.h)'

plant
echo '#include "io/scenario/scenario.h"' >>"$tree/io/record/record.h" # side by side in one folder
refuses 'io/record/record.h:3: error: io/record/ may not see io/scenario/ (io/scenario/scenario.h)'

plant
echo '#include "io/scenario/scenario.h"' >>"$tree/io/yaml/read.c" # upwards in one folder
refuses 'io/yaml/read.c:1: error: io/yaml/ may not see io/scenario/ (io/scenario/scenario.h)'

plant
echo '#include "io/formats.h"' >>"$tree/io/record/record.h" # not what lies above its rooms either
refuses 'io/record/record.h:3: error: io/record/ may not see io/ (io/formats.h)'

plant
mkdir "$tree/io/deep" # a folder without a row belongs to the one above
printf '#include "models/policy.h"\n#include "io/text/lines.h"\n' >"$tree/io/deep/more.c"
refuses 'io/deep/more.c:2: error: io/ may not see io/text/ (io/text/lines.h)'

plant
echo '#include "sim/engine.h"' >>"$tree/kernels-ref/ref/attn.h"
refuses 'kernels-ref/ref/attn.h:2: error: kernels-ref/ref/ may not see sim/ (sim/engine.h)'

plant
echo '#include "kernels-ref/cpu/fast.h"' >"$tree/kernels-ref/ref/llama.c" # the truth knows no variant
refuses 'kernels-ref/ref/llama.c:1: error: kernels-ref/ref/ may not see kernels-ref/cpu/ (kernels-ref/cpu/fast.h)'

plant
echo '#include "kernels-ref/cuda/attn.cuh"' >>"$tree/kernels-ref/emulate/emulate.cc" # the machine, its program
refuses 'kernels-ref/emulate/emulate.cc:2: error: kernels-ref/emulate/ may not see kernels-ref/cuda/ (kernels-ref/cuda/attn.cuh)'

plant
echo >"$tree/kernels-ref/misc.c" # a wing for everything
refuses 'kernels-ref/misc.c:1: error: scripts/rooms.awk knows no folder for it'

plant
echo >"$tree/tests/check.h"
echo '#include "tests/check.h"' >>"$tree/cli/main.c"
refuses 'cli/main.c:3: error: cli/ may not see tests/ (tests/check.h)'

plant
echo '#include "sim/clock.h"' >>"$tree/sim/engine.h"
echo '#include "sim/time.h"' >"$tree/sim/clock.h"
echo '#include "sim/engine.h"' >"$tree/sim/time.h"
refuses 'sim/time.h:1: error: circle: sim/engine.h -> sim/clock.h -> sim/time.h -> sim/engine.h'

plant
echo '#include "models/policy.h"' >>"$tree/models/policy.h"
refuses 'models/policy.h:1: error: circle: models/policy.h -> models/policy.h'

plant
echo '#include "engine.h"' >>"$tree/sim/rng.c"
refuses 'sim/rng.c:3: error: write "folder/engine.h", not "engine.h"'

plant
echo '#include "sim/gone.h"' >>"$tree/sim/rng.c"
refuses 'sim/rng.c:3: error: no such file: sim/gone.h'

plant
echo '#include <sqlite3.h>' >>"$tree/models/policy.h"
refuses 'models/policy.h:3: error: <sqlite3.h> stays in io/record/ io/results/'

plant
echo '#include <yaml.h>' >>"$tree/io/record/record.h"
refuses 'io/record/record.h:3: error: <yaml.h> stays in io/yaml/'

plant
mkdir "$tree/util"
echo >"$tree/util/misc.c"
refuses 'util/misc.c:1: error: scripts/rooms.awk knows no folder for it'

rooms
"$lint" "$tree" || { echo "the good rooms were refused"; failed=1; }
echo '#include "models/world/state.h"' >"$tree/models/serving/batch.c"
refuses 'models/serving/batch.c:1: error: models/serving/ may not see models/world/ (models/world/state.h)'

rooms
echo '#include "models/world/state.h"' >"$tree/cli/peek.c" # the face is enough
refuses 'cli/peek.c:1: error: models/world/state.h stays in models/world/'

rooms
echo '#include "models/cost/cost.h"' >"$tree/models/net/link.c"
refuses 'models/net/link.c:1: error: models/net/ may not see models/cost/ (models/cost/cost.h)'

rooms
echo '#include "models/net/net.h"' >"$tree/policies/fcfs.c"
refuses 'policies/fcfs.c:1: error: policies/ may not see models/net/ (models/net/net.h)'

exit $failed
