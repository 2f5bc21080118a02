/*
 * Stage 1 of DAS on a GPU, in one launch. The mean of all keys of a head is wanted before its
 * blocks can be pooled, and all pools before the map; so for each head there are blocks of threads
 * that
 *	A  sum keys
 *	Q  pool queries
 *	B  pool keys, which are still in the L2 cache
 *	C  make map and selection
 * and blocks start in the order of their numbers: B of a head come @lag heads after its A, and C as
 * much later again. By then the others have finished or soon will; who must wait, waits for
 * a counter, and those he waits for have started before him and wait for nobody behind them.
 */
#include "kernels-ref/attn_common.cuh"

#define PREDICT_THREADS 256
#define PREDICT_BLOCKS 3 /* of threads on a multiprocessor */
#define PREDICT_WARPS (PREDICT_THREADS / WARP)
#define HALF_WARPS (PREDICT_THREADS / 16)
#define ITEM_ROWS 128 /* one block of queries or two of keys */
#define ITEM_LOADS (ITEM_ROWS / HALF_WARPS)
#define MAP_ROWS 8             /* rows of blocks of a mapping task, one a warp */
#define MAP_DEPTH 32           /* dims loaded at a time */

#define SUM_SCALE 0x1p30f     /* fixed point of the sums of keys: the same in any order */
#define MASS_BASE 4.0f        /* 4 + p has p in steps of 2^-21 in its low bits, for p <= 1 */

struct predict_scratch {
	unsigned long long *k_sum; /* [heads][128], in 1 / SUM_SCALE */
	unsigned *summed;          /* [heads] items of keys summed */
	unsigned *pooled;          /* [heads] items of queries and keys pooled */
	float *q_mean;             /* [heads][rows][128] */
	float *k_mean;             /* [heads][128][span] */
	float *q_sim, *k_sim;
};

struct predict_in {
	das_predict_in in;
	predict_scratch to;
	unsigned rows, cols, span; /* per head; span: columns padded to whole warps */
	unsigned map_cols;         /* of a row of the map, with room for all of its entries<V> */
	unsigned k_items, tasks;   /* per head: A, and as many B; C. There are @rows Q */
	unsigned lag;
	float k_share; /* one sum of keys to the mean: 1 / (SUM_SCALE n_k) */
};

union predict_shared {
	struct {
		alignas(16) float part[2][HALF_WARPS][ATTN_DIM]; /* sums on their way to one thread */
		float sim[PREDICT_WARPS];
	} pool;
	struct {
		alignas(16) float q[ATTN_DIM][MAP_ROWS];
		float score[1]; /* [MAP_ROWS][map_cols] */
	} map;
};

__device__ static void floats_of(float f[8], uint4 raw)
{
	const half2 *h = (const half2 *)&raw;

#pragma unroll
	for (int d = 0; d < 4; d++) {
		float2 v = __half22float2(h[d]);

		f[2 * d] = v.x;
		f[2 * d + 1] = v.y;
	}
}

/* --- counters: who has written, and who reads that ------------------------------------------- */

__device__ static void wait_for(const unsigned *counter, unsigned n)
{
	if (threadIdx.x == 0)
		while (load_acquire(counter) < n)
			spin_pause();
	__syncthreads();
}

__device__ static void count(unsigned *counter)
{
	__syncthreads();
	if (threadIdx.x == 0) {
		__threadfence();
		atomicAdd(counter, 1u);
	}
}

/* --- A, Q and B: half a warp a row ----------------------------------------------------------- */

/*
 * Rows of an item: the first eight half warps have the first 64 rows, the others the rest, and
 * lane i of a half warp columns 8 i to 8 i + 7.
 */
__device__ static unsigned row_of(unsigned load)
{
	unsigned half_warp = threadIdx.x / 16;

	return half_warp / 8 * 64 + half_warp % 8 + 8 * load;
}

__device__ static void load_rows(uint4 raw[ITEM_LOADS], const half *x, unsigned n)
{
#pragma unroll
	for (int i = 0; i < ITEM_LOADS; i++)
		raw[i] = row_of(i) < n ? __ldcg((const uint4 *)(x + row_of(i) * ATTN_DIM +
								threadIdx.x % 16 * 8))
				       : make_uint4(0, 0, 0, 0);
}

__device__ static void lay_part(predict_shared *sh, int which, const float v[8])
{
	float *to = sh->pool.part[which][threadIdx.x / 16] + threadIdx.x % 16 * 8;

	*(float4 *)to = make_float4(v[0], v[1], v[2], v[3]);
	*(float4 *)(to + 4) = make_float4(v[4], v[5], v[6], v[7]);
}

/* Column @d of the sum over one half of the item's rows. */
__device__ static float add_parts(const predict_shared *sh, int which, unsigned side, unsigned d)
{
	float sum = 0.0f;

#pragma unroll
	for (unsigned i = 0; i < HALF_WARPS / 2; i++)
		sum += sh->pool.part[which][side * HALF_WARPS / 2 + i][d];
	return sum;
}

__device__ static void sum_keys(
	predict_shared *sh, const predict_in &p, unsigned head, unsigned item)
{
	unsigned first = item * ITEM_ROWS, d = threadIdx.x % ATTN_DIM, side = threadIdx.x / ATTN_DIM;
	float sum[8] = {};
	uint4 raw[ITEM_LOADS];

	load_rows(raw, p.in.k + ((size_t)head * p.in.n_k + first) * ATTN_DIM, p.in.n_k - first);
#pragma unroll
	for (int i = 0; i < ITEM_LOADS; i++) {
		float f[8];

		floats_of(f, raw[i]);
#pragma unroll
		for (int c = 0; c < 8; c++)
			sum[c] += f[c];
	}
	lay_part(sh, 0, sum);
	__syncthreads();
	atomicAdd(p.to.k_sum + head * ATTN_DIM + d,
		(unsigned long long)__float2ll_rn(add_parts(sh, 0, side, d) * SUM_SCALE));
	count(p.to.summed + head);
}

/* Sums of the rows less @off, and of these made unit vectors; rows from @n on count nothing. */
__device__ static void pool_rows(
	predict_shared *sh, const uint4 raw[ITEM_LOADS], unsigned n, const float off[8])
{
	float mean[8] = {}, unit[8] = {};

#pragma unroll
	for (int i = 0; i < ITEM_LOADS; i++) {
		float f[8], norm = 0.0f;

		floats_of(f, raw[i]);
#pragma unroll
		for (int c = 0; c < 8; c++) {
			f[c] = row_of(i) < n ? f[c] - off[c] : 0.0f;
			norm += f[c] * f[c];
		}
#pragma unroll
		for (int o = 8; o; o /= 2)
			norm += __shfl_xor_sync(FULL_WARP, norm, o);
		norm = norm > 0.0f ? rsqrtf(norm) : 0.0f;
#pragma unroll
		for (int c = 0; c < 8; c++) {
			mean[c] += f[c];
			unit[c] += f[c] * norm;
		}
	}
	lay_part(sh, 0, mean);
	lay_part(sh, 1, unit);
	__syncthreads();
}

/* Square of the mean unit vector, this thread's column of which is @unit: thread 0 of each of
 * @sides parts of the block has it. */
__device__ static float similarity(predict_shared *sh, float unit, unsigned sides)
{
	unsigned warps = PREDICT_WARPS / 2, side = threadIdx.x / ATTN_DIM % sides;
	float sum = warp_sum(unit * unit);

	if (threadIdx.x % WARP == 0)
		sh->pool.sim[threadIdx.x / WARP] = sum;
	__syncthreads();
	sum = 0.0f;
	for (unsigned i = 0; i < warps; i++)
		sum += sh->pool.sim[side * warps + i];
	return fminf(sum, 1.0f);
}

__device__ static void pool_queries(
	predict_shared *sh, const predict_in &p, unsigned head, unsigned row)
{
	unsigned first = row * DAS_Q_BLOCK, n = min(p.in.n_q - first, (unsigned)DAS_Q_BLOCK);
	unsigned at = head * p.rows + row, d = threadIdx.x % ATTN_DIM;
	const float none[8] = {};
	uint4 raw[ITEM_LOADS];
	float sim;

	load_rows(raw, p.in.q + ((size_t)head * p.in.n_q + first) * ATTN_DIM, n);
	pool_rows(sh, raw, n, none);
	sim = similarity(sh, (add_parts(sh, 1, 0, d) + add_parts(sh, 1, 1, d)) / (float)n, 1);
	if (threadIdx.x < ATTN_DIM)
		p.to.q_mean[(size_t)at * ATTN_DIM + d] =
			(add_parts(sh, 0, 0, d) + add_parts(sh, 0, 1, d)) / (float)n;
	if (threadIdx.x == 0)
		p.to.q_sim[at] = sim;
	count(p.to.pooled + head);
}

__device__ static void pool_keys(
	predict_shared *sh, const predict_in &p, unsigned head, unsigned item)
{
	unsigned first = item * ITEM_ROWS, n = min(p.in.n_k - first, (unsigned)ITEM_ROWS);
	unsigned side = threadIdx.x / ATTN_DIM, d = threadIdx.x % ATTN_DIM, col = 2 * item + side;
	bool real = col < p.cols;
	float rows = real ? (float)min(n - side * DAS_K_BLOCK, (unsigned)DAS_K_BLOCK) : 1.0f;
	float off[8], sim;
	uint4 raw[ITEM_LOADS];

	load_rows(raw, p.in.k + ((size_t)head * p.in.n_k + first) * ATTN_DIM, n);
	wait_for(p.to.summed + head, p.k_items);
#pragma unroll
	for (unsigned c = 0; c < 8; c++)
		off[c] = (float)(long long)__ldcg(p.to.k_sum + head * ATTN_DIM +
						  threadIdx.x % 16 * 8 + c) *
			 p.k_share;
	pool_rows(sh, raw, n, off);
	sim = similarity(sh, add_parts(sh, 1, side, d) / rows, 2);
	if (real) {
		p.to.k_mean[((size_t)head * ATTN_DIM + d) * p.span + col] =
			add_parts(sh, 0, side, d) / rows;
		if (d == 0)
			p.to.k_sim[head * p.cols + col] = sim;
	}
	count(p.to.pooled + head);
}

/* --- C: map and selection -------------------------------------------------------------------- */

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

/* One warp: scores of MAP_ROWS rows and 32 columns from @col on. */
__device__ static void map_products(
	predict_shared *sh, const predict_in &p, unsigned head, unsigned col)
{
	unsigned at = col + threadIdx.x % WARP;
	const float *k = p.to.k_mean + (size_t)head * ATTN_DIM * p.span + at;
	float dot[MAP_ROWS] = {};

#pragma unroll 1
	for (unsigned d0 = 0; d0 < ATTN_DIM; d0 += MAP_DEPTH) {
		float x[MAP_DEPTH];

#pragma unroll
		for (unsigned d = 0; d < MAP_DEPTH; d++)
			x[d] = __ldcg(k + (size_t)(d0 + d) * p.span);
#pragma unroll
		for (unsigned d = 0; d < MAP_DEPTH; d++) {
			float q[MAP_ROWS];

			*(float4 *)q = *(const float4 *)sh->map.q[d0 + d];
			*(float4 *)(q + 4) = *(const float4 *)(sh->map.q[d0 + d] + 4);
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
		sh->map.score[r * p.map_cols + at] = fixed ? -HUGE_VALF : dot[r] * p.in.scale;
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

/* Long rows come first. */
__device__ static void map_rows(
	predict_shared *sh, const predict_in &p, unsigned head, unsigned task)
{
	unsigned row0 = (p.tasks - 1 - task) * MAP_ROWS, n = min(p.rows - row0, (unsigned)MAP_ROWS);
	unsigned warp = threadIdx.x / WARP, end = visible_cols(p, row0 + n - 1);
	const float *q = p.to.q_mean + ((size_t)head * p.rows + row0) * ATTN_DIM;

	wait_for(p.to.pooled + head, p.k_items + p.rows);
	for (unsigned i = threadIdx.x; i < MAP_ROWS * ATTN_DIM; i += PREDICT_THREADS)
		sh->map.q[i % ATTN_DIM][i / ATTN_DIM] = i < n * ATTN_DIM ? __ldcg(q + i) : 0.0f;
	__syncthreads();
	for (unsigned col = warp * WARP; col < end; col += PREDICT_THREADS)
		map_products(sh, p, head, col);
	__syncthreads();
	if (warp < n)
		map_row(sh->map.score + warp * p.map_cols, p, head, row0 + warp);
}

/* --- kernels and launches -------------------------------------------------------------------- */

__global__ void __launch_bounds__(256) predict_clear(unsigned *p, unsigned n)
{
	unsigned i = blockIdx.x * blockDim.x + threadIdx.x;

	launch_next();
	if (i < n)
		p[i] = 0;
}

__global__ void __launch_bounds__(PREDICT_THREADS, PREDICT_BLOCKS)
	predict_heads(const __grid_constant__ predict_in p)
{
	DYNAMIC_SHARED(char, shared);
	predict_shared *sh = (predict_shared *)shared;
	unsigned a = p.k_items + p.rows, each = a + p.k_items + p.tasks;
	unsigned turn = blockIdx.x / each, i = blockIdx.x % each;
	unsigned lag = i < a ? 0 : i < a + p.k_items ? p.lag : 2 * p.lag, head = turn - lag;

	launch_wait();
	if (turn < lag || head >= p.in.heads)
		return;
	if (i < p.k_items)
		sum_keys(sh, p, head, i);
	else if (i < a)
		pool_queries(sh, p, head, i - p.k_items);
	else if (i < a + p.k_items)
		pool_keys(sh, p, head, i - a);
	else
		map_rows(sh, p, head, i - a - p.k_items);
}

/* Lay the scratch out; returns its size. What has to start at zero comes first. */
static size_t scratch_lay(
	predict_scratch *s, char *base, unsigned heads, unsigned n_q, unsigned n_k)
{
	size_t rows = attn_blocks(n_q, DAS_Q_BLOCK), cols = attn_blocks(n_k, DAS_K_BLOCK), at = 0;
	size_t span = (cols + WARP - 1) / WARP * WARP;
	auto take = [&](size_t n) {
		float *p = (float *)(base + at);

		at += (n * sizeof(float) + 255) / 256 * 256;
		return p;
	};

	s->k_sum = (unsigned long long *)take(heads * ATTN_DIM * 2);
	s->summed = (unsigned *)take(heads * 2);
	s->pooled = s->summed + heads;
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

static unsigned multiprocessor_count(void)
{
	int device, n;

	CUDA_TRY(cudaGetDevice(&device));
	CUDA_TRY(cudaDeviceGetAttribute(&n, cudaDevAttrMultiProcessorCount, device));
	return (unsigned)n;
}

void das_predict_gpu(const das_predict_in &in, void *scratch, cudaStream_t stream)
{
	predict_in p = {};
	unsigned each, n_zero;
	size_t shared;

	scratch_lay(&p.to, (char *)scratch, in.heads, in.n_q, in.n_k);
	p.in = in;
	p.rows = attn_blocks(in.n_q, DAS_Q_BLOCK);
	p.cols = attn_blocks(in.n_k, DAS_K_BLOCK);
	p.span = (p.cols + WARP - 1) / WARP * WARP;
	p.map_cols = p.span <= 16 * WARP ? p.span : ATTN_MAX_COLS;
	p.k_items = attn_blocks(in.n_k, ITEM_ROWS);
	p.tasks = attn_blocks(p.rows, MAP_ROWS);
	p.k_share = (float)(1.0 / ((double)SUM_SCALE * in.n_k));
	each = 2 * p.k_items + p.rows + p.tasks;
	p.lag = multiprocessor_count() * PREDICT_BLOCKS / each + 1; /* what runs at a time */
	n_zero = (unsigned)(p.to.pooled + in.heads - (unsigned *)scratch);
	shared = offsetof(predict_shared, map.score) + MAP_ROWS * p.map_cols * sizeof(float);
	shared = shared > sizeof(predict_shared) ? shared : sizeof(predict_shared);
	launch_kernel(stream, predict_clear, dim3(attn_blocks(n_zero, 256)), dim3(256), 0,
		(unsigned *)scratch, n_zero);
	launch_overlapped(stream, predict_heads, dim3((in.heads + 2 * p.lag) * each),
		dim3(PREDICT_THREADS), shared, p);
}
