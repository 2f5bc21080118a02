/* int8 Llama2: each operation by hand, the layer against a plain second writing of it, the
 * published sizes of 7B and 13B. */
#include "tests/support/check.h"

#include "kernels-ref/cpu/fast.h"
#include "kernels-ref/ref/llama.h"
#include "kernels-ref/ref/num.h"

#include <stdlib.h>
#include <string.h>

/* Rows (1, -2, 3) and (127, 0, -127) with scales .5 and .01 on x = (2, 4, 6):
 * .5 * (2 - 8 + 18) = 6 and .01 * 127 * (2 - 6) = -5.08. */
static void gemv_scales_rows_of_integers(void **state)
{
	int8_t w[] = {1, -2, 3, 127, 0, -127};
	float scale[] = {0.5f, 0.01f}, x[] = {2.0f, 4.0f, 6.0f}, y[2];
	struct q8_matrix m = {.rows = 2, .cols = 3, .w = w, .scale = scale};

	(void)state;
	q8_gemv(y, &m, x);
	assert_near((double)y[0], 6.0, 1e-6);
	assert_near((double)y[1], -5.08, 1e-6);
}

/* Two tokens. (254, 5, -2.9): scale 2, integers 127, 3 (2.5 away from zero), -1 (-1.45).
 * (0, 63.5, 0): scale .5, integers 0, 127, 0. Rows (1, -2, 3), (10, 20, 30), scales .5, .1:
 * 2 * .5 * (127 - 6 - 3) = 118, 2 * .1 * (1270 + 60 - 30) = 260;
 * .5 * .5 * -254 = -63.5, .5 * .1 * 2540 = 127. */
static void gemm_quantises_each_token(void **state)
{
	int8_t w[] = {1, -2, 3, 10, 20, 30};
	float scale[] = {0.5f, 0.1f}, x[] = {254.0f, 5.0f, -2.9f, 0.0f, 63.5f, 0.0f}, y[4];
	struct q8_matrix m = {.rows = 2, .cols = 3, .w = w, .scale = scale};

	(void)state;
	q8_gemm(y, &m, x, 2);
	assert_near((double)y[0], 118.0, 1e-5);
	assert_near((double)y[1], 260.0, 1e-4);
	assert_near((double)y[2], -63.5, 1e-5);
	assert_near((double)y[3], 127.0, 1e-5);
}

/* mean of squares (9 + 16)/2 = 12.5, eps 3.5: divide by 4; gains 1 and -2. */
static void rmsnorm_divides_by_the_root_mean_square(void **state)
{
	float x[] = {3.0f, 4.0f};
	uint16_t gain[] = {half_from_float(1.0f), half_from_float(-2.0f)};

	(void)state;
	rmsnorm(x, x, gain, 2, 3.5);
	assert_near((double)x[0], 0.75, 1e-7);
	assert_near((double)x[1], -2.0, 1e-7);
}

/* dim 4, base 100: pair 0 turns 1 rad a position, pair 1 by 100^(-1/2) = .1 rad. At position 3,
 * (1, 0) goes to (cos 3, sin 3) and (0, 2) to (-2 sin .3, 2 cos .3). */
static void rope_turns_pairs_by_position(void **state)
{
	float x[] = {1.0f, 0.0f, 0.0f, 2.0f};

	(void)state;
	rope(x, 4, 3, 100.0);
	assert_near((double)x[0], -0.98999250, 1e-7);
	assert_near((double)x[1], 0.14112001, 1e-7);
	assert_near((double)x[2], -0.59104041, 1e-7);
	assert_near((double)x[3], 1.91067298, 1e-7);
}

/* silu(0) = 0; silu(ln 3) = ln 3 * 3/4; times 4: 3 ln 3. */
static void swiglu_gates(void **state)
{
	float gate[] = {0.0f, 1.0986123f}, up[] = {7.0f, 4.0f};

	(void)state;
	swiglu(gate, gate, up, 2);
	assert_near((double)gate[0], 0.0, 0.0);
	assert_near((double)gate[1], 3.2958369, 1e-6);
}

/* Parameters: 2 * 32000 h + L (4 h^2 + 3 h f + 2 h) + h = 6 738 415 616 and 13 015 864 320, as
 * Meta counts them. int8 linears with half embedding, head, norms: 7.00 and 13.34 GB. KV 512 and
 * 800 KiB a token. Read per decode step 6.74 and 13.02 GB (scales add .2 %). FLOPs per token:
 * linear 12.95 and 25.38 G, head .26 and .33 G; attention per context token 4 L h. */
static void published_sizes_come_out(void **state)
{
	struct llama_count a = llama_cost(&llama_7b, 1, 511);
	struct llama_count b = llama_cost(&llama_13b, 1, 511);

	(void)state;
	assert_true(llama_param_count(&llama_7b) == 6738415616);
	assert_true(llama_param_count(&llama_13b) == 13015864320);
	assert_ratio((double)llama_weight_bytes(&llama_7b) / 7.00e9, 1.0, 1e-3);
	assert_ratio((double)llama_weight_bytes(&llama_13b) / 13.34e9, 1.0, 1e-3);
	assert_int_equal(llama_kv_bytes_per_tok(&llama_7b), 512 * 1024);
	assert_int_equal(llama_kv_bytes_per_tok(&llama_13b), 800 * 1024);
	assert_ratio((double)a.bytes_weight / 6.74e9, 1.0, 3e-3);
	assert_ratio((double)b.bytes_weight / 13.02e9, 1.0, 3e-3);
	assert_ratio((double)a.flop_linear / 12.95e9, 1.0, 1e-3);
	assert_ratio((double)b.flop_linear / 25.38e9, 1.0, 1e-3);
	assert_int_equal(a.flop_head, 2 * 4096 * 32000);
	assert_int_equal(a.flop_attn, 512 * 524288);
	assert_int_equal(b.flop_attn, 512 * 819200);
	assert_int_equal(a.bytes_kv_read, 512 * 512 * 1024);
	/* causal prefill: 2 L h S^2 up to the diagonal, S (S + 1) in place of S^2 */
	assert_true(llama_cost(&llama_7b, 2048, 0).flop_attn == 2ull * 32 * 4096 * 2048 * 2049);
}

static void assert_same_count(const struct llama_count *a, const struct llama_count *b)
{
	assert_int_equal(a->flop_linear, b->flop_linear);
	assert_int_equal(a->flop_attn, b->flop_attn);
	assert_int_equal(a->flop_head, b->flop_head);
	assert_int_equal(a->bytes_weight, b->bytes_weight);
	assert_int_equal(a->bytes_kv_read, b->bytes_kv_read);
	assert_int_equal(a->bytes_kv_write, b->bytes_kv_write);
}

static const uint32_t some_tokens[] = {5, 91, 17, 33, 2, 60, 60, 8, 71, 44, 23};

/* Counted while running, against the closed form: prefill of 9, then a decode after 9. */
static void counters_agree_with_the_closed_form(void **state)
{
	struct llama_model *m = llama_create_random(&llama_small, 4, 2);
	struct llama_kv *kv = llama_kv_create(&llama_small, 12);
	struct llama_run run = {.path = LLAMA_W8A8};
	struct llama_count c = {0}, d = {0}, want;
	float logits[96];

	(void)state;
	llama_step(logits, m, kv, some_tokens, 9, &run, &c);
	want = llama_cost(&llama_small, 9, 0);
	assert_same_count(&c, &want);
	llama_step(logits, m, kv, some_tokens + 9, 1, &run, &d);
	want = llama_cost(&llama_small, 1, 9);
	assert_same_count(&d, &want);
	assert_int_equal(kv->n_tok, 10);
	llama_kv_destroy(kv);
	llama_destroy(m);
}

/* One step of 11 tokens, or 6 and then one by one: the same sums in the same order. */
static void decoding_continues_a_prefill_exactly(void **state)
{
	struct llama_model *m = llama_create_random(&llama_small, 4, 2);
	struct llama_run run = {.path = LLAMA_W8A16};
	float whole[96], parts[96];

	(void)state;
	for (size_t path = 0; path < 2; path++) {
		struct llama_kv *a = llama_kv_create(&llama_small, 11);
		struct llama_kv *b = llama_kv_create(&llama_small, 20);

		run.path = path ? LLAMA_W8A8 : LLAMA_W8A16;
		llama_step(whole, m, a, some_tokens, 11, &run, NULL);
		llama_step(parts, m, b, some_tokens, 6, &run, NULL);
		for (size_t i = 6; i < 11; i++)
			llama_step(parts, m, b, some_tokens + i, 1, &run, NULL);
		assert_memory_equal(whole, parts, sizeof(whole));
		llama_kv_destroy(a);
		llama_kv_destroy(b);
	}
	llama_destroy(m);
}

/* --- a second writing of the model: dense matrices, whole softmax, no cache ---------------- */

static void matmul(double *y, const struct q8_matrix *w, const double *x)
{
	for (size_t r = 0; r < w->rows; r++) {
		y[r] = 0.0;
		for (size_t c = 0; c < w->cols; c++)
			y[r] += (double)w->scale[r] * (double)w->w[r * w->cols + c] * x[c];
	}
}

static void normed(double *y, const double *x, const uint16_t *gain, size_t n)
{
	double mean = 0.0;

	for (size_t i = 0; i < n; i++)
		mean += x[i] * x[i] / (double)n;
	for (size_t i = 0; i < n; i++)
		y[i] = x[i] / sqrt(mean + 1e-5) * (double)half_to_float(gain[i]);
}

static void turn(double *x, size_t pos) /* dim 16, base 1e4 */
{
	for (size_t i = 0; i < 8; i++) {
		double t = (double)pos / pow(1e4, (double)i / 8.0);
		double a = x[2 * i], b = x[2 * i + 1];

		x[2 * i] = a * cos(t) - b * sin(t);
		x[2 * i + 1] = b * cos(t) + a * sin(t);
	}
}

enum { N = 7, W = 128 }; /* tokens; 4 query, 2 key, 2 value heads of 16 */

static void naive_attention(double o[N][64], double qkv[N][W])
{
	for (size_t t = 0; t < N; t++) {
		for (size_t h = 0; h < 4; h++) {
			double p[N], sum = 0.0;

			for (size_t u = 0; u <= t; u++) {
				double dot = 0.0;

				for (size_t d = 0; d < 16; d++)
					dot += qkv[t][h * 16 + d] * qkv[u][64 + h / 2 * 16 + d];
				sum += p[u] = exp(dot / 4.0);
			}
			for (size_t d = 0; d < 16; d++) {
				o[t][h * 16 + d] = 0.0;
				for (size_t u = 0; u <= t; u++)
					o[t][h * 16 + d] +=
						p[u] / sum * qkv[u][96 + h / 2 * 16 + d];
			}
		}
	}
}

static void naive_layer(double x[N][64], const struct llama_layer *l)
{
	double qkv[N][W], o[N][64], y[64], gu[352], act[176];

	for (size_t t = 0; t < N; t++) {
		normed(y, x[t], l->norm_attn, 64);
		matmul(qkv[t], &l->qkv, y);
		for (size_t h = 0; h < 6; h++)
			turn(qkv[t] + h * 16, t);
	}
	naive_attention(o, qkv);
	for (size_t t = 0; t < N; t++) {
		matmul(y, &l->o, o[t]);
		for (size_t i = 0; i < 64; i++)
			x[t][i] += y[i];
		normed(y, x[t], l->norm_ffn, 64);
		matmul(gu, &l->gu, y);
		for (size_t i = 0; i < 176; i++)
			act[i] = gu[i] / (1.0 + exp(-gu[i])) * gu[176 + i];
		matmul(y, &l->down, act);
		for (size_t i = 0; i < 64; i++)
			x[t][i] += y[i];
	}
}

/* The reference keeps K and V in half precision (2^-11 relative, 5e-4) and activations in float;
 * on values of order 1 the difference stays of that order. W8A8 rounds activations of up to about
 * 3 to steps of 3/127, sd 3/127/sqrt(12) = .007 in each of four products with rows of unit
 * length, on the way through the gate a few times that: sd .02, and 7 of them allowed. */
static void a_layer_does_what_its_formula_says(void **state)
{
	struct llama_model *m = llama_create_random(&llama_small, 9, 2);
	static const double tolerance[] = {2e-3, 0.14};

	(void)state;
	for (int path = LLAMA_W8A16; path <= LLAMA_W8A8; path++) {
		struct llama_kv *kv = llama_kv_create(&llama_small, N);
		struct llama_run run = {.path = (enum llama_path)path};
		float x[N * 64];
		double want[N][64], moved = 0.0;

		for (size_t i = 0; i < N * 64; i++) {
			x[i] = (float)rand_normal(21, i);
			want[i / 64][i % 64] = (double)x[i];
		}
		llama_layer_forward(x, N, &llama_small, &m->layers[1], 1, kv, &run, NULL);
		naive_layer(want, &m->layers[1]);
		for (size_t i = 0; i < N * 64; i++) {
			assert_near((double)x[i], want[i / 64][i % 64], tolerance[path]);
			moved = fmax(moved, fabs((double)x[i] - rand_normal(21, i)));
		}
		assert_true(moved > 1.0); /* the layer is not the identity */
		llama_kv_destroy(kv);
	}
	llama_destroy(m);
}

/* All weights zero: a layer passes x on, and the logits are head . rmsnorm(embedding). */
static void without_weights_the_embedding_reaches_the_head(void **state)
{
	struct llama_model *m = llama_create_random(&llama_small, 3, 1);
	struct llama_kv *kv = llama_kv_create(&llama_small, 2);
	struct llama_run run = {.path = LLAMA_W8A16};
	double x[64], y[64];
	float logits[96];

	(void)state;
	memset(m->layers[0].o.w, 0, 64 * 64);
	memset(m->layers[0].down.w, 0, 64 * 176);
	llama_step(logits, m, kv, some_tokens, 2, &run, NULL);
	for (size_t i = 0; i < 64; i++)
		x[i] = (double)half_to_float(m->embed[91 * 64 + i]);
	normed(y, x, m->norm_out, 64);
	for (size_t r = 0; r < 96; r++) {
		double sum = 0.0;

		for (size_t i = 0; i < 64; i++)
			sum += (double)half_to_float(m->head[r * 64 + i]) * y[i];
		assert_near((double)logits[r], sum, 1e-5);
	}
	llama_kv_destroy(kv);
	llama_destroy(m);
}

/* 150 tokens through DAS that keeps all, and through dense: the same logits, bit for bit. Then
 * one token by das-decode reading all blocks: the tiles are the same 64 keys. */
static void das_in_a_step_reduces_to_dense(void **state)
{
	struct llama_model *m = llama_create_random(&llama_small, 6, 1);
	struct das_params p = das_params_default();
	struct llama_run dense = {.path = LLAMA_W8A16}, das = {.path = LLAMA_W8A16, .das = &p};
	struct llama_kv *a = llama_kv_create(&llama_small, 160);
	struct llama_kv *b = llama_kv_create(&llama_small, 160);
	struct llama_count c = {0}, want;
	uint32_t tokens[151];
	float x[96], y[96];

	(void)state;
	p.theta = 1.0;
	p.tau = 1.0;
	p.lambda_nats = -HUGE_VAL;
	das.das_decode = true;
	for (size_t i = 0; i < 151; i++)
		tokens[i] = (uint32_t)(rand_bits(2, i) % 96);
	llama_step(x, m, a, tokens, 150, &dense, NULL);
	llama_step(y, m, b, tokens, 150, &das, NULL);
	assert_memory_equal(x, y, sizeof(x));
	llama_step(x, m, a, tokens + 150, 1, &dense, NULL);
	llama_step(y, m, b, tokens + 150, 1, &das, &c);
	assert_memory_equal(x, y, sizeof(x));
	/* read besides K and V: pooled keys of 3 blocks, 2 layers, 2 kv heads, 16 halves */
	want = llama_cost(&llama_small, 1, 150);
	assert_int_equal(c.bytes_kv_read, want.bytes_kv_read + 3 * 2 * 2 * 16 * 2);
	llama_kv_destroy(a);
	llama_kv_destroy(b);
	llama_destroy(m);
}

/* Weights are a pure function of (seed, stream, element): rms 73.6 and scale 1/(73.6 sqrt(cols))
 * make rows of unit length on average: E[scale^2 w^2 cols] = E[(.5 + u)^2] = 13/12. */
static void random_weights_keep_the_variance(void **state)
{
	struct llama_model *m = llama_create_random(&llama_small, 12, 2);
	const struct q8_matrix *w = &m->layers[0].gu;
	double sum = 0.0;

	(void)state;
	for (size_t i = 0; i < w->rows * w->cols; i++) {
		double x = (double)w->scale[i / w->cols] * (double)w->w[i];

		sum += x * x;
	}
	assert_near(sum / (double)w->rows, 13.0 / 12.0, 0.1);
	assert_int_equal(
		m->layers[1].o.w[77], (int)(rand_bits(12 * 1000 + 20 + 2, 77) % 255) - 127);
	llama_destroy(m);
}

/* One layer of the real width, with a head of 96, by the fast variant: prefill of 3 and a decode
 * count what the closed form says. */
static struct llama_model *run_real_width(
	float *prefill, float *decode, const struct llama_shape *published)
{
	struct llama_shape s = *published;
	struct llama_run run = {.path = LLAMA_W8A8, .linear = &fast_ops()->linear};
	struct llama_count c = {0}, d = {0}, want;
	struct llama_model *m;
	struct llama_kv *kv;

	s.n_layers = 1;
	s.vocab = 96;
	m = llama_create_random(&s, 1, 1);
	kv = llama_kv_create(&s, 4);
	llama_step(prefill, m, kv, some_tokens, 3, &run, &c);
	want = llama_cost(&s, 3, 0);
	assert_same_count(&c, &want);
	run.path = LLAMA_W8A16;
	llama_step(decode, m, kv, some_tokens + 3, 1, &run, &d);
	want = llama_cost(&s, 1, 3);
	assert_same_count(&d, &want);
	llama_kv_destroy(kv);
	return m;
}

/* The same by the reference: to the last bit where sums are integers, and within 1e-3 on logits
 * of order 1 where they are float sums of up to 11008 products. */
static void a_step_of_7b_width_agrees_with_the_reference(void **state)
{
	struct llama_run run = {.path = LLAMA_W8A8};
	float prefill[96], decode[96], want[96];
	struct llama_model *m = run_real_width(prefill, decode, &llama_7b);
	struct llama_kv *kv = llama_kv_create(&m->shape, 4);

	(void)state;
	llama_step(want, m, kv, some_tokens, 3, &run, NULL);
	assert_memory_equal(prefill, want, sizeof(want));
	run.path = LLAMA_W8A16;
	llama_step(want, m, kv, some_tokens + 3, 1, &run, NULL);
	for (size_t i = 0; i < 96; i++)
		assert_near((double)decode[i], (double)want[i], 1e-3);
	llama_kv_destroy(kv);
	llama_destroy(m);
}

static void a_step_of_13b_width_runs(void **state)
{
	float prefill[96], decode[96];

	(void)state;
	llama_destroy(run_real_width(prefill, decode, &llama_13b));
	for (size_t i = 0; i < 96; i++)
		assert_true(isfinite(prefill[i]) && isfinite(decode[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gemv_scales_rows_of_integers),
		cmocka_unit_test(gemm_quantises_each_token),
		cmocka_unit_test(rmsnorm_divides_by_the_root_mean_square),
		cmocka_unit_test(rope_turns_pairs_by_position),
		cmocka_unit_test(swiglu_gates),
		cmocka_unit_test(published_sizes_come_out),
		cmocka_unit_test(counters_agree_with_the_closed_form),
		cmocka_unit_test(decoding_continues_a_prefill_exactly),
		cmocka_unit_test(a_layer_does_what_its_formula_says),
		cmocka_unit_test(without_weights_the_embedding_reaches_the_head),
		cmocka_unit_test(das_in_a_step_reduces_to_dense),
		cmocka_unit_test(random_weights_keep_the_variance),
		cmocka_unit_test(a_step_of_7b_width_agrees_with_the_reference),
		cmocka_unit_test(a_step_of_13b_width_runs),
	};
	return cmocka_run_group_tests_name("kernels_llama", tests, NULL, NULL);
}
