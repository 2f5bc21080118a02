/*
 * A block has 128 tokens of some heads, a warp 16 of them, of which it reads four at a time: the
 * block of queries that mask prediction pools, and as many keys.
 */
#include "kernels-ref/cuda/das_pools.cuh"
#include "kernels-ref/cuda/prompt_store.cuh"

#define STORE_TOK DAS_Q_BLOCK
#define STORE_AHEAD 4
#define STORE_BLOCKS 4     /* on a multiprocessor */
#define STORE_MIN_BLOCKS 8 /* for each multiprocessor, before blocks have several heads */

struct store_in {
	prompt_store in;
	das_pools pools;
	unsigned heads, heads_each;
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

/* Of this warp's tokens, a lane's four columns: what pool_part has two sums of. */
struct store_sums {
	float of[2][4] = {};

	__device__ void add_queries(const float x[4])
	{
		float inverse =
			warp_sum(x[0] * x[0] + x[1] * x[1] + x[2] * x[2] + x[3] * x[3]);

		inverse = inverse > 0.0f ? rsqrtf(inverse) : 0.0f;
#pragma unroll
		for (int i = 0; i < 4; i++) {
			of[0][i] += x[i];
			of[1][i] += x[i] * inverse;
		}
	}

	__device__ void add_keys(const float x[4], bool second)
	{
#pragma unroll
		for (int i = 0; i < 4; i++) {
			of[0][i] += second ? 0.0f : x[i];
			of[1][i] += second ? x[i] : 0.0f;
		}
	}

	/* Of token @at of the block's. */
	template <enum store_part PART> __device__ void add(uint2 halves, unsigned at)
	{
		float2 low = __half22float2(*(const half2 *)&halves.x),
		       high = __half22float2(*(const half2 *)&halves.y);
		const float x[4] = {low.x, low.y, high.x, high.y};

		if (PART == STORE_Q)
			add_queries(x);
		else
			add_keys(x, at >= DAS_K_BLOCK);
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
	unsigned end = min((blockIdx.x + 1) * STORE_TOK, in.n);
	unsigned column = PART * in.hidden + head * ATTN_DIM + threadIdx.x % WARP * 4;
	float4 w = *(const float4 *)(in.w_scale + column);
	store_sums sums;

#pragma unroll 1
	for (unsigned first = blockIdx.x * STORE_TOK + threadIdx.x / WARP; first < end;
		first += STORE_AHEAD * POOL_WARPS) {
		store_rows rows;

		load_rows<PART>(&rows, in, column, first);
#pragma unroll
		for (int i = 0; i < STORE_AHEAD; i++) {
			unsigned tok = token_of(first, i);

			if (tok >= end)
				break;
			uint2 x = halves_of<PART>(rows.sum[i], rows.scale[i], w, rows.turn[i]);

			*(uint2 *)place_of<PART>(in, head, tok, rows.pos[i]) = x;
			if (POOL)
				sums.add<PART>(x, tok % STORE_TOK);
		}
	}
	return sums;
}

/* Two places to add up in, in turn: one barrier lies between writing one and writing it again. */
template <bool POOL>
__global__ void __launch_bounds__(POOL_THREADS, STORE_BLOCKS) store_heads(const __grid_constant__ store_in p)
{
	__shared__ pool_part part[2];
	unsigned warp = threadIdx.x / WARP, first = blockIdx.x * STORE_TOK;
	unsigned from = blockIdx.y * p.heads_each, end = min(from + p.heads_each, p.heads);
	unsigned n = min(p.in.n - first, (unsigned)STORE_TOK);

	launch_next();
	for (unsigned head = from; head < end; head++) {
		store_sums q = store_part_of<STORE_Q, POOL>(p, head);

		if (POOL) {
			q.put(part);
			__syncthreads();
			if (warp == head % POOL_WARPS)
				pool_queries(p.pools, part, head, blockIdx.x, n);
		}
		store_sums k = store_part_of<STORE_K, POOL>(p, head);

		if (POOL) {
			k.put(part + 1);
			__syncthreads();
			if (warp == (head + POOL_WARPS / 2) % POOL_WARPS)
				pool_keys(p.pools, part + 1, head, 2 * blockIdx.x, n);
		}
		store_part_of<STORE_V, false>(p, head);
	}
}

void prompt_store_gpu(const prompt_store &in, void *pools, cudaStream_t stream)
{
	unsigned heads = in.hidden / ATTN_DIM, tiles = attn_blocks(in.n, STORE_TOK);
	store_in p = {in, {}, heads, 1};

	if (pools)
		p.pools = das_pools_of(pools, heads, in.n, in.n);
	while (p.heads_each < 8 &&
		tiles * heads >= 2 * p.heads_each * STORE_MIN_BLOCKS * multiprocessors())
		p.heads_each *= 2;
	launch_kernel(stream, pools ? store_heads<true> : store_heads<false>,
		dim3(tiles, attn_blocks(heads, p.heads_each)), dim3(POOL_THREADS), 0, p);
}
