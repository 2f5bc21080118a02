#ifndef OFFING_KERNELS_REF_CUDA_OPS_CUH
#define OFFING_KERNELS_REF_CUDA_OPS_CUH

#include <cstdint>

#include <cuda_fp16.h>
#include <cuda_runtime.h>

/**
 * The instructions that C++ has no name for, and the one place where compute capability 8.x and
 * 9.0 differ. emulate.cuh has the same functions for a CPU.
 */

/** Dynamic shared memory of the kernel as an array of @type. */
#define DYNAMIC_SHARED(type, name) extern __shared__ __align__(128) type name[]

__device__ inline uint32_t shared_address(const void *p)
{
	return (uint32_t)__cvta_generic_to_shared(p);
}

/* --- launches that overlap (programmatic dependent launch, 9.0) -------------------------- */

#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
#define SM90 1
#else
#define SM90 0
#endif

/** Wait until the kernels before this one have finished and their writes are visible. */
__device__ inline void launch_wait(void)
{
#if SM90
	asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}

/** Let the next kernel's blocks start; they must launch_wait() before reading our results. */
__device__ inline void launch_next(void)
{
#if SM90
	asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
#endif
}

/* --- blocks of a grid, and part of a block, meeting ------------------------------------------ */

/** Read what another block counted up after a __threadfence(): what it wrote before is visible. */
__device__ inline unsigned load_acquire(const unsigned *p)
{
	unsigned x;

	asm volatile("ld.acquire.gpu.global.u32 %0, [%1];" : "=r"(x) : "l"(p) : "memory");
	return x;
}

/** Meetings of all blocks of a kernel started by launch_together(). By one thread of a block whose
 *  others have passed a barrier since they wrote. @last: the count after which it is zero again. */
__device__ inline void meeting_arrive(uint32_t *count, uint32_t last)
{
	asm volatile("red.release.gpu.global.inc.u32 [%0], %1;" ::"l"(count), "r"(last) : "memory");
}

/** Until @due have arrived; a barrier after it, for the block's other threads. What others
 *  wrote is to be read past L1. */
__device__ inline void meeting_wait(const uint32_t *count, uint32_t due)
{
	while (load_acquire(count) < due)
		;
}

/** Between two looks at what another block will write. */
__device__ inline void spin_pause(void)
{
	__nanosleep(64);
}

/** Barrier @id (1 to 15; 0 is __syncthreads()) of @n threads, a multiple of 32: wait for the
 * others, or only be counted. */
__device__ inline void barrier_sync(int id, int n)
{
	asm volatile("bar.sync %0, %1;" ::"r"(id), "r"(n) : "memory");
}

__device__ inline void barrier_arrive(int id, int n)
{
	asm volatile("bar.arrive %0, %1;" ::"r"(id), "r"(n) : "memory");
}

/* --- mbarriers and asynchronous copies -------------------------------------------------- */

/**
 * A stage of a copy pipeline filled by one warp. On 9.0 the bulk copy engine counts the bytes;
 * before that each lane copies 16 bytes at a time and signs for its own.
 *	stage_init(bar)                  once, by one thread, then a barrier
 *	stage_open(bar, bytes)           by the whole warp: this much is coming
 *	stage_copy(dst, src, bytes, bar) by any lanes, each its own piece, multiples of 16
 *	stage_close(bar)                 by the whole warp
 *	stage_wait(bar, parity)          by the readers
 */
__device__ inline void mbar_init(uint64_t *bar, uint32_t count)
{
	asm volatile("mbarrier.init.shared.b64 [%0], %1;" ::"r"(shared_address(bar)), "r"(count));
}

__device__ inline void mbar_arrive(uint64_t *bar)
{
	asm volatile(
		"{ .reg .b64 t; mbarrier.arrive.shared.b64 t, [%0]; }" ::"r"(shared_address(bar))
		: "memory");
}

__device__ inline void stage_wait(uint64_t *bar, uint32_t parity)
{
#if SM90
	asm volatile("{\n .reg .pred p;\n"
		     "wait: mbarrier.try_wait.parity.shared.b64 p, [%0], %1;\n"
		     " @!p bra wait;\n}" ::"r"(shared_address(bar)),
		     "r"(parity)
		     : "memory");
#else
	uint32_t done = 0;

	while (!done)
		asm volatile("{\n .reg .pred p;\n"
			     " mbarrier.test_wait.parity.shared.b64 p, [%1], %2;\n"
			     " selp.u32 %0, 1, 0, p;\n}"
			     : "=r"(done)
			     : "r"(shared_address(bar)), "r"(parity)
			     : "memory");
#endif
}

__device__ inline void stage_init(uint64_t *bar)
{
	mbar_init(bar, SM90 ? 1 : WARP);
}

__device__ inline void stage_open(uint64_t *bar, uint32_t bytes)
{
#if SM90
	if (threadIdx.x % WARP == 0)
		asm volatile(
			"{ .reg .b64 t; mbarrier.arrive.expect_tx.shared.b64 t, [%0], %1; }" ::"r"(
				shared_address(bar)),
			"r"(bytes)
			: "memory");
	__syncwarp();
#endif
}

__device__ inline void stage_copy(void *dst, const void *src, uint32_t bytes, uint64_t *bar)
{
#if SM90
	asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes"
		     " [%0], [%1], %2, [%3];" ::"r"(shared_address(dst)),
		     "l"(src), "r"(bytes), "r"(shared_address(bar))
		     : "memory");
#else
	for (uint32_t i = 0; i < bytes; i += 16)
		asm volatile(
			"cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(shared_address(dst) + i),
			"l"((const char *)src + i)
			: "memory");
#endif
}

__device__ inline void stage_close(uint64_t *bar)
{
#if !SM90
	asm volatile("cp.async.mbarrier.arrive.noinc.shared.b64 [%0];" ::"r"(shared_address(bar))
		     : "memory");
#endif
}

__device__ inline void fence_mbar_init(void)
{
#if SM90
	asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
#endif
}

__device__ inline void copy_async16(void *dst, const void *src, bool real)
{
	asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared_address(dst)),
		     "l"(src), "r"(real ? 16 : 0)
		     : "memory");
}

__device__ inline void copy_async_commit(void)
{
	asm volatile("cp.async.commit_group;" ::: "memory");
}

template <int N> __device__ inline void copy_async_wait(void)
{
	asm volatile("cp.async.wait_group %0;" ::"n"(N) : "memory");
}

/** Make this thread's ordinary writes to shared memory visible to wgmma and to bulk copies. */
__device__ inline void fence_async_proxy(void)
{
#if SM90
	asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
#endif
}

/** Ask for the line of @p, which somebody will read from L2 later. */
__device__ inline void prefetch_l2(const void *p)
{
	asm volatile("prefetch.global.L2 [%0];" ::"l"(p));
}

/* --- tensor cores ------------------------------------------------------------------------ */

/** c[16][8] += a[16][16] b[16][8], halves in, float sums; fragments as PTX names them. */
__device__ inline void mma_16816(
	float c[4], uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3, uint32_t b0, uint32_t b1)
{
	asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3},"
		     " {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
		     : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
		     : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));
}

__device__ inline void load_matrix4(uint32_t r[4], const void *row)
{
	asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
		     : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
		     : "r"(shared_address(row)));
}

__device__ inline void load_matrix4_trans(uint32_t r[4], const void *row)
{
	asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
		     : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
		     : "r"(shared_address(row)));
}

/** Two halves at a time. */
__device__ inline uint32_t sub_halves(uint32_t a, uint32_t b)
{
	uint32_t d;

	asm("sub.f16x2 %0, %1, %2;" : "=r"(d) : "r"(a), "r"(b));
	return d;
}

__device__ inline float exp2_fast(float x)
{
	float y;

	asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
	return y;
}

/** kernel<<<grid, block, shared_bytes, stream>>>(args...) */
template <class... P, class... A>
void launch_kernel(cudaStream_t stream, void (*kernel)(P...), dim3 grid, dim3 block,
	size_t shared_bytes, A... args)
{
	kernel<<<grid, block, shared_bytes, stream>>>(P(args)...);
	CUDA_TRY(cudaGetLastError());
}

/** The same with one launch attribute. */
template <class... P, class... A>
void launch_with(const cudaLaunchAttribute &attr, cudaStream_t stream, void (*kernel)(P...),
	dim3 grid, dim3 block, size_t shared_bytes, A... args)
{
	cudaLaunchAttribute attrs[] = {attr};
	cudaLaunchConfig_t config = {};

	config.gridDim = grid;
	config.blockDim = block;
	config.dynamicSmemBytes = shared_bytes;
	config.stream = stream;
	config.attrs = attrs;
	config.numAttrs = 1;
	CUDA_TRY(cudaLaunchKernelEx(&config, kernel, P(args)...));
}

/** Launch with the next kernel's start overlapping this one's end, where the device can. */
template <class... P, class... A>
void launch_overlapped(cudaStream_t stream, void (*kernel)(P...), dim3 grid, dim3 block,
	size_t shared_bytes, A... args)
{
	cudaLaunchAttribute attr = {};

	attr.id = cudaLaunchAttributeProgrammaticStreamSerialization;
	attr.val.programmaticStreamSerializationAllowed = 1;
	launch_with(attr, stream, kernel, grid, block, shared_bytes, args...);
}

/** The same of so few blocks that they run all at once, and may wait for each other. */
template <class... P, class... A>
void launch_resident(cudaStream_t stream, void (*kernel)(P...), dim3 grid, dim3 block,
	size_t shared_bytes, A... args)
{
	launch_overlapped(stream, kernel, grid, block, shared_bytes, args...);
}

/** Launch a kernel whose blocks are all there at once, with @shared_bytes of dynamic shared
 *  memory, or fail. */
template <class... P, class... A>
void launch_together(cudaStream_t stream, void (*kernel)(P...), dim3 grid, dim3 block,
	size_t shared_bytes, A... args)
{
	cudaLaunchAttribute attr = {};

	CUDA_TRY(cudaFuncSetAttribute(
		kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, (int)shared_bytes));
	attr.id = cudaLaunchAttributeCooperative;
	attr.val.cooperative = 1;
	launch_with(attr, stream, kernel, grid, block, shared_bytes, args...);
}

#endif
