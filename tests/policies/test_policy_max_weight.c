/* max-weight with V: drift plus penalty, by a chain that is solved here, by arithmetic in each
 * unit, and in a run whose link turns fast. */
#include "tests/support/check.h"

#include <stdlib.h>
#include <string.h>

#include "models/offload/spec.h"
#include "policies/all.h"
#include "sim/stat.h"
#include "tests/support/view_fixture.h"

static struct policy_state *state_of(const char *v, const char *penalty)
{
	const struct param_text texts[] = {
		{.key = "V", .value = v}, {.key = "penalty", .value = penalty}};

	return fixture_state(&policy_max_weight, texts, 2);
}

/* One queue and one server, slot by slot: with probability .6 one more comes; to serve one costs 1
 * or 3, each as likely; of the Q that wait at the beginning of a slot one is served iff Q > V cost.
 */

static const double arrives = 0.6, costs[] = {1.0, 3.0};

struct chain {
	double queue, cost; /* means over slots */
};

enum { MOST_Q = 120, SWEEPS = 6000 };

static double step(double *next, const double *now, double v)
{
	double spent = 0.0;

	for (int q = 0; q < MOST_Q; q++)
		for (int c = 0; c < 2; c++) {
			bool serves = q > 0 && q > v * costs[c];
			int left = q - serves;

			next[left] += 0.5 * (1.0 - arrives) * now[q];
			next[left + 1 < MOST_Q ? left + 1 : left] += 0.5 * arrives * now[q];
			spent += 0.5 * serves * costs[c] * now[q];
		}
	return spent;
}

/** The stationary law, by going on until it stands. */
static struct chain solve(double v)
{
	double now[MOST_Q] = {1.0}, next[MOST_Q];
	struct chain c = {0.0, 0.0};

	for (int k = 0; k < SWEEPS; k++) {
		memset(next, 0, sizeof next);
		c.cost = step(next, now, v);
		memcpy(now, next, sizeof now);
	}
	for (int q = 0; q < MOST_Q; q++)
		c.queue += q * now[q];
	return c;
}

static void the_chain_has_the_known_means(void **state)
{
	struct chain c = solve(2.0);

	(void)state;
	assert_near(c.queue, 5.358, 0.0005);
	assert_near(c.cost, 0.8303, 0.00005);
}

/** The same server as a view: to get there takes as many seconds as it costs. */
static void server(struct view_fixture *f)
{
	memset(f, 0, sizeof *f);
	fixture_group(f, (struct fixture_group){.model = NO_ID});
	fixture_class(f, (struct fixture_class){
				 .model = NO_ID, .context_tok = 1000, .decode_s_per_tok = 0.01});
	fixture_instance(f, (struct fixture_instance){.cls = 0, .room = 1, .kv_tok = UINT32_MAX});
	fixture_view(f);
}

static double play(struct view_fixture *f, struct policy_state *st, uint64_t *random, uint64_t *id)
{
	struct assignment a;
	double spent = 0.0;

	f->of_class[0].upload_s = costs[fixture_random(random) >> 63];
	if (policy_max_weight.next(st, &f->v, &a)) {
		fixture_apply(f, &a);
		spent = f->of_class[0].upload_s;
		assert_false(f->v.n_free > 0 && policy_max_weight.next(st, &f->v, &a));
	}
	f->of_instance[0].room = f->instances[0].room = 1; /* served */
	f->classes[0].n_free = f->v.n_free = 1;
	if ((double)(fixture_random(random) >> 11) * 0x1p-53 < arrives)
		fixture_wait(f, (struct waiting){.id = {(*id)++},
					.deadline_s = HUGE_VAL,
					.prompt_tok = 10,
					.output_tok = 20});
	return spent;
}

/** Batch means of @slots each: their interval holds what @c says, and is no wider than 1 %. */
static void plays_as(const char *v, struct chain c, size_t slots)
{
	enum { BATCHES = 40 };
	struct policy_state *st = state_of(v, "network-time");
	double queue[BATCHES] = {0}, cost[BATCHES] = {0};
	uint64_t random = 5, id = 1;
	struct stat_interval i;
	struct view_fixture f;

	server(&f);
	for (size_t b = 0; b < BATCHES; b++)
		for (size_t k = 0; k < slots; k++) {
			queue[b] += (double)f.v.n_waiting / (double)slots;
			cost[b] += play(&f, st, &random, &id) / (double)slots;
		}
	stat_interval(&i, queue, BATCHES, 0.99);
	assert_true(i.lo <= c.queue && c.queue <= i.hi && i.hi - i.lo < 0.01 * c.queue);
	stat_interval(&i, cost, BATCHES, 0.99);
	assert_true(i.lo <= c.cost && c.cost <= i.hi && i.hi - i.lo < 0.01 * c.cost);
	free(st);
}

static void the_policy_plays_the_chain(void **state)
{
	(void)state;
	plays_as("2", solve(2.0), 25000);
	plays_as("0.5", solve(0.5), 40000);
}

/* The more V, the less it costs, down to .5 x 1 + .1 x 3 = .8, and the more wait. */
static void v_trades_queues_for_the_penalty(void **state)
{
	struct chain less = solve(0.25);

	(void)state;
	for (double v = 0.5; v < 9.0; v *= 2.0) {
		struct chain more = solve(v);

		assert_true(more.cost < less.cost && more.cost > 0.8 - 1e-9);
		assert_true(more.queue > less.queue);
		less = more;
	}
}

/* Choices */

/** Class 0 takes 2 s a request, .5 s on the links, 300 W and .001 USD/s; class 1 takes 4 s, 3 s on
 *  the links, 100 W and .0002 USD/s. */
static void two_servers(struct view_fixture *f, unsigned n)
{
	memset(f, 0, sizeof *f);
	fixture_group(f, (struct fixture_group){.model = NO_ID});
	fixture_class(f, (struct fixture_class){.model = NO_ID,
				 .context_tok = 1000,
				 .decode_s_per_tok = 0.1,
				 .upload_s = 0.25,
				 .download_s = 0.25,
				 .upkeep = {300.0, 0.001}});
	fixture_class(f, (struct fixture_class){.model = NO_ID,
				 .context_tok = 1000,
				 .decode_s_per_tok = 0.2,
				 .upload_s = 2.5,
				 .download_s = 0.5,
				 .upkeep = {100.0, 0.0002}});
	for (uint32_t c = 0; c < 2; c++)
		fixture_instance(f, (struct fixture_instance){.cls = c, .room = 9, .kv_tok = 9000});
	fixture_view(f);
	for (unsigned k = 0; k < n; k++)
		fixture_wait(f, (struct waiting){.id = {k},
					.deadline_s = HUGE_VAL,
					.prompt_tok = 10,
					.output_tok = 20});
}

enum { NOWHERE = 9 };

static uint32_t goes_to(const char *v, const char *penalty, unsigned n)
{
	struct policy_state *st = state_of(v, penalty);
	struct assignment a;
	struct view_fixture f;
	bool any;

	two_servers(&f, n);
	any = policy_max_weight.next(st, &f.v, &a);
	free(st);
	return any ? a.instance.i : NOWHERE;
}

/* With n waiting: n / 2 at class 0 and n / 4 at class 1, less V times, over the same 2 s and 4 s,
 *   network   .5 s      3 s
 *   money     .002      .0008 USD
 *   energy    600       400 J
 * Money, V = 2000, n = 3: 3 < 4 but 3 > 1.6: class 1. n = 1: nobody. n = 5: 1 / 2 at class 0, 3.4 /
 * 4 at class 1. n = 10: 6 / 2 at class 0, 8.4 / 4 at class 1. */
static void each_penalty_counts_in_its_unit(void **state)
{
	(void)state;
	for (unsigned n = 1; n < 9; n++) {
		assert_int_equal(goes_to("0", "money", n), 0);
		assert_int_equal(goes_to("2", "network-time", n), n > 1 ? 0 : NOWHERE);
	}
	assert_int_equal(goes_to("2000", "money", 1), NOWHERE);
	assert_int_equal(goes_to("2000", "money", 3), 1);
	assert_int_equal(goes_to("2000", "money", 5), 1);
	assert_int_equal(goes_to("2000", "money", 10), 0);
	assert_int_equal(goes_to("0.01", "energy", 3), NOWHERE);
	assert_int_equal(goes_to("0.01", "energy", 5), 1);
	assert_int_equal(goes_to("0.01", "energy", 7), 1);
	assert_int_equal(goes_to("0.01", "energy", 9), 0);
}

static void it_needs_to_know_what_it_is_to_weigh(void **state)
{
	static const char *const penalties[] = {"network-time", "money", "energy"};
	struct view_fixture f;
	char why[200];

	(void)state;
	two_servers(&f, 1);
	f.of_class[1].upkeep = (struct upkeep){(double)NAN, (double)NAN};
	for (size_t k = 0; k < 3; k++) {
		struct policy_state *v = state_of("1", penalties[k]),
				    *none = state_of("0", penalties[k]);

		assert_int_equal(policy_max_weight.check(v, &f.v, why, sizeof why), k == 0);
		assert_true(policy_max_weight.check(none, &f.v, why, sizeof why));
		free(v);
		free(none);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_chain_has_the_known_means),
		cmocka_unit_test(the_policy_plays_the_chain),
		cmocka_unit_test(v_trades_queues_for_the_penalty),
		cmocka_unit_test(each_penalty_counts_in_its_unit),
		cmocka_unit_test(it_needs_to_know_what_it_is_to_weigh),
	};

	return cmocka_run_group_tests_name("policy_max_weight", tests, NULL, NULL);
}
