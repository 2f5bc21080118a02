/*
 * Stage 1 of DAS on a GPU, in one pass over Q and K: reading them once from memory is the floor.
 * The mean of all keys of a head is wanted before any of its blocks can be pooled, so a block of
 * threads keeps the keys that it summed in shared memory until the other blocks have summed
 * theirs; together they hold several heads. One block of threads a multiprocessor, with three
 * parts:
 *	two groups stream: sum keys (A), pool queries (Q), pool the keys of two steps ago (B),
 *		turn about, so that one computes while the other waits
 *	one group makes map and selection (C) of the heads that are pooled
 * Who waits, waits for counters of its head. Keys are summed before anything waits for their head
 * or a later one, and heads go in order, so somebody can always go on: all that it takes is that
 * every block gets to run, and no more of them are launched than there are multiprocessors.
 *
 * Where a head's keys do not fit, A, Q and the rest become a launch each, and the keys are read
 * twice.
 */
#include "kernels-ref/attn_common.cuh"

#define GROUPS 2
#define GROUP_THREADS 256 /* of a streaming group, and of the mapping one */
#define GROUP_WARPS (GROUP_THREADS / WARP)
#define PREDICT_THREADS ((GROUPS + 1) * GROUP_THREADS)
#define ITEM_ROWS 128 /* one block of queries or two of keys */
#define ITEM_BYTES (ITEM_ROWS * ATTN_DIM * sizeof(half))
#define MAX_SLOTS 32
#define MAP_ROWS 8  /* rows of blocks of a mapping task, one a warp */
#define MAP_COLS 64 /* columns a warp multiplies at a time, two a lane */
#define MAP_DEPTH 8 /* dims it loads at a time */

#define SUM_SCALE \
	0x1p30f         /* fixed point of the sums of keys: they come out the same in any order \
			 */
#define MASS_BASE 4.0f  /* 4 + p has p in steps of 2^-21 in its low bits, for p <= 1 */
#define BARRIER_GROUP 1 /* named barriers: one a group */

struct predict_scratch {
	unsigned long long *k_sum; /* [heads][128], in 1 / SUM_SCALE */
	unsigned *summed;          /* [heads] items of keys summed */
	unsigned *pooled;          /* [heads] items of queries and keys pooled */
	unsigned *ticket;          /* of mapping tasks */
	float *k_raw;              /* [heads][cols][128] sums of keys */
	float *q_mean;             /* [heads][rows][128] */
	float *k_mean;             /* [heads][128][span] */
	float *q_sim, *k_sim;
};

/* Divides what is less than 2^32 over the divisor, which a multiplication does exactly; the
 * general division would keep a reciprocal of every divisor in registers. */
struct divider {
	uint64_t by; /* 2^32 over the divisor, rounded up */
	unsigned divisor;
};

struct predict_in {
	das_predict_in in;
	predict_scratch to;
	unsigned rows, cols, span; /* per head; span: columns padded to whole MAP_COLS */
	unsigned map_cols;         /* of a row of the map, with room for all of its entries<V> */
	unsigned k_items;          /* of a head; there are as many items of queries as rows */
	unsigned k_slots, lag;     /* both even, so that an item and its slot stay with one group */
	unsigned q_slots;          /* 2, or 0 without queries */
	divider per_head_k, per_head_q, per_round; /* k_items, rows, k_slots */
	float k_share;             /* one sum of keys to the mean: 1 / (SUM_SCALE n_k) */
	bool sums, queries, pools; /* what this launch does: A, Q, B and C */
};

struct predict_shared {
	alignas(16) float part[GROUPS][GROUP_WARPS][ATTN_DIM]; /* sums on their way to one thread */
	alignas(16) float q[ATTN_DIM][MAP_ROWS];
	uint64_t full[MAX_SLOTS];
	float sim[GROUPS][GROUP_WARPS];
	unsigned ticket;
};

/* A streaming group's thread, and what it works on. */
struct stream_at {
	predict_shared *sh;
	half *slots;
	unsigned group, thread, warp, lane;
};

struct item {
	unsigned head, at, n; /* the at-th of its head, with n rows */
};

/* The rows of blocks of a mapping task. */
struct map_task {
	unsigned head, row, n;
};

/* --- items and their slots ------------------------------------------------------------------- */

__host__ __device__ static divider divider_of(unsigned n)
{
	return {(((uint64_t)1 << 32) + n - 1) / n, n};
}

__device__ static unsigned divide(unsigned x, unsigned *rest, const divider &d)
{
	unsigned n = (unsigned)(x * d.by >> 32);

	*rest = x - n * d.divisor;
	return n;
}

/* The @i-th item of keys of this block, if there are so many. */
__device__ static bool k_item(item *it, const predict_in &p, unsigned i)
{
	it->head = divide(i * gridDim.x + blockIdx.x, &it->at, p.per_head_k);
	it->n = min(p.in.n_k - it->at * ITEM_ROWS, (unsigned)ITEM_ROWS);
	return it->head < p.in.heads && (p.sums || p.pools);
}

/* Queries are dealt from the other end: whoever gets one item of keys less gets one more here. */
__device__ static bool q_item(item *it, const predict_in &p, unsigned i)
{
	it->head = divide(i * gridDim.x + gridDim.x - 1 - blockIdx.x, &it->at, p.per_head_q);
	it->n = min(p.in.n_q - it->at * ITEM_ROWS, (unsigned)ITEM_ROWS);
	return it->head < p.in.heads && p.queries;
}

/* One warp: fill a slot. */
__device__ static void load_item(
	const stream_at &s, unsigned slot, const half *x, unsigned n_x, const item &it)
{
	const half *from = x + ((size_t)it.head * n_x + (size_t)it.at * ITEM_ROWS) * ATTN_DIM;
	half *to = s.slots + (size_t)slot * ITEM_ROWS * ATTN_DIM;
	uint64_t *full = s.sh->full + slot;

	stage_open(full, it.n * ATTN_DIM * (unsigned)sizeof(half));
	for (unsigned r = s.lane * 4; r < it.n; r += 4 * WARP)
		stage_copy(to + r * ATTN_DIM, from + r * ATTN_DIM,
			min(4u, it.n - r) * ATTN_DIM * (unsigned)sizeof(half), full);
	stage_close(full);
}

__device__ static void load_keys(const stream_at &s, const predict_in &p, unsigned i)
{
	unsigned slot;
	item it;

	if (s.warp != 0 || !k_item(&it, p, i))
		return;
	divide(i, &slot, p.per_round);
	load_item(s, slot, p.in.k, p.in.n_k, it);
}

__device__ static void load_queries(const stream_at &s, const predict_in &p, unsigned i)
{
	item it;

	if (s.warp == 0 && q_item(&it, p, i))
		load_item(s, p.k_slots + i % GROUPS, p.in.q, p.in.n_q, it);
}

/* What is in @slot, once it is there for the @turn-th time. */
__device__ static const half *slot_rows(const stream_at &s, unsigned slot, unsigned turn)
{
	stage_wait(s.sh->full + slot, turn & 1);
	return s.slots + (size_t)slot * ITEM_ROWS * ATTN_DIM;
}

__device__ static const half *key_rows(const stream_at &s, const predict_in &p, unsigned i)
{
	unsigned slot, turn = divide(i, &slot, p.per_round);

	return slot_rows(s, slot, turn);
}

/* One warp: until a counter of other blocks' has reached @n. */
__device__ static void wait_for(const unsigned *counter, unsigned n)
{
	if (threadIdx.x % WARP == 0)
		while (load_acquire(counter) < n)
			spin_pause();
	__syncwarp();
}

__device__ static void group_barrier(const stream_at &s)
{
	barrier_sync(BARRIER_GROUP + (int)s.group, GROUP_THREADS);
}

/* --- sums over the rows of an item ----------------------------------------------------------- */

/* What one lane holds: 8 of the 128 columns of every eighth row of half an item. */
struct pool_sums {
	float mean[8], unit[8];
};

__device__ static void floats_of(float f[8], uint4 raw)
{
	const half2 *h = (const half2 *)&raw;

#pragma unroll
	for (int d = 0; d < 4; d++) {
		float2 x = __half22float2(h[d]);

		f[2 * d] = x.x;
		f[2 * d + 1] = x.y;
	}
}

__device__ static uint4 row_piece(const stream_at &s, const half *x, unsigned n, int i)
{
	unsigned r = s.thread / 128 * 64 + s.thread / 16 % 8 + (unsigned)i * 8;

	return r < n ? *(const uint4 *)(x + r * ATTN_DIM + s.lane % 16 * 8)
		     : make_uint4(0, 0, 0, 0);
}

__device__ static void sum_rows(float sum[8], const stream_at &s, const half *x, unsigned n)
{
#pragma unroll
	for (int i = 0; i < 8; i++) {
		float f[8];

		floats_of(f, row_piece(s, x, n, i));
#pragma unroll
		for (int d = 0; d < 8; d++)
			sum[d] += f[d];
	}
}

/*
 * Two rows' squared norms, each spread over 16 lanes, to the inverse norms of both in every lane:
 * each half of the lanes looks after one of them.
 */
__device__ static void inverse_norms(float v[2], unsigned lane)
{
	bool high = lane & 8;
	float c = high ? v[1] : v[0];

	c += __shfl_xor_sync(FULL_WARP, high ? v[0] : v[1], 8);
	c += __shfl_xor_sync(FULL_WARP, c, 4);
	c += __shfl_xor_sync(FULL_WARP, c, 2);
	c += __shfl_xor_sync(FULL_WARP, c, 1);
	c = c > 0.0f ? rsqrtf(c) : 0.0f;
	v[0] = __shfl_sync(FULL_WARP, c, (int)(lane & 16));
	v[1] = __shfl_sync(FULL_WARP, c, (int)(lane & 16) + 8);
}

/* Two rows from the @first-th of this lane on; keys have @off taken off, queries a mean. */
template <bool KEYS>
__device__ static void pool_two(pool_sums *sum, const stream_at &s, const half *x, unsigned n,
	const float off[8], int first)
{
	unsigned r0 = s.thread / 128 * 64 + s.thread / 16 % 8;
	float y[2][8], norm[2] = {};

#pragma unroll
	for (int i = 0; i < 2; i++) {
		floats_of(y[i], row_piece(s, x, n, first + i));
#pragma unroll
		for (int d = 0; d < 8; d++) {
			if (KEYS)
				y[i][d] -= off[d];
			else
				sum->mean[d] += y[i][d];
			norm[i] += y[i][d] * y[i][d];
		}
	}
	inverse_norms(norm, s.lane);
#pragma unroll
	for (int i = 0; i < 2; i++) {
		float by = r0 + (unsigned)(first + i) * 8 < n ? norm[i] : 0.0f;

#pragma unroll
		for (int d = 0; d < 8; d++)
			sum->unit[d] += y[i][d] * by;
	}
}

template <bool KEYS>
__device__ static pool_sums pool_rows(
	const stream_at &s, const half *x, unsigned n, const float off[8])
{
	pool_sums sum = {};

#pragma unroll 2
	for (int first = 0; first < 8; first += 2)
		pool_two<KEYS>(&sum, s, x, n, off, first);
	return sum;
}

/* Lay the warps' sums out for the group; all have read their rows when this returns. */
__device__ static void join(const stream_at &s, const float v[8])
{
	bool high = s.lane & 16;
	float4 to;

	to.x = (high ? v[4] : v[0]) + __shfl_xor_sync(FULL_WARP, high ? v[0] : v[4], 16);
	to.y = (high ? v[5] : v[1]) + __shfl_xor_sync(FULL_WARP, high ? v[1] : v[5], 16);
	to.z = (high ? v[6] : v[2]) + __shfl_xor_sync(FULL_WARP, high ? v[2] : v[6], 16);
	to.w = (high ? v[7] : v[3]) + __shfl_xor_sync(FULL_WARP, high ? v[3] : v[7], 16);
	group_barrier(s); /* the last sums were read */
	*(float4 *)(s.sh->part[s.group][s.warp] + s.lane % 16 * 8 + high * 4) = to;
	group_barrier(s);
}

/* Column @thread % 128 of what was joined, over half @block of the item's rows. */
__device__ static float joined(const stream_at &s, unsigned block)
{
	const float *part = s.sh->part[s.group][block * 4] + s.thread % ATTN_DIM;

	return part[0] + part[ATTN_DIM] + part[2 * ATTN_DIM] + part[3 * ATTN_DIM];
}

/* Self-similarity of half @block of the item, once sim[] holds its warps' shares. */
__device__ static float similarity(const stream_at &s, unsigned block)
{
	const float *sim = s.sh->sim[s.group] + block * 4;

	return fminf(sim[0] + sim[1] + sim[2] + sim[3], 1.0f);
}

__device__ static void share_similarity(const stream_at &s, float unit)
{
	float sim = warp_sum(unit * unit);

	if (s.lane == 0)
		s.sh->sim[s.group][s.warp] = sim;
}

/* --- streaming ------------------------------------------------------------------------------- */

/* A: the sums of two blocks of keys, and their share in the mean of all. */
__device__ static void sum_keys(const stream_at &s, const predict_in &p, unsigned i, const item &it)
{
	const half *x = key_rows(s, p, i);
	unsigned block = s.thread / ATTN_DIM, d = s.thread % ATTN_DIM, col = it.at * 2 + block;
	float sum[8] = {}, own;

	sum_rows(sum, s, x, it.n);
	join(s, sum);
	if (!p.pools)
		load_keys(s, p, i + p.k_slots);
	own = joined(s, block);
	if (col < p.cols)
		p.to.k_raw[((size_t)it.head * p.cols + col) * ATTN_DIM + d] = own;
	if (block == 0)
		atomicAdd(p.to.k_sum + it.head * ATTN_DIM + d,
			(unsigned long long)__float2ll_rn((own + joined(s, 1)) * SUM_SCALE));
}

__device__ static void pool_queries(
	const stream_at &s, const predict_in &p, unsigned i, const item &it)
{
	const half *x = slot_rows(s, p.k_slots + i % GROUPS, i / GROUPS);
	unsigned at = it.head * p.rows + it.at;
	pool_sums sum = pool_rows<false>(s, x, it.n, NULL);

	join(s, sum.unit);
	load_queries(s, p, i + GROUPS);
	share_similarity(s, (joined(s, 0) + joined(s, 1)) / (float)it.n);
	join(s, sum.mean);
	if (s.thread < ATTN_DIM)
		p.to.q_mean[(size_t)at * ATTN_DIM + s.thread] =
			(joined(s, 0) + joined(s, 1)) / (float)it.n;
	if (s.thread == 0)
		p.to.q_sim[at] = similarity(s, 0);
}

__device__ static float mean_key(const predict_in &p, unsigned head, unsigned d)
{
	long long sum = (long long)__ldcg(p.to.k_sum + head * ATTN_DIM + d);

	return (float)sum * p.k_share;
}

/* B: two blocks of keys whose head's mean is known, or soon. */
__device__ static void pool_keys(
	const stream_at &s, const predict_in &p, unsigned i, const item &it)
{
	const half *x = key_rows(s, p, i);
	unsigned block = s.thread / ATTN_DIM, d = s.thread % ATTN_DIM, col = it.at * 2 + block;
	bool real = col < p.cols;
	float rows = real ? (float)min(64u, it.n - block * 64) : 1.0f, raw = 0.0f, off[8];

	wait_for(p.to.summed + it.head, p.k_items);
	if (real)
		raw = __ldcg(p.to.k_raw + ((size_t)it.head * p.cols + col) * ATTN_DIM + d);
#pragma unroll
	for (unsigned c = 0; c < 8; c++)
		off[c] = mean_key(p, it.head, s.lane % 16 * 8 + c);
	pool_sums sum = pool_rows<true>(s, x, it.n, off);
	join(s, sum.unit);
	load_keys(s, p, i + p.k_slots);
	share_similarity(s, joined(s, block) / rows);
	if (real)
		p.to.k_mean[((size_t)it.head * ATTN_DIM + d) * p.span + col] =
			raw / rows - mean_key(p, it.head, d);
	group_barrier(s);
	if (d == 0 && real)
		p.to.k_sim[it.head * p.cols + col] = similarity(s, block);
}

/* What the group's threads have written, for all to see: one fence for up to three items. */
__device__ static void announce(
	const stream_at &s, unsigned *keys_summed, unsigned *queries_pooled, unsigned *keys_pooled)
{
	group_barrier(s);
	if (s.thread != 0)
		return;
	__threadfence();
	if (keys_summed)
		atomicAdd(keys_summed, 1u);
	if (queries_pooled)
		atomicAdd(queries_pooled, 1u);
	if (keys_pooled)
		atomicAdd(keys_pooled, 1u);
}

__device__ static void stream_heads(const stream_at &s, const predict_in &p)
{
	unsigned *owed = NULL; /* the counter of a pooled item that was not announced */
	item k, q;

	for (unsigned i = s.group;; i += GROUPS) {
		bool keys = k_item(&k, p, i) && p.sums, queries = q_item(&q, p, i);

		if (keys)
			sum_keys(s, p, i, k);
		if (queries)
			pool_queries(s, p, i, q);
		/* Before anything waits: others may be waiting for these sums. */
		if (keys || queries || owed)
			announce(s, keys ? p.to.summed + k.head : NULL,
				queries ? p.to.pooled + q.head : NULL, owed);
		owed = NULL;
		if (p.pools && i >= p.lag) {
			keys = k_item(&k, p, i - p.lag);
			if (keys)
				pool_keys(s, p, i - p.lag, k);
			if (keys)
				owed = p.to.pooled + k.head;
		}
		if (!keys && !queries && i >= p.lag)
			break;
	}
}

/* --- map and selection ----------------------------------------------------------------------- */

/*
 * Of a row's entries a lane looks after columns 32 v + lane, v < V: in registers, or where they
 * are too many for that, in place in the map.
 */
template <int V> struct entries {
	static constexpr bool in_place = V > 16;
	static constexpr int stride = in_place ? WARP : 1;
	static constexpr int registers = in_place ? 1 : V;
};

/* Mass in fixed point and number of a lane's entries whose bits are at least @floor. */
struct mass {
	unsigned sum, n;
};

__device__ static unsigned fixed_mass(float p)
{
	return __float_as_uint(MASS_BASE + p) - __float_as_uint(MASS_BASE);
}

template <int V> __device__ static mass mass_from(const float *p, uint32_t floor)
{
	mass m = {};

#pragma unroll
	for (int v = 0; v < V; v++) {
		bool in = __float_as_uint(p[v * entries<V>::stride]) >= floor;

		m.sum += fixed_mass(in ? p[v * entries<V>::stride] : 0.0f);
		m.n += in;
	}
	m.sum = __reduce_add_sync(FULL_WARP, m.sum);
	m.n = __reduce_add_sync(FULL_WARP, m.n);
	return m;
}

/*
 * Bits of the smallest entry that the largest ones need to reach @target together: bisection
 * until one entry is left, or the range is one value. *@above: mass of the larger ones.
 */
template <int V>
__device__ static uint32_t last_needed(unsigned *above, const float *p, unsigned target)
{
	uint32_t low = 1, high = __float_as_uint(1.0f) + 1, last = 0;
	unsigned n_low = WARP * V, n_high = 0;

	*above = 0;
	while (high - low > 1 && n_low - n_high > 1) {
		uint32_t mid = low + (high - low) / 2;
		mass m = mass_from<V>(p, mid);

		if (m.sum >= target) {
			low = mid;
			n_low = m.n;
		} else {
			high = mid;
			n_high = m.n;
			*above = m.sum;
		}
	}
#pragma unroll
	for (int v = 0; v < V; v++) {
		uint32_t bits = __float_as_uint(p[v * entries<V>::stride]);

		last = bits < high && bits > last ? bits : last;
	}
	return __reduce_max_sync(FULL_WARP, last);
}

/* Scores to exp(score - peak) <= 1; what is no candidate has no mass and is never needed. */
template <int V> __device__ static unsigned exponentials(float *p, float peak)
{
	unsigned total = 0;

#pragma unroll
	for (int v = 0; v < V; v++) {
		p[v * entries<V>::stride] =
			p[v * entries<V>::stride] > -HUGE_VALF
				? fminf(__expf(p[v * entries<V>::stride] - peak), 1.0f)
				: 0.0f;
		total += fixed_mass(p[v * entries<V>::stride]);
	}
	return __reduce_add_sync(FULL_WARP, total);
}

/*
 * One warp: which of its row's scores are in the smallest set of largest entries whose sum
 * reaches tau, ties to the lower column. Bit v of the result and of *@candidates, those that have
 * a score: column 32 v + lane. The scores are lost.
 */
template <int V>
__device__ static unsigned select_row(unsigned *candidates, float *score, unsigned n, float tau)
{
	float registers[entries<V>::registers], peak = -HUGE_VALF;
	unsigned lane = threadIdx.x % WARP, chosen = 0, total, target, sum;
	float *p = entries<V>::in_place ? score + lane : registers;
	uint32_t last;

#pragma unroll
	for (int v = 0; v < V; v++) {
		p[v * entries<V>::stride] =
			v * WARP + lane < n ? score[v * WARP + lane] : -HUGE_VALF;
		peak = fmaxf(peak, p[v * entries<V>::stride]);
		chosen |= (unsigned)(p[v * entries<V>::stride] > -HUGE_VALF) << v;
	}
	*candidates = chosen;
	peak = warp_max(peak);
	if (peak == -HUGE_VALF || tau >= 1.0f)
		return chosen;
	total = exponentials<V>(p, peak);
	target = (unsigned)max((int)ceil((double)tau * (double)total), 1);
	last = last_needed<V>(&sum, p, target);
	chosen = 0;
#pragma unroll
	for (int v = 0; v < V; v++) {
		uint32_t bits = __float_as_uint(p[v * entries<V>::stride]);
		unsigned ties = __ballot_sync(FULL_WARP, bits == last);
		unsigned each = fixed_mass(__uint_as_float(last));
		unsigned before = sum + each * (unsigned)__popc(ties & ((1u << lane) - 1));

		chosen |= (unsigned)(bits > last || (bits == last && before < target)) << v;
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

__device__ static void map_barrier(void)
{
	barrier_sync(BARRIER_GROUP + GROUPS, GROUP_THREADS);
}

/* Column blocks that row block @row sees. */
__device__ static unsigned visible_cols(const predict_in &p, unsigned row)
{
	attn_in shape = {};

	shape.n_q = p.in.n_q;
	shape.n_k = p.in.n_k;
	shape.causal = p.in.causal;
	return attn_visible_cols(shape, row);
}

/* The next task of any block, once its head is pooled; the group's threads get the same. Long rows
 * come first. */
__device__ static bool map_next(map_task *t, predict_shared *sh, const predict_in &p)
{
	unsigned tasks = (p.rows + MAP_ROWS - 1) / MAP_ROWS, i;

	map_barrier(); /* the last ticket and the tiles of the last task were read */
	if (threadIdx.x % GROUP_THREADS < WARP) { /* one warp looks, not to crowd the counter */
		if (threadIdx.x % WARP == 0)
			sh->ticket = atomicAdd(p.to.ticket, 1u);
		__syncwarp();
		if (sh->ticket < p.in.heads * tasks)
			wait_for(p.to.pooled + sh->ticket / tasks, p.k_items + p.rows);
	}
	map_barrier();
	i = sh->ticket;
	if (i >= p.in.heads * tasks)
		return false;
	t->head = i / tasks;
	t->row = (tasks - 1 - i % tasks) * MAP_ROWS;
	t->n = min(p.rows - t->row, (unsigned)MAP_ROWS);
	return true;
}

/* One warp: scores of MAP_ROWS rows and MAP_COLS columns from @col on. */
__device__ static void map_products(
	float *map, const predict_shared *sh, const predict_in &p, const map_task &t, unsigned col)
{
	unsigned at = col + threadIdx.x % WARP * 2;
	const float *k = p.to.k_mean + (size_t)t.head * ATTN_DIM * p.span + at;
	float dot[2][MAP_ROWS] = {};

#pragma unroll 1
	for (unsigned d0 = 0; d0 < ATTN_DIM; d0 += MAP_DEPTH) {
		float2 x[MAP_DEPTH];

#pragma unroll
		for (unsigned d = 0; d < MAP_DEPTH; d++)
			x[d] = __ldcg((const float2 *)(k + (size_t)(d0 + d) * p.span));
#pragma unroll
		for (unsigned d = 0; d < MAP_DEPTH; d++) {
			float q[MAP_ROWS];

			*(float4 *)q = *(const float4 *)sh->q[d0 + d];
			*(float4 *)(q + 4) = *(const float4 *)(sh->q[d0 + d] + 4);
#pragma unroll
			for (int r = 0; r < MAP_ROWS; r++) {
				dot[0][r] += x[d].x * q[r];
				dot[1][r] += x[d].y * q[r];
			}
		}
	}
	for (unsigned c = 0; c < 2 && at + c < p.cols; c++) {
		bool fixed = __ldcg(p.to.k_sim + t.head * p.cols + at + c) <= p.in.theta;

#pragma unroll
		for (int r = 0; r < MAP_ROWS; r++)
			map[r * p.map_cols + at + c] = fixed ? -HUGE_VALF : dot[c][r] * p.in.scale;
	}
}

/* One warp: the flags of row @r of the task. */
__device__ static void map_row(float *score, const predict_in &p, const map_task &t, unsigned r)
{
	unsigned row = t.row + r, end = visible_cols(p, row);
	unsigned own = row * DAS_Q_BLOCK + p.in.n_k - p.in.n_q;
	unsigned candidates, chosen = select_any(&candidates, score, end, p.in.tau);
	uint8_t *to = p.in.mask + ((size_t)t.head * p.rows + row) * p.cols, all;

	all = (uint8_t)((p.in.n_k < 128 ? DAS_BY_LENGTH : 0) |
			(__ldcg(p.to.q_sim + t.head * p.rows + row) <= p.in.theta ? DAS_BY_SIM_Q
										  : 0));
	for (unsigned j = threadIdx.x % WARP, v = 0; j < p.cols; j += WARP, v++) {
		bool fixed = !(candidates >> v & 1);
		bool diagonal = p.in.causal && (j + 1) * DAS_K_BLOCK > own;

		to[j] = (uint8_t)(j >= end ? 0
					   : all | (chosen >> v & 1 ? DAS_BY_MAP : 0) |
						     (fixed ? DAS_BY_SIM_K : 0) |
						     (diagonal ? DAS_BY_DIAGONAL : 0));
	}
}

/* C: whole heads in order, as they are pooled. */
__device__ static void map_heads(float *map, predict_shared *sh, const predict_in &p)
{
	unsigned thread = threadIdx.x % GROUP_THREADS, warp = thread / WARP;
	map_task t;

	while (map_next(&t, sh, p)) {
		const float *q = p.to.q_mean + ((size_t)t.head * p.rows + t.row) * ATTN_DIM;
		unsigned end = visible_cols(p, t.row + t.n - 1);

		for (unsigned i = thread; i < MAP_ROWS * ATTN_DIM; i += GROUP_THREADS)
			sh->q[i % ATTN_DIM][i / ATTN_DIM] =
				i < t.n * ATTN_DIM ? __ldcg(q + i) : 0.0f;
		map_barrier();
		for (unsigned col = warp * MAP_COLS; col < end; col += GROUP_WARPS * MAP_COLS)
			map_products(map, sh, p, t, col);
		map_barrier();
		if (warp < t.n)
			map_row(map + warp * p.map_cols, p, t, warp);
	}
}

/* --- kernels and launches -------------------------------------------------------------------- */

__global__ void __launch_bounds__(256) predict_clear(unsigned *p, unsigned n)
{
	unsigned i = blockIdx.x * blockDim.x + threadIdx.x;

	launch_next();
	if (i < n)
		p[i] = 0;
}

__global__ void __launch_bounds__(PREDICT_THREADS, 1) predict_heads(predict_in p)
{
	__shared__ predict_shared sh;
	DYNAMIC_SHARED(half, slots);
	unsigned thread = threadIdx.x % GROUP_THREADS, group = threadIdx.x / GROUP_THREADS;
	unsigned n_slots = p.k_slots + p.q_slots;
	stream_at s = {&sh, slots, group, thread, thread / WARP, thread % WARP};

	if (threadIdx.x < n_slots)
		stage_init(sh.full + threadIdx.x);
	fence_mbar_init();
	__syncthreads();
	if (group < GROUPS) {
		/* Nothing before this launch's counters writes Q or K, so they need not wait. */
		for (unsigned i = group; i < p.k_slots; i += GROUPS)
			load_keys(s, p, i);
		for (unsigned i = group; i < p.q_slots; i += GROUPS)
			load_queries(s, p, i);
	}
	launch_wait();
	if (group < GROUPS)
		stream_heads(s, p);
	else if (p.pools)
		map_heads((float *)(slots + (size_t)n_slots * ITEM_ROWS * ATTN_DIM), &sh, p);
}

/* Lay the scratch out; returns its size. What has to start at zero comes first. */
static size_t scratch_lay(
	predict_scratch *s, char *base, unsigned heads, unsigned n_q, unsigned n_k)
{
	size_t rows = attn_blocks(n_q, DAS_Q_BLOCK), cols = attn_blocks(n_k, DAS_K_BLOCK), at = 0;
	size_t span = attn_blocks(n_k, DAS_K_BLOCK * MAP_COLS) * (size_t)MAP_COLS;
	auto take = [&](size_t n) {
		float *p = (float *)(base + at);

		at += (n * sizeof(float) + 255) / 256 * 256;
		return p;
	};

	s->k_sum = (unsigned long long *)take(heads * ATTN_DIM * 2);
	s->summed = (unsigned *)take(heads * 2 + 1);
	s->pooled = s->summed + heads;
	s->ticket = s->pooled + heads;
	s->k_raw = take(heads * cols * ATTN_DIM);
	s->q_mean = take(heads * rows * ATTN_DIM);
	s->k_mean = take(heads * span * ATTN_DIM);
	s->q_sim = take(heads * rows);
	s->k_sim = take(heads * cols);
	return at;
}

size_t das_predict_bytes(unsigned heads, unsigned n_q, unsigned n_k)
{
	predict_scratch s;

	return scratch_lay(&s, NULL, heads, n_q, n_k);
}

static unsigned device_figure(enum cudaDeviceAttr what)
{
	int device, x;

	CUDA_TRY(cudaGetDevice(&device));
	CUDA_TRY(cudaDeviceGetAttribute(&x, what, device));
	return (unsigned)x;
}

static size_t map_bytes(const predict_in &p)
{
	return p.pools ? MAP_ROWS * p.map_cols * sizeof(float) : 0;
}

/* Choose slots for keys; false if there are too few to keep them for @p.lag steps. */
static bool slots_lay(predict_in *p)
{
	size_t room = device_figure(cudaDevAttrMaxSharedMemoryPerBlockOptin);
	size_t n = (room - sizeof(predict_shared) - 1024 - map_bytes(*p)) / ITEM_BYTES;

	n = (n < MAX_SLOTS ? n : MAX_SLOTS) / GROUPS * GROUPS;
	p->q_slots = p->queries ? GROUPS : 0;
	p->k_slots = p->sums || p->pools ? (unsigned)n - p->q_slots : 0;
	p->per_round = divider_of(p->k_slots ? p->k_slots : 1);
	return n >= p->q_slots + p->lag + GROUPS;
}

static void launch_heads(const predict_in &p, unsigned blocks, cudaStream_t stream)
{
	size_t shared = (p.k_slots + p.q_slots) * ITEM_BYTES + map_bytes(p);

	CUDA_TRY(cudaFuncSetAttribute(
		predict_heads, cudaFuncAttributeMaxDynamicSharedMemorySize, (int)shared));
	launch_overlapped(stream, predict_heads, dim3(blocks), dim3(PREDICT_THREADS), shared, p);
}

void das_predict_gpu(const das_predict_in &in, void *scratch, cudaStream_t stream)
{
	unsigned blocks = processors_at_once(device_figure(cudaDevAttrMultiProcessorCount));
	predict_in p = {};
	unsigned n_zero;

	scratch_lay(&p.to, (char *)scratch, in.heads, in.n_q, in.n_k);
	p.in = in;
	p.rows = attn_blocks(in.n_q, DAS_Q_BLOCK);
	p.cols = attn_blocks(in.n_k, DAS_K_BLOCK);
	p.span = attn_blocks(p.cols, MAP_COLS) * MAP_COLS;
	p.map_cols = p.span <= 16 * WARP ? p.span : ATTN_MAX_COLS;
	p.k_items = attn_blocks(in.n_k, ITEM_ROWS);
	p.per_head_k = divider_of(p.k_items);
	p.per_head_q = divider_of(p.rows);
	p.k_share = (float)(1.0 / ((double)SUM_SCALE * in.n_k));
	n_zero = (unsigned)(p.to.ticket + 1 - (unsigned *)scratch);
	launch_kernel(stream, predict_clear, dim3(attn_blocks(n_zero, 256)), dim3(256), 0,
		(unsigned *)scratch, n_zero);
	/* Keys stay until a block has summed all that it has of their head, at least two steps. */
	p.lag = (attn_blocks(p.k_items, blocks) + GROUPS - 1) / GROUPS * GROUPS;
	p.sums = p.queries = p.pools = true;
	if (slots_lay(&p))
		return launch_heads(p, blocks, stream);
	p.lag = 0;
	for (int part = 0; part < 3; part++) {
		p.sums = part == 0;
		p.queries = part == 1;
		p.pools = part == 2;
		slots_lay(&p);
		launch_heads(p, blocks, stream);
	}
}
