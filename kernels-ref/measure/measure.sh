#!/bin/sh
# Build, verify and time the GPU kernels, measure their peers, write the profile files.
#
#	kernels-ref/measure/measure.sh [OUT] [STEP...]
#	kernels-ref/measure/measure.sh OUT [STEP...] serve ARRIVALS.csv [7b|13b] [max-batch=N] [blocks=N]
#		[batching=continuous|chunked] [chunk-tokens=N]
#	kernels-ref/measure/measure.sh OUT [STEP...] pair [check] [kv] [rounds]
#	kernels-ref/measure/measure.sh OUT [STEP...] pair phases|drafts ARRIVALS.csv [KEY=VALUE...]
#
# OUT (default results/runs/kernels) receives the build, the logs and profiles/*.profile.
# Steps, all by default: build verify sanitize speed peers profile. The last may be serve: a server in
# real time for the arrivals of a file, a row a request to OUT/served/, a row a step beside it. Or pair: two
# GPUs of one host, to OUT/pair/: keys and values from one to the other, rounds of drafts made by one and
# verified by the other; or a server whose phases, or whose drafts, are apart.
# speed may be followed by "step", "attention" or "prediction", profile by "7b", "13b" or "draft": only
# that. What profile and serve find by trying is kept in OUT/tuned-MODEL, so that servers run what was profiled.
# Wants a GPU, nvcc 12.8 or later with cuBLASLt; for the peers a python3 with PyTorch, else
# they are left out, and says so. NVCC, ARCHS (-gencode ...), PYTHON and CUDA_LIBS (-L... of cuBLASLt)
# override.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
out=${1:-$root/results/runs/kernels}
[ $# -gt 0 ] && shift
[ $# -gt 0 ] || set -- build verify sanitize speed peers profile
nvcc=${NVCC:-$(command -v nvcc || echo /usr/local/cuda/bin/nvcc)}
python=${PYTHON:-python3}
archs=${ARCHS:-"-gencode arch=compute_90a,code=sm_90a -gencode arch=compute_80,code=[sm_80,compute_80]"}

mkdir -p "$out/obj" "$out/profiles"

# A fingerprint of what is measured: the profile files carry it.
version()
{
	cat "$root"/kernels-ref/*/*.cu "$root"/kernels-ref/*/*.cuh | sha256sum | cut -c1-12
}

# One object a source, all at once; stops at the first that failed.
build()
{
	rm -f "$out"/obj/*.o
	jobs=
	for f in "$root"/kernels-ref/cuda/*.cu "$here"/*.cu; do
		# shellcheck disable=SC2086
		"$nvcc" -O3 -std=c++17 $archs -DKERNELS_VERSION="\"$(version)\"" -I"$root" \
			-Xcompiler -Wall -c "$f" -o "$out/obj/$(basename "$f").o" &
		jobs="$jobs $!"
	done
	for f in "$root"/kernels-ref/ref/*.c "$root/base/mem.c"; do
		cc -O2 -std=c17 -D_GNU_SOURCE -ffp-contract=off -I"$root" -c "$f" \
			-o "$out/obj/$(basename "$f").o" &
		jobs="$jobs $!"
	done
	for j in $jobs; do
		wait "$j"
	done
	# shellcheck disable=SC2086
	"$nvcc" $archs -o "$out/kernels" "$out"/obj/*.o ${CUDA_LIBS:-} -lcublasLt -lpthread
	echo "built $out/kernels, version $(version)"
}

if [ -z "${CUDA_LIBS:-}" ] && [ ! -e "$(dirname "$nvcc")/../lib64/libcublasLt.so" ]; then
	lib=$("$python" -c 'import nvidia, os
for p in nvidia.__path__:
    for d, _, files in os.walk(p):
        if any(f.startswith("libcublasLt.so") for f in files):
            print(d)' 2>/dev/null | head -n 1)
	if [ -n "$lib" ]; then
		ln -sf "$lib"/libcublasLt.so.* "$out/libcublasLt.so"
		CUDA_LIBS="-L$out -Xlinker -rpath -Xlinker $lib"
	fi
fi

while [ $# -gt 0 ]; do
	step=$1
	shift
	case $step in
	build)
		build
		;;
	verify)
		"$out/kernels" verify | tee "$out/verify.txt"
		;;
	sanitize)
		if command -v compute-sanitizer >/dev/null; then
			compute-sanitizer --error-exitcode 9 "$out/kernels" verify few \
				>"$out/sanitize.txt" 2>&1 || { tail -n 40 "$out/sanitize.txt"; exit 1; }
			tail -n 2 "$out/sanitize.txt"
			compute-sanitizer --tool racecheck --error-exitcode 9 "$out/kernels" \
				verify prediction >"$out/racecheck.txt" 2>&1 ||
				{ tail -n 40 "$out/racecheck.txt"; exit 1; }
			tail -n 2 "$out/racecheck.txt"
		else
			echo "no compute-sanitizer: left out"
		fi
		;;
	speed)
		what=all
		case ${1:-} in
		step | attention | prediction)
			what=$1
			shift
			;;
		esac
		"$out/kernels" speed "$what" | tee "$out/speed.txt"
		;;
	peers)
		if "$python" -c 'import torch' 2>/dev/null; then
			"$python" "$here/peers.py" | tee "$out/peers.txt"
		else
			echo "no PyTorch: peers left out"
		fi
		;;
	profile)
		what=
		case ${1:-} in
		7b | 13b | draft)
			what=$1
			shift
			;;
		esac
		"$out/kernels" profile "$out/profiles" tuned="$out/tuned" ${what:+"$what"}
		;;
	pair)
		mkdir -p "$out/pair"
		"$out/kernels" pair "$out/pair" "$@"
		exit
		;;
	serve)
		[ $# -gt 0 ] || { echo "measure.sh: serve what?" >&2; exit 2; }
		arrivals=$1
		shift
		mkdir -p "$out/served"
		"$out/kernels" serve "$arrivals" "$out/served/$(basename "$arrivals")" tuned="$out/tuned" "$@"
		exit
		;;
	*)
		echo "measure.sh: no step called '$step'" >&2
		exit 2
		;;
	esac
done
