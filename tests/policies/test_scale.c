/* A request costs about as much among ten thousand instances as among ten. Memory that is far away
 * makes it dearer, a few times (tests/bench/bench_scale.c has the limit of that); looking at each
 * instance would make it a hundred times as dear. */
#include "tests/support/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "models/cost/llm.h"
#include "tests/support/world_fixture.h"

enum { FEW = 10, MANY = 10000, REQUESTS = 60000, TIMES = 2, NAME_BYTES = 8 };

static const double most_ratio = 15.0;

struct farm {
	struct fixture f;
	struct instance_spec at[MANY];
	char names[MANY][NAME_BYTES];
};

static struct farm *farm_create(const char *policy)
{
	struct farm *farm = calloc(1, sizeof *farm);

	assert_non_null(farm);
	fixture_init(&farm->f);
	fixture_site(&farm->f, "site", TIER_CLOUD, "a100");
	fixture_policy(&farm->f, policy);
	return farm;
}

/** @n of the one there is, and @rate_per_s for each. */
static void spread(struct farm *farm, size_t n, double rate_per_s)
{
	for (size_t i = 0; i < n; i++) {
		snprintf(farm->names[i], NAME_BYTES, "i%zu", i);
		farm->at[i] = farm->f.instances[0];
		farm->at[i].name = farm->names[i];
	}
	farm->f.spec.instances = farm->at;
	farm->f.spec.n_instances = n;
	fixture_group(&farm->f, "u", rate_per_s * (double)n);
	farm->f.spec.run.horizon_s = REQUESTS / (rate_per_s * (double)n);
}

static void stations(struct farm *farm, size_t n)
{
	fixture_station(&farm->f, "i", 0, 1.0);
	spread(farm, n, 0.8);
}

/** Memory for two or three requests, places for 64, and more comes than is served. */
static void short_of_memory(struct farm *farm, size_t n)
{
	struct model_spec *m = fixture_model(&farm->f, "llama2-7b", PRECISION_FP16);
	struct instance_spec *i = fixture_llm(&farm->f, "i", 0, 0);

	i->max_batch = 64;
	i->reserve_bytes = farm->f.sites[0].gpu.mem_bytes -
			   llm_weight_bytes(&m->shape, m->precision) -
			   500.0 * llm_kv_bytes_per_tok(&m->shape);
	spread(farm, n, 9.0);
}

static double cpu_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/** Of the run alone, for each request. */
static double run_s(struct farm *farm)
{
	struct world_setup setup = {
		.spec = &farm->f.spec, .policy = &farm->f.policy, .seed = 1, .replication = 1};
	struct world_result r;
	struct err err = {0};
	struct world *w;
	double s;

	assert_true(world_create(&w, &setup, &err));
	s = cpu_s();
	assert_true(world_run(w, &r, &err));
	s = cpu_s() - s;
	assert_int_equal(r.status, RUN_COMPLETE);
	world_result_finish(&r);
	world_destroy(w);
	return s;
}

/** The least of some: whatever else the machine does can only add. */
static double least_s(void (*make)(struct farm *, size_t), const char *policy, size_t n)
{
	double s = HUGE_VAL;

	for (int k = 0; k < TIMES; k++) {
		struct farm *farm = farm_create(policy);

		make(farm, n);
		s = fmin(s, run_s(farm));
		fixture_finish(&farm->f);
		free(farm);
	}
	return s;
}

static void nobody_looks_at_every_instance(void **state)
{
	static const char *const policies[] = {
		"jsq", "max-weight", "k-p-fcfs", "fcfs", "power-of-d"};
	static void (*const makes[])(struct farm *, size_t) = {stations, short_of_memory};

	(void)state;
	for (size_t m = 0; m < 2; m++)
		for (size_t p = 0; p < sizeof policies / sizeof *policies; p++) {
			double few_s = least_s(makes[m], policies[p], FEW);
			double many_s = least_s(makes[m], policies[p], MANY);

			if (many_s > most_ratio * few_s)
				fail_msg("%s, %s: %.0f ns at %d, %.0f ns at %d", policies[p],
					m ? "short of memory" : "stations", 1e9 * few_s / REQUESTS,
					FEW, 1e9 * many_s / REQUESTS, MANY);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_looks_at_every_instance),
	};

	return cmocka_run_group_tests_name("scale", tests, NULL, NULL);
}
