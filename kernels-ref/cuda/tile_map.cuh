#ifndef OFFING_KERNELS_REF_TILE_MAP_CUH
#define OFFING_KERNELS_REF_TILE_MAP_CUH

#include "kernels-ref/cuda/cuda_common.cuh"

/**
 * Boxes of 64 halves x 64 rows, or as many as the map says, out of a matrix per layer, fetched by
 *the tensor copy engine of compute capability 9.0: one thread asks, and the box arrives 128-byte
 *swizzled as wgmma wants it (wgmma_ops.cuh), zeros where the matrix has no rows. Elsewhere
 *tile_copy() must not be reached. emulate.cuh has the same for a CPU. tile_map_of(from, columns,
 *rows, layers, row, layer, box)  strides in halves, multiples of 8; rows of a box; on the host;
 *pass it to the kernel as a const __grid_constant__ parameter tile_copy(dst, map, column, row,
 *layer, bar)  by one thread; @dst at a multiple of 1024; completes 128 bytes a row of what
 *stage_open() announced, also for rows not there
 */
#define TILE_ROWS 64
#define TILE_BYTES (TILE_ROWS * 128u)

#ifndef EMULATE_CUDA

#include <cuda.h>

#define TILE_COPIES SM90 /* whether tile_copy() may be reached here */

struct tile_map {
	CUtensorMap bits;
};

/* Asked of the driver at run time: programs need not be linked with it. */
inline decltype(&cuTensorMapEncodeTiled) tile_map_encoder(void)
{
	cudaDriverEntryPointQueryResult found;
	void *fn = NULL;

	CUDA_TRY(cudaGetDriverEntryPointByVersion(
		"cuTensorMapEncodeTiled", &fn, 12000, cudaEnableDefault, &found));
	if (found != cudaDriverEntryPointSuccess)
		CUDA_TRY(cudaErrorNotSupported);
	return (decltype(&cuTensorMapEncodeTiled))fn;
}

inline tile_map tile_map_of(const half *from, unsigned columns, unsigned rows, unsigned layers,
	size_t row_stride, size_t layer_stride, unsigned box_rows = TILE_ROWS)
{
	static const auto encode = tile_map_encoder();
	const cuuint64_t extent[3] = {columns, rows, layers};
	const cuuint64_t stride[2] = {row_stride * sizeof(half), layer_stride * sizeof(half)};
	const cuuint32_t box[3] = {64, box_rows, 1}, step[3] = {1, 1, 1};
	tile_map m;

	if (encode(&m.bits, CU_TENSOR_MAP_DATA_TYPE_FLOAT16, 3, (void *)from, extent, stride, box,
		    step, CU_TENSOR_MAP_INTERLEAVE_NONE, CU_TENSOR_MAP_SWIZZLE_128B,
		    CU_TENSOR_MAP_L2_PROMOTION_L2_256B,
		    CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE) != CUDA_SUCCESS)
		CUDA_TRY(cudaErrorInvalidValue);
	return m;
}

__device__ inline void tile_copy(
	void *dst, const tile_map &map, int column, int row, int layer, uint64_t *bar)
{
#if SM90
	asm volatile("cp.async.bulk.tensor.3d.shared::cluster.global.mbarrier::complete_tx::bytes"
		     " [%0], [%1, {%2, %3, %4}], [%5];" ::"r"(shared_address(dst)),
		     "l"(&map), "r"(column), "r"(row), "r"(layer), "r"(shared_address(bar))
		     : "memory");
#endif
}

#endif
#endif
