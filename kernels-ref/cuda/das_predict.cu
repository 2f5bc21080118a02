/*
 * Stage 1 of DAS on a GPU: pools in one pass over Q and K, then map and selection; in one launch,
 * where the blocks meet between the two, or where there is much to map in a second one, of which
 * more blocks are there at a time.
 *
 * Pooling wants the mean of all keys of a head before it can look at one of them, so the warps take
 * items from a list in which, for each head,
 *	A  the keys are summed, some blocks at a time
 *	Q  blocks of queries are pooled
 *	B  and some heads later blocks of keys, which are still in the L2 cache
 * A warp claims an item while it has another in hand. Who waits, waits for items of smaller
 * numbers than those he has; the smallest that is waited for waits for none, so all it takes is
 * that every block runs.
 *
 * The tensor cores add up: with X the rows of a block and g their inverse norms (as halves, each
 * off by up to 2^-12), sums and sums of unit vectors are X' (1, g), and the norms the diagonal of
 * X X'. Keys are taken as they are and their mean, two halves for each of its numbers, is taken
 * off afterwards. What such products take is their latency: so a warp has several chains of them
 * at a time, and there are as many warps as their registers allow, each with 32 rows in hand.
 */
#include "kernels-ref/cuda/attn_common.cuh"
#include "kernels-ref/cuda/tile_map.cuh"

#define POOL_WARPS 16 /* each with a slot of SLOT_ROWS rows */
#define POOL_THREADS (POOL_WARPS * WARP)
#define SLOT_ROWS 32
#define PANEL_BYTES (SLOT_ROWS * 128)
#define SLOT_BYTES (2 * PANEL_BYTES) /* two panels of 64 columns */
#define GROUPS (SLOT_ROWS / 16)      /* of 16 rows in a slot */
#define STEPS (ATTN_DIM / 16)        /* of 16 columns */
#define SUM_TOK 256     /* of A, at most: an item ends by waiting for what it has added */
#define MAP_THREADS 256 /* of a kernel of its own */
#define MAP_ROUNDS 2    /* of tasks a block, at most, in one launch */
#define MAP_ROWS 8      /* rows of blocks of a mapping task, one a warp */
#define MAP_DEPTH 32    /* dims loaded at a time */

#define SUM_SCALE 0x1p30f /* fixed point of the sums of keys: the same in any order */
#define MASS_BASE 4.0f    /* 4 + p has p in steps of 2^-21 in its low bits, for p <= 1 */
#define NO_NORM 1e-6f     /* a key this close to the mean, squared and relative, is the mean */
#define UNIT_SCALE 64.0f  /* of inverse norms, so that norms from 1e-3 to 1e6 make good halves */

struct predict_scratch {
	unsigned long long *k_sum; /* [heads][128], in 1 / SUM_SCALE */
	unsigned *summed, *ready;  /* [heads] items of keys summed; whether the mean is there */
	unsigned *met;             /* blocks that have pooled, and that are done */
	unsigned *claimed;         /* items, beside each warp's first */
	struct mean_key *k_bar;    /* [heads] */
	float *q_mean;             /* [heads][rows][128] */
	float *k_mean;             /* [heads][cols][128] */
	float *q_sim, *k_sim;
};

struct predict_in {
	das_predict_in in;
	predict_scratch to;
	tile_map q, k;          /* where tiles are copied by maps */
	unsigned rows, cols;    /* per head */
	unsigned sums, sum_tok; /* items of A per head, and their keys */
	unsigned map_cols;      /* of a row of the map, with room for all of its entries<V> */
	unsigned tasks;         /* of mapping, per head */
	unsigned lag;           /* heads from A to B */
	bool one;               /* launch */
	float k_share;          /* one sum of keys to the mean: 1 / (SUM_SCALE n_k) */
};

/* --- items ------------------------------------------------------------------------------------ */

enum item_kind { ITEM_SUM, ITEM_QUERIES, ITEM_KEYS };

struct item {
	enum item_kind kind;
	unsigned head, at; /* keys to sum, block of queries or of keys */
};

/* The @i-th item; false past the last. The first turns have no B yet, the last nothing else. */
__device__ static bool item_of(item *it, const predict_in &p, unsigned i)
{
	unsigned each = p.sums + p.rows, early = p.lag * each, kind;
	unsigned all = each + p.cols, middle = (p.in.heads - p.lag) * all;

	if (i < early) {
		it->head = i / each;
		it->at = i % each;
	} else if (i - early < middle) {
		it->head = (i - early) / all + p.lag;
		it->at = (i - early) % all;
	} else {
		it->head = (i - early - middle) / p.cols + p.in.heads;
		it->at = (i - early - middle) % p.cols + each;
	}
	kind = it->at < p.sums ? ITEM_SUM : it->at < each ? ITEM_QUERIES : ITEM_KEYS;
	it->kind = (enum item_kind)kind;
	it->at -= kind == ITEM_SUM ? 0 : kind == ITEM_QUERIES ? p.sums : each;
	it->head -= kind == ITEM_KEYS ? p.lag : 0;
	return it->head < p.in.heads;
}

/* Where 16-byte piece @c of row @r lies in a slot, swizzled as tile_copy() does it. */
template <class T> __device__ static T *piece_of(T *slot, unsigned r, unsigned c)
{
	return slot + c / 8 * PANEL_BYTES + r * 128 + ((c ^ r) & 7) * 16;
}

/* One warp: ask for the rows of a slot from @row on. */
__device__ static void load_slot(
	char *slot, uint64_t *full, const predict_in &p, const item &it, unsigned row)
{
	bool queries = it.kind == ITEM_QUERIES;
	unsigned lane = threadIdx.x % WARP, n = queries ? p.in.n_q : p.in.n_k;
	const half *from = (queries ? p.in.q : p.in.k) + (size_t)it.head * n * ATTN_DIM;

	stage_open(full, SLOT_BYTES);
	if (TILE_COPIES) {
		if (lane < 2)
			tile_copy(slot + lane * PANEL_BYTES, queries ? p.q : p.k, 64 * (int)lane,
				(int)row, (int)it.head, full);
	} else {
		for (unsigned i = lane; i < SLOT_ROWS * 16; i += WARP) {
			unsigned r = i / 16, c = i % 16;

			copy_async16(piece_of(slot, r, c),
				from + (size_t)min(row + r, n - 1) * ATTN_DIM + c * 8, row + r < n);
		}
	}
	stage_close(full);
}

/* --- sums by the tensor cores ------------------------------------------------------------------
 */

/** Where this lane looks for ldmatrix in a slot: the swizzle is an exclusive or, the same in every
 *  group and panel. */
struct tile_places {
	const char *of[4];

	__device__ tile_places(const char *slot)
	{
		unsigned lane = threadIdx.x % WARP, row = lane % 16;

#pragma unroll
		for (unsigned i = 0; i < 4; i++)
			of[i] = piece_of(slot, row, 2 * i + lane / 16);
	}

	/* Rows 16 @group to + 15, columns 16 @step to + 15. */
	__device__ const char *at(int group, int step) const
	{
		return of[step % 4] + group * 16 * 128 + step / 4 * PANEL_BYTES;
	}
};

/** A mean of keys; the same for lane t of four, which wants columns 8 i + 2 t and the next: as
 * halves, and what those leave; and its square. Read through L1, as whoever reads it has acquired
 * what says that it is there, and shares no line with another. */
struct mean_key {
	alignas(128) float of[ATTN_DIM];
	uint32_t high[4][16], low[4][16];
	float square;
};

__device__ static void mean_key_make(const predict_in &p, unsigned head)
{
	unsigned lane = threadIdx.x % WARP;
	const unsigned long long *sum = p.to.k_sum + head * ATTN_DIM;
	mean_key *to = p.to.k_bar + head;
	float square = 0.0f;

#pragma unroll
	for (unsigned pair = lane; pair < ATTN_DIM / 2; pair += WARP) {
		float2 x = make_float2((float)(long long)__ldcg(sum + 2 * pair) * p.k_share,
			(float)(long long)__ldcg(sum + 2 * pair + 1) * p.k_share);
		float2 high = __half22float2(__floats2half2_rn(x.x, x.y));

		*(float2 *)(to->of + 2 * pair) = x;
		to->high[pair % 4][pair / 4] = pack_halves(x.x, x.y);
		to->low[pair % 4][pair / 4] = pack_halves(x.x - high.x, x.y - high.y);
		square += x.x * x.x + x.y * x.y;
	}
	square = warp_sum(square);
	if (lane == 0)
		to->square = square;
}

/* The mean as the right operand of products: its halves in row 0, what they leave in row 1. */
__device__ static void mean_operand(uint32_t to[16], const mean_key *m)
{
	unsigned row = threadIdx.x % WARP / 4, t = threadIdx.x % 4;
	const uint4 *from = (const uint4 *)(row == 0 ? m->high[t] : m->low[t]);

#pragma unroll
	for (int i = 0; i < 4; i++)
		*(uint4 *)(to + 4 * i) = row < 2 ? from[i] : make_uint4(0, 0, 0, 0);
}

/** Of the rows of one group: products with each other, and with the mean. */
struct row_products {
	float upper[4], lower[4], with_mean[4];
};

template <bool KEYS>
__device__ static void row_products_of(
	row_products to[GROUPS], const tile_places &places, const uint32_t mean[16])
{
#pragma unroll
	for (int i = 0; i < 4 * GROUPS; i++)
		to[i / 4].upper[i % 4] = to[i / 4].lower[i % 4] = to[i / 4].with_mean[i % 4] = 0.0f;
#pragma unroll
	for (int step = 0; step < STEPS; step++)
#pragma unroll
		for (int group = 0; group < GROUPS; group++) {
			row_products *x = to + group;
			uint32_t a[4];

			load_matrix4(a, places.at(group, step));
			mma_16816(x->upper, a[0], a[1], a[2], a[3], a[0], a[2]);
			mma_16816(x->lower, a[0], a[1], a[2], a[3], a[1], a[3]);
			if (KEYS)
				mma_16816(x->with_mean, a[0], a[1], a[2], a[3], mean[2 * step],
					mean[2 * step + 1]);
		}
}

/* Inverse norms of rows g and g + 8 of a group, g = lane / 4, less the mean if there is one. */
template <bool KEYS>
__device__ static void inverse_norms(float to[2], const row_products &x, float mean_square)
{
	unsigned lane = threadIdx.x % WARP, g = lane / 4, quad = lane & ~3u;
	/* The diagonals are in lane 4 g + g / 2, products with the mean in lane 4 g. */
	float square[2] = {g & 1 ? x.upper[1] : x.upper[0], g & 1 ? x.lower[3] : x.lower[2]};

#pragma unroll
	for (int i = 0; i < 2; i++) {
		float whole = __shfl_sync(FULL_WARP, square[i], quad + g / 2), rest = whole;

		if (KEYS)
			rest += mean_square -
				2.0f * __shfl_sync(FULL_WARP,
					       x.with_mean[2 * i] + x.with_mean[2 * i + 1], quad);
		to[i] = rest > NO_NORM * whole ? rsqrtf(rest) : 0.0f;
	}
}

/* Column 0 ones, column 1 the scaled weights of 16 rows. */
__device__ static void weights_operand(uint32_t to[2], const float weight[2])
{
	unsigned lane = threadIdx.x % WARP, column = lane / 4, t = lane % 4;

#pragma unroll
	for (int i = 0; i < 2; i++) {
		float w = fminf(weight[i] * UNIT_SCALE, 65504.0f);
		float a = __shfl_sync(FULL_WARP, w, 8 * t),
		      b = __shfl_sync(FULL_WARP, w, 8 * t + 4);

		to[i] = column == 0 ? pack_halves(1.0f, 1.0f) : column == 1 ? pack_halves(a, b) : 0;
	}
}

/** Sums over the rows of a block: in lane 4 g of columns 16 step + g (plain, weighted), and 8 on.
 */
struct column_sums {
	float of[STEPS][4];

	__device__ column_sums(void)
	{
#pragma unroll
		for (int i = 0; i < 4 * STEPS; i++)
			of[i / 4][i % 4] = 0.0f;
	}

	/* The rows of a slot. */
	__device__ void add(const tile_places &places, const uint32_t weights[GROUPS][2])
	{
#pragma unroll
		for (int group = 0; group < GROUPS; group++)
#pragma unroll
			for (int step = 0; step < STEPS; step++) {
				uint32_t x[4];

				load_matrix4_trans(x, places.at(group, step));
				mma_16816(of[step], x[0], x[2], x[1], x[3], weights[group][0],
					weights[group][1]);
			}
	}
};

/* --- the three kinds of items, a warp each -----------------------------------------------------
 */

/** A warp, its slot, and the item that is in it or on its way. */
struct pooler {
	const predict_in &p;
	char *slot;
	tile_places places;
	uint64_t *full;
	unsigned parity, claim; /* lane 0: the number of the next item */
	item it;
	bool more;

	__device__ pooler(const predict_in &p, char *slot, uint64_t *full)
	    : p(p), slot(slot), places(slot), full(full), parity(0), claim(0)
	{
		more = item_of(&it, p, threadIdx.x / WARP * gridDim.x + blockIdx.x);
	}

	__device__ unsigned block(void) const
	{
		return it.kind == ITEM_SUM       ? p.sum_tok
		       : it.kind == ITEM_QUERIES ? DAS_Q_BLOCK
						 : DAS_K_BLOCK;
	}

	__device__ unsigned first_row(void) const
	{
		return it.at * block();
	}

	/* Rows of the item. */
	__device__ unsigned rows(void) const
	{
		return min((it.kind == ITEM_QUERIES ? p.in.n_q : p.in.n_k) - first_row(), block());
	}

	__device__ void load(unsigned from)
	{
		load_slot(slot, full, p, it, first_row() + from);
	}

	__device__ void wait(void)
	{
		stage_wait(full, parity);
		parity ^= 1;
	}

	__device__ void claim_next(void)
	{
		if (threadIdx.x % WARP == 0)
			claim = POOL_WARPS * gridDim.x + atomicAdd(p.to.claimed, 1u);
	}

	/* The slot, with rows from @from on, has been read: let the next come, of this item of @n
	 * rows or of another. */
	__device__ void turn(unsigned from, unsigned n)
	{
		__syncwarp();
		if (from + SLOT_ROWS < n) {
			load(from + SLOT_ROWS);
			return;
		}
		more = item_of(&it, p, __shfl_sync(FULL_WARP, claim, 0));
		if (!more)
			return;
		load(0);
		claim_next();
	}

	__device__ void sum_keys(void)
	{
		unsigned lane = threadIdx.x % WARP, head = it.head, n = rows();
		unsigned long long *to = p.to.k_sum + head * ATTN_DIM + lane / 4;
		uint32_t ones[GROUPS][2];
		column_sums sums;

#pragma unroll
		for (int i = 0; i < GROUPS * 2; i++)
			ones[i / 2][i % 2] = lane < 4 ? pack_halves(1.0f, 1.0f) : 0;
#pragma unroll 1
		for (unsigned from = 0; from < n; from += SLOT_ROWS) {
			wait();
			sums.add(places, ones);
			turn(from, n);
		}
		if (lane % 4 == 0)
#pragma unroll
			for (int i = 0; i < STEPS; i++) {
				atomicAdd(to + 16 * i, fixed_sum(sums.of[i][0]));
				atomicAdd(to + 16 * i + 8, fixed_sum(sums.of[i][2]));
			}
		if (arrive_last(p.to.summed + head, p.sums)) {
			mean_key_make(p, head);
			__syncwarp();
			if (lane == 0) {
				__threadfence();
				atomicAdd(p.to.ready + head, 1u);
			}
		}
	}

	/* One warp: whether it is the last of @n to have written something for @counter. */
	__device__ static bool arrive_last(unsigned *counter, unsigned n)
	{
		unsigned last = 0;

		__syncwarp();
		if (threadIdx.x % WARP == 0) {
			__threadfence();
			last = atomicAdd(counter, 1u) == n - 1;
			if (last)
				__threadfence();
		}
		return __shfl_sync(FULL_WARP, last, 0) != 0;
	}

	__device__ static unsigned long long fixed_sum(float x)
	{
		return (unsigned long long)__float2ll_rn(x * SUM_SCALE);
	}

	/* Weights of the slot's first @n rows; returns the sum of the inverse norms. */
	template <bool KEYS>
	__device__ float weigh(uint32_t weights[GROUPS][2], unsigned n, const uint32_t mean[16],
		float mean_square) const
	{
		unsigned g = threadIdx.x % WARP / 4;
		row_products products[GROUPS];
		float all = 0.0f;

		row_products_of<KEYS>(products, places, mean);
#pragma unroll
		for (int group = 0; group < GROUPS; group++) {
			float inverse[2];

			inverse_norms<KEYS>(inverse, products[group], mean_square);
#pragma unroll
			for (int i = 0; i < 2; i++) {
				if (group * 16 + 8 * i + g >= n)
					inverse[i] = 0.0f;
				all += inverse[i];
			}
			weights_operand(weights[group], inverse);
		}
		return warp_sum(all) / 4.0f; /* four lanes have the same */
	}

	/* |sum of @n unit vectors / @n|^2 from the squares of the columns in lanes 4 g. */
	__device__ static float similarity(float square, float n)
	{
#pragma unroll
		for (int o = 4; o < WARP; o *= 2)
			square += __shfl_xor_sync(FULL_WARP, square, o);
		return fminf(square / (n * n), 1.0f);
	}

	__device__ void pool_queries(void)
	{
		unsigned n = rows(), lane = threadIdx.x % WARP;
		size_t at = (size_t)it.head * p.rows + it.at;
		float *to = p.to.q_mean + at * ATTN_DIM + lane / 4;
		float square = 0.0f, share = 1.0f / (float)n;
		column_sums sums;

#pragma unroll 1
		for (unsigned from = 0; from < n; from += SLOT_ROWS) {
			uint32_t weights[GROUPS][2];

			wait();
			weigh<false>(weights, n - from, NULL, 0.0f);
			sums.add(places, weights);
			turn(from, n);
		}
#pragma unroll
		for (int i = 0; i < 2 * STEPS; i++) {
			const float *x = sums.of[i / 2] + i % 2 * 2;

			square += x[1] * x[1];
			if (lane % 4 == 0)
				to[8 * i] = x[0] * share;
		}
		square = similarity(square / (UNIT_SCALE * UNIT_SCALE), (float)n);
		if (lane == 0)
			p.to.q_sim[at] = square;
	}

	__device__ void pool_keys(void)
	{
		unsigned n = rows(), lane = threadIdx.x % WARP;
		size_t at = (size_t)it.head * p.cols + it.at;
		const mean_key *m = p.to.k_bar + it.head;
		float *to = p.to.k_mean + at * ATTN_DIM + lane / 4;
		float square = 0.0f, share = 1.0f / (float)n, all = 0.0f;
		uint32_t mean[16];
		column_sums sums;

		mean_operand(mean, m);
#pragma unroll 1
		for (unsigned from = 0; from < n; from += SLOT_ROWS) {
			uint32_t weights[GROUPS][2];

			wait();
			all += weigh<true>(weights, n - from, mean, m->square);
			sums.add(places, weights);
			turn(from, n);
		}
#pragma unroll
		for (int i = 0; i < 2 * STEPS; i++) {
			float bar = m->of[8 * i + lane / 4];
			const float *x = sums.of[i / 2] + i % 2 * 2;
			float off = x[1] * (1.0f / UNIT_SCALE) - all * bar;

			square += off * off;
			if (lane % 4 == 0)
				to[8 * i] = x[0] * share - bar;
		}
		square = similarity(square, (float)n);
		if (lane == 0)
			p.to.k_sim[at] = square;
	}

	__device__ void run(void)
	{
		if (more)
			load(0);
		launch_wait();
		if (more)
			claim_next();
		while (more) {
			if (it.kind == ITEM_KEYS) {
				if (threadIdx.x % WARP == 0)
					while (load_acquire(p.to.ready + it.head) == 0)
						spin_pause();
				__syncwarp();
			}
			if (it.kind == ITEM_SUM)
				sum_keys();
			else if (it.kind == ITEM_QUERIES)
				pool_queries();
			else
				pool_keys();
		}
	}
};

/* --- map and selection ----------------------------------------------------------------------- */

struct map_shared {
	alignas(16) float q[ATTN_DIM][MAP_ROWS];
	float score[1]; /* [MAP_ROWS][map_cols] */
};

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

/* Column blocks that row block @row sees. */
__device__ static unsigned visible_cols(const predict_in &p, unsigned row)
{
	attn_in shape = {};

	shape.n_q = p.in.n_q;
	shape.n_k = p.in.n_k;
	shape.causal = p.in.causal;
	return attn_visible_cols(shape, row);
}

/* One warp: scores of MAP_ROWS rows and 32 columns from @col on. Means are read through L1, which
 * has nothing older: nobody reads them before the blocks have met. */
__device__ static void map_products(
	map_shared *sh, const predict_in &p, unsigned head, unsigned col)
{
	unsigned at = col + threadIdx.x % WARP;
	const float4 *k =
		(const float4 *)(p.to.k_mean +
				 ((size_t)head * p.cols + min(at, p.cols - 1)) * ATTN_DIM);
	float dot[MAP_ROWS] = {};

#pragma unroll 1
	for (unsigned d0 = 0; d0 < ATTN_DIM; d0 += MAP_DEPTH) {
		float x[MAP_DEPTH];

#pragma unroll
		for (unsigned d = 0; d < MAP_DEPTH; d += 4)
			*(float4 *)(x + d) = k[(d0 + d) / 4];
#pragma unroll
		for (unsigned d = 0; d < MAP_DEPTH; d++) {
			float q[MAP_ROWS];

			*(float4 *)q = *(const float4 *)sh->q[d0 + d];
			*(float4 *)(q + 4) = *(const float4 *)(sh->q[d0 + d] + 4);
#pragma unroll
			for (int r = 0; r < MAP_ROWS; r++)
				dot[r] += x[d] * q[r];
		}
	}
	if (at >= p.cols)
		return;
	bool fixed = __ldcg(p.to.k_sim + head * p.cols + at) <= p.in.theta;
#pragma unroll
	for (int r = 0; r < MAP_ROWS; r++)
		sh->score[r * p.map_cols + at] = fixed ? -HUGE_VALF : dot[r] * p.in.scale;
}

/* One warp: the flags of a row of blocks from its scores. */
__device__ static void map_row(float *score, const predict_in &p, unsigned head, unsigned row)
{
	unsigned end = visible_cols(p, row);
	unsigned own = row * DAS_Q_BLOCK + p.in.n_k - p.in.n_q;
	unsigned candidates, chosen = select_any(&candidates, score, end, p.in.tau);
	uint8_t *to = p.in.mask + ((size_t)head * p.rows + row) * p.cols, all;

	all = (uint8_t)((p.in.n_k < 128 ? DAS_BY_LENGTH : 0) |
			(__ldcg(p.to.q_sim + head * p.rows + row) <= p.in.theta ? DAS_BY_SIM_Q
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

/* --- kernels and launches -------------------------------------------------------------------- */

/* Task @i of the block: long rows come first, of all heads. */
template <unsigned THREADS>
__device__ static void map_task(map_shared *sh, const predict_in &p, unsigned i)
{
	unsigned head = i % p.in.heads, task = p.tasks - 1 - i / p.in.heads;
	unsigned row0 = task * MAP_ROWS, n = min(p.rows - row0, (unsigned)MAP_ROWS);
	unsigned warp = threadIdx.x / WARP, end = visible_cols(p, row0 + n - 1);
	const float *q = p.to.q_mean + ((size_t)head * p.rows + row0) * ATTN_DIM;

	for (unsigned k = threadIdx.x; k < MAP_ROWS * ATTN_DIM; k += THREADS)
		sh->q[k % ATTN_DIM][k / ATTN_DIM] = k < n * ATTN_DIM ? __ldcg(q + k) : 0.0f;
	__syncthreads();
	for (unsigned col = warp * WARP; col < end; col += THREADS)
		map_products(sh, p, head, col);
	__syncthreads();
	if (warp < n)
		map_row(sh->score + warp * p.map_cols, p, head, row0 + warp);
}

/* All have pooled: what has to be zero at the next call. */
template <unsigned THREADS> __device__ static void clear(const predict_in &p)
{
	if (blockIdx.x == 0 && threadIdx.x == 0)
		*p.to.claimed = 0;
	for (unsigned head = blockIdx.x; head < p.in.heads; head += gridDim.x) {
		for (unsigned i = threadIdx.x; i < ATTN_DIM; i += THREADS)
			p.to.k_sum[head * ATTN_DIM + i] = 0;
		if (threadIdx.x == 0)
			p.to.summed[head] = p.to.ready[head] = 0;
	}
}

/* The rest, once all blocks have pooled. */
__device__ static void map_all(map_shared *sh, const predict_in &p)
{
	unsigned last = 2 * gridDim.x - 1; /* arrivals, after which their count is zero again */

	__syncthreads();
	if (threadIdx.x == 0) {
		meeting_arrive(p.to.met, last);
		meeting_wait(p.to.met, gridDim.x);
	}
	__syncthreads();
	clear<POOL_THREADS>(p);
	for (unsigned i = blockIdx.x; i < p.in.heads * p.tasks; i += gridDim.x) {
		map_task<POOL_THREADS>(sh, p, i);
		__syncthreads();
	}
	if (threadIdx.x == 0)
		meeting_arrive(p.to.met, last);
}

__global__ void __launch_bounds__(POOL_THREADS, 1)
	predict_pool(const __grid_constant__ predict_in p)
{
	DYNAMIC_SHARED(char, raw);
	char *shared = raw + (1024 - shared_address(raw) % 1024) % 1024;
	uint64_t *full = (uint64_t *)(shared + POOL_WARPS * SLOT_BYTES);
	unsigned warp = threadIdx.x / WARP;

	launch_next();
	if (threadIdx.x < POOL_WARPS)
		stage_init(full + threadIdx.x);
	fence_mbar_init();
	__syncthreads();
	pooler(p, shared + warp * SLOT_BYTES, full + warp).run();
	if (p.one)
		map_all((map_shared *)shared, p); /* in place of the slots */
}

__global__ void __launch_bounds__(MAP_THREADS) predict_map(const __grid_constant__ predict_in p)
{
	DYNAMIC_SHARED(char, shared);

	launch_next();
	launch_wait();
	clear<MAP_THREADS>(p);
	map_task<MAP_THREADS>((map_shared *)shared, p, blockIdx.x);
}

/* Lay the scratch out; returns its size. What has to start at zero comes first. */
static size_t scratch_lay(
	predict_scratch *s, char *base, unsigned heads, unsigned n_q, unsigned n_k)
{
	size_t rows = attn_blocks(n_q, DAS_Q_BLOCK), cols = attn_blocks(n_k, DAS_K_BLOCK), at = 0;
	auto take = [&](size_t n) {
		float *p = (float *)(base + at);

		at += (n * sizeof(float) + 255) / 256 * 256;
		return p;
	};

	s->k_sum = (unsigned long long *)take(heads * ATTN_DIM * 2);
	s->summed = (unsigned *)take(heads * 2 + 2);
	s->ready = s->summed + heads;
	s->met = s->ready + heads;
	s->claimed = s->met + 1;
	s->k_bar = (mean_key *)take(heads * sizeof(mean_key) / sizeof(float));
	s->q_mean = take(heads * rows * ATTN_DIM);
	s->k_mean = take(heads * cols * ATTN_DIM);
	s->q_sim = take(heads * rows);
	s->k_sim = take(heads * cols);
	return at;
}

size_t das_predict_bytes(unsigned heads, unsigned n_q, unsigned n_k)
{
	predict_scratch s;

	return scratch_lay(&s, NULL, heads, n_q, n_k);
}

void das_predict_begin(
	void *scratch, unsigned heads, unsigned n_q, unsigned n_k, cudaStream_t stream)
{
	predict_scratch s;

	scratch_lay(&s, (char *)scratch, heads, n_q, n_k);
	CUDA_TRY(cudaMemsetAsync(scratch, 0, (char *)(s.claimed + 1) - (char *)scratch, stream));
}

void das_predict_gpu(const das_predict_in &in, void *scratch, cudaStream_t stream)
{
	unsigned blocks = multiprocessors();
	size_t pool_bytes = POOL_WARPS * (SLOT_BYTES + sizeof(uint64_t)) + 1024, map_bytes;
	predict_in p = {};

	scratch_lay(&p.to, (char *)scratch, in.heads, in.n_q, in.n_k);
	p.in = in;
	p.rows = attn_blocks(in.n_q, DAS_Q_BLOCK);
	p.cols = attn_blocks(in.n_k, DAS_K_BLOCK);
	p.sum_tok = in.heads * p.cols <= POOL_WARPS * blocks ? DAS_K_BLOCK : SUM_TOK;
	p.sums = attn_blocks(in.n_k, p.sum_tok);
	p.map_cols = p.cols <= 16 * WARP ? (p.cols + WARP - 1) / WARP * WARP : ATTN_MAX_COLS;
	p.tasks = attn_blocks(p.rows, MAP_ROWS);
	p.k_share = (float)(1.0 / ((double)SUM_SCALE * in.n_k));
	/* As many items as there are warps are under way at a time. */
	p.lag = min(in.heads, POOL_WARPS * blocks / (p.sums + p.cols + p.rows) + 1);
	p.one = in.launches ? in.launches == 1 : in.heads * p.tasks <= MAP_ROUNDS * blocks;
	if (device_attribute(cudaDevAttrComputeCapabilityMajor) == 9) {
		size_t q_head = (size_t)in.n_q * ATTN_DIM, k_head = (size_t)in.n_k * ATTN_DIM;

		p.q = tile_map_of(in.q, ATTN_DIM, in.n_q, in.heads, ATTN_DIM, q_head, SLOT_ROWS);
		p.k = tile_map_of(in.k, ATTN_DIM, in.n_k, in.heads, ATTN_DIM, k_head, SLOT_ROWS);
	}
	map_bytes = offsetof(map_shared, score) + MAP_ROWS * p.map_cols * sizeof(float);
	CUDA_TRY(cudaFuncSetAttribute(
		predict_pool, cudaFuncAttributeMaxDynamicSharedMemorySize, (int)pool_bytes));
	launch_resident(stream, predict_pool, dim3(blocks), dim3(POOL_THREADS), pool_bytes, p);
	if (!p.one)
		launch_overlapped(stream, predict_map, dim3(in.heads * p.tasks), dim3(MAP_THREADS),
			map_bytes, p);
}
