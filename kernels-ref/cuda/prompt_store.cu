/*
 * A block has 128 tokens of a head, the block of queries that mask prediction pools, and as many
 * keys; a warp 16 of them, of which it reads four at a time. Heads come first, so that what is read
 * at a time lies together.
 */
#include "kernels-ref/cuda/das_pools.cuh"
#include "kernels-ref/cuda/prompt_store.cuh"

#define STORE_TOK DAS_Q_BLOCK
#define STORE_AHEAD 4
#define STORE_BLOCKS 4 /* on a multiprocessor */

struct store_in {
	prompt_store in;
	das_pools pools;
};

enum store_part { STORE_Q, STORE_K, STORE_V };

/* Up to STORE_AHEAD tokens of this warp; a lane's four columns. */
struct store_rows {
	int4 sum[STORE_AHEAD];
	float4 turn[STORE_AHEAD];
	float scale[STORE_AHEAD];
	unsigned pos[STORE_AHEAD];
};

__device__ static unsigned token_of(unsigned first, int i)
{
	return first + POOL_WARPS * (unsigned)i;
}

template <enum store_part PART>
__device__ static void load_rows(
	store_rows *to, const prompt_store &in, unsigned column, unsigned first)
{
#pragma unroll
	for (int i = 0; i < STORE_AHEAD; i++) {
		unsigned tok = min(token_of(first, i), in.n - 1);

		to->sum[i] = __ldcg((const int4 *)(in.sums + (size_t)tok * 3 * in.hidden + column));
		to->scale[i] = in.tok_scale[tok];
		to->pos[i] = in.pos ? in.pos[tok] : in.context + tok;
		if (PART != STORE_V)
			to->turn[i] = *(const float4 *)(in.rope + (size_t)to->pos[i] * 64 +
							column % ATTN_DIM / 2);
	}
}

/* A token's four columns, turned, as halves. */
template <enum store_part PART>
__device__ static uint2 halves_of(const int4 &s, float scale, const float4 &w, const float4 &turn)
{
	float a = (float)s.x * scale * w.x, b = (float)s.y * scale * w.y;
	float c = (float)s.z * scale * w.z, d = (float)s.w * scale * w.w;

	if (PART == STORE_V)
		return make_uint2(pack_halves(a, b), pack_halves(c, d));
	return make_uint2(pack_halves(a * turn.x - b * turn.y, a * turn.y + b * turn.x),
		pack_halves(c * turn.z - d * turn.w, c * turn.w + d * turn.z));
}

template <enum store_part PART>
__device__ static half *place_of(const prompt_store &in, unsigned head, unsigned tok, unsigned pos)
{
	unsigned d = threadIdx.x % WARP * 4;
	size_t seq = in.seq ? in.seq[tok] : 0;

	if (PART == STORE_Q)
		return in.q + (size_t)tok * in.hidden + head * ATTN_DIM + d;
	return (PART == STORE_K ? in.k : in.v) +
	       ((seq * (in.hidden / ATTN_DIM) + head) * in.cap + pos) * ATTN_DIM + d;
}

/* Of each of four rows, by all lanes: the inverse of the root of what they have of its square. Each
 * takes over half of the rows, and half of those. */
__device__ static void inverse_roots(float x[STORE_AHEAD])
{
	unsigned lane = threadIdx.x % WARP;
	bool second = lane & 16, odd = lane & 8;
	float two[2], one;

	static_assert(STORE_AHEAD == 4, "lanes are dealt out to four rows");
#pragma unroll
	for (int i = 0; i < 2; i++)
		two[i] = (second ? x[i + 2] : x[i]) +
			 __shfl_xor_sync(FULL_WARP, second ? x[i] : x[i + 2], 16);
	one = (odd ? two[1] : two[0]) + __shfl_xor_sync(FULL_WARP, odd ? two[0] : two[1], 8);
#pragma unroll
	for (int o = 4; o; o /= 2)
		one += __shfl_xor_sync(FULL_WARP, one, o);
	one = one > 0.0f ? rsqrtf(one) : 0.0f;
#pragma unroll
	for (int i = 0; i < STORE_AHEAD; i++)
		x[i] = __shfl_sync(FULL_WARP, one, 8 * i);
}

/* Of this warp's tokens, a lane's four columns: what pool_part has two sums of. */
struct store_sums {
	float of[2][4] = {};

	/* Four tokens, as they are written. */
	template <bool UNITS> __device__ void add(const uint2 halves[STORE_AHEAD], int half_of_keys)
	{
		float x[STORE_AHEAD][4], inverse[STORE_AHEAD];

#pragma unroll
		for (int i = 0; i < STORE_AHEAD; i++) {
			float2 low = __half22float2(*(const half2 *)&halves[i].x),
			       high = __half22float2(*(const half2 *)&halves[i].y);

			x[i][0] = low.x;
			x[i][1] = low.y;
			x[i][2] = high.x;
			x[i][3] = high.y;
			inverse[i] =
				low.x * low.x + low.y * low.y + high.x * high.x + high.y * high.y;
		}
		if (UNITS)
			inverse_roots(inverse);
#pragma unroll
		for (int i = 0; i < STORE_AHEAD; i++)
#pragma unroll
			for (int c = 0; c < 4; c++) {
				of[UNITS ? 0 : half_of_keys][c] += x[i][c];
				if (UNITS)
					of[1][c] += x[i][c] * inverse[i];
			}
	}

	__device__ void put(pool_part *part) const
	{
		unsigned warp = threadIdx.x / WARP, d = threadIdx.x % WARP * 4;

#pragma unroll
		for (int i = 0; i < 2; i++)
			*(float4 *)(part->of[warp][i] + d) =
				make_float4(of[i][0], of[i][1], of[i][2], of[i][3]);
	}
};

/* Queries, keys or values of one head. */
template <enum store_part PART, bool POOL>
__device__ static store_sums store_part_of(const store_in &p, unsigned head)
{
	const prompt_store &in = p.in;
	unsigned column = PART * in.hidden + head * ATTN_DIM + threadIdx.x % WARP * 4;
	float4 w = *(const float4 *)(in.w_scale + column);
	store_sums sums;

#pragma unroll
	for (int part = 0; part < 2; part++) {
		unsigned from = blockIdx.y * STORE_TOK + (unsigned)part * STORE_TOK / 2;
		unsigned end = min(from + STORE_TOK / 2, in.n);

#pragma unroll 1
		for (unsigned first = from + threadIdx.x / WARP; first < end;
			first += STORE_AHEAD * POOL_WARPS) {
			store_rows rows;
			uint2 x[STORE_AHEAD];

			load_rows<PART>(&rows, in, column, first);
#pragma unroll
			for (int i = 0; i < STORE_AHEAD; i++) {
				unsigned tok = token_of(first, i);

				x[i] = make_uint2(0, 0);
				if (tok >= end)
					continue;
				x[i] = halves_of<PART>(rows.sum[i], rows.scale[i], w, rows.turn[i]);
				*(uint2 *)place_of<PART>(in, head, tok, rows.pos[i]) = x[i];
			}
			if (POOL)
				sums.add<PART == STORE_Q>(x, part);
		}
	}
	return sums;
}

template <bool POOL>
__global__ void __launch_bounds__(POOL_THREADS, STORE_BLOCKS)
	store_head(const __grid_constant__ store_in p)
{
	__shared__ pool_part part[2];
	unsigned warp = threadIdx.x / WARP, head = blockIdx.x, tile = blockIdx.y;
	unsigned n = min(p.in.n - tile * STORE_TOK, (unsigned)STORE_TOK);

	launch_next();
	store_sums q = store_part_of<STORE_Q, POOL>(p, head);

	if (POOL)
		q.put(part);
	store_sums k = store_part_of<STORE_K, POOL>(p, head);

	if (POOL) {
		k.put(part + 1);
		__syncthreads();
		if (warp == 0)
			pool_queries(p.pools, part, head, tile, n);
		else if (warp == 1)
			pool_keys(p.pools, part + 1, head, 2 * tile, n);
	}
	store_part_of<STORE_V, false>(p, head);
}

void prompt_store_gpu(const prompt_store &in, void *pools, cudaStream_t stream)
{
	unsigned heads = in.hidden / ATTN_DIM;
	store_in p = {in, {}};

	if (pools)
		p.pools = das_pools_of(pools, heads, in.n, in.n);
	launch_kernel(stream, pools ? store_head<true> : store_head<false>,
		dim3(heads, attn_blocks(in.n, STORE_TOK)), dim3(POOL_THREADS), 0, p);
}
