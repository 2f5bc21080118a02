/* Stations whose service depends on whose request it is: who is served where, for how long, what is
 * expected of it, and the mean wait of classes that share one server. */
#include "tests/support/check.h"

#include "sim/stat.h"
#include "tests/support/world_fixture.h"

enum { A, B, C };

/* What a policy is told. */
static struct {
	bool asks;
	double idle_s[3], now_s[3];
} told;

static bool next(struct policy_state *st, const struct view *v, struct assignment *out)
{
	(void)st;
	if (v->n_waiting == 0)
		return false;
	for (uint32_t g = 0; told.asks && v->instances[0].assigned == 3 && g < v->n_groups; g++) {
		struct waiting w = *v->waiting;

		w.group.i = g;
		told.idle_s[g] = v->predict_idle(v, &w, (struct instance_id){0}, 0.0).total_s;
		told.now_s[g] = v->predict(v, &w, (struct instance_id){0}, 0.0).total_s;
	}
	*out = (struct assignment){.request = v->waiting->id, .instance = {0}};
	return true;
}

static const struct policy_ops asker = {
	.name = "asker", .summary = "all to the first", .eager = true, .next = next};

/** Three groups; the laws of the first two are their own: 1 s and 3 s, that of others 2 s. */
static void station(struct fixture *f, struct group_service laws[2])
{
	struct instance_spec *s;

	fixture_init(f);
	fixture_site(f, "box", TIER_EDGE, NULL);
	s = fixture_station(f, "q", 0, 2.0);
	s->service = dist_constant(2.0);
	laws[0] = (struct group_service){.name = "a", .group = {A}, .law = dist_constant(1.0)};
	laws[1] = (struct group_service){.name = "b", .group = {B}, .law = dist_constant(3.0)};
	s->service_of = laws;
	s->n_service_of = 2;
	fixture_group(f, "a", 0.2);
	fixture_group(f, "b", 0.1);
	fixture_group(f, "c", 0.05);
}

static void each_group_is_served_by_its_own_law(void **state)
{
	static const double service_s[] = {1.0, 3.0, 2.0};
	struct group_service laws[2];
	size_t n[3] = {0};
	struct fixture f;

	(void)state;
	station(&f, laws);
	for (int shared = 0; shared < 2; shared++) {
		f.instances[0].discipline = shared ? DISCIPLINE_PS : DISCIPLINE_FIFO;
		f.instances[0].slots = shared ? 1000 : 1; /* then nobody slows another */
		fixture_run(&f);
		for (size_t k = 0; k < f.n_rows; k++) {
			const struct request_row *r = &f.rows[k];

			if (r->fate != FATE_DONE)
				continue;
			assert_near(1e-9 * (double)(r->finished_ns - r->started_ns),
				service_s[r->group], 1e-9);
			n[r->group]++;
		}
	}
	assert_true(n[A] > 20 && n[B] > 10 && n[C] > 4);
	fixture_finish(&f);
}

/* One who is named nowhere goes to the only one with a service for all. */
static void who_is_not_named_is_served_elsewhere(void **state)
{
	static const char *const policies[] = {"k-p-fcfs", "fcfs", "jsq", "random", "power-of-d",
		"max-weight", "least-work", "round-robin"};
	struct group_service laws[2], both[1];
	struct fixture f;

	(void)state;
	for (size_t p = 0; p < sizeof policies / sizeof *policies; p++) {
		size_t n[3][2] = {0};

		station(&f, laws);
		f.instances[0].named_only = true;
		fixture_station(&f, "r", 0, 1.0);
		both[0] = (struct group_service){.group = {B}, .law = dist_exponential(0.5)};
		f.instances[1].service_of = both;
		f.instances[1].n_service_of = 1;
		fixture_policy(&f, policies[p]);
		fixture_run(&f);
		assert_int_equal(f.result.status, RUN_COMPLETE);
		for (size_t k = 0; k < f.n_rows; k++)
			if (f.rows[k].instance != NO_ID)
				n[f.rows[k].group][f.rows[k].instance]++;
		assert_int_equal(n[C][0], 0);
		assert_true(n[C][1] > 0 && n[A][0] + n[B][0] > 0);
		fixture_finish(&f);
	}
}

/* a, b, b are there (1 + 3 + 3 = 7 s) when the next asks. In line of one server: all 7 s, as means
 * go, and its own. Shared: four at once, its own four times. */
static void predictions_go_by_the_groups_that_are_there(void **state)
{
	static const double own_s[] = {1.0, 3.0, 2.0};
	struct group_service laws[2];
	struct fixture f;

	(void)state;
	for (int shared = 0; shared < 2; shared++) {
		station(&f, laws);
		f.instances[0].discipline = shared ? DISCIPLINE_PS : DISCIPLINE_FIFO;
		f.policy = (struct policy_spec){.label = "asker", .ops = &asker};
		f.groups[A].arrivals =
			(struct arrival_spec){.process = ARRIVAL_SATURATED, .outstanding = 1};
		f.groups[B].arrivals =
			(struct arrival_spec){.process = ARRIVAL_SATURATED, .outstanding = 2};
		f.groups[C].arrivals =
			(struct arrival_spec){.process = ARRIVAL_SATURATED, .outstanding = 1};
		f.spec.run.horizon_s = 0.5;
		told.asks = true;
		fixture_run(&f);
		for (size_t g = 0; g < 3; g++) {
			assert_near(told.idle_s[g], own_s[g], 1e-12);
			assert_near(told.now_s[g], shared ? 4.0 * own_s[g] : 7.0 + own_s[g], 1e-12);
		}
		told.asks = false;
		fixture_finish(&f);
	}
}

/* M/G/1 by Pollaczek and Khinchine, whose service is a mix: constant 1 s of .3 a second,
 * exponential of mean 2 s (second moment 8) of .2 a second. rho = .7, the wait of either (.3 x 1 +
 * .2 x 8) / (2 x .3) = 3.16667 s. */
static void classes_wait_as_pollaczek_and_khinchine_say(void **state)
{
	static const double sojourn_s[] = {3.166667 + 1.0, 3.166667 + 2.0};
	enum { RUNS = 20 };
	double x[2][RUNS];
	struct group_service law = {.group = {B}, .law = dist_exponential(2.0)};
	struct stat_interval i;
	struct fixture f;

	(void)state;
	fixture_init(&f);
	fixture_site(&f, "box", TIER_EDGE, NULL);
	fixture_station(&f, "q", 0, 1.0)->service = dist_constant(1.0);
	f.instances[0].service_of = &law;
	f.instances[0].n_service_of = 1;
	fixture_group(&f, "a", 0.3);
	fixture_group(&f, "b", 0.2);
	f.warmup_s = 1000.0;
	f.spec.run.horizon_s = 100000.0;
	for (f.replication = 0; f.replication < RUNS; f.replication++) {
		fixture_run(&f);
		x[A][f.replication] = fixture_metric(&f, "group:a", "e2e.mean_s");
		x[B][f.replication] = fixture_metric(&f, "group:b", "e2e.mean_s");
	}
	for (size_t g = 0; g < 2; g++) {
		stat_interval(&i, x[g], RUNS, 0.999);
		assert_true(i.lo <= sojourn_s[g] && sojourn_s[g] <= i.hi);
		assert_true(i.hi - i.lo < 0.05 * sojourn_s[g]);
	}
	fixture_finish(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_group_is_served_by_its_own_law),
		cmocka_unit_test(who_is_not_named_is_served_elsewhere),
		cmocka_unit_test(predictions_go_by_the_groups_that_are_there),
		cmocka_unit_test(classes_wait_as_pollaczek_and_khinchine_say),
	};

	return cmocka_run_group_tests_name("service_of", tests, NULL, NULL);
}
