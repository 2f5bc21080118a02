#include "tests/support/check.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "io/profile/file.h"
#include "models/cost/catalog.h"
#include "models/cost/cost.h"
#include "tests/support/round_cost.h"

/*
 * A device of round numbers: 1 TFLOP/s, 1 GB/s, 1 GHz; and a model of one
 * layer, 4 x 4, so that each class can be summed by hand:
 *	weights: qkv 48, attn-out 16, gate+up 64, down 32, head 4 x 10 = 40
 */

static const char head[] = "offing-profile: 1\ndevice: *\nruntime: fused\nmodel: *\n"
			   "precision: fp16\nprovenance: transferred\nsigma.step: 0.1\n";

static struct arena arena;

static const struct profile *parsed(const char *name, const char *text)
{
	const struct profile *p;
	struct err err = {0};

	if (!profile_parse(&p, &arena, name, text, strlen(text), &err)) {
		err_print(&err, stderr);
		fail();
	}
	return p;
}

static struct cost *made(const struct profile *p, enum profile_quantile q, unsigned max_batch)
{
	struct cost_spec spec = {.profile = p,
		.gpu = &gpu,
		.shape = &tiny,
		.precision = PRECISION_FP16,
		.max_batch = max_batch,
		.quantile = q};
	struct err err = {0};
	struct cost *c;

	if (!cost_create(&c, &spec, &err)) {
		err_print(&err, stderr);
		fail();
	}
	return c;
}

/* Bandwidth decides everything: ec is so large that arithmetic takes no time. */
static const struct profile *bandwidth_form(const char *mode, const char *launch)
{
	return parsed("bandwidth", arena_printf(&arena,
					   "%slaunch: %s\n[constants]\n"
					   "* * peak fp32 assumed\n"
					   "* * ec 4 assumed\n"
					   "* * eb 0.5 assumed\n"
					   "linear * t0 1e-6 assumed\n"
					   "head * t0 2e-6 assumed\n"
					   "decode-attention * t0 3e-6 assumed\n"
					   "prefill-attention * t0 4e-6 assumed\n"
					   "prefill-attention * ec 0.001 assumed\n"
					   "prefill-attention * cycles_per_key 50 assumed\n"
					   "small * t0 5e-6 assumed\n"
					   "layer * launch %s assumed\n",
					   head, mode, launch));
}

/*
 * Batch 2 in fp16, at 0.5 GB/s (2 ns a byte). Bytes of a layer: weights 160 x 2 = 320;
 * rows in + out 16 + 8 + 20 + 12 = 56, x 2 rows x 2 bytes = 224; small 4x4 + 2x8 + 3x8 + 6x4
 * + 4x4 = 96, x 2 x 2 = 384: 928 bytes, 1.856 us. t0: 4 x 1 + 3 + 5 = 12 us; launch 7 us.
 * Head: 40 x 2 + 2 x 14 x 2 = 136 bytes, 0.272 us, t0 2 us. Layers: 3 x 20.856 = 62.568;
 * step 64.840 us. Per token of context 2 x 4 x 2 = 16 bytes x 3 layers: 0.096 us.
 * (Arithmetic at 4 TFLOP/s is below 1e-9 of it, and its cube 1e-8 of that.)
 */
static void decode_is_the_sum_over_the_classes(void **state)
{
	struct cost *c = made(bandwidth_form("added", "7e-6"), PROFILE_MEDIAN, 3);
	struct cost_affine a = cost_decode(c, 2, 40);

	(void)state;
	assert_ratio(a.base_s, 64.840e-6, 1e-9);
	assert_ratio(a.per_tok_s, 0.096e-6, 1e-9);
	assert_int_equal(a.from_tok, 0);
	assert_true(a.until_tok == UINT64_MAX);
	cost_destroy(c);
}

/* Arithmetic and traffic that take 3 and 4 us give cbrt(27 + 64) = 4.497941 us: head alone,
 * 40 weights, 1 row: 80 FLOP, 108 bytes. */
static void a_class_is_the_cubic_norm(void **state)
{
	double ec = 80.0 / 3e-6 / 1e12, eb = 108.0 / 4e-6 / 1e9;
	const struct profile *p = parsed("norm",
		arena_printf(&arena,
			"%s[constants]\n* * peak fp32 assumed\n* * ec 4 assumed\n* * eb 4 assumed\n"
			"* * t0 0 assumed\nhead * ec %.17g assumed\nhead * eb %.17g assumed\n"
			"layer * launch 0 assumed\n",
			head, ec * 1e3, eb));
	struct llm_shape flat = tiny;
	struct gpu_spec slow = gpu;
	struct cost_spec spec = {.profile = p,
		.gpu = &slow,
		.shape = &flat,
		.precision = PRECISION_FP16,
		.max_batch = 1,
		.quantile = PROFILE_MEDIAN};
	struct err err = {0};
	struct cost *c;

	(void)state;
	slow.fp32_flop_per_s = 1e9; /* ec was written for it: shares are at least 1e-4 */
	flat.layers = 1;
	assert_true(cost_create(&c, &spec, &err));
	/* The layer: 160 weights, 928 bytes less one row's 304, all at 4 GB/s and 4 GFLOP/s. */
	double layer = 0.0;
	static const double flop[] = {96.0, 32.0, 128.0, 64.0};
	static const double bytes[] = {128.0, 48.0, 168.0, 88.0};
	for (int i = 0; i < 4; i++)
		layer += cbrt(pow(flop[i] / 4e9, 3.0) + pow(bytes[i] / 4e9, 3.0));
	layer += 192.0 / 4e9;
	assert_near(cost_decode(c, 1, 0).base_s - layer, 4.497941e-6, 1e-11);
	cost_destroy(c);
}

/*
 * Launches of 30 us a layer hide the 13.856 us of work (batch 2, as above without launch) and
 * 0.032 us per token of context up to 504.5 tokens: flat at 3 x 30 + 2.272 = 92.272 us, then
 * 3 x 13.856 + 2.272 = 43.840 us + 0.096 us a token.
 */
static void overlapped_launches_hide_the_work(void **state)
{
	struct cost *c = made(bandwidth_form("overlapped", "30e-6"), PROFILE_MEDIAN, 2);
	struct cost_affine low = cost_decode(c, 2, 500), mid = cost_decode(c, 2, 504);
	struct cost_affine high = cost_decode(c, 2, 600);

	(void)state;
	assert_ratio(low.base_s, 92.272e-6, 1e-9);
	assert_near(low.per_tok_s, 0.0, 0.0);
	assert_int_equal(low.until_tok, 504);
	assert_int_equal(mid.from_tok, 504);
	assert_int_equal(mid.until_tok, 505);
	assert_int_equal(high.from_tok, 505);
	assert_ratio(high.base_s, 43.840e-6, 1e-9);
	assert_ratio(high.per_tok_s, 0.096e-6, 1e-9);
	assert_ratio(mid.base_s + 504.0 * mid.per_tok_s, 92.272e-6, 1e-9);
	assert_ratio(mid.base_s + 505.0 * mid.per_tok_s, 43.840e-6 + 505.0 * 0.096e-6, 1e-9);
	cost_destroy(c);
}

/*
 * 5 tokens, 2 prompts: layer bytes 320 + 56 x 5 x 2 + 96 x 5 x 2 = 1840, 3.680 us; t0 4 + 4 + 5;
 * launch 7: 23.680 us x 3 = 71.040. Head of 2 rows 2.272: 73.312 us.
 */
static void prefill_charges_layers_by_token_and_head_by_prompt(void **state)
{
	struct cost *c = made(bandwidth_form("added", "7e-6"), PROFILE_MEDIAN, 2);

	(void)state;
	assert_ratio(cost_prefill_s(c, 5, 2), 73.312e-6, 1e-9);
	/* More prompts than the batch holds, and more tokens than the table: the same formula.
	 * 3000 tokens: 320 + 152 x 3000 x 2 = 912 320 bytes, 1824.64 us; head of 4: 80 + 112 bytes,
	 * 0.384 us. */
	assert_ratio(cost_prefill_s(c, 3000, 4), (3.0 * 1844.64 + 2.384) * 1e-6, 1e-9);
	cost_destroy(c);
}

/*
 * Keys 40 + 60 = 100 at 50 cycles of 1 ns: 5 us; FLOP 4 x 4 x 40 x (60 + 20) = 51 200 at
 * 1 GFLOP/s: 51.2 us; three layers: 168.6 us.
 */
static void prefill_attention_has_latency_and_arithmetic(void **state)
{
	struct cost *c = made(bandwidth_form("added", "7e-6"), PROFILE_MEDIAN, 2);

	(void)state;
	assert_ratio(cost_prefill_attention_s(c, 40, 60), 168.6e-6, 1e-9);
	cost_destroy(c);
}

/* sigma 0.1: exp(0.1645) = 1.178803 either way. */
static void quantiles_scale_every_time(void **state)
{
	const struct profile *p = bandwidth_form("added", "7e-6");
	struct cost *low = made(p, PROFILE_LOW, 2), *mid = made(p, PROFILE_MEDIAN, 2);
	struct cost *high = made(p, PROFILE_HIGH, 2);
	const double f = 1.178803;

	(void)state;
	assert_ratio(cost_decode(high, 2, 9).base_s, f * cost_decode(mid, 2, 9).base_s, 1e-6);
	assert_ratio(cost_decode(low, 2, 9).per_tok_s, cost_decode(mid, 2, 9).per_tok_s / f, 1e-6);
	assert_ratio(cost_prefill_s(high, 33, 2), f * cost_prefill_s(mid, 33, 2), 1e-6);
	assert_ratio(cost_prefill_attention_s(low, 33, 7), cost_prefill_attention_s(mid, 33, 7) / f,
		1e-6);
	cost_destroy(low);
	cost_destroy(mid);
	cost_destroy(high);
}

/* A grid that a straight line made: decode 10 + 2 log2(batch) + 0.5 C (us); prefill
 * linear(n) = 3 n, attention n^2 / 100 (1 + 2 c/n). */
static const struct profile *straight_grid(void)
{
	return parsed("grid",
		"offing-profile: 1\ndevice: round\nruntime: fused\nmodel: tiny\nprecision: fp16\n"
		"provenance: measured\nsigma.step: 0.03\n"
		"[decode]\n1 10 15e-6\n1 40 30e-6\n1 70 45e-6\n"
		"4 10 19e-6\n4 130 79e-6\n4 250 139e-6\n"
		"[prefill]\n4 0 12.16e-6\n4 20 13.76e-6\n16 0 50.56e-6\n16 20 56.96e-6\n"
		"64 0 232.96e-6\n"
		"[attention]\n4 0 0.16e-6\n16 0 2.56e-6\n16 0.5 1.3e-6\n64 0 40.96e-6\n");
}

static void a_grid_is_linear_in_context_and_logarithmic_in_batch(void **state)
{
	struct cost *c = made(straight_grid(), PROFILE_MEDIAN, 4);

	(void)state;
	/* at the measured points, between them, beyond them, and at batch 2 between 1 and 4 */
	static const struct {
		size_t batch;
		uint64_t tok;
		double us;
	} want[] = {{1, 10, 15.0}, {1, 55, 37.5}, {1, 3, 11.5}, {4, 300, 164.0}, {2, 100, 62.0},
		{3, 20, 20.0 + 3.169925}};

	for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
		struct cost_affine a = cost_decode(c, want[i].batch, want[i].tok);

		assert_true(a.from_tok <= want[i].tok && want[i].tok <= a.until_tok);
		assert_near(a.base_s + a.per_tok_s * (double)want[i].tok, want[i].us * 1e-6, 1e-12);
	}
	cost_destroy(c);
}

/* Cells run from 0 to the end of time without gaps, and neighbours agree where they meet. */
static void cells_join(void **state)
{
	/* contexts 10 40 70, all of 10 20 40 70 200, 20 40 200: one cell less each */
	static const size_t n_cells[] = {0, 2, 4, 2};
	const struct profile *bent = parsed("bent",
		"offing-profile: 1\ndevice: round\nruntime: fused\nmodel: tiny\nprecision: fp16\n"
		"provenance: measured\nsigma.step: 0.03\n"
		"[decode]\n1 10 15e-6\n1 40 21e-6\n1 70 45e-6\n3 20 39e-6\n3 40 43e-6\n3 200 "
		"91e-6\n"
		"[prefill]\n4 0 12.16e-6\n64 0 232.96e-6\n[attention]\n4 0 0.16e-6\n64 0 40e-6\n");
	struct cost *c = made(bent, PROFILE_HIGH, 3);

	(void)state;
	for (size_t batch = 1; batch <= 3; batch++) {
		struct cost_affine a = cost_decode(c, batch, 0), b;
		size_t n = 1;

		assert_int_equal(a.from_tok, 0);
		for (; a.until_tok != UINT64_MAX; a = b, n++) {
			double x = (double)a.until_tok;

			b = cost_decode(c, batch, a.until_tok);
			assert_true(b.from_tok == a.until_tok && b.until_tok > b.from_tok);
			assert_ratio(a.base_s + a.per_tok_s * x, b.base_s + b.per_tok_s * x, 1e-12);
		}
		assert_int_equal(n, n_cells[batch]);
	}
	cost_destroy(c);
}

static void a_grid_splits_prefill_into_linear_and_attention(void **state)
{
	struct cost *c = made(straight_grid(), PROFILE_MEDIAN, 4);

	(void)state;
	/* at the points: 3 n, and n^2/100 + 2 n c / 100 */
	assert_ratio(cost_prefill_s(c, 16, 1), 48e-6, 1e-9);
	assert_ratio(cost_prefill_attention_s(c, 16, 0), 2.56e-6, 1e-9);
	assert_ratio(cost_prefill_attention_s(c, 16, 20), 8.96e-6, 1e-9);
	assert_ratio(cost_prefill_attention_s(c, 16, 10), 5.76e-6, 1e-9);
	/* one row only at 64: its attention grows as its FLOP, 40.96 (1 + 2 x 30 / 64) */
	assert_ratio(cost_prefill_attention_s(c, 64, 30), 79.36e-6, 1e-9);
	/* a power law between 4 and 16: at 8 the geometric mean, 24.796 in all, .64 of attention */
	assert_ratio(cost_prefill_s(c, 8, 1), sqrt(12.16 * 50.56) * 1e-6 - 0.64e-6, 1e-9);
	/* flat below, in proportion above */
	assert_ratio(cost_prefill_s(c, 2, 1), 12e-6, 1e-9);
	assert_ratio(cost_prefill_s(c, 640, 9), 1920e-6, 1e-9);
	cost_destroy(c);
}

/*
 * The form at 1 GFLOP/s: 16384 tokens take 3 x (16384 x 50 ns + 4 x 4 x 16384^2 / 2 ns) =
 * 3 x (0.8192 ms + 2.147483648 s). Skipped 26.4 %, prediction 1.82 % of dense.
 */
static void sparse_attention_pays_its_prediction(void **state)
{
	struct cost_spec spec = {.profile = bandwidth_form("added", "0"),
		.gpu = &gpu,
		.shape = &tiny,
		.precision = PRECISION_FP16,
		.max_batch = 1,
		.quantile = PROFILE_MEDIAN,
		.attention = ATTENTION_DAS};
	const double dense = 3.0 * (0.8192e-3 + 2.147483648);
	struct err err = {0};
	struct cost *c, *full;

	(void)state;
	assert_true(cost_create(&c, &spec, &err));
	spec.attention = ATTENTION_FULL;
	assert_true(cost_create(&full, &spec, &err));
	assert_ratio(cost_prefill_attention_s(full, 16384, 0), dense, 1e-12);
	assert_ratio(cost_prefill_attention_s(c, 16384, 0), dense * (1.0 - 0.264 + 0.0182), 1e-9);
	/* the last 384 of them see as long a sequence */
	assert_ratio(cost_prefill_attention_s(c, 384, 16000) /
			     cost_prefill_attention_s(full, 384, 16000),
		1.0 - 0.264 + 0.0182, 1e-9);
	/* 200 tokens: nothing to skip; three launches of 4 us in each of three layers against
	 * 3.78 % x 8192 / 200 of 3 x (10 us + 320 us) */
	assert_ratio(cost_prefill_attention_s(c, 200, 0) - 990e-6, 0.0378 * 8192.0 / 200.0 * 990e-6,
		1e-9);
	assert_ratio(
		cost_prefill_attention_s(c, 127, 0), cost_prefill_attention_s(full, 127, 0), 1e-15);
	cost_destroy(c);
	cost_destroy(full);
}

/* Measured: at 8192 tokens half the blocks leave 55 % of the time and a quarter 78 %: k is
 * (.5 x .45 + .25 x .22) / (.25 + .0625) = .896. Prediction 30 us at 4096, 60 at 8192. */
static void a_grid_brings_its_own_sparsity_costs(void **state)
{
	struct llm_shape longer = tiny;
	struct cost_spec spec = {.gpu = &gpu,
		.shape = &longer,
		.precision = PRECISION_FP16,
		.max_batch = 1,
		.quantile = PROFILE_MEDIAN,
		.attention = ATTENTION_DAS};
	struct err err = {0};
	struct cost *c;

	(void)state;
	longer.context = 8192;
	spec.profile = parsed("sparse",
		"offing-profile: 1\ndevice: round\nruntime: fused\nmodel: tiny\nprecision: fp16\n"
		"provenance: measured\nsigma.step: 0.03\n"
		"[decode]\n1 10 15e-6\n1 8192 45e-6\n"
		"[prefill]\n16 0 50e-6\n8192 0 9e-3\n"
		"[attention]\n16 0 2e-6\n8192 0 1e-3\n8192 0.25 0.78e-3\n8192 0.5 0.55e-3\n"
		"[prediction]\n4096 30e-6\n8192 60e-6\n");
	assert_true(cost_create(&c, &spec, &err));
	assert_ratio(
		cost_prefill_attention_s(c, 8192, 0), 1e-3 * (1.0 - 0.896 * 0.068) + 60e-6, 1e-9);
	cost_destroy(c);
}

/* A measured time may dip at a tile step; a formula may not. */
static double dip(const struct profile *p)
{
	return p->kind == PROFILE_GRID ? 0.85 : 1.0;
}

static double step_s(const struct cost *c, size_t batch, uint64_t context)
{
	struct cost_affine a = cost_decode(c, batch, context);

	assert_true(a.from_tok <= context && context <= a.until_tok);
	return a.base_s + a.per_tok_s * (double)context;
}

static double prompt_s(const struct cost *c, uint32_t tok)
{
	return cost_prefill_s(c, tok, 1) + cost_prefill_attention_s(c, tok, 0);
}

/* Larger batches, contexts and prompts take no less time, a batch less than its parts in turn. */
static void check_order(const struct cost *c, const struct profile *p, uint32_t context)
{
	for (uint32_t tok = 1; tok < context; tok += tok / 2 + 1) {
		assert_true(step_s(c, 1, tok + 1) >= step_s(c, 1, tok));
		assert_true(prompt_s(c, tok + 1) >= dip(p) * prompt_s(c, tok));
		assert_true(cost_prefill_s(c, 2 * (uint64_t)tok, 2) <
			    2.0 * cost_prefill_s(c, tok, 1) * (2.0 - dip(p)));
	}
	for (size_t batch = 2; batch <= 16; batch++) {
		double one = step_s(c, 1, 100), all = step_s(c, batch, batch * 100);

		assert_true(all >= dip(p) * step_s(c, batch - 1, (batch - 1) * 100));
		assert_true(all < (double)batch * one);
	}
}

/* The GPU of the profile, or for "*" any of the catalogue that it covers, with any model. */
static void every_built_in_profile_gives_sane_times(void **state)
{
	const struct profile_set *set = profile_builtin(&arena);
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < set->n * catalog_n_gpus * catalog_n_models; i++) {
		const struct profile *p = set->all[i % set->n];
		const struct gpu_spec *g = &catalog_gpus[i / set->n % catalog_n_gpus].spec;
		const struct llm_shape *shape = &catalog_models[i / set->n / catalog_n_gpus].shape;
		struct err err = {0};

		for (int prec = 0; prec < LLM_PRECISIONS; prec++) {
			struct cost_spec spec = {
				p, g, shape, (enum precision)prec, 16, .quantile = PROFILE_MEDIAN};
			struct cost *c;

			if (!profile_covers(p, g, p->runtime, shape->name, spec.precision))
				continue;
			assert_true(cost_create(&c, &spec, &err));
			check_order(c, p, shape->context);
			cost_destroy(c);
			n++;
		}
	}
	assert_true(n > set->n);
}

/* What is read of @tok tokens in @batch sequences: all of the first 1024 of each, a quarter of
 * the rest, and half a token for 64. */
static double read_of(double batch, double tok)
{
	double beyond = fmax(tok - 1024.0 * batch, 0.0);

	return tok - 0.75 * beyond + tok / 128.0;
}

/* As a dense step with that context, and two launches of 4 us a layer; cells part at whole tokens.
 */
static void check_selection(const struct cost *dense, const struct cost *some, double launches_s)
{
	static const double tok[] = {0.0, 300.0, 1016.0, 1100.0, 5000.0, 16000.0, 17000.0, 60000.0};
	static const size_t batches[] = {1, 3, 16};

	for (size_t i = 0; i < 24; i++) {
		size_t n = batches[i / 8];
		double x = tok[i % 8], read = read_of((double)n, x);
		struct cost_affine d = cost_decode(dense, n, (uint64_t)read),
				   s = cost_decode(some, n, (uint64_t)x);
		struct cost_work w = {
			.n_decode = n, .decode_context_tok = x, .prompt_tok = 200, .n_ended = 1};
		double want = d.base_s + d.per_tok_s * read + launches_s, mixed;

		assert_true((double)s.from_tok <= x && x <= (double)s.until_tok);
		assert_ratio(s.base_s + s.per_tok_s * x, want, 1e-4);
		mixed = cost_step_s(some, &w);
		w.decode_context_tok = read;
		assert_ratio(mixed, cost_step_s(dense, &w) + launches_s, 1e-4);
	}
}

static void das_decode_reads_some_of_the_cache(void **state)
{
	const struct profile_set *set = profile_builtin(&arena);
	const struct llm_shape *shape = &catalog_find_model("llama2-7b")->shape;
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < set->n * catalog_n_gpus; i++) {
		const struct profile *p = set->all[i % set->n];
		const struct gpu_spec *g = &catalog_gpus[i / set->n].spec;
		struct cost_spec spec = {
			p, g, shape, PRECISION_INT8, 16, .quantile = PROFILE_MEDIAN};
		struct cost *dense, *some;
		struct err err = {0};

		if (!profile_covers(p, g, p->runtime, shape->name, spec.precision))
			continue;
		assert_true(cost_create(&dense, &spec, &err));
		spec.decode_keep = 0.25;
		assert_true(cost_create(&some, &spec, &err));
		check_selection(dense, some, 32.0 * 8e-6);
		cost_destroy(some);
		cost_destroy(dense);
		n++;
	}
	assert_true(n > set->n / 2);
}

/* A prompt behind 20 tokens that was measured faster than one behind none costs its own attention.
 */
static void noise_pays_nobody(void **state)
{
	struct cost *c = made(
		parsed("noise", "offing-profile: 1\ndevice: round\nruntime: fused\nmodel: tiny\n"
				"precision: fp16\nprovenance: measured\nsigma.step: 0.03\n"
				"[decode]\n1 10 15e-6\n1 64 30e-6\n"
				"[prefill]\n4 0 12e-6\n4 20 11e-6\n64 0 232e-6\n"
				"[attention]\n4 0 0.25e-6\n64 0 40e-6\n"),
		PROFILE_MEDIAN, 1);

	(void)state;
	assert_ratio(cost_prefill_attention_s(c, 4, 20), 0.25e-6, 1e-12);
	cost_destroy(c);
}

static void expect_refusal(const struct profile *p, unsigned max_batch, const char *message)
{
	struct cost_spec spec = {.profile = p,
		.gpu = &gpu,
		.shape = &tiny,
		.precision = PRECISION_FP16,
		.max_batch = max_batch,
		.at = {"s.yaml", 12, 3}};
	struct err err = {0};
	struct cost *c;

	assert_false(cost_create(&c, &spec, &err));
	assert_null(c);
	assert_string_equal(err.msg, message);
	assert_int_equal(err.at.line, 12);
}

static void a_grid_must_cover_batch_and_context(void **state)
{
	static const char grid_head[] =
		"offing-profile: 1\ndevice: round\nruntime: fused\nmodel: tiny\nprecision: fp16\n"
		"provenance: measured\nsigma.step: 0.03\n";

	(void)state;
	expect_refusal(straight_grid(), 5,
		"profile 'grid' measures batches of 1 to 4, but max_batch is 5");
	expect_refusal(parsed("short", arena_printf(&arena,
					       "%s[decode]\n1 10 1e-5\n1 31 2e-5\n"
					       "[prefill]\n4 0 1e-5\n64 0 1e-4\n"
					       "[attention]\n4 0 1e-6\n64 0 1e-5\n",
					       grid_head)),
		1,
		"profile 'short' measures up to 31 tokens of context at batch 1, "
		"but tiny can hold 64: more than twice that");
	expect_refusal(parsed("prompts", arena_printf(&arena,
						 "%s[decode]\n1 10 1e-5\n1 64 2e-5\n"
						 "[prefill]\n4 0 1e-5\n32 0 1e-4\n"
						 "[attention]\n4 0 1e-6\n64 0 1e-5\n",
						 grid_head)),
		1, "profile 'prompts' measures prompts of up to 32 tokens, but tiny can hold 64");
	expect_refusal(parsed("negative", arena_printf(&arena,
						  "%s[decode]\n1 10 1e-5\n1 64 2e-5\n"
						  "[prefill]\n4 0 1e-5\n64 0 1e-5\n"
						  "[attention]\n4 0 1e-6\n64 0 2e-5\n",
						  grid_head)),
		1,
		"profile 'negative' has a prompt of 64 tokens that takes no longer than its "
		"attention");
	expect_refusal(parsed("behind", arena_printf(&arena,
						"%s[decode]\n1 10 1e-5\n1 64 2e-5\n"
						"[prefill]\n4 0 1e-5\n16 8 1e-5\n64 0 1e-4\n"
						"[attention]\n4 0 1e-6\n64 0 2e-5\n",
						grid_head)),
		1, "profile 'behind' has no prompt of 16 tokens without context");
}

/* The weights take 2 x (80 + 3 x (160 + 8) + 4) = 1176 bytes and a token 48: 10 800 bytes with 4824
 * in reserve hold 100 tokens, where a batch of 4 could ask for 4 x 64. 50 measured tokens are half
 * of that, though not of the 225 that the whole memory would hold. */
static void a_grid_must_cover_what_weights_and_reserve_leave(void **state)
{
	static const char text[] =
		"offing-profile: 1\ndevice: small\nruntime: fused\nmodel: tiny\nprecision: fp16\n"
		"provenance: measured\nsigma.step: 0.03\n"
		"[decode]\n1 10 1e-5\n1 64 2e-5\n4 10 1e-5\n4 %d 2e-5\n"
		"[prefill]\n4 0 1e-5\n%d 0 1e-4\n[attention]\n4 0 1e-6\n%d 0 1e-5\n";
	struct gpu_spec small = {.name = "small", .mem_bytes = 10800.0};
	struct cost_spec spec = {.gpu = &small,
		.shape = &tiny,
		.precision = PRECISION_FP16,
		.max_batch = 4,
		.reserve_bytes = 4824.0};
	struct err err = {0};
	struct cost *c;

	(void)state;
	spec.profile = parsed("half", arena_printf(&arena, text, 50, 64, 64));
	assert_true(cost_create(&c, &spec, &err));
	cost_destroy(c);
	spec.profile = parsed("less", arena_printf(&arena, text, 49, 64, 64));
	assert_false(cost_create(&c, &spec, &err));
	assert_string_equal(err.msg,
		"profile 'less' measures up to 49 tokens of context at batch 4, but tiny can hold "
		"100: more than twice that");

	/* 40 tokens: no prompt is longer, whatever the model's context. */
	err = (struct err){0};
	spec.reserve_bytes = 10800.0 - 1176.0 - 40.0 * 48.0;
	spec.profile = parsed("all", arena_printf(&arena, text, 50, 40, 40));
	assert_true(cost_create(&c, &spec, &err));
	cost_destroy(c);
	spec.profile = parsed("prompts", arena_printf(&arena, text, 50, 39, 40));
	assert_false(cost_create(&c, &spec, &err));
	assert_string_equal(err.msg,
		"profile 'prompts' measures prompts of up to 39 tokens, but tiny can hold 40");

	/* nor than what is let in */
	err = (struct err){0};
	spec.max_len_tok = 39;
	assert_true(cost_create(&c, &spec, &err));
	cost_destroy(c);
}

/* Of the built-in profiles the RTX 4090's has no host time to hide behind: 4 sequences with 2 000
 * tokens between them and 300 tokens of prompts, two of which end, take the prefill of 304 rows
 * with 6 that give a token, and what decoding adds: 32 layers of 8 us to start its attention, and
 * its context, as a decode step has it. */
static void a_mixed_step_shares_its_linear_layers(void **state)
{
	const struct profile_set *set = profile_builtin(&arena);
	struct cost_work w = {
		.n_decode = 4, .decode_context_tok = 2000.0, .prompt_tok = 300, .n_ended = 2};
	struct cost_spec spec = {.gpu = &catalog_find_gpu("rtx-4090")->spec,
		.shape = &catalog_find_model("llama2-7b")->shape,
		.precision = PRECISION_INT8,
		.max_batch = 16,
		.quantile = PROFILE_MEDIAN};
	struct cost_affine a;
	struct err err = {0};
	struct cost *c;
	double together;

	(void)state;
	spec.profile =
		profile_choose(set->all, set->n, spec.gpu, "fused", "llama2-7b", PRECISION_INT8);
	assert_true(cost_create(&c, &spec, &err));
	a = cost_decode(c, 4, 2000);
	together = cost_step_s(c, &w);
	assert_near(
		together, cost_prefill_s(c, 304, 6) + 32.0 * 8e-6 + a.per_tok_s * 2000.0, 1e-12);
	assert_true(together < a.base_s + a.per_tok_s * 2000.0 + cost_prefill_s(c, 300, 2));

	w.prompt_tok = 0;
	assert_true(cost_step_s(c, &w) == a.base_s + a.per_tok_s * 2000.0);
	w = (struct cost_work){.prompt_tok = 300, .n_ended = 2};
	assert_true(cost_step_s(c, &w) == cost_prefill_s(c, 300, 2));
	cost_destroy(c);
}

static void a_profile_must_have_the_precision(void **state)
{
	struct cost_spec spec = {.profile = bandwidth_form("added", "0"),
		.gpu = &gpu,
		.shape = &tiny,
		.precision = PRECISION_INT8,
		.max_batch = 2};
	struct err err = {0};
	struct cost *c;

	(void)state;
	assert_false(cost_create(&c, &spec, &err));
	assert_string_equal(err.msg, "profile 'bandwidth' has no int8");
}

static int set_up(void **state)
{
	(void)state;
	arena_init(&arena);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_finish(&arena);
	return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(decode_is_the_sum_over_the_classes),
		TEST(a_class_is_the_cubic_norm),
		TEST(overlapped_launches_hide_the_work),
		TEST(prefill_charges_layers_by_token_and_head_by_prompt),
		TEST(prefill_attention_has_latency_and_arithmetic),
		TEST(quantiles_scale_every_time),
		TEST(a_grid_is_linear_in_context_and_logarithmic_in_batch),
		TEST(cells_join),
		TEST(a_grid_splits_prefill_into_linear_and_attention),
		TEST(sparse_attention_pays_its_prediction),
		TEST(a_grid_brings_its_own_sparsity_costs),
		TEST(every_built_in_profile_gives_sane_times),
		TEST(noise_pays_nobody),
		TEST(das_decode_reads_some_of_the_cache),
		TEST(a_grid_must_cover_batch_and_context),
		TEST(a_grid_must_cover_what_weights_and_reserve_leave),
		TEST(a_mixed_step_shares_its_linear_layers),
		TEST(a_profile_must_have_the_precision),
	};
	return cmocka_run_group_tests_name("cost", tests, NULL, NULL);
}
