/* Chunked prefill against a loop that makes every step by itself, and by hand. */
#include "tests/support/check.h"

#include <stdlib.h>

#include "models/cost/cost.h"
#include "tests/support/world_fixture.h"

struct naive_request {
	double ready_s;
	uint32_t prompt, output, emitted, computed, chunk;
	enum { COMING, WAITING, PROMPT, RUNNING, DONE } stage;
	double first_s, finished_s;
};

struct naive {
	struct cost *cost;
	uint32_t max_batch, budget;
	struct naive_request *r; /* in order of arrival */
	size_t n;
	double now_s;
};

static size_t count(const struct naive *v, int stage)
{
	size_t n = 0;

	for (size_t i = 0; i < v->n; i++)
		n += (int)v->r[i].stage == stage;
	return n;
}

/* A row to everyone who runs; what is left of the budget to prompts, the oldest first. */
static void naive_form(struct naive *v)
{
	uint32_t left = v->budget - (uint32_t)count(v, RUNNING);

	for (size_t i = 0; i < v->n; i++) {
		struct naive_request *r = &v->r[i];

		if (r->stage == COMING && r->ready_s <= v->now_s)
			r->stage = WAITING;
		if (r->stage == WAITING && left > 0 &&
			count(v, RUNNING) + count(v, PROMPT) < v->max_batch)
			r->stage = PROMPT;
		if (r->stage != PROMPT)
			continue;
		r->chunk = r->prompt - r->computed < left ? r->prompt - r->computed : left;
		left -= r->chunk;
	}
}

static double naive_step_s(const struct naive *v)
{
	struct cost_work w = {.n_decode = count(v, RUNNING)};
	double s = 0.0;

	for (size_t i = 0; i < v->n; i++) {
		const struct naive_request *r = &v->r[i];

		if (r->stage == RUNNING)
			w.decode_context_tok += r->prompt + r->emitted;
		if (r->stage != PROMPT || r->chunk == 0)
			continue;
		w.prompt_tok += r->chunk;
		w.n_ended += r->computed + r->chunk == r->prompt;
		s += cost_prefill_attention_s(v->cost, r->chunk, r->computed);
	}
	return s + cost_step_s(v->cost, &w);
}

static void naive_step(struct naive *v)
{
	v->now_s += naive_step_s(v);
	for (size_t i = 0; i < v->n; i++) {
		struct naive_request *r = &v->r[i];

		if (r->stage == PROMPT) {
			r->computed += r->chunk;
			if (r->computed < r->prompt)
				continue;
			r->stage = RUNNING;
			r->first_s = v->now_s;
		} else if (r->stage != RUNNING) {
			continue;
		}
		if (++r->emitted < r->output)
			continue;
		r->stage = DONE;
		r->finished_s = v->now_s;
	}
}

static void naive_run(struct naive *v)
{
	while (count(v, DONE) < v->n) {
		naive_form(v);
		if (count(v, PROMPT) + count(v, RUNNING) > 0) {
			naive_step(v);
			continue;
		}
		for (size_t i = v->n; i-- > 0;)
			if (v->r[i].stage == COMING)
				v->now_s = v->r[i].ready_s;
	}
}

static void naive_of(struct naive *v, struct fixture *f)
{
	struct err err = {0};
	struct cost_spec spec = {
		.profile = f->instances[0].profile,
		.gpu = &f->sites[0].gpu,
		.shape = &f->models[0].shape,
		.precision = f->models[0].precision,
		.max_batch = f->instances[0].max_batch,
		.attention = f->instances[0].attention,
		.quantile = PROFILE_MEDIAN,
	};

	*v = (struct naive){
		.max_batch = f->instances[0].max_batch,
		.budget = f->instances[0].chunk_tok,
		.n = f->n_rows,
		.r = mem_zalloc(f->n_rows, sizeof *v->r),
	};
	assert_true(cost_create(&v->cost, &spec, &err));
	for (size_t i = 0; i < v->n; i++)
		v->r[i] = (struct naive_request){
			.ready_s = (double)f->rows[i].created_ns * 1e-9,
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
	i->batching = BATCHING_CHUNKED;
	g = fixture_group(f, "users", rate_per_s);
	g->workload.prompt_tok = dist_uniform(5.0, 900.0);
	g->workload.output_tok = dist_uniform(1.0, 120.0);
	fixture_policy(f, "random");
	f->spec.run.horizon_s = 60.0;
	return i;
}

/* Budgets below, at and above a prompt; batches of one and many; light and beyond what it can do.
 */
static void every_token_time_is_that_of_a_naive_loop(void **state)
{
	static const struct {
		unsigned chunk_tok, max_batch;
		double rate_per_s;
		enum attention attention;
	} cases[] = {{512, 12, 2.0, ATTENTION_FULL}, {64, 12, 2.0, ATTENTION_FULL},
		{2048, 16, 6.0, ATTENTION_FULL}, {17, 7, 1.0, ATTENTION_FULL},
		{200, 1, 0.7, ATTENTION_FULL}, {256, 9, 3.0, ATTENTION_DAS_CEILING}};

	(void)state;
	for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
		struct fixture f;
		struct naive v;
		struct instance_spec *i = build(&f, cases[c].rate_per_s);
		size_t done = 0;

		i->chunk_tok = cases[c].chunk_tok;
		i->max_batch = cases[c].max_batch;
		i->attention = cases[c].attention;
		fixture_run(&f);
		naive_of(&v, &f);
		naive_run(&v);
		for (size_t k = 0; k < v.n; k++) {
			const struct request_row *r = &f.rows[k];

			if (r->fate != FATE_DONE) /* the horizon came first */
				continue;
			assert_near((double)r->finished_ns * 1e-9, v.r[k].finished_s, 1e-5);
			assert_near((double)r->first_token_ns * 1e-9, v.r[k].first_s, 1e-5);
			done++;
		}
		assert_true(done > 20);
		cost_destroy(v.cost);
		free(v.r);
		fixture_finish(&f);
	}
}

/* 1 400 blocks of one token, requests of up to 600: some give way, none is lost, and the cache
 * never holds more than it has. */
static void memory_that_gives_out_costs_time_but_no_request(void **state)
{
	struct fixture f;
	struct instance_spec *i = build(&f, 3.0);
	uint32_t preemptions = 0;
	size_t done = 0;
	double most = 1400.0 * llm_kv_bytes_per_tok(&f.models[0].shape);

	(void)state;
	f.groups[0].workload.prompt_tok = dist_uniform(5.0, 200.0);
	f.groups[0].workload.output_tok = dist_uniform(1.0, 400.0);
	i->block_tok = 1;
	i->chunk_tok = 100;
	i->reserve_bytes = f.sites[0].gpu.mem_bytes -
			   llm_weight_bytes(&f.models[0].shape, PRECISION_INT8) - most;
	f.spec.run.horizon_s = 0.0;
	f.spec.run.requests = 200;
	f.spec.run.limit_s = 1e4;
	fixture_run(&f);
	assert_int_equal(f.result.status, RUN_COMPLETE);
	for (size_t k = 0; k < f.n_rows; k++) {
		preemptions += f.rows[k].preemptions;
		done += f.rows[k].fate == FATE_DONE;
	}
	assert_true(done >= 200);
	assert_true(preemptions > 10);
	assert_true(fixture_metric(&f, "instance:gpu", "kv.peak_bytes") <= most);
	fixture_finish(&f);
}

/* One prompt of 1 000 tokens arrives while another request decodes: with prompts first the other's
 * token waits for all of it, in chunks of 100 only for a tenth and a little. */
static void those_that_decode_never_pause(void **state)
{
	double longest_s[2];

	(void)state;
	for (int chunked = 0; chunked < 2; chunked++) {
		struct fixture f;
		struct instance_spec *i = build(&f, 0.9);

		i->batching = chunked ? BATCHING_CHUNKED : BATCHING_CONTINUOUS;
		i->chunk_tok = 100;
		f.groups[0].workload.prompt_tok = dist_constant(1000.0);
		f.groups[0].workload.output_tok = dist_constant(150.0);
		fixture_run(&f);
		longest_s[chunked] = 0.0;
		for (size_t k = 0; k < f.n_rows; k++) {
			const struct request_row *r = &f.rows[k];
			double each_s;

			if (r->fate != FATE_DONE)
				continue;
			each_s = (double)(r->finished_ns - r->first_token_ns) * 1e-9 / 149.0;
			longest_s[chunked] = fmax(longest_s[chunked], each_s);
		}
		fixture_finish(&f);
	}
	assert_true(longest_s[1] > 0.0);
	assert_true(longest_s[1] < longest_s[0]);
}

/* Budget 64; 100, 40 and 30 tokens come at once and want 3, 2 and 1. The first begins alone, the
 * moment it comes:
 *	step 1: 64 of a
 *	step 2: 36 of a, which ends, 28 of b
 *	step 3: a decodes, 12 of b, which ends, 30 of c, which ends and is done
 *	step 4: a and b decode and are done */
static void three_requests_by_hand(void **state)
{
	static const char *const names[] = {"a", "b", "c"};
	static const double prompt[] = {100.0, 40.0, 30.0}, output[] = {3.0, 2.0, 1.0};
	struct fixture f;
	struct instance_spec *i = build(&f, 1.0);
	struct naive v;
	double t[5] = {0.5};
	const struct cost *c;

	(void)state;
	i->chunk_tok = 64;
	f.spec.n_groups = 0;
	for (size_t k = 0; k < 3; k++) {
		struct group_spec *g = fixture_group(&f, names[k], 0.0);

		g->arrivals =
			(struct arrival_spec){.process = ARRIVAL_DETERMINISTIC, .rate_per_s = 2.0};
		g->workload.prompt_tok = dist_constant(prompt[k]);
		g->workload.output_tok = dist_constant(output[k]);
	}
	f.spec.run.horizon_s = 0.0;
	f.spec.run.requests = 3;
	fixture_run(&f);
	naive_of(&v, &f); /* for its cost */
	c = v.cost;
	t[1] = t[0] + cost_step_s(c, &(struct cost_work){.prompt_tok = 64}) +
	       cost_prefill_attention_s(c, 64, 0);
	t[2] = t[1] + cost_step_s(c, &(struct cost_work){.prompt_tok = 64, .n_ended = 1}) +
	       cost_prefill_attention_s(c, 36, 64) + cost_prefill_attention_s(c, 28, 0);
	t[3] = t[2] +
	       cost_step_s(c, &(struct cost_work){.n_decode = 1,
				      .decode_context_tok = 101.0,
				      .prompt_tok = 42,
				      .n_ended = 2}) +
	       cost_prefill_attention_s(c, 12, 28) + cost_prefill_attention_s(c, 30, 0);
	t[4] = t[3] + cost_step_s(c, &(struct cost_work){
					     .n_decode = 2, .decode_context_tok = 102.0 + 41.0});
	assert_near((double)f.rows[0].first_token_ns * 1e-9, t[2], 4e-9);
	assert_near((double)f.rows[1].first_token_ns * 1e-9, t[3], 4e-9);
	assert_near((double)f.rows[2].finished_ns * 1e-9, t[3], 4e-9);
	assert_near((double)f.rows[0].finished_ns * 1e-9, t[4], 4e-9);
	assert_near((double)f.rows[1].finished_ns * 1e-9, t[4], 4e-9);
	cost_destroy(v.cost);
	free(v.r);
	fixture_finish(&f);
}

/* Always more in line than fit, all of P = 300 and G = 101 tokens, so a request takes 400 rows:
 * with 256 rows in every step 0.64 requests begin and end in each, 64 decode, and a step is that of
 * 64 rows with a context of 350.5 tokens each and of 192 rows of prompts. */
static void capacity_is_the_rows_of_a_full_step(void **state)
{
	struct fixture f;
	struct instance_spec *i = build(&f, 1.0);
	struct naive v;
	struct cost_work w = {.n_decode = 64,
		.decode_context_tok = 64.0 * 350.5,
		.prompt_tok = 192,
		.n_ended = 1};
	double step_s;

	(void)state;
	i->chunk_tok = 256;
	i->max_batch = 128;
	f.sites[0].gpu.mem_bytes = 1e12;
	f.groups[0].arrivals =
		(struct arrival_spec){.process = ARRIVAL_SATURATED, .outstanding = 200};
	f.groups[0].workload.prompt_tok = dist_constant(300.0);
	f.groups[0].workload.output_tok = dist_constant(101.0);
	f.warmup_s = 100.0;
	f.spec.run.horizon_s = 300.0;
	fixture_run(&f);
	naive_of(&v, &f); /* for its cost */
	/* a piece stands in the middle of its prompt */
	step_s = cost_step_s(v.cost, &w) + cost_prefill_attention_s(v.cost, 192, 150 - 96);
	assert_near(fixture_metric(&f, "", "throughput.req_per_s"), 0.64 / step_s,
		0.03 * 0.64 / step_s);
	cost_destroy(v.cost);
	free(v.r);
	fixture_finish(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_token_time_is_that_of_a_naive_loop),
		cmocka_unit_test(memory_that_gives_out_costs_time_but_no_request),
		cmocka_unit_test(those_that_decode_never_pause),
		cmocka_unit_test(three_requests_by_hand),
		cmocka_unit_test(capacity_is_the_rows_of_a_full_step),
	};

	return cmocka_run_group_tests_name("chunked", tests, NULL, NULL);
}
