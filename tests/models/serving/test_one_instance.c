/* One instance, one stream: where the queue stands must not matter. */
#include "tests/support/check.h"

#include <stdlib.h>

#include "models/cost/llm.h"
#include "tests/support/world_fixture.h"

static uint64_t next_random(uint64_t *x)
{
	*x += 0x9e3779b97f4a7c15u;
	uint64_t z = (*x ^ (*x >> 30)) * 0xbf58476d1ce4e5b9u;

	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

/* Those that keep the order, with one group and one instance: half of them leave requests in the
 * scheduler's queue until there is room, half assign them as they come. */
static const struct keeper {
	const char *policy;
	struct param_text param;
} keepers[] = {{"fcfs", {0}}, {"cloud-only", {0}}, {"max-weight", {0}},
	{"k-p-fcfs", {.key = "window", .value = "1"}}, {"random", {0}}, {"round-robin", {0}},
	{"jsq", {0}}, {"least-work", {0}}, {"power-of-d", {0}}};

enum { KEEPERS = sizeof keepers / sizeof *keepers };

/** A machine whose memory holds some 700 to 3 000 tokens of KV, and about what it can serve. */
static void random_instance(struct fixture *f, uint64_t seed)
{
	uint64_t x = seed;
	struct instance_spec *i;
	struct group_spec *g;

	fixture_init(f);
	f->spec.run.seed = seed;
	f->spec.run.horizon_s = 60.0;
	fixture_site(f, "cloud", TIER_CLOUD, "rtx-4090");
	fixture_model(f, "llama2-7b", PRECISION_INT8);
	i = fixture_llm(f, "gpu", 0, 0);
	i->block_tok = 1 + (unsigned)(next_random(&x) % 20);
	i->max_batch = 1 + (unsigned)(next_random(&x) % 24);
	i->ahead = (unsigned)(next_random(&x) % 4);
	i->reserve_bytes =
		f->sites[0].gpu.mem_bytes - llm_weight_bytes(&f->models[0].shape, PRECISION_INT8) -
		(double)(700 + next_random(&x) % 2300) * llm_kv_bytes_per_tok(&f->models[0].shape);
	g = fixture_group(f, "users", 2.0 + (double)(next_random(&x) % 3));
	g->workload.prompt_tok = dist_uniform(5.0, 600.0);
	g->workload.output_tok = dist_uniform(1.0, 250.0);
}

static void random_station(struct fixture *f, uint64_t seed)
{
	uint64_t x = seed;
	struct instance_spec *i;

	fixture_init(f);
	f->spec.run.seed = seed;
	fixture_site(f, "cloud", TIER_CLOUD, NULL);
	i = fixture_station(f, "server", 0, 0.5);
	i->slots = 1 + (unsigned)(next_random(&x) % 4);
	i->ahead = (unsigned)(next_random(&x) % 3);
	i->discipline = next_random(&x) % 3 == 0 ? DISCIPLINE_PS : DISCIPLINE_FIFO;
	fixture_group(f, "users", 1.9 * (double)i->slots);
}

static void run(struct fixture *f, const struct keeper *k)
{
	fixture_policy(f, k->policy);
	if (k->param.key) {
		f->policy.params = &k->param;
		f->policy.n_params = 1;
	}
	fixture_run(f);
}

/** Jumps may be cut at different steps, each cut rounds to 1 ns. */
static void assert_same_times(const struct fixture *a, const struct fixture *b)
{
	int64_t bound_ns = (int64_t)(a->result.events + b->result.events);

	assert_int_equal(a->n_rows, b->n_rows);
	for (size_t i = 0; i < a->n_rows; i++) {
		const struct request_row *x = &a->rows[i], *y = &b->rows[i];

		assert_int_equal(x->fate, y->fate);
		assert_int_equal(x->created_ns, y->created_ns);
		if (x->fate != FATE_DONE)
			continue;
		assert_int_equal(x->preemptions, y->preemptions);
		assert_true(llabs(x->started_ns - y->started_ns) <= bound_ns);
		assert_true(llabs(x->first_token_ns - y->first_token_ns) <= bound_ns);
		assert_true(llabs(x->finished_ns - y->finished_ns) <= bound_ns);
	}
}

/** Returns the preemptions of all runs together. */
static size_t compare(void (*make)(struct fixture *f, uint64_t seed), uint64_t seed)
{
	struct fixture first, other;
	size_t preempted = 0;

	make(&first, seed);
	run(&first, &keepers[0]);
	for (size_t i = 0; i < first.n_rows; i++)
		preempted += first.rows[i].preemptions;
	for (size_t k = 1; k < KEEPERS; k++) {
		make(&other, seed);
		run(&other, &keepers[k]);
		assert_same_times(&first, &other);
		fixture_finish(&other);
	}
	fixture_finish(&first);
	return preempted;
}

static void every_policy_that_keeps_the_order_gives_the_same_times(void **state)
{
	size_t preempted = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 40; seed++)
		preempted += compare(random_instance, seed);
	assert_true(preempted > 100); /* memory was short */
}

static void and_so_it_is_at_a_station(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 10; seed++)
		compare(random_station, seed);
}

/** One request of a group of its own, at @at_s; the next would come after the horizon. */
static void one(struct fixture *f, const char *name, double at_s, double prompt, double output)
{
	struct group_spec *g = fixture_group(f, name, 1.0 / at_s);

	g->arrivals.process = ARRIVAL_DETERMINISTIC;
	g->workload.prompt_tok = dist_constant(prompt);
	g->workload.output_tok = dist_constant(output);
}

/* The cache has 64 blocks of 16 tokens. Prompts of 300 hold 19 of them and grow to 20 (a, 20
 * tokens out) and 23 (b, 60 out). c needs 38, which are free once a has ended: 64 - 21. d, of 19,
 * would fit beside a and b but stands behind c; were its blocks set aside, c would find 24. */
static void who_stands_behind_one_that_does_not_fit_holds_no_memory(void **state)
{
	struct fixture f;
	struct instance_spec *i;

	(void)state;
	fixture_init(&f);
	fixture_site(&f, "cloud", TIER_CLOUD, "rtx-4090");
	fixture_model(&f, "llama2-7b", PRECISION_INT8);
	i = fixture_llm(&f, "gpu", 0, 0);
	i->reserve_bytes = f.sites[0].gpu.mem_bytes -
			   llm_weight_bytes(&f.models[0].shape, PRECISION_INT8) -
			   64.5 * 16.0 * llm_kv_bytes_per_tok(&f.models[0].shape);
	one(&f, "a", 1.0, 300.0, 20.0);
	one(&f, "b", 1.001, 300.0, 60.0);
	one(&f, "c", 1.002, 600.0, 5.0);
	one(&f, "d", 1.003, 300.0, 5.0);
	fixture_policy(&f, "jsq");
	f.spec.run.horizon_s = 1.999;
	fixture_run(&f);
	assert_int_equal(f.n_rows, 4);
	assert_int_equal(f.rows[3].fate, FATE_DONE);
	assert_true(f.rows[0].finished_ns < f.rows[1].finished_ns);
	assert_true(f.rows[3].created_ns < f.rows[0].finished_ns);
	assert_int_equal(f.rows[2].started_ns, f.rows[0].finished_ns);
	assert_true(f.rows[3].started_ns > f.rows[2].started_ns);
	fixture_finish(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_policy_that_keeps_the_order_gives_the_same_times),
		cmocka_unit_test(and_so_it_is_at_a_station),
		cmocka_unit_test(who_stands_behind_one_that_does_not_fit_holds_no_memory),
	};

	return cmocka_run_group_tests_name("one_instance", tests, NULL, NULL);
}
