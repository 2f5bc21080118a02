/* Capacities of systems whose boundary is known: arithmetic in the comments. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/scenario/scenario.h"
#include "models/world/world.h"
#include "study/capacity.h"
#include "tests/support/check.h"
#include "tests/support/scenario_text.h"
#include "tests/support/seeds.h"

#define RUN "name: known\nrun: {horizon: 100 s, warmup: 0 s}\n"
#define TWO \
	RUN "sites: {a: {tier: edge}, b: {tier: cloud}}\nlinks: {}\n" \
	    "instances:\n" \
	    "  one: {site: a, slots: 1, service: {distribution: exponential, mean: 1 s}}\n" \
	    "  two: {site: b, slots: 1, service: {distribution: exponential, mean: 0.5 s}}\n" \
	    "users: {all: {arrivals: {process: poisson, rate: 1.5 /s}}}\n"
#define ONE(instance, arrivals) \
	RUN "sites: {a: {tier: edge}}\nlinks: {}\npolicy: {name: fcfs}\n" \
	    "instances: {one: {site: a, " instance "}}\n" \
	    "users: {all: {arrivals: {" arrivals "}}}\n"
#define EXP(mean) "{distribution: exponential, mean: " mean "}"
#define SPEEDS \
	RUN "sites: {near: {tier: edge}, far: {tier: cloud}}\nlinks: {}\n" \
	    "instances:\n" \
	    "  one: {site: near, slots: 1, service_of: {a: " EXP("1 s") ", b: " EXP( \
		    "2 s") "}}\n" \
			   "  two: {site: far, slots: 1, service_of: {a: " EXP("3 s") ", b: " EXP( \
				   "1.5 s") "}}\n" \
					    "users: {a: {arrivals: {process: poisson, rate: 1 " \
					    "/s}}, b: {arrivals: {process: poisson, " \
					    "rate: 1 /s}}}\n"
#define LLM(arrivals) \
	RUN "sites: {a: {tier: edge, gpu: rtx-4090}}\nlinks: {}\npolicy: {name: fcfs}\n" \
	    "models: {chat: {model: llama2-7b, precision: int8}}\n" \
	    "instances: {one: {site: a, model: chat, max_batch: 8}}\n" \
	    "users: {all: {model: chat, arrivals: {" arrivals "}, workload: humaneval}}\n"

struct known {
	const char *name, *text;
	double rate_per_s; /* at scale 1 */
	double truth;      /* 0: the saturated rate of @saturated */
	const char *saturated;
};

static const struct known systems[] = {
	/* 1 / 0.8 = 1.25 a second */
	{"M/M/1",
		ONE("slots: 1, service: {distribution: exponential, mean: 0.8 s}",
			"process: poisson, rate: 0.7 /s"),
		0.7, 1.25 / 0.7, NULL},
	{"M/M/3",
		ONE("slots: 3, service: {distribution: exponential, mean: 2 s}",
			"process: poisson, rate: 1 /s"),
		1.0, 1.5, NULL},
	{"M/G/1, CV 2",
		ONE("slots: 1, service: {distribution: hyperexponential, mean: 0.5 s, cv: 2}",
			"process: poisson, rate: 1 /s"),
		1.0, 2.0, NULL},
	{"MMPP/D/1",
		ONE("slots: 1, service: 0.25 s",
			"process: mmpp, rates: [1 /s, 7 /s], sojourns: [6 s, 3 s]"),
		3.0, 4.0 / 3.0, NULL},
	{"M/M/1-PS",
		ONE("slots: 1, discipline: ps, service: {distribution: exponential, mean: 0.5 s}",
			"process: gamma, cv: 2, rate: 1 /s"),
		1.0, 2.0, NULL},
	/* 1 + 2 a second; half of all to the slow one: 2 a second in all */
	{"two servers, fcfs", TWO "policy: {name: fcfs}\n", 1.5, 2.0, NULL},
	{"two servers, jsq", TWO "policy: {name: jsq}\n", 1.5, 2.0, NULL},
	{"two servers, random", TWO "policy: {name: random}\n", 1.5, 2.0 / 1.5, NULL},
	/* 0.4 x 0.5 + 0.2 x 2 = 0.6 */
	{"two classes",
		RUN "sites: {here: {tier: edge}}\nlinks: {}\npolicy: {name: fcfs}\n"
		    "instances: {one: {site: here, slots: 1, service_of: {a: {distribution: "
		    "exponential, mean: 0.5 s}, b: {distribution: exponential, mean: 2 s}}}}\n"
		    "users:\n  a: {arrivals: {process: poisson, rate: 0.4 /s}}\n"
		    "  b: {arrivals: {process: poisson, rate: 0.2 /s}}\n",
		0.6, 1.0 / 0.6, NULL},
	/* Whoever is next: 1.5 s on average at one, 2.25 s at two: 1.1111 a second of 2. */
	{"unlike speeds, fcfs", SPEEDS "policy: {name: fcfs}\n", 2.0,
		0.5 * (1.0 / 1.5 + 1.0 / 2.25), NULL},
	/* test_fluid_bound.c works 7/9 out; half of each to two: 2.25 s each */
	{"unlike speeds, max-weight", SPEEDS "policy: {name: max-weight}\n", 2.0, 7.0 / 9.0, NULL},
	{"unlike speeds, random", SPEEDS "policy: {name: random}\n", 2.0, 1.0 / 2.25, NULL},
	/* 125 000 bytes a second, 4198 each (1000 tokens of 4 bytes, 3 headers of 66) */
	{"a link",
		RUN "sites: {here: {tier: edge}}\npolicy: {name: random}\n"
		    "instances: {one: {site: here, slots: 1, service: 10 ms}}\n"
		    "links: {wan: {between: [users, here], rate: 1 Mbps, delay: 5 ms}}\n"
		    "users: {all: {arrivals: {process: poisson, rate: 10 /s}, workload: "
		    "{prompt_tokens: 1000, output_tokens: 10}}}\n",
		10.0, 125000.0 / 4198.0 / 10.0, NULL},
	{"an LLM instance", LLM("process: poisson, rate: 1 /s"), 1.0, 0.0,
		LLM("process: saturated, outstanding: 200")},
};
enum { SYSTEMS = sizeof systems / sizeof *systems };

/* The truth of an LLM instance: what it gets done while 200 wait, over 8 hours. */

static double saturated_rate(const char *text)
{
	const char *const sets[] = {"run.horizon=30000 s", "run.warmup=500 s"};
	struct scenario *sc = scenario_of_text(text, sets, 2);
	const struct world_setup setup = {.spec = &sc->spec,
		.policy = &sc->spec.policies[0],
		.seed = 77,
		.replication = 1,
		.warmup_s = 500.0};
	struct world_result r;
	struct err err = {0};
	struct world *w;
	double rate = 0.0;

	if (!world_create(&w, &setup, &err) || !world_run(w, &r, &err))
		fail_msg("%s", err.msg);
	for (size_t m = 0; m < r.n_metrics; m++)
		if (r.metrics[m].id == METRIC_THROUGHPUT_REQUESTS && !*r.metrics[m].scope)
			rate = r.metrics[m].value;
	world_result_finish(&r);
	world_destroy(w);
	scenario_destroy(sc);
	return rate;
}

static struct capacity_answer find(
	const struct known *k, uint64_t seed, size_t n_threads, struct capacity_target target)
{
	char set[40];
	const char *const sets[] = {set};
	struct capacity_answer a;
	struct scenario *sc;
	struct err err = {0};

	snprintf(set, sizeof set, "run.seed=%ju", (uintmax_t)seed);
	sc = scenario_of_text(k->text, sets, 1);
	const struct capacity_question q = {.spec = &sc->spec,
		.policy = &sc->spec.policies[0],
		.bound = HUGE_VAL,
		.rate_per_s = k->rate_per_s,
		.target = target,
		.precision = 0.01,
		.most_requests = 20000000,
		.n_threads = n_threads};
	if (!capacity_find(&a, &q, &err))
		fail_msg("%s: %s", k->name, err.msg);
	scenario_destroy(sc);
	return a;
}

/** The k of n such that fewer happens once in a thousand where each has probability @p. */
static uint64_t least_of(uint64_t n, double p)
{
	double term = pow(1.0 - p, (double)n), sum = term;
	uint64_t k = 0;

	while (sum < 1e-3 && k < n) {
		term *= (double)(n - k) / (double)(k + 1) * p / (1.0 - p);
		sum += term;
		k++;
	}
	return k;
}

static void check_system(const struct known *k, const struct seeds *seeds)
{
	double truth = k->truth > 0.0 ? k->truth : saturated_rate(k->saturated) / k->rate_per_s;
	uint64_t n = seeds->last - seeds->first + 1, within = 0, covered = 0, requests = 0;

	for (uint64_t seed = seeds->first; seed <= seeds->last; seed++) {
		struct capacity_answer a = find(k, seed, 2, (struct capacity_target){.on = false});

		assert_int_equal(a.kind, CAPACITY_FOUND);
		assert_true(a.precise);
		within += fabs(a.scale / truth - 1.0) <= 0.01;
		covered += isnan(a.lo) ? fabs(a.scale / truth - 1.0) <= 0.002
				       : a.lo <= truth && truth <= a.hi;
		requests += a.requests;
		capacity_answer_finish(&a);
	}
	print_message("%-25s %.5f: %ju of %ju within 1 %%, %ju covered, %ju requests each\n",
		k->name, truth, (uintmax_t)within, (uintmax_t)n, (uintmax_t)covered,
		(uintmax_t)(requests / n));
	assert_true(20 * within >= 19 * n || n < 20);
	assert_true(within >= least_of(n, 0.95));
	assert_true(covered >= least_of(n, 0.95));
}

struct wanted {
	struct seeds seeds;
	const char *name; /* NULL: all systems */
};

static void known_boundaries_are_found_within_one_per_cent(void **state)
{
	const struct wanted *w = *state;

	for (size_t k = 0; k < SYSTEMS; k++)
		if (!w->name || !strcmp(w->name, systems[k].name))
			check_system(&systems[k], &w->seeds);
}

static void threads_make_no_difference(void **state)
{
	const struct capacity_target none = {.on = false};
	struct capacity_answer a = find(&systems[7], 3, 1, none), b = find(&systems[7], 3, 3, none);

	(void)state;
	assert_memory_equal(&a.scale, &b.scale, sizeof a.scale);
	assert_memory_equal(&a.lo, &b.lo, sizeof a.lo);
	assert_int_equal(a.requests, b.requests);
	assert_int_equal(a.n_points, b.n_points);
	assert_memory_equal(a.points, b.points, a.n_points * sizeof *a.points);
	capacity_answer_finish(&a);
	capacity_answer_finish(&b);
}

/* Targets of M/M/1 with service 0.8 s and 0.7 a second at scale 1: the time in the system is
 * exponential, with mean 1 / (1.25 - lambda). */

#define ANSWERS \
	"name: known\nrun: {requests: 20000, warmup: 500 s}\n" \
	"sites: {a: {tier: edge}}\nlinks: {}\npolicy: {name: fcfs}\n" \
	"instances: {one: {site: a, slots: 1, service: {distribution: exponential, mean: 0.8 " \
	"s}}}\n" \
	"users: {all: {deadline: 5 s, arrivals: {process: poisson, rate: 0.7 /s}}}\n"

static void expect_target(enum metric_id id, bool at_most, double value, double truth)
{
	const struct known k = {"M/M/1", ANSWERS, 0.7, 0.0, NULL};
	struct capacity_answer a = find(&k, 1, 2,
		(struct capacity_target){
			.on = true, .metric = id, .scope = "", .at_most = at_most, .value = value});

	assert_int_equal(a.kind, CAPACITY_FOUND);
	assert_int_equal(a.rule, CAPACITY_BY_TARGET);
	assert_near(a.scale / truth, 1.0, 0.015);
	assert_true(a.lo < a.scale && a.scale < a.hi);
	assert_true(a.precise);
	capacity_answer_finish(&a);
}

static void targets_are_met_up_to_where_theory_says(void **state)
{
	(void)state;
	expect_target(METRIC_E2E_MEAN, true, 4.0, 1.0 / 0.7);
	/* 1 - exp(-5 (1.25 - lambda)) = 0.8 */
	expect_target(METRIC_QOS_SHARE, false, 0.8, (1.25 - log(5.0) / 5.0) / 0.7);
	/* exp(-10 (1.25 - lambda)) = 0.01 */
	expect_target(METRIC_E2E_P99, true, 10.0, (1.25 - log(100.0) / 10.0) / 0.7);
}

/* 0.8 s at least, and 500 s not within 20 000 requests of any stable queue. */
static void a_target_out_of_reach_and_one_in_any_reach(void **state)
{
	const struct known k = {"M/M/1", ANSWERS, 0.7, 0.0, NULL};
	struct capacity_target t = {
		.on = true, .metric = METRIC_E2E_MEAN, .scope = "", .at_most = true, .value = 0.7};
	struct capacity_answer a = find(&k, 1, 2, t);

	(void)state;
	assert_int_equal(a.kind, CAPACITY_NEVER);
	capacity_answer_finish(&a);
	t.value = 500.0;
	a = find(&k, 1, 2, t);
	assert_int_equal(a.kind, CAPACITY_FOUND);
	assert_true(a.limited);
	assert_near(a.scale, 1.25 / 0.7, 0.02);
	capacity_answer_finish(&a);
}

/* Nobody is dropped from a line that has no end. One that holds 5 never grows. */
static void what_drops_is_never_unstable_but_may_miss_a_target(void **state)
{
	const struct known k = {"M/M/1/5",
		RUN "sites: {a: {tier: edge}}\nlinks: {}\npolicy: {name: random}\n"
		    "instances: {one: {site: a, slots: 1, capacity: 5, service: {distribution: "
		    "exponential, mean: 0.8 s}}}\n"
		    "users: {all: {arrivals: {process: poisson, rate: 0.7 /s}}}\n",
		0.7, 0.0, NULL};
	struct capacity_answer a;

	(void)state;
	a = find(&k, 1, 2, (struct capacity_target){.on = false});
	assert_int_equal(a.kind, CAPACITY_ALWAYS);
	assert_true(a.dropped > 0.99);
	capacity_answer_finish(&a);
	/* 1 - (1 - r) r^5 / (1 - r^6) = 5/6 at r = 1: where 1.25 a second come */
	a = find(&k, 1, 2,
		(struct capacity_target){.on = true,
			.metric = METRIC_QOS_SHARE,
			.scope = "",
			.at_most = false,
			.value = 5.0 / 6.0});
	assert_int_equal(a.kind, CAPACITY_FOUND);
	assert_near(a.scale, 1.25 / 0.7, 0.03);
	capacity_answer_finish(&a);
}

int main(int argc, char **argv)
{
	struct wanted wanted = {.name = argc == 4 ? argv[3] : NULL};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_make_no_difference),
		cmocka_unit_test(what_drops_is_never_unstable_but_may_miss_a_target),
		cmocka_unit_test(targets_are_met_up_to_where_theory_says),
		cmocka_unit_test(a_target_out_of_reach_and_one_in_any_reach),
		cmocka_unit_test_prestate(known_boundaries_are_found_within_one_per_cent, &wanted),
	};

	wanted.seeds = seeds_of(argc == 4 ? 3 : argc, argv, 1);
	return cmocka_run_group_tests_name("capacity", tests, NULL, NULL);
}
