/* What the front end of a server does to a first token, by arithmetic: prompts that come one by
 * one, and one that comes while another decodes. */
#include "tests/support/check.h"

#include "models/cost/cost.h"
#include "tests/support/world_fixture.h"

static void instance(struct fixture *f, struct host_time host)
{
	fixture_init(f);
	f->spec.run.horizon_s = 1000.0;
	fixture_site(f, "cloud", TIER_CLOUD, "rtx-4090");
	fixture_model(f, "llama2-7b", PRECISION_FP16);
	fixture_llm(f, "gpu", 0, 0)->host_time = host;
	fixture_group(f, "users", 1.0);
}

static struct cost *cost_of(const struct fixture *f)
{
	const struct instance_spec *i = &f->instances[0];
	struct cost_spec what = {.profile = i->profile,
		.gpu = &f->sites[0].gpu,
		.shape = &f->models[0].shape,
		.precision = PRECISION_FP16,
		.max_batch = i->max_batch,
		.quantile = f->spec.run.quantile,
		.host = i->host_time};
	struct err err = {0};
	struct cost *c;

	assert_true(cost_create(&c, &what, &err));
	return c;
}

static double prefill_s(const struct cost *c, uint32_t tok)
{
	return cost_prefill_s(c, tok, 1) + cost_prefill_attention_s(c, tok, 0);
}

static double decode_s(const struct cost *c, size_t n, double tok)
{
	struct cost_affine a = cost_decode(c, n, (uint64_t)tok);

	return a.base_s + a.per_tok_s * tok;
}

static double first_s(const struct fixture *f, size_t k)
{
	return (double)(f->rows[k].first_token_ns - f->rows[k].created_ns) / 1e9;
}

/* Alone: the front end, the prefill with its host, and where tokens are told of late a step. */
static void a_first_token_alone_waits_for_the_front_end(void **state)
{
	for (int late = 0; late < 2; late++) {
		struct host_time host = {.step_s = 2e-3,
			.sequence_s = 1e-3,
			.request_s = 5e-3,
			.ahead = true,
			.late = late > 0};
		struct fixture f;
		struct cost *c;
		double want;

		(void)state;
		instance(&f, host);
		fixture_run_trace(&f, "1,100,10\n101,300,10\n");
		c = cost_of(&f);
		want = 5e-3 + (late ? decode_s(c, 1, 0.0) : 0.0);
		assert_near(first_s(&f, 0), want + prefill_s(c, 100), 3e-9);
		assert_near(first_s(&f, 1), want + prefill_s(c, 300), 3e-9);
		/* nine steps of the answer with their host in each */
		assert_true(f.rows[0].finished_ns - f.rows[0].first_token_ns >
			    (int64_t)(9 * 1e9 * (16e-3 + 3e-3)));
		cost_destroy(c);
		fixture_finish(&f);
	}
}

/* The second comes while the first decodes: where steps are made up ahead it waits as long as one
 * more, then for the step in flight. Its wait is a step longer, within the growth of steps by
 * context (some 30 ns a token and step). */
static void who_comes_misses_the_step_that_is_made_up(void **state)
{
	struct host_time host = {.request_s = 1e-3};
	double first[2], step;

	(void)state;
	for (int ahead = 0; ahead < 2; ahead++) {
		struct fixture f;
		struct cost *c;

		host.ahead = ahead > 0;
		instance(&f, host);
		fixture_run_trace(&f, "1,100,400\n3,100,10\n");
		first[ahead] = first_s(&f, 1);
		c = cost_of(&f);
		step = decode_s(c, 1, 200.0);
		cost_destroy(c);
		fixture_finish(&f);
	}
	assert_ratio(first[1] - first[0], step, 0.01);
}

/* Nobody's steps wait for a front end: an answer under way takes the same with and without. */
static void a_front_end_holds_nobody_else_up(void **state)
{
	int64_t took[2];

	(void)state;
	for (int k = 0; k < 2; k++) {
		struct host_time host = {.request_s = k ? 0.5 : 0.0};
		struct fixture f;

		instance(&f, host);
		fixture_run_trace(&f, "1,100,50\n20,100,50\n");
		took[k] = f.rows[1].finished_ns - f.rows[1].first_token_ns;
		fixture_finish(&f);
	}
	assert_true(took[0] - took[1] <= 2 && took[1] - took[0] <= 2);
}

/* Three prompts of one token's answer: 20 ms for a step with prompts, 4 for each, whoever forms it.
 */
static void each_prompt_that_begins_takes_its_time_before_the_step(void **state)
{
	static const enum batching kinds[] = {
		BATCHING_CONTINUOUS, BATCHING_CHUNKED, BATCHING_STATIC};

	(void)state;
	for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
		double end_s[2];

		for (int with = 0; with < 2; with++) {
			struct host_time host = {0};
			struct fixture f;

			if (with)
				host = (struct host_time){.prefill_s = 20e-3, .prompt_s = 4e-3};
			instance(&f, host);
			f.instances[0].batching = kinds[k];
			f.instances[0].chunk_tok = 512;
			f.instances[0].max_batch = 3;
			f.instances[0].limits.batch_wait_s = 1.0;
			fixture_run_trace(&f, "1,100,1\n1,100,1\n1,100,1\n");
			end_s[with] = (double)f.rows[2].finished_ns / 1e9;
			fixture_finish(&f);
		}
		/* where it begins at once the first is alone, and two come behind it */
		assert_near(end_s[1] - end_s[0],
			kinds[k] == BATCHING_STATIC ? 20e-3 + 12e-3 : 40e-3 + 12e-3, 3e-9);
	}
}

/* The step of a prompt holds those up who decode, for all the host takes: that is stalled time. And
 * what was preempted is computed again and not taken in again (test_kv_memory.c). */
static void who_decodes_is_stalled_by_what_the_host_does_for_a_prompt(void **state)
{
	int64_t stalled[2];

	(void)state;
	for (int with = 0; with < 2; with++) {
		struct host_time host = {0};
		struct fixture f;

		if (with)
			host = (struct host_time){.prefill_s = 20e-3, .prompt_s = 4e-3};
		instance(&f, host);
		fixture_run_trace(&f, "1,100,400\n3,100,2\n");
		stalled[with] = f.rows[0].cause_ns[CAUSE_STALLED];
		fixture_finish(&f);
	}
	assert_near((double)(stalled[1] - stalled[0]) / 1e9, 24e-3, 5e-9);
}

/* Poisson prompts of one token's answer, one in a step: M/D/1 whose service is the device's time
 * and 30 ms of the host. At a load of .8 they wait .8 / (2 x .2) = 2 services on average. */
static void prompts_one_by_one_wait_as_in_m_d_1(void **state)
{
	struct host_time host = {.prefill_s = 25e-3, .prompt_s = 5e-3};
	struct fixture f;
	struct cost *c;
	double service_s, wait_s;

	(void)state;
	instance(&f, host);
	c = cost_of(&f);
	service_s = prefill_s(c, 100);
	cost_destroy(c);
	assert_true(service_s > 30e-3);
	f.instances[0].max_batch = 1;
	f.groups[0].arrivals.rate_per_s = 0.8 / service_s;
	f.groups[0].workload.prompt_tok = dist_constant(100.0);
	f.groups[0].workload.output_tok = dist_constant(1.0);
	f.spec.run.horizon_s = 4000.0;
	f.spec.run.warmup_s = 100.0;
	fixture_run(&f);
	wait_s = fixture_metric(&f, "", "ttft.mean_s") - service_s;
	assert_ratio(wait_s, 2.0 * service_s, 0.05);
	fixture_finish(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_first_token_alone_waits_for_the_front_end),
		cmocka_unit_test(who_comes_misses_the_step_that_is_made_up),
		cmocka_unit_test(a_front_end_holds_nobody_else_up),
		cmocka_unit_test(each_prompt_that_begins_takes_its_time_before_the_step),
		cmocka_unit_test(who_decodes_is_stalled_by_what_the_host_does_for_a_prompt),
		cmocka_unit_test(prompts_one_by_one_wait_as_in_m_d_1),
	};

	return cmocka_run_group_tests_name("front", tests, NULL, NULL);
}
