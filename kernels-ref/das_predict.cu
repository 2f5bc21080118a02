/*
 * Stage 1 of DAS on a GPU. Reading Q and K once from memory is the floor, so heads go through
 * in groups whose keys fit the L2 cache, and each launch does three things side by side:
 *	A  pool the queries and sum the keys of group i
 *	B  pool the keys of group i - 1, whose mean is now known, out of L2
 *	C  map and selection of group i - 2
 */
#include "kernels-ref/attn_common.cuh"

#define PREDICT_THREADS 128
#define SUM_ROWS 256 /* keys per block of part A */
#define MAP_ROWS 4   /* rows of blocks per block of part C, one a warp */

struct predict_scratch {
	float *k_part; /* [heads][chunks][128] */
	float *k_bar;  /* [heads][128] */
	float *q_mean; /* [heads][rows][128] */
	float *k_mean; /* [heads][128][cols] */
	float *q_sim, *k_sim;
	unsigned *arrived; /* [heads] */
};

struct predict_in {
	das_predict_in in;
	predict_scratch to;
	unsigned rows, cols, chunks;     /* per head */
	unsigned a0, a1, b0, b1, c0, c1; /* heads [from, to) of each part */
};

/* Sums over rows of what one lane holds: 8 of the 128 columns of every other row. */
struct pool_sums {
	float mean[8], unit[8];
};

__device__ static void pool_rows(
	pool_sums *s, const half *x, unsigned n, const float off[8], bool units)
{
	unsigned warp = threadIdx.x / WARP, lane = threadIdx.x % WARP;
	unsigned at = lane % 16 * 8;

	for (unsigned r0 = warp * 2 + lane / 16; r0 < n + lane / 16; r0 += 4 * 2 * 4) {
		uint4 raw[4];

#pragma unroll
		for (int j = 0; j < 4; j++) {
			unsigned r = r0 + j * 8;

			raw[j] = r < n ? __ldcg((const uint4 *)(x + (size_t)r * ATTN_DIM + at))
				       : make_uint4(0, 0, 0, 0);
		}
#pragma unroll
		for (int j = 0; j < 4; j++) {
			const half2 *h = (const half2 *)&raw[j];
			float y[8], norm = 0.0f;
			bool real = r0 + j * 8 < n;

#pragma unroll
			for (int d = 0; d < 4; d++) {
				float2 f = __half22float2(h[d]);

				y[2 * d] = real ? f.x - off[2 * d] : 0.0f;
				y[2 * d + 1] = real ? f.y - off[2 * d + 1] : 0.0f;
			}
#pragma unroll
			for (int d = 0; d < 8; d++) {
				s->mean[d] += y[d];
				norm += y[d] * y[d];
			}
			if (!units)
				continue;
#pragma unroll
			for (int o = 8; o; o /= 2)
				norm += __shfl_xor_sync(FULL_WARP, norm, o);
			norm = norm > 0.0f ? rsqrtf(norm) : 0.0f;
#pragma unroll
			for (int d = 0; d < 8; d++)
				s->unit[d] += y[d] * norm;
		}
	}
}

/* Add up the eight half-warps: thread d gets column d of both sums. */
__device__ static void pool_join(float *mean, float *unit, const pool_sums *s)
{
	__shared__ float part[8][2][ATTN_DIM];
	unsigned half_warp = threadIdx.x / 16, at = threadIdx.x % 16 * 8;

	for (int d = 0; d < 8; d++) {
		part[half_warp][0][at + d] = s->mean[d];
		part[half_warp][1][at + d] = s->unit[d];
	}
	__syncthreads();
	*mean = *unit = 0.0f;
	for (int i = 0; i < 8; i++) {
		*mean += part[i][0][threadIdx.x];
		*unit += part[i][1][threadIdx.x];
	}
}

__device__ static float block_sum(float x)
{
	__shared__ float part[PREDICT_THREADS / WARP];

	x = warp_sum(x);
	if (threadIdx.x % WARP == 0)
		part[threadIdx.x / WARP] = x;
	__syncthreads();
	return part[0] + part[1] + part[2] + part[3];
}

__device__ static void pool_queries(const predict_in &p, unsigned head, unsigned row)
{
	unsigned first = row * DAS_Q_BLOCK, n = min(p.in.n_q - first, (unsigned)DAS_Q_BLOCK);
	const float none[8] = {};
	pool_sums s = {};
	float mean, unit, sim;

	pool_rows(&s, p.in.q + ((size_t)head * p.in.n_q + first) * ATTN_DIM, n, none, true);
	pool_join(&mean, &unit, &s);
	p.to.q_mean[((size_t)head * p.rows + row) * ATTN_DIM + threadIdx.x] = mean / (float)n;
	unit /= (float)n;
	sim = block_sum(unit * unit);
	if (threadIdx.x == 0)
		p.to.q_sim[head * p.rows + row] = fminf(sim, 1.0f);
}

/* Sum of a chunk of keys; the last block of a head to arrive makes the mean of them all. */
__device__ static void sum_keys(const predict_in &p, unsigned head, unsigned chunk)
{
	__shared__ bool last;
	unsigned first = chunk * SUM_ROWS, n = min(p.in.n_k - first, (unsigned)SUM_ROWS);
	float *part = p.to.k_part + (size_t)head * p.chunks * ATTN_DIM;
	const float none[8] = {};
	pool_sums s = {};
	float mean, unit;

	pool_rows(&s, p.in.k + ((size_t)head * p.in.n_k + first) * ATTN_DIM, n, none, false);
	pool_join(&mean, &unit, &s);
	part[chunk * ATTN_DIM + threadIdx.x] = mean;
	__threadfence();
	__syncthreads();
	if (threadIdx.x == 0)
		last = atomicInc(p.to.arrived + head, p.chunks - 1) == p.chunks - 1;
	__syncthreads();
	if (!last)
		return;
	__threadfence();
	mean = 0.0f;
	for (unsigned i = 0; i < p.chunks; i++)
		mean += __ldcg(part + i * ATTN_DIM + threadIdx.x);
	p.to.k_bar[head * ATTN_DIM + threadIdx.x] = mean / (float)p.in.n_k;
}

__device__ static void pool_keys(const predict_in &p, unsigned head, unsigned col)
{
	unsigned first = col * DAS_K_BLOCK, n = min(p.in.n_k - first, (unsigned)DAS_K_BLOCK);
	float off[8], mean, unit, sim;
	pool_sums s = {};

	for (int d = 0; d < 8; d++)
		off[d] = __ldcg(p.to.k_bar + head * ATTN_DIM + threadIdx.x % 16 * 8 + d);
	pool_rows(&s, p.in.k + ((size_t)head * p.in.n_k + first) * ATTN_DIM, n, off, true);
	pool_join(&mean, &unit, &s);
	p.to.k_mean[((size_t)head * ATTN_DIM + threadIdx.x) * p.cols + col] = mean / (float)n;
	unit /= (float)n;
	sim = block_sum(unit * unit);
	if (threadIdx.x == 0)
		p.to.k_sim[head * p.cols + col] = fminf(sim, 1.0f);
}

/* Mass of the row's entries of at least @floor, whose bits order as floats do. */
__device__ static float mass_from(const float *p, unsigned n, uint32_t floor)
{
	float sum = 0.0f;

	for (unsigned j = threadIdx.x % WARP; j < n; j += WARP)
		sum += __float_as_uint(p[j]) >= floor ? p[j] : 0.0f;
	return warp_sum(sum);
}

/*
 * One warp: mark the smallest set of largest entries whose sum reaches tau, ties to the lower
 * column. The value of the smallest entry taken is found by bisection over its bits.
 */
__device__ static void select_row(uint8_t *why, float *p, unsigned n, float tau)
{
	unsigned lane = threadIdx.x % WARP;
	float top = -HUGE_VALF, total = 0.0f;

	for (unsigned j = lane; j < n; j += WARP)
		top = fmaxf(top, p[j]);
	top = warp_max(top);
	if (top == -HUGE_VALF)
		return;
	for (unsigned j = lane; j < n; j += WARP) {
		bool candidate = p[j] > -HUGE_VALF;

		p[j] = candidate ? __expf(p[j] - top) : -HUGE_VALF;
		total += candidate ? p[j] : 0.0f;
		if (candidate && tau >= 1.0f)
			why[j] |= DAS_BY_MAP;
	}
	total = warp_sum(total);
	if (tau >= 1.0f)
		return;
	for (unsigned j = lane; j < n; j += WARP)
		p[j] = fmaxf(p[j], 0.0f); /* fixed columns: no mass, never needed to reach tau */
	__syncwarp();
	uint32_t low = 0,
		 high = __float_as_uint(1.0f) + 1; /* mass(low) reaches it, mass(high) not */
	while (high - low > 1) {
		uint32_t mid = low + (high - low) / 2;

		if (mass_from(p, n, mid) >= tau * total)
			low = mid;
		else
			high = mid;
	}
	float sum = mass_from(p, n, high), each = __uint_as_float(low);
	for (unsigned j0 = 0; j0 < n; j0 += WARP) {
		unsigned j = j0 + lane;
		uint32_t bits = j < n ? __float_as_uint(p[j]) : 0;
		bool tie = j < n && bits == low && low > 0;
		unsigned ties = __ballot_sync(FULL_WARP, tie);
		float before = sum + each * (float)__popc(ties & ((1u << lane) - 1));

		if (j < n && (bits >= high || (tie && before < tau * total)))
			why[j] |= DAS_BY_MAP;
		sum += each * (float)__popc(ties);
	}
}

__device__ static void map_rows(const predict_in &p, unsigned head, unsigned row0)
{
	DYNAMIC_SHARED(float, map); /* [MAP_ROWS][cols] */
	__align__(16) __shared__ float q[ATTN_DIM][MAP_ROWS]; /* read as float4 */
	__shared__ uint8_t why[MAP_ROWS][ATTN_MAX_COLS];
	unsigned n = min(p.rows - row0, (unsigned)MAP_ROWS), warp = threadIdx.x / WARP;
	unsigned end_of_row[MAP_ROWS];
	attn_in shape = {};

	shape.n_q = p.in.n_q;
	shape.n_k = p.in.n_k;
	shape.causal = p.in.causal;
	for (unsigned r = 0; r < MAP_ROWS; r++) {
		end_of_row[r] = r < n ? attn_visible_cols(shape, row0 + r) : 0;
		q[threadIdx.x][r] =
			r < n ? __ldcg(p.to.q_mean + ((size_t)head * p.rows + row0 + r) * ATTN_DIM +
					threadIdx.x)
			      : 0.0f;
	}
	__syncthreads();
	for (unsigned j = threadIdx.x; j < p.cols; j += PREDICT_THREADS) {
		const float *k = p.to.k_mean + (size_t)head * ATTN_DIM * p.cols + j;
		float dot[MAP_ROWS] = {};
		bool fixed = __ldcg(p.to.k_sim + head * p.cols + j) <= p.in.theta;

		if (j < end_of_row[n - 1])
#pragma unroll 16
			for (unsigned d = 0; d < ATTN_DIM; d++) {
				float x = __ldcg(k + (size_t)d * p.cols);
				float4 w = *(const float4 *)q[d];

				dot[0] += x * w.x;
				dot[1] += x * w.y;
				dot[2] += x * w.z;
				dot[3] += x * w.w;
			}
		for (unsigned r = 0; r < n; r++) {
			bool visible = j < end_of_row[r];
			unsigned own = (row0 + r) * DAS_Q_BLOCK + p.in.n_k - p.in.n_q;
			bool diagonal = p.in.causal && (j + 1) * DAS_K_BLOCK > own;
			bool fixed_row =
				__ldcg(p.to.q_sim + head * p.rows + row0 + r) <= p.in.theta;

			map[r * p.cols + j] = visible && !fixed ? dot[r] * p.in.scale : -HUGE_VALF;
			why[r][j] =
				(uint8_t)(!visible ? 0
						   : (fixed_row ? DAS_BY_SIM_Q : 0) |
							     (fixed ? DAS_BY_SIM_K : 0) |
							     (diagonal ? DAS_BY_DIAGONAL : 0) |
							     (p.in.n_k < 128 ? DAS_BY_LENGTH : 0));
		}
	}
	__syncthreads();
	if (warp < n) {
		uint8_t *to = p.in.mask + ((size_t)head * p.rows + row0 + warp) * p.cols;

		select_row(why[warp], map + warp * p.cols, end_of_row[warp], p.in.tau);
		__syncwarp();
		for (unsigned j = threadIdx.x % WARP; j < p.cols; j += WARP)
			to[j] = why[warp][j];
	}
}

__global__ void __launch_bounds__(PREDICT_THREADS) predict_stage(predict_in p)
{
	unsigned i = blockIdx.x, map_blocks = (p.rows + MAP_ROWS - 1) / MAP_ROWS, n;

	launch_next();
	launch_wait();
	n = (p.b1 - p.b0) * p.cols;
	if (i < n)
		return pool_keys(p, p.b0 + i / p.cols, i % p.cols);
	i -= n;
	n = (p.a1 - p.a0) * p.chunks;
	if (i < n)
		return sum_keys(p, p.a0 + i / p.chunks, i % p.chunks);
	i -= n;
	n = (p.a1 - p.a0) * p.rows;
	if (i < n)
		return pool_queries(p, p.a0 + i / p.rows, i % p.rows);
	i -= n;
	map_rows(p, p.c0 + i / map_blocks, i % map_blocks * MAP_ROWS);
}

/* Lay the scratch out; returns its size. */
static size_t scratch_lay(
	predict_scratch *s, char *base, unsigned heads, unsigned n_q, unsigned n_k)
{
	size_t rows = attn_blocks(n_q, DAS_Q_BLOCK), cols = attn_blocks(n_k, DAS_K_BLOCK), at = 0;
	auto take = [&](size_t n) {
		float *p = (float *)(base + at);

		at += (heads * n * sizeof(float) + 255) / 256 * 256;
		return p;
	};

	s->arrived = (unsigned *)take(1);
	s->k_part = take(attn_blocks(n_k, SUM_ROWS) * (size_t)ATTN_DIM);
	s->k_bar = take(ATTN_DIM);
	s->q_mean = take(rows * ATTN_DIM);
	s->k_mean = take(cols * ATTN_DIM);
	s->q_sim = take(rows);
	s->k_sim = take(cols);
	return at;
}

size_t das_predict_bytes(unsigned heads, unsigned n_q, unsigned n_k)
{
	predict_scratch s;

	return scratch_lay(&s, NULL, heads, n_q, n_k);
}

/* Heads whose keys take two fifths of the L2 cache. */
static unsigned heads_at_once(unsigned n_k)
{
	int device, l2_bytes;
	size_t n;

	CUDA_TRY(cudaGetDevice(&device));
	CUDA_TRY(cudaDeviceGetAttribute(&l2_bytes, cudaDevAttrL2CacheSize, device));
	n = (size_t)l2_bytes * 2 / 5 / ((size_t)n_k * ATTN_DIM * sizeof(half));
	return n < 1 ? 1 : (unsigned)n;
}

void das_predict_gpu(const das_predict_in &in, void *scratch, cudaStream_t stream)
{
	predict_in p = {};
	unsigned group = heads_at_once(in.n_k);
	size_t shared;

	scratch_lay(&p.to, (char *)scratch, in.heads, in.n_q, in.n_k);
	p.in = in;
	p.rows = attn_blocks(in.n_q, DAS_Q_BLOCK);
	p.cols = attn_blocks(in.n_k, DAS_K_BLOCK);
	p.chunks = attn_blocks(in.n_k, SUM_ROWS);
	shared = MAP_ROWS * p.cols * sizeof(float);
	CUDA_TRY(cudaMemsetAsync(p.to.arrived, 0, in.heads * sizeof(unsigned), stream));
	while (p.c1 < in.heads) {
		p.c0 = p.b0;
		p.c1 = p.b1;
		p.b0 = p.a0;
		p.b1 = p.a1;
		p.a0 = p.a1;
		p.a1 = p.a1 + group < in.heads ? p.a1 + group : in.heads;
		unsigned blocks = (p.a1 - p.a0) * (p.chunks + p.rows) + (p.b1 - p.b0) * p.cols +
				  (p.c1 - p.c0) * attn_blocks(p.rows, MAP_ROWS);

		/* The first follows a memset, not a kernel that it could overlap. */
		if (p.b1 == 0)
			launch_kernel(stream, predict_stage, dim3(blocks), dim3(PREDICT_THREADS),
				shared, p);
		else
			launch_overlapped(stream, predict_stage, dim3(blocks),
				dim3(PREDICT_THREADS), shared, p);
	}
}
