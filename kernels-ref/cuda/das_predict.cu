/*
 * Stage 1 of DAS on a GPU. The kernel that has Q and K in hand pools the queries and sums the keys
 * (das_pools.cuh): the one that writes them (prompt_store.cu), or a kernel of its own here. Then,
 *in one launch, blocks claim tasks of a list in which, for each head, K  eight blocks of keys,
 *their mean taken off, are found similar or not, a warp each M  and some heads later 16 rows of
 *blocks are mapped and selected so that the map of one head is computed while the keys of others
 *come from memory. Who waits, waits for tasks of smaller numbers than any he has; the smallest that
 *is waited for waits for none, so all it takes is that every block runs. Keys are claimed while
 *others are in hand, but not during a map, which takes long: those of their head would wait for it.
 *
 * Norms are products on the tensor cores: with X 16 rows of a block, the diagonal of X X', and X m
 * with the mean m, two halves for each of its numbers.
 */
#include "kernels-ref/cuda/das_pools.cuh"

#define TASK_THREADS (POOL_WARPS * WARP)
#define TASK_BLOCKS 2 /* on a multiprocessor */
#define MAP_ROWS 16   /* rows of blocks of a mapping task */
#define MAP_TILE 8    /* columns of the map that a warp makes at a time */
#define MAP_PAD 8     /* floats from row to row, for the banks */
#define MEAN_WORDS (ATTN_DIM / 2)
#define MEAN_PITCH (MEAN_WORDS + 8) /* words from row to row, likewise */
#define POOL_LOADS 8                /* of two rows of a block at a time, 16 bytes a lane */
#define MASS_BASE 4.0f              /* 4 + p has p in steps of 2^-21 in its low bits, for p <= 1 */
#define NO_NORM 1e-6f /* a key this close to the mean, squared and relative, is the mean */

struct predict_in {
	das_predict_in in;
	das_pools to;
	unsigned key_tasks, map_tasks; /* per head */
	unsigned lag;                  /* heads from K to M */
	unsigned map_cols; /* of a row of the map, with room for all of its entries<V> */
	float k_share;     /* one sum of keys to the mean: 1 / (POOL_SCALE n_k) */
};

/* --- pooling in a kernel of its own ------------------------------------------------------------
 */

__device__ static void eight_of(float x[8], const uint4 &bits)
{
	const uint32_t pair[4] = {bits.x, bits.y, bits.z, bits.w};

#pragma unroll
	for (int i = 0; i < 4; i++) {
		float2 two = __half22float2(*(const half2 *)(pair + i));

		x[2 * i] = two.x;
		x[2 * i + 1] = two.y;
	}
}

/* Both rows that a lane had a share of. */
__device__ static void join_halves(float x[8])
{
#pragma unroll
	for (int i = 0; i < 8; i++)
		x[i] += __shfl_xor_sync(FULL_WARP, x[i], 16);
}

/* Sums over 16 rows, half a warp a row, eight columns a lane: of the rows, and of unit vectors. */
struct row_sums {
	float plain[8] = {}, unit[8] = {};

	template <bool UNITS> __device__ void add(const uint4 &row)
	{
		float x[8], square = 0.0f;

		eight_of(x, row);
#pragma unroll
		for (int c = 0; c < 8; c++) {
			plain[c] += x[c];
			square += x[c] * x[c];
		}
		if (UNITS) {
#pragma unroll
			for (int o = 8; o; o /= 2)
				square += __shfl_xor_sync(FULL_WARP, square, o);
			square = square > 0.0f ? rsqrtf(square) : 0.0f;
#pragma unroll
			for (int c = 0; c < 8; c++)
				unit[c] += x[c] * square;
		}
	}

	/* By half a warp each. */
	__device__ void put(float *first, float *second)
	{
		unsigned lane = threadIdx.x % WARP;

		join_halves(plain);
		join_halves(unit);
		const float *x = lane < 16 ? plain : unit;
		float4 *to = (float4 *)((lane < 16 ? first : second) + lane % 16 * 8);

		to[0] = make_float4(x[0], x[1], x[2], x[3]);
		to[1] = make_float4(x[4], x[5], x[6], x[7]);
	}
};

/* 128 queries of a head, or as many keys: blocks along x, heads along y, first queries along z. */
__global__ void __launch_bounds__(POOL_THREADS) predict_pool(const __grid_constant__ predict_in p)
{
	__shared__ pool_part part;
	bool keys = blockIdx.z > 0;
	unsigned n = keys ? p.in.n_k : p.in.n_q, from = blockIdx.x * DAS_Q_BLOCK;
	unsigned head = blockIdx.y, warp = threadIdx.x / WARP, lane = threadIdx.x % WARP;
	const half *rows = keys ? p.in.k + head * p.in.k_head : p.in.q + head * p.in.q_head;
	size_t pitch = keys ? ATTN_DIM : p.in.q_tok;
	uint4 row[POOL_LOADS];
	row_sums sums;

	launch_next();
	if (from >= n)
		return;
#pragma unroll
	for (unsigned i = 0; i < POOL_LOADS; i++) {
		unsigned at = from + (warp * POOL_LOADS + i) * 2 + lane / 16;

		row[i] = at < n ? *(const uint4 *)(rows + at * pitch + lane % 16 * 8)
				: make_uint4(0, 0, 0, 0);
	}
#pragma unroll
	for (unsigned i = 0; i < POOL_LOADS; i++)
		if (keys)
			sums.add<false>(row[i]);
		else
			sums.add<true>(row[i]);
	/* Of keys, units are none: which leaves zeros where the other half's sums are. */
	bool second = keys && warp >= POOL_WARPS / 2;

	sums.put(part.of[warp][second], part.of[warp][!second]);
	__syncthreads();
	if (warp > 0)
		return;
	if (keys)
		pool_keys(p.to, &part, head, 2 * blockIdx.x, min(n - from, (unsigned)DAS_Q_BLOCK));
	else
		pool_queries(p.to, &part, head, blockIdx.x, min(n - from, (unsigned)DAS_Q_BLOCK));
}

/* --- tasks ------------------------------------------------------------------------------------ */

struct task {
	bool map;
	unsigned head, at;
};

/* The @i-th task; false past the last. The first turns have no M yet, the last nothing else. */
__device__ static bool task_of(task *t, const predict_in &p, unsigned i)
{
	unsigned early = p.lag * p.key_tasks, all = p.key_tasks + p.map_tasks;
	unsigned middle = (p.in.heads - p.lag) * all;

	if (i < early) {
		*t = {false, i / p.key_tasks, i % p.key_tasks};
	} else if (i - early < middle) {
		unsigned turn = (i - early) / all, at = (i - early) % all;

		*t = at < p.key_tasks ? task{false, turn + p.lag, at}
				      : task{true, turn, at - p.key_tasks};
	} else {
		i -= early + middle;
		*t = {true, p.in.heads - p.lag + i / p.map_tasks, i % p.map_tasks};
	}
	return t->head < p.in.heads;
}

struct map_queries {
	alignas(16) uint32_t of[2][MAP_ROWS][MEAN_PITCH]; /* means of rows, [high, low][row] */
};

struct task_shared {
	alignas(16) float mean[ATTN_DIM]; /* of the keys of a head */
	unsigned next;
	bool last; /* of a head's maps */
	map_queries q;
	alignas(16) float score[1]; /* [MAP_ROWS][map_cols + MAP_PAD] */
};

/* --- K ---------------------------------------------------------------------------------------- */

/** 16 rows of keys as left operand of products: lane 4 g + t has of rows g and g + 8 the columns 32
 * j
 *  + 8 t and seven more, j < 4, which the tensor cores take for others; it does not matter to a
 *  product as long as both sides agree. */
struct key_rows {
	uint4 of[2][4];

	/* Zeros from row @n on. */
	__device__ void load(const half *from, unsigned n)
	{
		unsigned g = threadIdx.x % WARP / 4, t = threadIdx.x % 4;

#pragma unroll
		for (unsigned i = 0; i < 8; i++) {
			unsigned row = g + i / 4 * 8;

			of[i / 4][i % 4] = row < n ? *(const uint4 *)(from + row * ATTN_DIM +
								      i % 4 * 32 + t * 8)
						   : make_uint4(0, 0, 0, 0);
		}
	}
};

/** Of the mean of all keys, the right operand: its halves in column 0, what they leave in 1. */
struct key_mean {
	uint32_t of[16];
	float square;

	__device__ void load(const float *mean)
	{
		unsigned g = threadIdx.x % WARP / 4, t = threadIdx.x % 4;
		float4 mine = *(const float4 *)(mean + threadIdx.x % WARP * 4);

		square = warp_sum(
			mine.x * mine.x + mine.y * mine.y + mine.z * mine.z + mine.w * mine.w);
#pragma unroll
		for (unsigned i = 0; i < 16; i++) {
			float2 x = *(const float2 *)(mean + i / 4 * 32 + t * 8 + i % 4 * 2);
			float2 high = __half22float2(__floats2half2_rn(x.x, x.y));

			of[i] = g == 0   ? pack_halves(x.x, x.y)
				: g == 1 ? pack_halves(x.x - high.x, x.y - high.y)
					 : 0;
		}
	}
};

__device__ static uint32_t word_of(const uint4 &x, int i)
{
	return i == 0 ? x.x : i == 1 ? x.y : i == 2 ? x.z : x.w;
}

/* Inverse norms of rows g and g + 8 less the mean. */
__device__ static void inverse_norms(float to[2], const key_rows &rows, const key_mean &mean)
{
	unsigned lane = threadIdx.x % WARP, g = lane / 4, quad = lane & ~3u;
	float upper[4] = {}, lower[4] = {}, with_mean[4] = {};

#pragma unroll
	for (int i = 0; i < 8; i++) {
		int j = i / 2, w = i % 2 * 2;
		uint32_t a0 = word_of(rows.of[0][j], w), a1 = word_of(rows.of[1][j], w);
		uint32_t a2 = word_of(rows.of[0][j], w + 1), a3 = word_of(rows.of[1][j], w + 1);

		mma_16816(upper, a0, a1, a2, a3, a0, a2);
		mma_16816(lower, a0, a1, a2, a3, a1, a3);
		mma_16816(with_mean, a0, a1, a2, a3, mean.of[2 * i], mean.of[2 * i + 1]);
	}
	/* The diagonals are in lane 4 g + g / 2, products with the mean in lane 4 g. */
	float square[2] = {g & 1 ? upper[1] : upper[0], g & 1 ? lower[3] : lower[2]};

#pragma unroll
	for (int i = 0; i < 2; i++) {
		float whole = __shfl_sync(FULL_WARP, square[i], quad + g / 2);
		float product =
			__shfl_sync(FULL_WARP, with_mean[2 * i] + with_mean[2 * i + 1], quad);
		float rest = whole + mean.square - 2.0f * product;

		to[i] = rest > NO_NORM * whole ? rsqrtf(rest) : 0.0f;
	}
}

/** Sums over rows of a block, each by its weight: element 8 j + c of a lane of column 32 j + 8 t +
 * c, over rows g and g + 8; and of the weights. */
struct key_sums {
	float of[32] = {}, weights = 0.0f;

	__device__ void add(const key_rows &rows, const float weight[2])
	{
#pragma unroll
		for (int i = 0; i < 8; i++) {
			float x[8];

			eight_of(x, rows.of[i / 4][i % 4]);
#pragma unroll
			for (int c = 0; c < 8; c++)
				of[i % 4 * 8 + c] += x[c] * weight[i / 4];
		}
		weights += weight[0] + weight[1];
	}

	/* Each of two lanes @apart takes over half of what both have. */
	template <int N> __device__ void halve(unsigned apart)
	{
		bool upper = threadIdx.x & apart;

#pragma unroll
		for (int i = 0; i < N; i++) {
			float mine = upper ? of[i + N] : of[i], other = upper ? of[i] : of[i + N];

			of[i] = mine + __shfl_xor_sync(FULL_WARP, other, (int)apart);
		}
	}

	/* |sum of @n unit vectors less @mean / n|^2 */
	__device__ float similarity(const float *mean, unsigned n)
	{
		float all = warp_sum(weights) / 4.0f, square = 0.0f; /* four have the same */
		unsigned lane = threadIdx.x % WARP, at;

		halve<16>(16);
		halve<8>(8);
		halve<4>(4);
		at = (lane & 16) + (lane & 8) + (lane & 4);
		mean += at / 8 * 32 + lane % 4 * 8 + at % 8;
#pragma unroll
		for (int i = 0; i < 4; i++) {
			float x = of[i] - mean[i] * all;

			square += x * x;
		}
		return fminf(warp_sum(square) / ((float)n * (float)n), 1.0f);
	}
};

/* One warp. */
__device__ static void key_block(
	const predict_in &p, const float *mean, unsigned head, unsigned col)
{
	unsigned n = min(p.in.n_k - col * DAS_K_BLOCK, (unsigned)DAS_K_BLOCK);
	const half *from = p.in.k + head * p.in.k_head + (size_t)col * DAS_K_BLOCK * ATTN_DIM;
	unsigned g = threadIdx.x % WARP / 4;
	key_rows rows;
	key_mean off;
	key_sums sums;

	rows.load(from, n);
	off.load(mean);
#pragma unroll 1
	for (unsigned row = 0; row < n; row += 16) {
		float weight[2];

		if (row > 0)
			rows.load(from + row * ATTN_DIM, n - row);
		inverse_norms(weight, rows, off);
#pragma unroll
		for (unsigned i = 0; i < 2; i++)
			weight[i] = row + g + 8 * i < n ? weight[i] : 0.0f;
		sums.add(rows, weight);
	}
	float similar = sums.similarity(mean, n);

	if (threadIdx.x % WARP == 0)
		p.to.k_sim[head * p.to.cols + col] = similar;
}

__device__ static void key_task(task_shared *sh, const predict_in &p, unsigned head, unsigned at)
{
	unsigned col = at * POOL_WARPS + threadIdx.x / WARP;

	for (unsigned i = threadIdx.x; i < ATTN_DIM; i += TASK_THREADS)
		sh->mean[i] =
			(float)(long long)__ldcg(p.to.k_sum + head * ATTN_DIM + i) * p.k_share;
	__syncthreads();
	if (col < p.to.cols)
		key_block(p, sh->mean, head, col);
	__syncthreads();
	if (threadIdx.x == 0) {
		__threadfence();
		atomicAdd(p.to.through + head, 1u);
	}
}

/* --- M: selection ----------------------------------------------------------------------------- */

/* Mass in fixed point, for p <= 1. */
__device__ static unsigned fixed_mass(float p)
{
	return __float_as_uint(MASS_BASE + p) - __float_as_uint(MASS_BASE);
}

/**
 * Of a row's entries a lane looks after columns 32 v + lane, v < V: scores first, then
 * exp(score - peak) <= 1, and their masses. In registers, or where they are too many for that, in
 * place in the map.
 */
template <int V> struct entries {
	static constexpr bool in_place = V > 16;
	float own[in_place ? 1 : V];
	unsigned masses[in_place ? 1 : V];
	float *row;

	__device__ float &at(int v)
	{
		return in_place ? row[v * WARP] : own[v];
	}

	__device__ uint32_t bits(int v)
	{
		return __float_as_uint(at(v));
	}

	__device__ unsigned mass(int v)
	{
		return in_place ? fixed_mass(at(v)) : masses[v];
	}

	/* Of a row of @n, without columns whose similarity is at most @theta; bit v of the result:
	 * it is a candidate. */
	__device__ unsigned load(float *score, const float *similar, float theta, unsigned n)
	{
		unsigned lane = threadIdx.x % WARP, candidates = 0;

		row = score + lane;
#pragma unroll
		for (int v = 0; v < V; v++) {
			bool is = v * WARP + lane < n && __ldcg(similar + v * WARP + lane) > theta;

			at(v) = is ? row[v * WARP] : -HUGE_VALF;
			candidates |= (unsigned)is << v;
		}
		return candidates;
	}

	__device__ float peak(void)
	{
		float most = -HUGE_VALF;

#pragma unroll
		for (int v = 0; v < V; v++)
			most = fmaxf(most, at(v));
		return warp_max(most);
	}

	/* What is no candidate has no mass and is never needed. Returns the mass of all. */
	__device__ unsigned exponentials(float peak)
	{
		unsigned total = 0;

#pragma unroll
		for (int v = 0; v < V; v++) {
			at(v) = at(v) > -HUGE_VALF ? fminf(__expf(at(v) - peak), 1.0f) : 0.0f;
			if (!in_place)
				masses[v] = fixed_mass(at(v));
			total += mass(v);
		}
		return __reduce_add_sync(FULL_WARP, total);
	}

	/* Of the entries whose bits are at least @floor. */
	__device__ unsigned mass_from(uint32_t floor)
	{
		unsigned sum = 0;

#pragma unroll
		for (int v = 0; v < V; v++)
			sum += bits(v) >= floor ? mass(v) : 0;
		return __reduce_add_sync(FULL_WARP, sum);
	}

	/* Bits of the largest below @high. */
	__device__ uint32_t largest_below(uint32_t high)
	{
		uint32_t last = 0;

#pragma unroll
		for (int v = 0; v < V; v++)
			last = bits(v) < high && bits(v) > last ? bits(v) : last;
		return __reduce_max_sync(FULL_WARP, last);
	}
};

/*
 * Bits of the smallest of @e, of mass @total, that the largest ones need to reach @target together:
 * bisection until there is one entry left, as two would have twice the mass of the lowest there can
 * be, or the range is one value. *@above: mass of the larger ones.
 */
template <int V>
__device__ static uint32_t last_needed(
	unsigned *above, entries<V> &e, unsigned total, unsigned target)
{
	uint32_t low = 1, high = __float_as_uint(1.0f) + 1;

	*above = 0;
	while (high - low > 1 && total - *above >= 2 * fixed_mass(__uint_as_float(low))) {
		uint32_t mid = low + (high - low) / 2;
		unsigned sum = e.mass_from(mid);

		if (sum >= target) {
			low = mid;
			total = sum;
		} else {
			high = mid;
			*above = sum;
		}
	}
	return e.largest_below(high);
}

/*
 * One warp: which of its row's first @n scores are in the smallest set of largest entries whose sum
 * reaches tau, ties to the lower column. Bit v of the result and of *@candidates, those of columns
 * similar enough: column 32 v + lane. The scores are lost.
 */
template <int V>
__device__ static unsigned select_row(unsigned *candidates, float *score, const float *similar,
	const das_predict_in &in, unsigned n)
{
	entries<V> e;
	unsigned lane = threadIdx.x % WARP, chosen = e.load(score, similar, in.theta, n);
	unsigned total, target, sum;
	float peak = e.peak(), tau = in.tau;
	uint32_t last;

	*candidates = chosen;
	if (peak == -HUGE_VALF || tau >= 1.0f)
		return chosen;
	total = e.exponentials(peak);
	target = (unsigned)max((int)ceil((double)tau * (double)total), 1);
	last = last_needed<V>(&sum, e, total, target);
	unsigned each = fixed_mass(__uint_as_float(last));

	chosen = 0;
#pragma unroll
	for (int v = 0; v < V; v++) {
		unsigned ties = __ballot_sync(FULL_WARP, e.bits(v) == last);
		unsigned before = sum + each * (unsigned)__popc(ties & ((1u << lane) - 1));

		chosen |= (unsigned)(e.bits(v) > last || (e.bits(v) == last && before < target))
			  << v;
		sum += each * (unsigned)__popc(ties);
	}
	return chosen;
}

__device__ static unsigned select_any(unsigned *candidates, float *score, const float *similar,
	const das_predict_in &in, unsigned n)
{
	if (n <= 4 * WARP)
		return select_row<4>(candidates, score, similar, in, n);
	if (n <= 8 * WARP)
		return select_row<8>(candidates, score, similar, in, n);
	if (n <= 16 * WARP)
		return select_row<16>(candidates, score, similar, in, n);
	return select_row<32>(candidates, score, similar, in, n);
}

/* --- M: the map --------------------------------------------------------------------------------
 */

/* Column blocks that row block @row sees. */
__device__ static unsigned visible_cols(const predict_in &p, unsigned row)
{
	attn_in shape = {};

	shape.n_q = p.in.n_q;
	shape.n_k = p.in.n_k;
	shape.causal = p.in.causal;
	return attn_visible_cols(shape, row);
}

__device__ static void load_queries(
	map_queries *to, const predict_in &p, unsigned head, unsigned row0, unsigned rows)
{
	const half *from = p.to.q_mean + ((size_t)head * p.to.rows + row0) * 2 * ATTN_DIM;

	for (unsigned i = threadIdx.x; i < MAP_ROWS * 2 * MEAN_WORDS / 4; i += TASK_THREADS) {
		unsigned row = i / (2 * MEAN_WORDS / 4), at = i % (2 * MEAN_WORDS / 4) * 4;

		*(uint4 *)(to->of[at / MEAN_WORDS][row] + at % MEAN_WORDS) =
			row < rows ? __ldcg((const uint4 *)from + i) : make_uint4(0, 0, 0, 0);
	}
}

/* Of 16 columns of a mean lane 4 g + t has those from 4 t on: as in key_rows, both sides agree. */
__device__ static uint2 queries_share(const map_queries *q, int low, unsigned row, int step)
{
	return *(const uint2 *)(q->of[low][row] + 8 * step + threadIdx.x % 4 * 2);
}

/* A lane's share of a column's mean, high or low. */
__device__ static void keys_share(uint2 to[8], const half *mean)
{
#pragma unroll
	for (int i = 0; i < 8; i++)
		to[i] = __ldcg((const uint2 *)mean + 4 * i + threadIdx.x % 4);
}

/* A lane's share of the mean of one of MAP_TILE columns, g. */
struct map_keys {
	uint2 high[8], low[8];

	__device__ void load(const half *mean)
	{
		keys_share(high, mean);
		keys_share(low, mean + ATTN_DIM);
	}
};

/* Scores of 16 rows and MAP_TILE columns: lane 4 g + t has rows g (0, 1) and g + 8 (2, 3) of
 * columns 2 t and the next. */
__device__ static void map_tile(float to[4], const map_queries *q, const map_keys &key)
{
	unsigned g = threadIdx.x % WARP / 4;
	float part[3][4] = {};

#pragma unroll
	for (int i = 0; i < 8; i++) {
		uint2 upper = queries_share(q, 0, g, i), lower = queries_share(q, 0, g + 8, i);

		mma_16816(
			part[0], upper.x, lower.x, upper.y, lower.y, key.high[i].x, key.high[i].y);
		mma_16816(part[1], upper.x, lower.x, upper.y, lower.y, key.low[i].x, key.low[i].y);
		upper = queries_share(q, 1, g, i);
		lower = queries_share(q, 1, g + 8, i);
		mma_16816(
			part[2], upper.x, lower.x, upper.y, lower.y, key.high[i].x, key.high[i].y);
	}
#pragma unroll
	for (int i = 0; i < 4; i++)
		to[i] = part[0][i] + (part[1][i] + part[2][i]);
}

/* One warp: its columns of the scores of MAP_ROWS rows, as far as any of them sees, two tiles asked
 * for at a time. */
__device__ static void map_scores(
	float *score, const predict_in &p, const map_queries *q, unsigned head, unsigned end)
{
	const unsigned apart = POOL_WARPS * MAP_TILE;
	unsigned lane = threadIdx.x % WARP, g = lane / 4, stride = p.map_cols + MAP_PAD;
	const half *k = p.to.k_mean + (size_t)head * p.to.cols * 2 * ATTN_DIM;

#pragma unroll 1
	for (unsigned col0 = threadIdx.x / WARP * MAP_TILE; col0 < end; col0 += 2 * apart) {
		map_keys key[2];

#pragma unroll
		for (unsigned tile = 0; tile < 2; tile++)
			key[tile].load(
				k + min(col0 + tile * apart + g, p.to.cols - 1) * 2 * ATTN_DIM);
#pragma unroll
		for (unsigned tile = 0; tile < 2; tile++) {
			unsigned col = col0 + tile * apart;
			float x[4];

			if (col >= end)
				break;
			map_tile(x, q, key[tile]);
#pragma unroll
			for (unsigned i = 0; i < 4; i++)
				score[(g + i / 2 * 8) * stride + col + lane % 4 * 2 + i % 2] =
					x[i] * p.in.scale;
		}
	}
}

/* One warp: the flags of a row of blocks from its scores. */
__device__ static void map_row(float *score, const predict_in &p, unsigned head, unsigned row)
{
	unsigned end = visible_cols(p, row);
	unsigned own = row * DAS_Q_BLOCK + p.in.n_k - p.in.n_q;
	const float *similar = p.to.k_sim + head * p.to.cols;
	unsigned candidates, chosen = select_any(&candidates, score, similar, p.in, end);
	uint8_t *to = p.in.mask + ((size_t)head * p.to.rows + row) * p.to.cols, all;

	all = (uint8_t)((p.in.n_k < 128 ? DAS_BY_LENGTH : 0) |
			(__ldcg(p.to.q_sim + head * p.to.rows + row) <= p.in.theta ? DAS_BY_SIM_Q
										   : 0));
	for (unsigned j = threadIdx.x % WARP, v = 0; j < p.to.cols; j += WARP, v++) {
		bool fixed = !(candidates >> v & 1);
		bool diagonal = p.in.causal && (j + 1) * DAS_K_BLOCK > own;

		to[j] = (uint8_t)(j >= end ? 0
					   : all | (chosen >> v & 1 ? DAS_BY_MAP : 0) |
						     (fixed ? DAS_BY_SIM_K : 0) |
						     (diagonal ? DAS_BY_DIAGONAL : 0));
	}
}

/* Scores do not want the keys' similarity; long rows come first. */
__device__ static void map_task(task_shared *sh, const predict_in &p, unsigned head, unsigned at)
{
	unsigned row0 = (p.map_tasks - 1 - at) * MAP_ROWS;
	unsigned rows = min(p.to.rows - row0, (unsigned)MAP_ROWS);

	load_queries(&sh->q, p, head, row0, rows);
	__syncthreads();
	map_scores(sh->score, p, &sh->q, head, visible_cols(p, row0 + rows - 1));
	if (threadIdx.x == 0)
		while (load_acquire(p.to.through + head) < p.key_tasks)
			spin_pause();
	__syncthreads();
	for (unsigned i = threadIdx.x / WARP; i < rows; i += POOL_WARPS)
		map_row(sh->score + i * (p.map_cols + MAP_PAD), p, head, row0 + i);
}

/* --- kernels and launches ----------------------------------------------------------------------
 */

/* All of a head's tasks are through: what has to be zero at the next call. */
__device__ static void clear_head(const predict_in &p, unsigned head)
{
	for (unsigned i = threadIdx.x; i < ATTN_DIM; i += TASK_THREADS)
		p.to.k_sum[head * ATTN_DIM + i] = 0;
	if (threadIdx.x == 0)
		p.to.through[head] = p.to.mapped[head] = 0;
}

__device__ static unsigned claim_task(const predict_in &p)
{
	return gridDim.x + atomicAdd(p.to.claimed, 1u);
}

__device__ static void run_task(task_shared *sh, const predict_in &p, const task &t)
{
	if (t.map) {
		map_task(sh, p, t.head, t.at);
		if (threadIdx.x == 0) {
			sh->next = claim_task(p);
			sh->last = atomicAdd(p.to.mapped + t.head, 1u) == p.map_tasks - 1;
		}
	} else {
		unsigned next = threadIdx.x == 0 ? claim_task(p) : 0;

		key_task(sh, p, t.head, t.at);
		if (threadIdx.x == 0) {
			sh->next = next;
			sh->last = false;
		}
	}
}

__global__ void __launch_bounds__(TASK_THREADS, TASK_BLOCKS)
	predict_tasks(const __grid_constant__ predict_in p)
{
	DYNAMIC_SHARED(char, raw);
	task_shared *sh = (task_shared *)raw;
	task t;
	bool more = task_of(&t, p, blockIdx.x);

	launch_next();
	launch_wait();
	while (more) {
		run_task(sh, p, t);
		__syncthreads();
		if (sh->last)
			clear_head(p, t.head);
		more = task_of(&t, p, sh->next);
		__syncthreads();
	}
	if (threadIdx.x == 0 && atomicInc(p.to.left, gridDim.x - 1) == gridDim.x - 1)
		*p.to.claimed = 0;
}

/* Lay the scratch out; returns its size. What has to start at zero comes first. */
static size_t pools_lay(das_pools *s, char *base, unsigned heads, unsigned n_q, unsigned n_k)
{
	size_t at = 0;
	auto take = [&](size_t bytes) {
		void *p = base + at;

		at += (bytes + 255) / 256 * 256;
		return p;
	};

	s->heads = heads;
	s->rows = attn_blocks(n_q, DAS_Q_BLOCK);
	s->cols = attn_blocks(n_k, DAS_K_BLOCK);
	s->k_sum = (unsigned long long *)take(heads * ATTN_DIM * sizeof(*s->k_sum));
	s->through = (unsigned *)take((2 * heads + 2) * sizeof(*s->through));
	s->mapped = s->through + heads;
	s->claimed = s->mapped + heads;
	s->left = s->claimed + 1;
	s->q_mean = (half *)take((size_t)heads * s->rows * 2 * ATTN_DIM * sizeof(half));
	s->k_mean = (half *)take((size_t)heads * s->cols * 2 * ATTN_DIM * sizeof(half));
	s->q_sim = (float *)take((size_t)heads * s->rows * sizeof(float));
	s->k_sim = (float *)take((size_t)heads * s->cols * sizeof(float));
	return at;
}

das_pools das_pools_of(void *scratch, unsigned heads, unsigned n_q, unsigned n_k)
{
	das_pools s;

	pools_lay(&s, (char *)scratch, heads, n_q, n_k);
	return s;
}

size_t das_mask_bytes(unsigned heads, unsigned n_q, unsigned n_k)
{
	return (size_t)heads * attn_blocks(n_q, DAS_Q_BLOCK) * attn_blocks(n_k, DAS_K_BLOCK);
}

size_t das_predict_bytes(unsigned heads, unsigned n_q, unsigned n_k)
{
	das_pools s;

	return pools_lay(&s, NULL, heads, n_q, n_k);
}

void das_predict_begin(
	void *scratch, unsigned heads, unsigned n_q, unsigned n_k, cudaStream_t stream)
{
	das_pools s = das_pools_of(scratch, heads, n_q, n_k);

	CUDA_TRY(cudaMemsetAsync(scratch, 0, (char *)(s.left + 1) - (char *)scratch, stream));
}

static predict_in predict_of(const das_predict_in &in, void *scratch)
{
	predict_in p = {};
	unsigned flying = 2 * TASK_BLOCKS * multiprocessors(), all;

	p.in = in;
	p.to = das_pools_of(scratch, in.heads, in.n_q, in.n_k);
	p.key_tasks = attn_blocks(p.to.cols, POOL_WARPS);
	p.map_tasks = attn_blocks(p.to.rows, MAP_ROWS);
	all = p.key_tasks + p.map_tasks;
	p.lag = min(in.heads, flying / all + 1);
	p.map_cols = p.to.cols <= 16 * WARP ? (p.to.cols + WARP - 1) / WARP * WARP : ATTN_MAX_COLS;
	p.k_share = (float)(1.0 / ((double)POOL_SCALE * in.n_k));
	return p;
}

void das_predict_pooled(const das_predict_in &in, void *scratch, cudaStream_t stream)
{
	predict_in p = predict_of(in, scratch);
	unsigned tasks = in.heads * (p.key_tasks + p.map_tasks);
	size_t shared =
		offsetof(task_shared, score) + MAP_ROWS * (p.map_cols + MAP_PAD) * sizeof(float);

	CUDA_TRY(cudaFuncSetAttribute(
		predict_tasks, cudaFuncAttributeMaxDynamicSharedMemorySize, (int)shared));
	launch_resident(stream, predict_tasks, dim3(min(tasks, TASK_BLOCKS * multiprocessors())),
		dim3(TASK_THREADS), shared, p);
}

void das_predict_gpu(const das_predict_in &in, void *scratch, cudaStream_t stream)
{
	unsigned most = in.n_q > in.n_k ? in.n_q : in.n_k;

	launch_kernel(stream, predict_pool, dim3(attn_blocks(most, DAS_Q_BLOCK), in.heads, 2),
		dim3(POOL_THREADS), 0, predict_of(in, scratch));
	das_predict_pooled(in, scratch, stream);
}
