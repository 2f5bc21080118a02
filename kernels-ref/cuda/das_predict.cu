/*
 * Stage 1 of DAS on a GPU. The kernel that has Q and K in hand pools the queries and sums the keys
 * (das_pools.cuh): the one that writes them (prompt_store.cu), or a kernel of its own here. Then,
 * in one launch, blocks claim tasks of a list. Of each head first come its keys, eight blocks a
 * task, found similar or not, a warp each; and some heads later its map, 16 rows of blocks a task:
 * so that one head is mapped while the keys of others come from memory. Who waits, waits for tasks
 * of smaller numbers than any he has; the smallest that is waited for waits for none, so all it
 * takes is that every block runs. A task is claimed while keys are in hand, but not during a map,
 * which takes long: what waits for the claimed one would wait for it, too.
 */
#include "kernels-ref/cuda/das_keys.cuh"
#include "kernels-ref/cuda/das_pools.cuh"
#include "kernels-ref/cuda/das_scores.cuh"
#include "kernels-ref/cuda/das_select.cuh"

#define TASK_THREADS (POOL_WARPS * WARP)
#define TASK_BLOCKS 2 /* on a multiprocessor */
#define MAP_PAD 8     /* floats from row to row, for the banks */
#define POOL_LOADS 8  /* of two rows of a block at a time, 16 bytes a lane */

struct predict_in {
	das_predict_in in;
	das_pools to;
	unsigned key_tasks, map_tasks; /* per head */
	unsigned map_rows;             /* of a task, up to MAP_ROWS */
	unsigned lag;                  /* heads from K to M */
	unsigned map_cols; /* of a row of the map, with room for all of its entries<V> */
	float k_share;     /* one sum of keys to the mean: 1 / (POOL_SCALE n_k) */
};

/* --- pooling in a kernel of its own ------------------------------------------------------------
 */

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

struct task_shared {
	alignas(16) float mean[ATTN_DIM]; /* of the keys of a head */
	unsigned next;
	bool last; /* of a head's maps */
	map_queries q;
	alignas(16) float score[1]; /* [MAP_ROWS][map_cols + MAP_PAD] */
};

/* --- K ---------------------------------------------------------------------------------------- */

/* One warp. */
__device__ static void key_block(
	const predict_in &p, const float *mean, unsigned head, unsigned col)
{
	unsigned n = min(p.in.n_k - col * DAS_K_BLOCK, (unsigned)DAS_K_BLOCK);
	const half *from = p.in.k + head * p.in.k_head + (size_t)col * DAS_K_BLOCK * ATTN_DIM;
	float similar = key_similarity(from, mean, n);

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
	unsigned candidates,
		chosen = select_any(&candidates, {score, similar, p.in.theta, p.in.tau, end});
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
	unsigned row0 = (p.map_tasks - 1 - at) * p.map_rows;
	unsigned rows = min(p.to.rows - row0, p.map_rows);

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
	/* A row a warp, as long as that leaves no block two tasks. */
	p.map_rows =
		in.heads * attn_blocks(p.to.rows, POOL_WARPS) <= flying / 2 ? POOL_WARPS : MAP_ROWS;
	p.map_tasks = attn_blocks(p.to.rows, p.map_rows);
	all = p.key_tasks + p.map_tasks;
	p.lag = min(in.heads, 2 * flying / all + 1);
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
