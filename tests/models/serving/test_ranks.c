/* An instance on several gpus, in a world. */
#include "tests/support/check.h"

#include "models/cost/catalog.h"

#include "models/cost/cost.h"
#include "tests/support/world_fixture.h"

static struct fixture f;

static int set_up(void **state)
{
	(void)state;
	fixture_init(&f);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fixture_finish(&f);
	return 0;
}

/** One request now and then of 100 tokens, of which 20 are answered, by @ranks gpus. */
static void run_on(unsigned ranks)
{
	struct instance_spec *i;
	struct group_spec *g;

	fixture_site(&f, "edge", TIER_EDGE, "titan-x");
	f.sites[0].gpu.usd_per_h = 0.25;
	fixture_model(&f, "llama2-7b", PRECISION_INT8);
	i = fixture_llm(&f, "i", 0, 0);
	i->parallel.ranks = ranks;
	i->parallel.interconnect =
		(struct interconnect_spec){.bytes_per_s = 12e9, .latency_s = 5.7e-6};
	g = fixture_group(&f, "u", 0.2);
	g->arrivals.process = ARRIVAL_DETERMINISTIC;
	g->workload.prompt_tok = dist_constant(100.0);
	g->workload.output_tok = dist_constant(20.0);
	fixture_run(&f);
}

/* Its prefill, and 19 steps over 101, 102, ... tokens, as the cost of a rank has them. */
static void a_request_takes_the_steps_of_a_rank(void **state)
{
	struct interconnect_spec ic = {.bytes_per_s = 12e9, .latency_s = 5.7e-6};
	struct cost_spec spec = {.ranks = 4, .interconnect = &ic, .max_batch = 1};
	struct cost_affine a;
	struct err err = {0};
	struct cost *c;
	double s;

	(void)state;
	run_on(4);
	spec.profile = f.instances[0].profile;
	spec.gpu = &f.sites[0].gpu;
	spec.shape = &f.models[0].shape;
	spec.precision = PRECISION_INT8;
	spec.quantile = PROFILE_MEDIAN;
	assert_true(cost_create(&c, &spec, &err));
	a = cost_decode(c, 1, 100);
	s = cost_prefill_s(c, 100, 1) + cost_prefill_attention_s(c, 100, 0) + 19.0 * a.base_s +
	    a.per_tok_s * 19.0 * 110.0;
	assert_true(f.n_rows > 3);
	assert_near(s_of_ns(f.rows[1].finished_ns - f.rows[1].created_ns), s, 3e-9);
	cost_destroy(c);
}

/* 250 W and a quarter of a dollar an hour each. The horizon is 100 s. */
static void each_gpu_has_its_power_and_its_price(void **state)
{
	(void)state;
	run_on(4);
	assert_ratio(fixture_metric(&f, "instance:i", "energy.J"),
		4.0 * 250.0 * 100.0 * fixture_metric(&f, "instance:i", "busy.share"), 1e-9);
	assert_ratio(fixture_metric(&f, "instance:i", "cost.usd"), 4.0 * 0.25 / 36.0, 1e-9);
}

/* 119 tokens are stored at last: eight blocks of 16, 512 KiB a token on all four together. */
static void the_kv_cache_of_all_is_counted(void **state)
{
	(void)state;
	run_on(4);
	assert_near(fixture_metric(&f, "instance:i", "kv.peak_bytes"), 8.0 * 16.0 * 524288.0, 0.0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_request_takes_the_steps_of_a_rank),
		TEST(each_gpu_has_its_power_and_its_price),
		TEST(the_kv_cache_of_all_is_counted),
	};
	return cmocka_run_group_tests_name("ranks", tests, NULL, NULL);
}
