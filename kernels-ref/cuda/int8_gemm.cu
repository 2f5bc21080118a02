/*
 * int8 GEMM of the prefill by cuBLASLt, the algorithm of each size found by trying them.
 */
#include <cmath>

#include <cublasLt.h>

#include "kernels-ref/cuda/int8_gemm.cuh"

#define MAX_ALGOS 8
#define MAX_CHOICES 256
#define LT_WORKSPACE ((size_t)64 << 20)

static void lt_try(cublasStatus_t status, const char *what)
{
	if (status == CUBLAS_STATUS_SUCCESS)
		return;
	fprintf(stderr, "error: %s: %s\n", what, cublasLtGetStatusString(status));
	exit(1);
}

#define LT_TRY(call) lt_try((call), #call)

struct gemm_plan {
	cublasLtMatmulDesc_t op;
	cublasLtMatrixLayout_t w, x, y;
};

struct gemm_choice {
	size_t rows, cols, n; /* n in sixteens */
	cublasLtMatmulAlgo_t algo;
	gemm_plan plan; /* made once: the host would take as long as a small product */
};

struct int8_gemm {
	cublasLtHandle_t lt;
	void *workspace;
	gemm_choice choice[MAX_CHOICES];
	size_t n_choices;
};

static gemm_plan gemm_describe(size_t rows, size_t cols, size_t n)
{
	cublasOperation_t t = CUBLAS_OP_T;
	gemm_plan g;

	LT_TRY(cublasLtMatmulDescCreate(&g.op, CUBLAS_COMPUTE_32I, CUDA_R_32I));
	LT_TRY(cublasLtMatmulDescSetAttribute(g.op, CUBLASLT_MATMUL_DESC_TRANSA, &t, sizeof(t)));
	LT_TRY(cublasLtMatrixLayoutCreate(&g.w, CUDA_R_8I, cols, rows, cols));
	LT_TRY(cublasLtMatrixLayoutCreate(&g.x, CUDA_R_8I, cols, int8_gemm_rows(n), cols));
	LT_TRY(cublasLtMatrixLayoutCreate(&g.y, CUDA_R_32I, rows, int8_gemm_rows(n), rows));
	return g;
}

static void gemm_forget(gemm_plan *g)
{
	LT_TRY(cublasLtMatmulDescDestroy(g->op));
	LT_TRY(cublasLtMatrixLayoutDestroy(g->w));
	LT_TRY(cublasLtMatrixLayoutDestroy(g->x));
	LT_TRY(cublasLtMatrixLayoutDestroy(g->y));
}

int8_gemm *int8_gemm_create(void)
{
	int8_gemm *p = new int8_gemm();

	LT_TRY(cublasLtCreate(&p->lt));
	p->workspace = device_alloc<char>(LT_WORKSPACE);
	return p;
}

void int8_gemm_destroy(int8_gemm *p)
{
	for (size_t i = 0; i < p->n_choices; i++)
		gemm_forget(&p->choice[i].plan);
	CUDA_TRY(cudaFree(p->workspace));
	LT_TRY(cublasLtDestroy(p->lt));
	delete p;
}

static cublasStatus_t gemm_with(int8_gemm *p, const gpu_matrix *m, const gemm_io *io,
	const gemm_plan *g, const cublasLtMatmulAlgo_t *algo, cudaStream_t stream)
{
	int32_t one = 1, zero = 0;

	return cublasLtMatmul(p->lt, g->op, &one, m->natural, g->w, io->x, g->x, &zero, io->sums,
		g->y, io->sums, g->y, algo, p->workspace, LT_WORKSPACE, stream);
}

static const gemm_choice *gemm_find(const int8_gemm *p, const gpu_matrix *m, size_t n)
{
	for (size_t i = 0; i < p->n_choices; i++)
		if (p->choice[i].rows == m->rows && p->choice[i].cols == m->cols &&
			p->choice[i].n == int8_gemm_rows(n))
			return &p->choice[i];
	return NULL;
}

/* Best of several runs, over matrices of different layers so that weights come from memory. */
static float gemm_time(int8_gemm *p, const gpu_matrix *const *all, size_t n_all, const gemm_io *io,
	const gemm_plan *g, const cublasLtMatmulAlgo_t *algo, cudaEvent_t from, cudaEvent_t to)
{
	float best = HUGE_VALF;

	for (int i = 0; i < 5; i++) {
		float ms;

		CUDA_TRY(cudaEventRecord(from));
		if (gemm_with(p, all[i % n_all], io, g, algo, 0) != CUBLAS_STATUS_SUCCESS)
			return HUGE_VALF;
		CUDA_TRY(cudaEventRecord(to));
		CUDA_TRY(cudaEventSynchronize(to));
		CUDA_TRY(cudaEventElapsedTime(&ms, from, to));
		if (i > 0)
			best = fminf(best, ms);
	}
	return best;
}

/* A choice more, for the algorithm to be set. */
static gemm_choice *gemm_add(int8_gemm *p, size_t rows, size_t cols, size_t n)
{
	gemm_choice *c;

	if (p->n_choices == MAX_CHOICES) {
		fprintf(stderr, "error: more than %d GEMM sizes in one run\n", MAX_CHOICES);
		exit(1);
	}
	c = &p->choice[p->n_choices++];
	*c = {rows, cols, int8_gemm_rows(n), {}, gemm_describe(rows, cols, n)};
	return c;
}

/* What the library proposes, at least one. */
static int gemm_proposals(
	int8_gemm *p, const gemm_choice *c, cublasLtMatmulHeuristicResult_t found[MAX_ALGOS])
{
	cublasLtMatmulPreference_t pref;
	const gemm_plan *g = &c->plan;
	size_t limit = LT_WORKSPACE;
	int n = 0;

	LT_TRY(cublasLtMatmulPreferenceCreate(&pref));
	LT_TRY(cublasLtMatmulPreferenceSetAttribute(
		pref, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &limit, sizeof(limit)));
	LT_TRY(cublasLtMatmulAlgoGetHeuristic(
		p->lt, g->op, g->w, g->x, g->y, g->y, pref, MAX_ALGOS, found, &n));
	LT_TRY(cublasLtMatmulPreferenceDestroy(pref));
	if (n == 0) {
		fprintf(stderr, "error: cuBLASLt has no int8 GEMM of %zu x %zu x %zu\n", c->n,
			c->rows, c->cols);
		exit(1);
	}
	return n;
}

void int8_gemm_tune(
	int8_gemm *p, const gpu_matrix *const *all, size_t n_all, const gemm_io &io, size_t n)
{
	const gpu_matrix *m = all[0];
	cublasLtMatmulHeuristicResult_t found[MAX_ALGOS];
	float best = HUGE_VALF;
	cudaEvent_t from, to;
	gemm_choice *c;

	if (gemm_find(p, m, n))
		return;
	c = gemm_add(p, m->rows, m->cols, n);
	int n_found = gemm_proposals(p, c, found);
	CUDA_TRY(cudaEventCreate(&from));
	CUDA_TRY(cudaEventCreate(&to));
	c->algo = found[0].algo;
	for (int i = 0; i < n_found; i++) {
		float ms = gemm_time(p, all, n_all, &io, &c->plan, &found[i].algo, from, to);

		if (ms < best) {
			best = ms;
			c->algo = found[i].algo;
		}
	}
	CUDA_TRY(cudaEventDestroy(from));
	CUDA_TRY(cudaEventDestroy(to));
}

void int8_gemm_write(const int8_gemm *p, FILE *to)
{
	fprintf(to, "cublasLt %zu\n", cublasLtGetVersion());
	for (size_t i = 0; i < p->n_choices; i++) {
		const gemm_choice *c = &p->choice[i];

		fprintf(to, "gemm %zu %zu %zu", c->rows, c->cols, c->n);
		for (uint64_t word : c->algo.data)
			fprintf(to, " %llx", (unsigned long long)word);
		fprintf(to, "\n");
	}
}

bool int8_gemm_read(int8_gemm *p, FILE *from)
{
	size_t version, rows, cols, n;

	if (fscanf(from, "cublasLt %zu\n", &version) != 1 || version != cublasLtGetVersion())
		return false;
	while (fscanf(from, "gemm %zu %zu %zu", &rows, &cols, &n) == 3) {
		gemm_choice *c = gemm_add(p, rows, cols, n);

		for (uint64_t &word : c->algo.data) {
			unsigned long long x;

			if (fscanf(from, " %llx", &x) != 1)
				return false;
			word = x;
		}
		if (fscanf(from, "\n") != 0)
			return false;
	}
	return p->n_choices > 0;
}

size_t int8_gemm_tuned(const int8_gemm *p, size_t n)
{
	size_t least = 0;

	for (size_t i = 0; i < p->n_choices; i++)
		if (p->choice[i].n >= n && (least == 0 || p->choice[i].n < least))
			least = p->choice[i].n;
	return least > 0 ? least : n;
}

void int8_gemm_run(
	int8_gemm *p, const gpu_matrix *w, const gemm_io &io, size_t n, cudaStream_t stream)
{
	const gemm_choice *c = gemm_find(p, w, n);

	if (c) {
		LT_TRY(gemm_with(p, w, &io, &c->plan, &c->algo, stream));
		return;
	}
	gemm_plan g = gemm_describe(w->rows, w->cols, n);

	LT_TRY(gemm_with(p, w, &io, &g, NULL, stream));
	gemm_forget(&g);
}
