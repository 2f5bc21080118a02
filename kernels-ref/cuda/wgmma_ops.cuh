#ifndef OFFING_KERNELS_REF_WGMMA_OPS_CUH
#define OFFING_KERNELS_REF_WGMMA_OPS_CUH

#include "kernels-ref/cuda/cuda_common.cuh"

/**
 * Warpgroup tensor cores (compute capability 9.0a): asynchronous products of 64 rows that read
 * their right operand, or both, from shared memory. On other targets these compile to nothing
 * and must not be reached; attn_best() and gpu_state.warpgroups see to that. emulate.cuh has
 * them for a CPU.
 *
 * Operands in shared memory are panels of 64 halves a row (128 bytes), 128-byte swizzled: the
 * 16-byte piece c of row r lies at piece c ^ (r % 8). Panels start at multiples of 1024 bytes.
 *	matrix_desc_of(at, lead, stride)  lead: bytes from one panel to the next, where the
 *	    operand is read along its rows (V); stride: bytes from 8 rows to the next 8
 *	wgmma_scores    d[64][128] (+)= a[64][16] b[128][16]', both from shared memory
 *	wgmma_products  d[64][128] += a[64][16] b[16][128], a in registers
 *	wgmma_rows<B>   d[64][8 B] += a[64][16] b[8 B][16]', a in registers; B 4 or 8;
 *	    wgmma_wait_rows<N, M>(d) waits for M of d's floats
 *	hold_word(w)    nothing that is made of w is made before what stands before this
 *	wgmma_wait<N>(d)  until at most N committed batches run; d is what they wrote
 * Fragments of d: four per 8 columns, (row g, columns 2t, 2t + 1), (row g + 8, the same), warp w
 * holding rows 16w to 16w + 15; those of a are mma.m16n8k16's.
 */
#ifndef EMULATE_CUDA

#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
#define WGMMA(...) asm volatile(__VA_ARGS__)
#else
#define WGMMA(...)
#endif

struct matrix_desc {
	uint64_t bits;
};

__device__ inline matrix_desc matrix_desc_of(const void *at, uint32_t lead, uint32_t stride)
{
	const uint64_t swizzle_128 = 1;

	return {(uint64_t)(shared_address(at) & 0x3ffff) >> 4 | (uint64_t)(lead >> 4) << 16 |
		(uint64_t)(stride >> 4) << 32 | swizzle_128 << 62};
}

__device__ inline matrix_desc matrix_desc_advance(matrix_desc d, uint32_t bytes)
{
	return {d.bits + (bytes >> 4)};
}

__device__ inline void wgmma_fence(void)
{
	WGMMA("wgmma.fence.sync.aligned;" ::: "memory");
}

__device__ inline void wgmma_commit(void)
{
	WGMMA("wgmma.commit_group.sync.aligned;" ::: "memory");
}

/** Naming the sums keeps the compiler from reading them earlier. */
template <int N> __device__ inline void wgmma_wait(float d[64])
{
	WGMMA("wgmma.wait_group.sync.aligned %64;"
		: "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3]), "+f"(d[4]), "+f"(d[5]),
		"+f"(d[6]), "+f"(d[7]), "+f"(d[8]), "+f"(d[9]), "+f"(d[10]), "+f"(d[11]),
		"+f"(d[12]), "+f"(d[13]), "+f"(d[14]), "+f"(d[15]), "+f"(d[16]), "+f"(d[17]),
		"+f"(d[18]), "+f"(d[19]), "+f"(d[20]), "+f"(d[21]), "+f"(d[22]), "+f"(d[23]),
		"+f"(d[24]), "+f"(d[25]), "+f"(d[26]), "+f"(d[27]), "+f"(d[28]), "+f"(d[29]),
		"+f"(d[30]), "+f"(d[31]), "+f"(d[32]), "+f"(d[33]), "+f"(d[34]), "+f"(d[35]),
		"+f"(d[36]), "+f"(d[37]), "+f"(d[38]), "+f"(d[39]), "+f"(d[40]), "+f"(d[41]),
		"+f"(d[42]), "+f"(d[43]), "+f"(d[44]), "+f"(d[45]), "+f"(d[46]), "+f"(d[47]),
		"+f"(d[48]), "+f"(d[49]), "+f"(d[50]), "+f"(d[51]), "+f"(d[52]), "+f"(d[53]),
		"+f"(d[54]), "+f"(d[55]), "+f"(d[56]), "+f"(d[57]), "+f"(d[58]), "+f"(d[59]),
		"+f"(d[60]), "+f"(d[61]), "+f"(d[62]), "+f"(d[63])
		: "n"(N)
		: "memory");
}

__device__ inline void wgmma_scores(float d[64], matrix_desc a, matrix_desc b, bool add)
{
	WGMMA("{ .reg .pred p;\n setp.ne.b32 p, %66, 0;\n"
	      "wgmma.mma_async.sync.aligned.m64n128k16.f32.f16.f16 {"
	      " %0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15,"
	      " %16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31,"
	      " %32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47,"
	      " %48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63"
	      "}, %64, %65, p, 1, 1, 0, 0;\n}"
		: "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3]), "+f"(d[4]), "+f"(d[5]),
		"+f"(d[6]), "+f"(d[7]), "+f"(d[8]), "+f"(d[9]), "+f"(d[10]), "+f"(d[11]),
		"+f"(d[12]), "+f"(d[13]), "+f"(d[14]), "+f"(d[15]), "+f"(d[16]), "+f"(d[17]),
		"+f"(d[18]), "+f"(d[19]), "+f"(d[20]), "+f"(d[21]), "+f"(d[22]), "+f"(d[23]),
		"+f"(d[24]), "+f"(d[25]), "+f"(d[26]), "+f"(d[27]), "+f"(d[28]), "+f"(d[29]),
		"+f"(d[30]), "+f"(d[31]), "+f"(d[32]), "+f"(d[33]), "+f"(d[34]), "+f"(d[35]),
		"+f"(d[36]), "+f"(d[37]), "+f"(d[38]), "+f"(d[39]), "+f"(d[40]), "+f"(d[41]),
		"+f"(d[42]), "+f"(d[43]), "+f"(d[44]), "+f"(d[45]), "+f"(d[46]), "+f"(d[47]),
		"+f"(d[48]), "+f"(d[49]), "+f"(d[50]), "+f"(d[51]), "+f"(d[52]), "+f"(d[53]),
		"+f"(d[54]), "+f"(d[55]), "+f"(d[56]), "+f"(d[57]), "+f"(d[58]), "+f"(d[59]),
		"+f"(d[60]), "+f"(d[61]), "+f"(d[62]), "+f"(d[63])
		: "l"(a.bits), "l"(b.bits), "r"((int)add));
}

__device__ inline void wgmma_products(float d[64], const uint32_t a[4], matrix_desc b)
{
	WGMMA("wgmma.mma_async.sync.aligned.m64n128k16.f32.f16.f16 {"
	      " %0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15,"
	      " %16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31,"
	      " %32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47,"
	      " %48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63"
	      "}, {%64, %65, %66, %67}, %68, 1, 1, 1, 1;"
		: "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3]), "+f"(d[4]), "+f"(d[5]),
		"+f"(d[6]), "+f"(d[7]), "+f"(d[8]), "+f"(d[9]), "+f"(d[10]), "+f"(d[11]),
		"+f"(d[12]), "+f"(d[13]), "+f"(d[14]), "+f"(d[15]), "+f"(d[16]), "+f"(d[17]),
		"+f"(d[18]), "+f"(d[19]), "+f"(d[20]), "+f"(d[21]), "+f"(d[22]), "+f"(d[23]),
		"+f"(d[24]), "+f"(d[25]), "+f"(d[26]), "+f"(d[27]), "+f"(d[28]), "+f"(d[29]),
		"+f"(d[30]), "+f"(d[31]), "+f"(d[32]), "+f"(d[33]), "+f"(d[34]), "+f"(d[35]),
		"+f"(d[36]), "+f"(d[37]), "+f"(d[38]), "+f"(d[39]), "+f"(d[40]), "+f"(d[41]),
		"+f"(d[42]), "+f"(d[43]), "+f"(d[44]), "+f"(d[45]), "+f"(d[46]), "+f"(d[47]),
		"+f"(d[48]), "+f"(d[49]), "+f"(d[50]), "+f"(d[51]), "+f"(d[52]), "+f"(d[53]),
		"+f"(d[54]), "+f"(d[55]), "+f"(d[56]), "+f"(d[57]), "+f"(d[58]), "+f"(d[59]),
		"+f"(d[60]), "+f"(d[61]), "+f"(d[62]), "+f"(d[63])
		: "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b.bits));
}

template <int B> __device__ inline void wgmma_rows(float *d, const uint32_t a[4], matrix_desc b);

template <> __device__ inline void wgmma_rows<4>(float *d, const uint32_t a[4], matrix_desc b)
{
	WGMMA("wgmma.mma_async.sync.aligned.m64n32k16.f32.f16.f16 {"
	      " %0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15"
	      "}, {%16, %17, %18, %19}, %20, 1, 1, 1, 0;"
		: "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3]), "+f"(d[4]), "+f"(d[5]),
		"+f"(d[6]), "+f"(d[7]), "+f"(d[8]), "+f"(d[9]), "+f"(d[10]), "+f"(d[11]),
		"+f"(d[12]), "+f"(d[13]), "+f"(d[14]), "+f"(d[15])
		: "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b.bits));
}

template <> __device__ inline void wgmma_rows<8>(float *d, const uint32_t a[4], matrix_desc b)
{
	WGMMA("wgmma.mma_async.sync.aligned.m64n64k16.f32.f16.f16 {"
	      " %0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15,"
	      " %16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31"
	      "}, {%32, %33, %34, %35}, %36, 1, 1, 1, 0;"
		: "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3]), "+f"(d[4]), "+f"(d[5]),
		"+f"(d[6]), "+f"(d[7]), "+f"(d[8]), "+f"(d[9]), "+f"(d[10]), "+f"(d[11]),
		"+f"(d[12]), "+f"(d[13]), "+f"(d[14]), "+f"(d[15]), "+f"(d[16]), "+f"(d[17]),
		"+f"(d[18]), "+f"(d[19]), "+f"(d[20]), "+f"(d[21]), "+f"(d[22]), "+f"(d[23]),
		"+f"(d[24]), "+f"(d[25]), "+f"(d[26]), "+f"(d[27]), "+f"(d[28]), "+f"(d[29]),
		"+f"(d[30]), "+f"(d[31])
		: "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b.bits));
}

__device__ inline void hold_word(uint32_t &w)
{
	WGMMA("" : "+r"(w)::"memory");
}

/** wgmma_wait() for @M sums of wgmma_rows(). */
template <int N, int M> __device__ inline void wgmma_wait_rows(float *d)
{
	WGMMA("wgmma.wait_group.sync.aligned %0;" ::"n"(N) : "memory");
#pragma unroll
	for (int i = 0; i < M; i++)
		WGMMA("" : "+f"(d[i])::"memory");
}

/** Barrier @id of @n threads; true if any of them came with @x. */
__device__ inline bool barrier_any(int id, int n, bool x)
{
	int any;

	asm volatile("{ .reg .pred p, q;\n setp.ne.b32 p, %3, 0;\n"
		     " barrier.cta.red.or.pred q, %1, %2, p;\n selp.b32 %0, 1, 0, q;\n}"
		     : "=r"(any)
		     : "r"(id), "r"(n), "r"((int)x)
		     : "memory");
	return any;
}

/** Registers from one warpgroup to another. */
template <int N> __device__ inline void registers_give(void)
{
	WGMMA("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(N));
}

template <int N> __device__ inline void registers_take(void)
{
	WGMMA("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(N));
}

#endif
#endif
