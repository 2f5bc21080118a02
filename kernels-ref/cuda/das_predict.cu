/*
 * Stage 1 of DAS on a GPU. The kernel that has Q and K in hand pools the queries and sums the keys
 * (das_pools.cuh): the one that writes them (prompt_store.cu), or a kernel of its own here. Then, in
 * one launch, blocks claim tasks of a list in which, for each head,
 *	K  eight blocks of keys are pooled, their mean taken off, a warp each
 *	M  and some heads later 16 rows of blocks are mapped and selected
 * so that the map of one head is computed while the keys of others come from memory. A block
 * claims a task while it has another in hand. Who waits, waits for tasks of smaller numbers than
 * any he has; the smallest that is waited for waits for none, so all it takes is that every block
 * runs.
 */
#include "kernels-ref/cuda/das_pools.cuh"

#define TASK_THREADS (POOL_WARPS * WARP)
#define TASK_BLOCKS 2  /* on a multiprocessor */
#define MAP_ROWS 16    /* rows of blocks of a mapping task */
#define MAP_TILE 8     /* columns of the map that a warp makes at a time */
#define MAP_PAD 8      /* floats from row to row, for the banks */
#define MEAN_WORDS (ATTN_DIM / 2)
#define MEAN_PITCH (MEAN_WORDS + 8) /* words from row to row, likewise */
#define POOL_LOADS 8   /* of two rows of a block at a time, 16 bytes a lane */
#define KEY_LOADS 4    /* the same, twice */
#define KEY_ROWS (2 * KEY_LOADS)
#define MASS_BASE 4.0f /* 4 + p has p in steps of 2^-21 in its low bits, for p <= 1 */
#define NO_NORM 1e-12f /* a key this close to the mean, squared and relative, is the mean */

struct predict_in {
	das_predict_in in;
	das_pools to;
	unsigned key_tasks, map_tasks; /* per head */
	unsigned lag;                  /* heads from K to M */
	unsigned map_cols;             /* of a row of the map, with room for all of its entries<V> */
	float k_share;                 /* one sum of keys to the mean: 1 / (POOL_SCALE n_k) */
};

/* --- rows of a block, two at a time: half a warp a row, eight columns a lane -------------------- */

template <unsigned LOADS> struct row_pairs {
	uint4 of[LOADS];
};

/* Rows @row + 2 i + this half of the warp, zeros from @end on. */
template <unsigned LOADS>
__device__ static void load_pairs(
	row_pairs<LOADS> *to, const half *from, size_t stride, unsigned row, unsigned end)
{
	unsigned mine = row + threadIdx.x % WARP / 16;

#pragma unroll
	for (unsigned i = 0; i < LOADS; i++)
		to->of[i] = mine + 2 * i < end
				    ? *(const uint4 *)(from + (mine + 2 * i) * stride +
						       threadIdx.x % 16 * 8)
				    : make_uint4(0, 0, 0, 0);
}

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

__device__ static float half_warp_sum(float x)
{
#pragma unroll
	for (int o = 8; o; o /= 2)
		x += __shfl_xor_sync(FULL_WARP, x, o);
	return x;
}

/* Both rows that a lane had a share of. */
__device__ static void join_halves(float x[8])
{
#pragma unroll
	for (int i = 0; i < 8; i++)
		x[i] += __shfl_xor_sync(FULL_WARP, x[i], 16);
}

/** Sums over rows of a block, of the rows and of the unit vectors of what is left of them without
 *  @off; @least is the square of a norm that is none. */
struct pair_sums {
	float plain[8] = {}, unit[8] = {};

	template <bool UNITS, unsigned LOADS>
	__device__ void add(const row_pairs<LOADS> &rows, unsigned left, const float off[8], float least)
	{
#pragma unroll
		for (unsigned i = 0; i < LOADS; i++) {
			float x[8], square = 0.0f;

			eight_of(x, rows.of[i]);
#pragma unroll
			for (int c = 0; c < 8; c++) {
				plain[c] += x[c];
				x[c] -= off[c];
				square += x[c] * x[c];
			}
			if (!UNITS)
				continue;
			square = half_warp_sum(square);
			float inverse = square > least && 2 * i + threadIdx.x % WARP / 16 < left
						? rsqrtf(square)
						: 0.0f;
#pragma unroll
			for (int c = 0; c < 8; c++)
				unit[c] += x[c] * inverse;
		}
	}
};

/* --- pooling in a kernel of its own ------------------------------------------------------------ */

/* 128 queries of a head, or as many keys: blocks along x, heads along y, first queries along z. */
__global__ void __launch_bounds__(POOL_THREADS) predict_pool(const __grid_constant__ predict_in p)
{
	__shared__ pool_part part;
	bool keys = blockIdx.z > 0;
	unsigned n = keys ? p.in.n_k : p.in.n_q, from = blockIdx.x * DAS_Q_BLOCK;
	unsigned head = blockIdx.y, warp = threadIdx.x / WARP, lane = threadIdx.x % WARP;
	const half *rows = keys ? p.in.k + head * p.in.k_head : p.in.q + head * p.in.q_head;
	const float none[8] = {};
	pair_sums sums;
	row_pairs<POOL_LOADS> pairs;

	launch_wait();
	if (from >= n)
		return;
	unsigned row = from + warp * 2 * POOL_LOADS, end = min(from + DAS_Q_BLOCK, n);

	load_pairs(&pairs, rows, keys ? ATTN_DIM : p.in.q_tok, row, end);
	if (keys)
		sums.add<false>(pairs, 2 * POOL_LOADS, none, 0.0f);
	else
		sums.add<true>(pairs, 2 * POOL_LOADS, none, 0.0f);
	join_halves(sums.plain);
	join_halves(sums.unit);
#pragma unroll
	for (unsigned kind = 0; kind < 2; kind++)
		if (lane / 16 == kind) {
			const float *x = kind == 0 ? sums.plain : sums.unit;
			float4 *to = (float4 *)(part.of[warp][kind] + lane % 16 * 8);

			to[0] = make_float4(x[0], x[1], x[2], x[3]);
			to[1] = make_float4(x[4], x[5], x[6], x[7]);
		}
	__syncthreads();
	if (warp > 0)
		return;
	if (keys)
		pool_keys(p.to, &part, head);
	else
		pool_queries(p.to, &part, head, blockIdx.x, end - from);
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

/* --- K ---------------------------------------------------------------------------------------- */

/* A lane's eight columns of the mean of a head's keys. */
__device__ static void key_mean(float to[8], const predict_in &p, unsigned head)
{
	const unsigned long long *sum =
		p.to.k_sum + head * ATTN_DIM + threadIdx.x % 16 * 8;

#pragma unroll
	for (int i = 0; i < 8; i++)
		to[i] = (float)(long long)__ldcg(sum + i) * p.k_share;
}

__device__ static float square_of(const float x[8])
{
	float square = 0.0f;

#pragma unroll
	for (int i = 0; i < 8; i++)
		square += x[i] * x[i];
	return half_warp_sum(square);
}

/* Half the warp writes the rounded mean, the other what that leaves. */
__device__ static void key_block_store(
	const predict_in &p, size_t at, const pair_sums &sums, const float off[8], unsigned n)
{
	unsigned lane = threadIdx.x % WARP;
	half *to = p.to.k_mean + (at * 2 + lane / 16) * ATTN_DIM + lane % 16 * 8;
	float share = 1.0f / (float)n, x[8];

#pragma unroll
	for (int i = 0; i < 8; i++) {
		x[i] = sums.plain[i] * share - off[i];
		if (lane >= 16)
			x[i] -= __half2float(__float2half(x[i]));
	}
	*(uint4 *)to = make_uint4(pack_halves(x[0], x[1]), pack_halves(x[2], x[3]),
		pack_halves(x[4], x[5]), pack_halves(x[6], x[7]));
	float similar = square_of(sums.unit) * share * share;

	if (lane == 0)
		p.to.k_sim[at] = fminf(similar, 1.0f);
}

/* One warp: a block of keys, the next rows asked for while the last are added. */
__device__ static void key_block(const predict_in &p, unsigned head, unsigned col)
{
	unsigned n = min(p.in.n_k - col * DAS_K_BLOCK, (unsigned)DAS_K_BLOCK);
	const half *from = p.in.k + head * p.in.k_head + (size_t)col * DAS_K_BLOCK * ATTN_DIM;
	row_pairs<KEY_LOADS> rows[2];
	pair_sums sums;
	float off[8];

	load_pairs(rows, from, ATTN_DIM, 0, n);
	key_mean(off, p, head);
	float least = NO_NORM * square_of(off);

#pragma unroll 1
	for (unsigned row = 0; row < n; row += 2 * KEY_ROWS) {
		load_pairs(rows + 1, from, ATTN_DIM, row + KEY_ROWS, n);
		sums.add<true>(rows[0], n - row, off, least);
		load_pairs(rows, from, ATTN_DIM, row + 2 * KEY_ROWS, n);
		sums.add<true>(rows[1], n > row + KEY_ROWS ? n - row - KEY_ROWS : 0, off, least);
	}
	join_halves(sums.plain);
	join_halves(sums.unit);
	key_block_store(p, (size_t)head * p.to.cols + col, sums, off, n);
}

__device__ static void key_task(const predict_in &p, unsigned head, unsigned at)
{
	unsigned col = at * POOL_WARPS + threadIdx.x / WARP;

	if (col < p.to.cols)
		key_block(p, head, col);
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

	/* Of a row of @n; bit v of the result: it has a score. */
	__device__ unsigned load(float *score, unsigned n)
	{
		unsigned lane = threadIdx.x % WARP, scored = 0;

		row = score + lane;
#pragma unroll
		for (int v = 0; v < V; v++) {
			at(v) = v * WARP + lane < n ? row[v * WARP] : -HUGE_VALF;
			scored |= (unsigned)(at(v) > -HUGE_VALF) << v;
		}
		return scored;
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
 * One warp: which of its row's scores are in the smallest set of largest entries whose sum
 * reaches tau, ties to the lower column. Bit v of the result and of *@candidates, those that have
 * a score: column 32 v + lane. The scores are lost.
 */
template <int V>
__device__ static unsigned select_row(unsigned *candidates, float *score, unsigned n, float tau)
{
	entries<V> e;
	unsigned lane = threadIdx.x % WARP, chosen = e.load(score, n), total, target, sum;
	float peak = e.peak();
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

__device__ static unsigned select_any(unsigned *candidates, float *score, unsigned n, float tau)
{
	if (n <= 4 * WARP)
		return select_row<4>(candidates, score, n, tau);
	if (n <= 8 * WARP)
		return select_row<8>(candidates, score, n, tau);
	if (n <= 16 * WARP)
		return select_row<16>(candidates, score, n, tau);
	return select_row<32>(candidates, score, n, tau);
}

/* --- M: the map -------------------------------------------------------------------------------- */

/* Column blocks that row block @row sees. */
__device__ static unsigned visible_cols(const predict_in &p, unsigned row)
{
	attn_in shape = {};

	shape.n_q = p.in.n_q;
	shape.n_k = p.in.n_k;
	shape.causal = p.in.causal;
	return attn_visible_cols(shape, row);
}

/* Means of MAP_ROWS rows of queries, [high, low][row]. */
struct map_queries {
	alignas(16) uint32_t of[2][MAP_ROWS][MEAN_PITCH];
};

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

/* Of 16 columns of a mean lane 4 g + t has those from 4 t on, which the tensor cores take for others;
 * it does not matter to a product as long as both sides agree. */
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

/* Scores of 16 rows and the MAP_TILE columns of which this lane's has its mean at @key: lane 4 g + t
 * has rows g (0, 1) and g + 8 (2, 3) of columns 2 t and the next. */
__device__ static void map_tile(float to[4], const map_queries *q, const half *key)
{
	unsigned g = threadIdx.x % WARP / 4;
	uint2 high[8], low[8];
	float part[3][4] = {};

	keys_share(high, key);
	keys_share(low, key + ATTN_DIM);
#pragma unroll
	for (int i = 0; i < 8; i++) {
		uint2 upper = queries_share(q, 0, g, i), lower = queries_share(q, 0, g + 8, i);

		mma_16816(part[0], upper.x, lower.x, upper.y, lower.y, high[i].x, high[i].y);
		mma_16816(part[1], upper.x, lower.x, upper.y, lower.y, low[i].x, low[i].y);
		upper = queries_share(q, 1, g, i);
		lower = queries_share(q, 1, g + 8, i);
		mma_16816(part[2], upper.x, lower.x, upper.y, lower.y, high[i].x, high[i].y);
	}
#pragma unroll
	for (int i = 0; i < 4; i++)
		to[i] = part[0][i] + (part[1][i] + part[2][i]);
}

/* One warp: its columns of the scores of MAP_ROWS rows, as far as any of them sees. */
__device__ static void map_scores(
	float *score, const predict_in &p, const map_queries *q, unsigned head, unsigned end)
{
	unsigned lane = threadIdx.x % WARP, g = lane / 4, stride = p.map_cols + MAP_PAD;
	const half *k = p.to.k_mean + (size_t)head * p.to.cols * 2 * ATTN_DIM;

#pragma unroll 1
	for (unsigned col0 = threadIdx.x / WARP * MAP_TILE; col0 < end;
		col0 += POOL_WARPS * MAP_TILE) {
		float x[4];

		map_tile(x, q, k + min(col0 + g, p.to.cols - 1) * 2 * ATTN_DIM);
#pragma unroll
		for (unsigned i = 0; i < 4; i++) {
			unsigned col = col0 + lane % 4 * 2 + i % 2;
			bool fixed = col >= end ||
				     __ldcg(p.to.k_sim + head * p.to.cols + col) <= p.in.theta;

			score[(g + i / 2 * 8) * stride + col] =
				fixed ? -HUGE_VALF : x[i] * p.in.scale;
		}
	}
}

/* One warp: the flags of a row of blocks from its scores. */
__device__ static void map_row(float *score, const predict_in &p, unsigned head, unsigned row)
{
	unsigned end = visible_cols(p, row);
	unsigned own = row * DAS_Q_BLOCK + p.in.n_k - p.in.n_q;
	unsigned candidates, chosen = select_any(&candidates, score, end, p.in.tau);
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

struct task_shared {
	unsigned next;
	map_queries q;
	alignas(16) float score[1]; /* [MAP_ROWS][map_cols + MAP_PAD] */
};

/* Long rows come first. */
__device__ static void map_task(task_shared *sh, const predict_in &p, unsigned head, unsigned at)
{
	unsigned row0 = (p.map_tasks - 1 - at) * MAP_ROWS;
	unsigned rows = min(p.to.rows - row0, (unsigned)MAP_ROWS);

	load_queries(&sh->q, p, head, row0, rows);
	if (threadIdx.x == 0)
		while (load_acquire(p.to.through + head) < p.key_tasks)
			spin_pause();
	__syncthreads();
	map_scores(sh->score, p, &sh->q, head, visible_cols(p, row0 + rows - 1));
	__syncthreads();
	for (unsigned i = threadIdx.x / WARP; i < rows; i += POOL_WARPS)
		map_row(sh->score + i * (p.map_cols + MAP_PAD), p, head, row0 + i);
}

/* --- kernels and launches ---------------------------------------------------------------------- */

/* The last block to leave: what has to be zero at the next call. */
__device__ static void clear_pools(const predict_in &p)
{
	if (threadIdx.x == 0)
		*p.to.claimed = 0;
	for (unsigned i = threadIdx.x; i < p.in.heads * ATTN_DIM; i += TASK_THREADS)
		p.to.k_sum[i] = 0;
	for (unsigned i = threadIdx.x; i < p.in.heads; i += TASK_THREADS)
		p.to.through[i] = 0;
}

__global__ void __launch_bounds__(TASK_THREADS, TASK_BLOCKS)
	predict_tasks(const __grid_constant__ predict_in p)
{
	DYNAMIC_SHARED(char, raw);
	task_shared *sh = (task_shared *)raw;
	task t;
	bool more = task_of(&t, p, blockIdx.x);

	launch_wait();
	while (more) {
		unsigned claim = 0;

		if (threadIdx.x == 0)
			claim = gridDim.x + atomicAdd(p.to.claimed, 1u);
		if (t.map)
			map_task(sh, p, t.head, t.at);
		else
			key_task(p, t.head, t.at);
		if (threadIdx.x == 0)
			sh->next = claim;
		__syncthreads();
		more = task_of(&t, p, sh->next);
		__syncthreads();
	}
	if (threadIdx.x == 0) {
		__threadfence();
		sh->next = atomicInc(p.to.left, gridDim.x - 1) == gridDim.x - 1;
		__threadfence();
	}
	__syncthreads();
	if (sh->next)
		clear_pools(p);
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
	s->through = (unsigned *)take((heads + 2) * sizeof(*s->through));
	s->claimed = s->through + heads;
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
	size_t shared = offsetof(task_shared, score) +
			MAP_ROWS * (p.map_cols + MAP_PAD) * sizeof(float);

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
