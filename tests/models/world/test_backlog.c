/* Requests that stand in the line when a run begins. */
#include "tests/support/check.h"

#include <stdlib.h>
#include <string.h>

#include "tests/support/world_fixture.h"

enum { MOST = 4000 };

/** Who was created when. */
struct arrival {
	int64_t at_ns;
	uint32_t group, prompt_tok, output_tok;
};

struct probe_state {
	size_t n_first, n; /* at time 0, and of the others */
	struct arrival first[MOST], at[MOST];
	uint64_t in_system;
	bool measured; /* somebody created at time 0 */
};

static void created(
	struct probe_state *p, enum moment m, int64_t at_ns, const struct request_row *r)
{
	struct arrival a = {at_ns, r->group, r->prompt_tok, r->output_tok};

	(void)m;
	assert_true(p->n < MOST && p->n_first < MOST);
	if (at_ns > 0) {
		p->at[p->n++] = a;
		return;
	}
	p->first[p->n_first++] = a;
	p->measured |= r->measured;
}

static void in_system(struct probe_state *p, int64_t at_ns, uint64_t n)
{
	(void)at_ns;
	p->in_system = n;
}

static const struct probe_ops ops = {.name = "arrivals",
	.moments = 1u << MOMENT_CREATED,
	.request = created,
	.in_system = in_system};

static const struct dist_spec lengths = {
	.kind = DIST_LOGNORMAL, .mean = 120.0, .cv = 1.5, .min = 1.0, .max = 2000.0};

/** Two groups, one three times as often as the other, and a device that serves them. */
static struct probe_state *run(struct fixture *f, uint64_t backlog)
{
	struct probe_state *p = calloc(1, sizeof *p);

	fixture_init(f);
	fixture_site(f, "edge", TIER_EDGE, "rtx-4090");
	fixture_model(f, "llama2-7b", PRECISION_INT8);
	fixture_llm(f, "a", 0, 0);
	fixture_group(f, "seldom", 1.0)->workload.prompt_tok = lengths;
	fixture_group(f, "often", 3.0)->workload.output_tok = lengths;
	f->spec.run.backlog = backlog;
	f->also = (struct probe){&ops, p};
	fixture_run(f);
	return p;
}

static void what_arrives_later_is_the_same_with_and_without(void **state)
{
	struct fixture f, g;
	struct probe_state *none = run(&f, 0), *some = run(&g, 300);

	(void)state;
	assert_int_equal(none->n_first, 0);
	assert_int_equal(some->n_first, 300);
	assert_in_range(none->n, 300, 500);
	assert_int_equal(some->n, none->n);
	assert_memory_equal(some->at, none->at, none->n * sizeof *none->at);
	fixture_finish(&f);
	fixture_finish(&g);
	free(none);
	free(some);
}

/* 3000 draws, a quarter of them "seldom": 750 with standard deviation 23.7. Their prompts are
 * drawn, with mean 120 and standard deviation 180 before they are cut; those of "often" are not. */
static void it_is_drawn_from_the_groups_by_their_rates(void **state)
{
	struct fixture f;
	struct probe_state *p = run(&f, 3000);
	size_t seldom = 0;
	double sum = 0.0;

	(void)state;
	for (size_t k = 0; k < p->n_first; k++) {
		if (p->first[k].group == 0) {
			seldom++;
			sum += p->first[k].prompt_tok;
			assert_int_equal(p->first[k].output_tok, 50);
		} else {
			assert_int_equal(p->first[k].prompt_tok, 100);
		}
	}
	assert_in_range(seldom, 750 - 95, 750 + 95);
	assert_near(sum / (double)seldom, 118.0, 26.0);
	/* nor are the lengths those of the arrivals: */
	for (size_t k = 0, same = 0; k < p->n && p->at[k].group == 0; k++) {
		same += p->at[k].prompt_tok == p->first[k].prompt_tok;
		assert_true(same < 3);
	}
	assert_false(p->measured);
	fixture_finish(&f);
	free(p);
}

/** A station of rate 1 /s and one user group of @rate_per_s. */
static void station(struct fixture *f, double rate_per_s)
{
	fixture_init(f);
	fixture_site(f, "edge", TIER_EDGE, NULL);
	fixture_station(f, "a", 0, 1.0);
	fixture_group(f, "u", rate_per_s);
	f->spec.run.horizon_s = 1e6;
	f->spec.run.backlog = 100;
}

/* Nothing else changes a run that has an end; from 100, one that gets 2 /s and serves 1 /s has 200
 * after some 100 s, one that gets .1 /s has 5 after some 105 s. */
static void a_run_ends_when_it_has_emptied_or_doubled(void **state)
{
	static const struct {
		double rate_per_s;
		uint64_t left;
	} rows[] = {{2.0, 200}, {0.1, 5}};

	(void)state;
	for (size_t k = 0; k < 2; k++) {
		struct probe_state *p = calloc(1, sizeof *p);
		struct fixture f;

		station(&f, rows[k].rate_per_s);
		f.least_in_system = 5;
		f.most_in_system = 200;
		f.also = (struct probe){&ops, p};
		fixture_run(&f);
		assert_int_equal(f.result.status, RUN_COMPLETE);
		assert_int_equal(p->in_system, rows[k].left);
		assert_near(f.result.horizon_s, 105.0, 40.0);
		fixture_finish(&f);
		free(p);
	}
}

/* A station of 3 slots, a batch of 16 rows, and a pipeline in which two micro-batches of 4 are
 * under way: 3 + 16 + 2 x 4 = 27. */
static void each_micro_batch_has_places(void **state)
{
	const struct instance_spec instances[] = {{.synthetic = true, .slots = 3},
		{.max_batch = 16}, {.max_batch = 4, .n_stages = 2, .micro_batches = 2}};

	(void)state;
	assert_near(
		scenario_places(&(struct scenario_spec){.n_instances = 3, .instances = instances}),
		27.0, 0.0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_arrives_later_is_the_same_with_and_without),
		cmocka_unit_test(it_is_drawn_from_the_groups_by_their_rates),
		cmocka_unit_test(a_run_ends_when_it_has_emptied_or_doubled),
		cmocka_unit_test(each_micro_batch_has_places),
	};
	return cmocka_run_group_tests_name("backlog", tests, NULL, NULL);
}
