#ifndef OFFING_KERNELS_REF_PACKED_ROWS_CUH
#define OFFING_KERNELS_REF_PACKED_ROWS_CUH

#include <cstddef>

/**
 * The order in which activations wait for the tensor cores, a panel a unit of 64 columns:
 * [rows][8 pieces of 16 bytes]. Pieces 2s and 2s + 1 are step s of the four products of 16
 * columns, in which lane 4g+t multiplies columns 16t + 4s to 16t + 4s + 3, as the weights lie;
 * piece p of a row is found at p ^ (row % 8), so that eight rows fill all banks.
 */
__host__ __device__ inline size_t packed_index(size_t rows, size_t row, size_t col)
{
	size_t t = col >> 4 & 3, piece = col >> 1 & 7;

	return (col >> 6) * 64 * rows + row * 64 + ((piece ^ (row & 7)) << 3) + 2 * t + (col & 1);
}

#endif
