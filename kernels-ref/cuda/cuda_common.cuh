#ifndef OFFING_KERNELS_REF_CUDA_COMMON_CUH
#define OFFING_KERNELS_REF_CUDA_COMMON_CUH

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

/**
 * What every kernel of this folder shares. Compiled by nvcc the operations are the GPU's
 * (cuda_ops.cuh); compiled by a C++ compiler with EMULATE_CUDA they are carried out thread by
 * thread on the CPU (emulate.cuh), which is how the kernels are tested where there is no GPU. A
 * device failure ends the program: there is nothing to recover in a measurement.
 */
#define CUDA_TRY(call) cuda_try((call), #call, __FILE__, __LINE__)

#define WARP 32
#define FULL_WARP 0xffffffffu

#ifdef EMULATE_CUDA
#include "kernels-ref/emulate/emulate.cuh"
#else
#include <cuda_runtime.h>
#endif

inline void cuda_try(cudaError_t code, const char *what, const char *file, int line)
{
	if (code == cudaSuccess)
		return;
	fprintf(stderr, "%s:%d: error: %s: %s\n", file, line, what, cudaGetErrorString(code));
	exit(1);
}

#ifndef EMULATE_CUDA
#include "kernels-ref/cuda/cuda_ops.cuh"
#endif

template <class T> T *device_alloc(size_t n)
{
	void *p = NULL;

	CUDA_TRY(cudaMalloc(&p, n * sizeof(T)));
	return (T *)p;
}

/** An attribute of the device in use. */
inline unsigned device_attribute(enum cudaDeviceAttr what)
{
	int device, value;

	CUDA_TRY(cudaGetDevice(&device));
	CUDA_TRY(cudaDeviceGetAttribute(&value, what, device));
	return (unsigned)value;
}

inline unsigned multiprocessors(void)
{
	return device_attribute(cudaDevAttrMultiProcessorCount);
}

__host__ __device__ inline uint64_t device_mix(uint64_t z)
{
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

/** rand_bits() of ref/num.h, to the bit. */
__host__ __device__ inline uint64_t device_rand_bits(uint64_t seed, uint64_t i)
{
	return device_mix(device_mix(seed) + (i + 1) * 0x9e3779b97f4a7c15u);
}

/**
 * Four bytes w + 128 to halves w, exactly: a byte under 0x64 is the half 1024 + byte, and
 * 1024 + 128 is taken off again.
 */
__device__ inline void halves_from_bytes(uint32_t &lo, uint32_t &hi, uint32_t bytes)
{
	const uint32_t bias = 0x64806480u; /* 1152, 1152 */

	lo = sub_halves(__byte_perm(bytes, 0x64646464u, 0x5140), bias);
	hi = sub_halves(__byte_perm(bytes, 0x64646464u, 0x5342), bias);
}

__device__ inline uint32_t pack_halves(float a, float b)
{
	__half2 h = __floats2half2_rn(a, b);

	return *(uint32_t *)&h;
}

__device__ inline float warp_sum(float x)
{
	for (int o = 16; o; o /= 2)
		x += __shfl_xor_sync(FULL_WARP, x, o);
	return x;
}

__device__ inline float warp_max(float x)
{
	for (int o = 16; o; o /= 2)
		x = fmaxf(x, __shfl_xor_sync(FULL_WARP, x, o));
	return x;
}

#endif
