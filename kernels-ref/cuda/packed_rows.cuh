#ifndef OFFING_KERNELS_REF_PACKED_ROWS_CUH
#define OFFING_KERNELS_REF_PACKED_ROWS_CUH

#include <cstddef>

/**
 * The order in which activations wait for the tensor cores: per 64 columns, per 16 rows,
 * pieces of 16 bytes so that lane 4g+t of a warp finds row g (and g + 8), columns 16t..16t+15.
 * @tiles: 16-row tiles the buffer is laid out for; 0: one tile of 8 rows.
 */
__host__ __device__ inline size_t packed_unit_halves(size_t tiles)
{
	return tiles ? 1024 * tiles : 512;
}

__host__ __device__ inline size_t packed_index(size_t tiles, size_t row, size_t col)
{
	size_t piece = (col >> 3) & 1, t = (col >> 4) & 3, g = row & 7;
	size_t at = (col >> 6) * packed_unit_halves(tiles) + (g * 4 + t) * 8 + (col & 7);

	if (tiles)
		at += (row >> 4) * 1024 + ((row >> 3) & 1) * 512;
	return at + piece * 256;
}

/** 16-row tiles that hold @rows rows: 0 (a tile of 8), 1, 2 or 4. */
inline size_t packed_tiles(size_t rows)
{
	if (rows <= 8)
		return 0;
	return rows <= 16 ? 1 : rows <= 32 ? 2 : 4;
}

#endif
