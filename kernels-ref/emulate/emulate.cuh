#ifndef OFFING_KERNELS_REF_EMULATE_CUH
#define OFFING_KERNELS_REF_EMULATE_CUH

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <tuple>

/**
 * CUDA on a CPU, for tests: the kernels of cuda/ compiled by a C++ compiler and run
 * block by block, every thread of a block as a fiber. Slow and exact. It finds wrong indices,
 * wrong fragments, unequal barriers, unaligned copies, and copies or products used, or their
 * operands written, before they were waited for: a block does asynchronous work at once or as late
 * as the rules allow, by lot. It finds most races within a block (threads run in changing order), none between blocks
 * or between overlapping launches, and says nothing about time.
 *
 * Only what the kernels use is here. One host thread at a time.
 */

#define __host__
#define __device__
#define __global__
#define __shared__ static
#define __launch_bounds__(...)
#define __align__(n) alignas(n)
#define __grid_constant__
#define SM90 1

/* --- types ------------------------------------------------------------------------------- */

struct half {
	uint16_t bits;
};
struct alignas(4) half2 {
	half x, y;
};
typedef half2 __half2;
struct alignas(8) uint2 {
	unsigned x, y;
};
struct alignas(16) uint4 {
	unsigned x, y, z, w;
};
struct alignas(16) int4 {
	int x, y, z, w;
};
struct alignas(8) float2 {
	float x, y;
};
struct alignas(16) float4 {
	float x, y, z, w;
};
struct alignas(4) char4 {
	signed char x, y, z, w;
};
struct dim3 {
	unsigned x, y, z;
	dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z)
	{
	}
};

float emu_float_of_half(uint16_t bits);
uint16_t emu_half_of_double(double x);

inline float __half2float(half h)
{
	return emu_float_of_half(h.bits);
}
inline half __float2half(float x)
{
	return {emu_half_of_double((double)x)};
}
inline half __double2half(double x)
{
	return {emu_half_of_double(x)};
}
inline half2 __floats2half2_rn(float a, float b)
{
	return {__float2half(a), __float2half(b)};
}
inline float2 __half22float2(half2 h)
{
	return {__half2float(h.x), __half2float(h.y)};
}
inline uint2 make_uint2(unsigned x, unsigned y)
{
	return {x, y};
}
inline uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w)
{
	return {x, y, z, w};
}
inline float2 make_float2(float x, float y)
{
	return {x, y};
}
inline float4 make_float4(float x, float y, float z, float w)
{
	return {x, y, z, w};
}

/* --- where a thread is --------------------------------------------------------------------- */

struct emu_place {
	dim3 thread, block, block_dim, grid_dim;
};
const emu_place &emu_here(void);
#define threadIdx (emu_here().thread)
#define blockIdx (emu_here().block)
#define blockDim (emu_here().block_dim)
#define gridDim (emu_here().grid_dim)

void *emu_dynamic_shared(void);
#define DYNAMIC_SHARED(type, name) type *name = (type *)emu_dynamic_shared()

/* --- threads meeting ------------------------------------------------------------------------- */

/** All 32 lanes meet at operation @what and lay down @bytes (<= 128) each; returns lane 0's, the
 *  others follow at a stride of 128. Valid until the lane's next but one meeting. */
const char *emu_warp_meet(const char *what, const void *mine, size_t bytes);

/** Barrier @id for @n threads, 0: all the block's; whether any of them came with @x. */
bool barrier_any(int id, int n, bool x);
/** Counts as one of the barrier's @n threads without waiting for them. */
void barrier_arrive(int id, int n);
inline void barrier_sync(int id, int n)
{
	barrier_any(id, n, false);
}

inline void __syncthreads(void)
{
	barrier_any(0, 0, false);
}
inline int __syncthreads_or(int x)
{
	return barrier_any(0, 0, x != 0);
}
inline void __syncwarp(void)
{
	emu_warp_meet("syncwarp", "", 0);
}
inline void __threadfence(void)
{
}

inline unsigned emu_lane(void)
{
	return emu_here().thread.x % 32;
}

template <class T> T emu_from_lane(const char *all, unsigned lane)
{
	T t;

	memcpy(&t, all + lane * 128, sizeof(t));
	return t;
}

template <class T> T __shfl_xor_sync(unsigned, T x, int mask)
{
	return emu_from_lane<T>(emu_warp_meet("shfl", &x, sizeof(x)), emu_lane() ^ (unsigned)mask);
}
template <class T> T __shfl_sync(unsigned, T x, int lane)
{
	return emu_from_lane<T>(emu_warp_meet("shfl", &x, sizeof(x)), (unsigned)lane % 32);
}
inline unsigned __ballot_sync(unsigned, bool x)
{
	const char *all = emu_warp_meet("ballot", &x, sizeof(x));
	unsigned bits = 0;

	for (unsigned i = 0; i < 32; i++)
		bits |= (unsigned)emu_from_lane<bool>(all, i) << i;
	return bits;
}
inline bool __any_sync(unsigned m, bool x)
{
	return __ballot_sync(m, x) != 0;
}

template <class T> T __reduce_add_sync(unsigned, T x)
{
	const char *all = emu_warp_meet("reduce add", &x, sizeof(x));
	T sum = 0;

	for (unsigned i = 0; i < 32; i++)
		sum += emu_from_lane<T>(all, i);
	return sum;
}
template <class T> T __reduce_max_sync(unsigned, T x)
{
	const char *all = emu_warp_meet("reduce max", &x, sizeof(x));
	T top = x;

	for (unsigned i = 0; i < 32; i++)
		top = emu_from_lane<T>(all, i) > top ? emu_from_lane<T>(all, i) : top;
	return top;
}

/* --- arithmetic and memory ------------------------------------------------------------------- */

inline int __popc(unsigned x)
{
	return __builtin_popcount(x);
}
inline float __expf(float x)
{
	return expf(x);
}
inline float rsqrtf(float x)
{
	return 1.0f / sqrtf(x);
}
inline float cospif(float x)
{
	return cosf(3.14159265358979f * x);
}
inline float exp2_fast(float x)
{
	return exp2f(x);
}
inline uint32_t __float_as_uint(float x)
{
	uint32_t u;

	memcpy(&u, &x, sizeof(u));
	return u;
}
inline float __uint_as_float(uint32_t u)
{
	float x;

	memcpy(&x, &u, sizeof(x));
	return x;
}
inline uint32_t __byte_perm(uint32_t a, uint32_t b, uint32_t select)
{
	uint64_t all = (uint64_t)b << 32 | a;
	uint32_t r = 0;

	for (unsigned i = 0; i < 4; i++)
		r |= (uint32_t)(all >> 8 * (select >> 4 * i & 7) & 0xff) << 8 * i;
	return r;
}
inline long long __float2ll_rn(float x)
{
	return llrintf(x);
}
inline unsigned min(unsigned a, unsigned b)
{
	return a < b ? a : b;
}
inline int min(int a, int b)
{
	return a < b ? a : b;
}
inline int max(int a, int b)
{
	return a > b ? a : b;
}
template <class T> T __ldcg(const T *p)
{
	return *p;
}
template <class T> T atomicAdd(T *p, T x)
{
	T was = *p;

	*p += x;
	return was;
}
inline unsigned atomicInc(unsigned *p, unsigned top)
{
	unsigned was = *p;

	*p = was >= top ? 0 : was + 1;
	return was;
}

/* --- cuda_ops.cuh ------------------------------------------------------------------------------
 */
inline unsigned load_acquire(const unsigned *p)
{
	return *p;
}
void spin_pause(void);
inline void launch_wait(void)
{
}
inline void launch_next(void)
{
}
void meeting_arrive(uint32_t *count, uint32_t last);
void meeting_wait(const uint32_t *count, uint32_t due);
inline void fence_mbar_init(void)
{
}

void mbar_init(uint64_t *bar, uint32_t count);
void mbar_arrive(uint64_t *bar);
void stage_wait(uint64_t *bar, uint32_t parity);
void stage_init(uint64_t *bar);
void stage_open(uint64_t *bar, uint32_t bytes);
void stage_copy(void *dst, const void *src, uint32_t bytes, uint64_t *bar);
inline void stage_close(uint64_t *)
{
}
void copy_async16(void *dst, const void *src, bool real);
void copy_async_commit(void);
void emu_copy_async_wait(unsigned left);
template <int N> void copy_async_wait(void)
{
	emu_copy_async_wait(N);
}
inline void prefetch_l2(const void *)
{
}
void mma_16816(
	float c[4], uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3, uint32_t b0, uint32_t b1);
void load_matrix4(uint32_t r[4], const void *row);
void load_matrix4_trans(uint32_t r[4], const void *row);
uint32_t sub_halves(uint32_t a, uint32_t b);

/* --- tile_map.cuh ------------------------------------------------------------------------------
 */

#define TILE_COPIES 1
#define TILE_ROWS 64 /* a compiler refuses another number there */
struct tile_map {
	const half *from;
	unsigned columns, rows, layers;
	size_t row_stride, layer_stride;
	unsigned box_rows;
};

inline tile_map tile_map_of(const half *from, unsigned columns, unsigned rows, unsigned layers,
	size_t row_stride, size_t layer_stride, unsigned box_rows = TILE_ROWS)
{
	return {from, columns, rows, layers, row_stride, layer_stride, box_rows};
}
void tile_copy(void *dst, const tile_map &map, int column, int row, int layer, uint64_t *bar);

/* --- wgmma_ops.cuh -----------------------------------------------------------------------------
 */

struct matrix_desc {
	const char *at;
	uint32_t lead, stride;
};

inline matrix_desc matrix_desc_of(const void *at, uint32_t lead, uint32_t stride)
{
	return {(const char *)at, lead, stride};
}
inline matrix_desc matrix_desc_advance(matrix_desc d, uint32_t bytes)
{
	return {d.at + bytes, d.lead, d.stride};
}
void wgmma_fence(void);
void wgmma_commit(void);
void emu_wgmma_wait(unsigned left);
template <int N> void wgmma_wait(float *)
{
	emu_wgmma_wait(N);
}
void wgmma_scores(float d[64], matrix_desc a, matrix_desc b, bool add);
void wgmma_products(float d[64], const uint32_t a[4], matrix_desc b);
void emu_wgmma_rows(float *d, const uint32_t a[4], matrix_desc b, unsigned columns);
template <int B> void wgmma_rows(float *d, const uint32_t a[4], matrix_desc b)
{
	emu_wgmma_rows(d, a, b, 8 * B);
}
inline void hold_word(uint32_t &)
{
}
template <int N, int M> void wgmma_wait_rows(float *)
{
	emu_wgmma_wait(N);
}
inline void fence_async_proxy(void)
{
}
template <int N> void registers_give(void)
{
}
template <int N> void registers_take(void)
{
}
uint32_t shared_address(const void *p);

/* --- run time
 * -------------------------------------------------------------------------------------- */

typedef int cudaError_t;
typedef int cudaStream_t;
enum { cudaSuccess = 0 };
enum { cudaMemcpyHostToDevice, cudaMemcpyDeviceToHost, cudaMemcpyDeviceToDevice };
enum cudaDeviceAttr {
	cudaDevAttrMultiProcessorCount,
	cudaDevAttrComputeCapabilityMajor,
	cudaDevAttrL2CacheSize,
	cudaDevAttrMaxSharedMemoryPerBlockOptin,
};
enum { cudaFuncAttributeMaxDynamicSharedMemorySize };

const char *cudaGetErrorString(cudaError_t);
cudaError_t cudaMalloc(void **p, size_t bytes); /* filled with 0xff */
cudaError_t cudaFree(void *p);
cudaError_t cudaMemcpy(void *to, const void *from, size_t bytes, int kind);
cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes, int kind, cudaStream_t s = 0);
cudaError_t cudaMemset(void *p, int byte, size_t bytes);
cudaError_t cudaMemsetAsync(void *p, int byte, size_t bytes, cudaStream_t s);
cudaError_t cudaDeviceSynchronize(void);
cudaError_t cudaGetLastError(void);
cudaError_t cudaGetDevice(int *device);
/** Three multiprocessors, so that work does not divide evenly; compute capability 9; 700 kB of
 *  L2. */
cudaError_t cudaDeviceGetAttribute(int *value, int attribute, int device);
template <class F> cudaError_t cudaFuncSetAttribute(F, int, int)
{
	return cudaSuccess;
}

#define EMU_SHARED_BYTES ((size_t)227 << 10)
void emu_launch(dim3 grid, dim3 block, size_t shared_bytes, bool together,
	const std::function<void()> &thread);

template <class... P, class... A>
void launch_kernel(
	cudaStream_t, void (*kernel)(P...), dim3 grid, dim3 block, size_t shared_bytes, A... args)
{
	emu_launch(grid, block, shared_bytes, false, [&] { kernel(P(args)...); });
}

template <class... P, class... A>
void launch_overlapped(cudaStream_t stream, void (*kernel)(P...), dim3 grid, dim3 block,
	size_t shared_bytes, A... args)
{
	launch_kernel(stream, kernel, grid, block, shared_bytes, args...);
}

template <class... P, class... A>
void launch_together(
	cudaStream_t, void (*kernel)(P...), dim3 grid, dim3 block, size_t shared_bytes, A... args)
{
	emu_launch(grid, block, shared_bytes, true, [&] { kernel(P(args)...); });
}

template <class... P, class... A>
void launch_resident(cudaStream_t stream, void (*kernel)(P...), dim3 grid, dim3 block,
	size_t shared_bytes, A... args)
{
	launch_together(stream, kernel, grid, block, shared_bytes, args...);
}

#endif
