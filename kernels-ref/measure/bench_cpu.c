/* Times of the fast CPU variants as ratios to the reference, one thread. */
#include "kernels-ref/cpu/fast.h"
#include "kernels-ref/ref/llama.h"
#include "kernels-ref/ref/num.h"
#include "kernels-ref/ref/synth.h"

#include "base/mem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* The inputs of one operation; variant 0 is the reference. */
struct bench {
	struct attn_shape s;
	struct das_params p;
	struct das_mask *m;
	float *q, *k, *v, *out;
	struct q8_matrix w;
	size_t n;
	struct llama_model *model;
	struct llama_kv *kv;
};

typedef void op(struct bench *b, const struct fast_ops *f);

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Least of up to 15 runs after one to warm up, within about a second: the least, because what
 * else the machine does only ever adds. */
static double time_s(op *run, struct bench *b, const struct fast_ops *f)
{
	double least = HUGE_VAL, from = now_s();

	run(b, f);
	for (size_t n = 0; n < 15 && (n == 0 || now_s() - from < 1.0); n++) {
		double start = now_s();

		run(b, f);
		least = fmin(least, now_s() - start);
	}
	return least;
}

static void compare(const char *what, op *run, struct bench *b, double flop)
{
	double ref_s = time_s(run, b, NULL);

	printf("%-34s reference %9.3f ms %6.2f GFLOP/s\n", what, 1e3 * ref_s, 1e-9 * flop / ref_s);
	for (size_t i = 1; i <= fast_count(); i++) {
		const struct fast_ops *f = fast_variant(i);
		double s;

		if (!f)
			continue;
		s = time_s(run, b, f);
		printf("%-34s %-9s %9.3f ms %6.1f GFLOP/s %6.1fx\n", "", f->name, 1e3 * s,
			1e-9 * flop / s, ref_s / s);
	}
}

static void run_dense(struct bench *b, const struct fast_ops *f)
{
	if (f)
		f->attn(b->out, &b->s, NULL, NULL, b->q, b->k, b->v);
	else
		attn_dense(b->out, &b->s, b->q, b->k, b->v, NULL);
}

static void run_das(struct bench *b, const struct fast_ops *f)
{
	if (f)
		f->attn(b->out, &b->s, &b->p, b->m, b->q, b->k, b->v);
	else
		das_attn(b->out, NULL, &b->s, &b->p, b->m, b->q, b->k, b->v, NULL);
}

static void run_predict(struct bench *b, const struct fast_ops *f)
{
	(void)f; /* the reference is the only one */
	das_predict(b->m, &b->s, &b->p, b->q, b->k);
}

static void run_gemv(struct bench *b, const struct fast_ops *f)
{
	(f ? f->linear.gemv : q8_gemv)(b->out, &b->w, b->q);
}

static void run_gemm(struct bench *b, const struct fast_ops *f)
{
	(f ? f->linear.gemm : q8_gemm)(b->out, &b->w, b->q, b->n);
}

static void run_layer(struct bench *b, const struct fast_ops *f)
{
	struct llama_run run = {.path = LLAMA_W8A16, .linear = f ? &f->linear : NULL};

	b->kv->n_tok = 0;
	llama_layer_forward(b->q, 1, &b->model->shape, b->model->layers, 0, b->kv, &run, NULL);
}

static void bench_attention(size_t tokens)
{
	struct bench b = {.s = {.n_heads = 1,
				  .n_kv_heads = 1,
				  .n_q_tok = tokens,
				  .n_k_tok = tokens,
				  .dim = 128,
				  .causal = true},
		.p = das_params_default()};
	struct synth_params sp = synth_params_default();
	size_t n = tokens * b.s.dim;
	double pairs = 0.5 * (double)tokens * (double)(tokens + 1), predict_s, dense_s;
	struct attn_count c = {0};

	b.q = mem_zalloc(4 * n, sizeof(float));
	b.k = b.q + n;
	b.v = b.k + n;
	b.out = b.v + n;
	b.m = das_mask_create(&b.s, &b.p);
	synth_qkv(b.q, b.k, b.v, &b.s, &sp, 1);
	compare("attention, causal, 1 x 2048 x 128", run_dense, &b, 4.0 * 128.0 * pairs);
	dense_s = time_s(run_dense, &b, fast_ops());
	predict_s = time_s(run_predict, &b, NULL);
	das_attn(b.out, NULL, &b.s, &b.p, b.m, b.q, b.k, b.v, &c);
	printf("DAS on the same, synthetic: %.1f %% skipped; mask prediction %.3f ms\n",
		100.0 * attn_sparsity(&c), 1e3 * predict_s);
	compare("  attention under the mask", run_das, &b, (double)c.flop);
	printf("  %s: DAS / dense = %.3f against %.3f of the work\n", fast_ops()->name,
		time_s(run_das, &b, fast_ops()) / dense_s, 1.0 - attn_sparsity(&c));
	das_mask_destroy(b.m);
	free(b.q);
}

static void bench_linear(size_t rows, size_t cols, size_t n)
{
	struct bench b = {.w = {.rows = rows, .cols = cols}, .n = n};

	b.w.w = mem_zalloc(rows * cols, 1);
	b.w.scale = mem_zalloc(rows, sizeof(float));
	b.q = mem_zalloc(n * cols, sizeof(float));
	b.out = mem_zalloc(n * rows, sizeof(float));
	for (size_t i = 0; i < rows * cols; i++)
		b.w.w[i] = (int8_t)((int)(rand_bits(1, i) % 255) - 127);
	for (size_t r = 0; r < rows; r++)
		b.w.scale[r] = 0.01f;
	for (size_t i = 0; i < n * cols; i++)
		b.q[i] = (float)rand_normal(2, i);
	compare("W8A16 GEMV 4096 x 4096", run_gemv, &b, 2.0 * (double)(rows * cols));
	compare("W8A8 GEMM 4096 x 4096, 16 tokens", run_gemm, &b, 2.0 * (double)(n * rows * cols));
	free(b.w.w);
	free(b.w.scale);
	free(b.q);
	free(b.out);
}

/* One layer in the model's shape: its 32 or 40 layers cost as many times that. */
static void bench_layer(const struct llama_shape *shape, const char *what)
{
	struct llama_shape one = *shape;
	struct bench b = {0};

	one.n_layers = 1;
	one.vocab = 1; /* the head is no part of a layer */
	b.model = llama_create_random(&one, 1, 1);
	b.kv = llama_kv_create(&one, 1);
	b.q = mem_zalloc(one.hidden, sizeof(float));
	for (size_t i = 0; i < one.hidden; i++)
		b.q[i] = (float)rand_normal(3, i);
	compare(what, run_layer, &b, (double)llama_cost(&one, 1, 0).flop_linear);
	free(b.q);
	llama_kv_destroy(b.kv);
	llama_destroy(b.model);
}

int main(void)
{
	bench_attention(2048);
	bench_linear(4096, 4096, 16);
	bench_layer(&llama_7b, "Llama2-7B layer, decode");
	bench_layer(&llama_13b, "Llama2-13B layer, decode");
	return 0;
}
