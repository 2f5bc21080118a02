/* Static batches against a loop that makes every token of every row, and by hand. */
#include "tests/support/check.h"

#include <stdlib.h>

#include "models/cost/cost.h"
#include "tests/support/seeds.h"
#include "tests/support/world_fixture.h"

struct naive_request {
	int64_t ready_ns, first_ns, finished_ns;
	uint32_t prompt, output;
};

struct naive {
	struct cost *cost;
	uint32_t max_batch, block_tok;
	uint64_t blocks, cap_tok, peak;
	int64_t wait_ns, now_ns;
	bool each;
	struct naive_request *r; /* in order of arrival */
	size_t n, next;          /* the first that no batch has had */
};

static uint64_t blocks_of(const struct naive *v, uint64_t tok)
{
	return (tok + v->block_tok - 1) / v->block_tok;
}

/** Those here by @ns and in no batch yet. */
static size_t in_line(const struct naive *v, int64_t ns)
{
	size_t n = 0;

	while (v->next + n < v->n && v->r[v->next + n].ready_ns <= ns)
		n++;
	return n;
}

/** The moment at which the next batch is formed. */
static int64_t naive_start_ns(const struct naive *v)
{
	const struct naive_request *first = &v->r[v->next];
	int64_t free_ns = v->now_ns > first->ready_ns ? v->now_ns : first->ready_ns;
	int64_t until_ns = first->ready_ns + v->wait_ns, full_ns = INT64_MAX;

	if (v->next + v->max_batch <= v->n)
		full_ns = v->r[v->next + v->max_batch - 1].ready_ns;
	if (full_ns < until_ns)
		until_ns = full_ns;
	return until_ns > free_ns ? until_ns : free_ns;
}

static uint64_t most(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/** How many of @n in line, while all fit as long as the longest of them. */
static size_t naive_size(const struct naive *v, size_t n, uint64_t *prompt, uint64_t *output)
{
	*prompt = *output = 0;
	for (size_t k = 0; k < n && k < v->max_batch; k++) {
		const struct naive_request *r = &v->r[v->next + k];
		uint64_t p = most(*prompt, r->prompt), o = most(*output, r->output);

		if (k > 0 &&
			((k + 1) * blocks_of(v, p + o) > v->blocks || (k + 1) * p > v->cap_tok))
			return k;
		*prompt = p;
		*output = o;
	}
	return n < v->max_batch ? n : v->max_batch;
}

/** All rows, padded to @prompt, up to the last token of the longest answer. */
static void naive_decode(struct naive *v, size_t n, uint64_t prompt, uint64_t output)
{
	double s = 0.0;
	int64_t from_ns = v->now_ns;

	for (uint64_t emitted = 2; emitted <= output; emitted++) {
		uint64_t held = n * blocks_of(v, prompt + emitted - 1);
		double context = (double)(n * (prompt + emitted - 1));
		struct cost_affine a = cost_decode(v->cost, n, (uint64_t)context);
		bool ends = emitted == output;

		s += a.base_s + a.per_tok_s * context;
		v->peak = most(v->peak, held);
		v->now_ns = from_ns + ns_of_s(s);
		for (size_t k = 0; k < n; k++) {
			struct naive_request *r = &v->r[v->next + k];

			if (v->each ? r->output != emitted : !ends)
				continue;
			r->finished_ns = v->now_ns;
			from_ns = v->now_ns; /* where a run of steps ends is a whole ns */
			s = 0.0;
		}
	}
}

static void naive_batch(struct naive *v)
{
	uint64_t prompt, output;
	double s;
	size_t n;

	v->now_ns = naive_start_ns(v);
	n = naive_size(v, in_line(v, v->now_ns), &prompt, &output);
	s = cost_prefill_s(v->cost, n * prompt, n);
	for (size_t k = 0; k < n; k++)
		s += cost_prefill_attention_s(v->cost, (uint32_t)prompt, 0);
	v->now_ns += ns_of_s(s);
	v->peak = most(v->peak, n * blocks_of(v, prompt + 1));
	for (size_t k = 0; k < n; k++) {
		struct naive_request *r = &v->r[v->next + k];

		r->first_ns = v->now_ns;
		if ((v->each ? r->output : output) == 1)
			r->finished_ns = v->now_ns;
	}
	naive_decode(v, n, prompt, output);
	v->next += n;
}

static void naive_of(struct naive *v, const struct fixture *f)
{
	const struct instance_spec *s = &f->instances[0];
	struct cost_spec spec = {
		.profile = s->profile,
		.gpu = &f->sites[0].gpu,
		.shape = &f->models[0].shape,
		.precision = f->models[0].precision,
		.max_batch = s->max_batch,
		.attention = s->attention,
		.quantile = PROFILE_MEDIAN,
	};
	struct err err = {0};
	double room = spec.gpu->mem_bytes - llm_weight_bytes(spec.shape, spec.precision) -
		      s->reserve_bytes;

	*v = (struct naive){
		.max_batch = s->max_batch,
		.block_tok = s->block_tok,
		.blocks = s->kv.blocks,
		.cap_tok = s->limits.max_batched_tok ? s->limits.max_batched_tok : UINT64_MAX,
		.wait_ns = ns_of_s(s->limits.batch_wait_s),
		.each = s->limits.returns == STATIC_RETURN_EACH,
		.n = f->n_rows,
		.r = mem_zalloc(f->n_rows, sizeof *v->r),
	};
	if (v->blocks == 0)
		v->blocks = (uint64_t)(room / (llm_kv_bytes_per_tok(spec.shape) * s->block_tok));
	assert_true(cost_create(&v->cost, &spec, &err));
	for (size_t i = 0; i < v->n; i++)
		v->r[i] = (struct naive_request){
			.ready_ns = f->rows[i].created_ns,
			.prompt = f->rows[i].prompt_tok,
			.output = f->rows[i].output_tok,
		};
}

/* An eager policy, so that the instance alone decides who waits. */
static struct instance_spec *build(struct fixture *f, double rate_per_s)
{
	struct instance_spec *i;
	struct group_spec *g;

	fixture_init(f);
	fixture_site(f, "cloud", TIER_CLOUD, "rtx-4090");
	fixture_model(f, "llama2-7b", PRECISION_INT8);
	i = fixture_llm(f, "gpu", 0, 0);
	i->batching = BATCHING_STATIC;
	g = fixture_group(f, "users", rate_per_s);
	g->workload.prompt_tok = dist_uniform(5.0, 500.0);
	g->workload.output_tok = dist_uniform(1.0, 200.0);
	fixture_policy(f, "random");
	f->spec.run.horizon_s = 0.0;
	f->spec.run.requests = 120;
	f->spec.run.limit_s = 1e5;
	return i;
}

/* Wide and narrow, waiting or not, blocks of 1 to 20 tokens, memory for all or for one and a
 * half of the longest; light load and far too much. */
static void random_system(struct fixture *f, uint64_t seed)
{
	static const double rates[] = {0.2, 1.0, 4.0};
	uint64_t x = seed;
	struct instance_spec *i = build(f, rates[seeds_next(&x) % 3]);

	f->spec.run.seed = seed;
	i->max_batch = 1 + (unsigned)(seeds_next(&x) % 24);
	i->block_tok = 1 + (unsigned)(seeds_next(&x) % 20);
	if (seeds_next(&x) % 2)
		i->limits.batch_wait_s = 0.1 * (double)(1 + seeds_next(&x) % 30);
	i->limits.returns = seeds_next(&x) % 2 ? STATIC_RETURN_EACH : STATIC_RETURN_BATCH;
	if (seeds_next(&x) % 2)
		i->kv.blocks = (1000 + (unsigned)(seeds_next(&x) % 4000)) / i->block_tok;
	if (seeds_next(&x) % 3 == 0)
		i->limits.max_batched_tok = 600 + (unsigned)(seeds_next(&x) % 3000);
	i->attention = seeds_next(&x) % 3 == 0 ? ATTENTION_DAS_CEILING : ATTENTION_FULL;
	if (seeds_next(&x) % 4 == 0)
		f->groups[0].workload.output_tok = dist_uniform(1.0, 3.0);
}

/* The engine sums a run of steps in closed form, the loop one by one: where that meets a half,
 * they part by a nanosecond. */
static void expect_naive(const struct fixture *f, struct naive *v)
{
	int64_t bound_ns = 3;
	size_t done = 0;
	double bytes = llm_kv_bytes_per_tok(&f->models[0].shape) * v->block_tok;

	while (v->next < v->n)
		naive_batch(v);
	for (size_t k = 0; k < v->n; k++) {
		const struct request_row *r = &f->rows[k];

		if (r->fate != FATE_DONE) /* it came after the last that is measured */
			continue;
		assert_true(llabs(r->first_token_ns - v->r[k].first_ns) <= bound_ns);
		assert_true(llabs(r->finished_ns - v->r[k].finished_ns) <= bound_ns);
		assert_int_equal(r->preemptions, 0);
		done++;
	}
	assert_true(done >= 120);
	assert_true(fixture_metric(f, "instance:gpu", "kv.peak_bytes") <= (double)v->peak * bytes);
}

static void every_time_is_that_of_a_naive_loop(void **state)
{
	const struct seeds *seeds = *state;

	for (uint64_t seed = seeds->first; seed <= seeds->last; seed++) {
		struct fixture f;
		struct naive v;

		random_system(&f, seed);
		f.step_by_step = seed % 4 == 0;
		fixture_run(&f);
		assert_int_equal(f.result.status, RUN_COMPLETE);
		naive_of(&v, &f);
		expect_naive(&f, &v);
		cost_destroy(v.cost);
		free(v.r);
		fixture_finish(&f);
	}
}

/* Three who come at 0.5, 0.6 and 0.7 s. */
static void three(struct fixture *f, struct instance_spec **i)
{
	static const char *const names[] = {"a", "b", "c"};
	static const double period_s[] = {0.5, 0.6, 0.7}, prompt[] = {40.0, 100.0, 30.0},
			    output[] = {5.0, 3.0, 1.0};

	*i = build(f, 1.0);
	f->spec.n_groups = 0;
	for (size_t k = 0; k < 3; k++) {
		struct group_spec *g = fixture_group(f, names[k], 0.0);

		g->arrivals = (struct arrival_spec){
			.process = ARRIVAL_DETERMINISTIC, .rate_per_s = 1.0 / period_s[k]};
		g->workload.prompt_tok = dist_constant(prompt[k]);
		g->workload.output_tok = dist_constant(output[k]);
	}
	f->spec.run.requests = 3;
}

/* Seconds of @n prompts padded to @tok. */
static double prefill_s(const struct cost *c, size_t n, uint32_t tok)
{
	return cost_prefill_s(c, n * tok, n) + (double)n * cost_prefill_attention_s(c, tok, 0);
}

/* Seconds of the steps from @n rows that hold @tok tokens each on. */
static double steps_s(const struct cost *c, size_t n, uint32_t tok, uint32_t steps)
{
	double s = 0.0;

	for (uint32_t k = 0; k < steps; k++) {
		struct cost_affine a = cost_decode(c, n, n * (tok + k));

		s += a.base_s + a.per_tok_s * (double)(n * (tok + k));
	}
	return s;
}

/* batch_wait 0.15 s: at 0.65 s the batch of the first two begins, two rows of 100 tokens; four
 * steps more make five tokens, which the second, who needs three, waits for, unless each leaves
 * when it is done. The third, who comes at 0.7 s, waits until 0.85 s, when those are long done,
 * and is alone: one prefill is all. */
static void three_requests_by_hand(void **state)
{
	(void)state;
	for (int each = 0; each < 2; each++) {
		struct fixture f;
		struct instance_spec *i;
		struct naive v;
		double two_s, second_s, third_s;

		three(&f, &i);
		i->limits.batch_wait_s = 0.15;
		i->limits.returns = each ? STATIC_RETURN_EACH : STATIC_RETURN_BATCH;
		fixture_run(&f);
		naive_of(&v, &f); /* for its cost */
		two_s = 0.65 + prefill_s(v.cost, 2, 100);
		second_s = two_s + steps_s(v.cost, 2, 101, each ? 2 : 4);
		third_s = 0.85 + prefill_s(v.cost, 1, 30);
		assert_true(two_s + steps_s(v.cost, 2, 101, 4) < 0.85);
		assert_near((double)f.rows[0].created_ns * 1e-9, 0.5, 1e-9);
		assert_near((double)f.rows[0].started_ns * 1e-9, 0.65, 1e-9);
		assert_near((double)f.rows[0].first_token_ns * 1e-9, two_s, 2e-9);
		assert_near((double)f.rows[0].finished_ns * 1e-9,
			two_s + steps_s(v.cost, 2, 101, 4), 4e-9);
		assert_near((double)f.rows[1].finished_ns * 1e-9, second_s, 4e-9);
		assert_near((double)f.rows[2].finished_ns * 1e-9, third_s, 2e-9);
		/* two rows of 100 + 4 tokens: the fifth is never stored */
		assert_near(fixture_metric(&f, "instance:gpu", "kv.peak_bytes"),
			2.0 * 7.0 * 16.0 * llm_kv_bytes_per_tok(&f.models[0].shape), 1.0);
		cost_destroy(v.cost);
		free(v.r);
		fixture_finish(&f);
	}
}

/* Always more in line than a batch takes, all of 200 and 64 tokens: as many batches follow each
 * other as go into the time. */
static void capacity_is_a_batch_a_batch_time(void **state)
{
	struct fixture f;
	struct instance_spec *i = build(&f, 1.0);
	struct naive v;
	double batch_s;

	(void)state;
	i->max_batch = 12;
	i->limits.batch_wait_s = 0.01; /* for those who come at the same instant */
	f.groups[0].arrivals =
		(struct arrival_spec){.process = ARRIVAL_SATURATED, .outstanding = 60};
	f.groups[0].workload.prompt_tok = dist_constant(200.0);
	f.groups[0].workload.output_tok = dist_constant(64.0);
	f.spec.run.requests = 12 * 50;
	fixture_run(&f);
	naive_of(&v, &f);
	batch_s = prefill_s(v.cost, 12, 200) + steps_s(v.cost, 12, 201, 63);
	assert_near(f.rows[12 * 50 - 1].finished_ns * 1e-9, 50.0 * batch_s, 1e-6);
	cost_destroy(v.cost);
	free(v.r);
	fixture_finish(&f);
}

int main(int argc, char **argv)
{
	struct seeds seeds = seeds_of(argc, argv, 50);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(every_time_is_that_of_a_naive_loop, &seeds),
		cmocka_unit_test(three_requests_by_hand),
		cmocka_unit_test(capacity_is_a_batch_a_batch_time),
	};

	return cmocka_run_group_tests_name("static", tests, NULL, NULL);
}
