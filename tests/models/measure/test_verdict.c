/* The verdict of a run: of which it is asked, what it looks at, and that it is right. */
#include "tests/support/check.h"

#include <string.h>

#include "models/measure/stability.h"
#include "tests/support/world_fixture.h"

static const struct metric_row *verdict_row(const struct fixture *f)
{
	for (size_t m = 0; m < f->result.n_metrics; m++)
		if (f->result.metrics[m].id == METRIC_LYAPUNOV_VERDICT)
			return &f->result.metrics[m];
	return NULL;
}

/* Verdicts of @seeds runs: right, none, wrong. */
struct score {
	unsigned right, none, wrong;
};

static void score(struct score *s, double verdict, double truth)
{
	s->right += verdict == truth;
	s->none += verdict == 0.0;
	s->wrong += verdict == -truth;
}

/* With an error of 1 % and at most 20 % undecided, of 40 runs with probability 99.9 % at most 4 are
 * wrong, and at most 17 undecided (binomial). */
static void judge(const struct score *s, const char *what, double load)
{
	if (s->wrong > 4 || s->none > 17)
		fail_msg("%s at %g: %u right, %u undecided, %u wrong", what, load, s->right,
			s->none, s->wrong);
}

static void queue(struct fixture *f, double rate_per_s)
{
	fixture_init(f);
	fixture_site(f, "edge", TIER_EDGE, NULL);
	fixture_station(f, "q", 0, 1.0);
	fixture_group(f, "u", rate_per_s);
}

/* 5000 requests are somewhat less than the default length of M/M/1, 6400. */
static void judge_queues(const char *policy, double load)
{
	struct score s = {0};

	for (uint64_t seed = 1; seed <= 40; seed++) {
		struct fixture f;

		queue(&f, load);
		fixture_policy(&f, policy);
		f.spec.run.seed = seed;
		f.spec.run.horizon_s = 5000.0 / load;
		fixture_run(&f);
		score(&s, verdict_row(&f)->value, load < 1.0 ? 1.0 : -1.0);
		fixture_finish(&f);
	}
	judge(&s, policy, load);
}

static void a_queue_at_five_per_cent_either_side_is_told_apart(void **state)
{
	static const double loads[] = {0.5, 0.95, 1.05, 1.5};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		judge_queues("fcfs", loads[i]);
		judge_queues("random", loads[i]);
	}
}

/* A place is taken from when the scheduler gives it until the service ends: 0.5 s on the way and 1
 * s of service, so 2/3 of a request a second, though the server itself could do 1. */
static void a_place_that_waits_for_an_upload_is_taken(void **state)
{
	static const double loads[] = {0.95, 1.05};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct score s = {0};

		for (uint64_t seed = 1; seed <= 40; seed++) {
			struct fixture f;

			queue(&f, loads[i] / 1.5);
			fixture_link(&f, "l", "users", "edge", 1e9, 0.5);
			f.spec.run.seed = seed;
			f.spec.run.horizon_s = 5000.0 * 1.5;
			fixture_run(&f);
			score(&s, verdict_row(&f)->value, loads[i] < 1.0 ? 1.0 : -1.0);
			fixture_finish(&f);
		}
		judge(&s, "with uploads", loads[i]);
	}
}

/* An instance that runs a model: what it answers a second when there is always more is where it
 * stops to be stable (saturation rule, Baccelli and Foss 1995). */
static void server(struct fixture *f, enum batching batching)
{
	struct instance_spec *s;

	fixture_init(f);
	fixture_site(f, "cloud", TIER_CLOUD, "rtx-4090");
	fixture_model(f, "llama2-7b", PRECISION_INT8);
	s = fixture_llm(f, "a", 0, 0);
	s->batching = batching;
	s->max_batch = 8;
	fixture_group(f, "u", 1.0);
	f->groups[0].workload.output_tok = dist_exponential(60.0);
}

static double saturated_per_s(enum batching batching)
{
	struct fixture f;
	double rate;

	server(&f, batching);
	f.groups[0].arrivals.process = ARRIVAL_SATURATED;
	f.groups[0].arrivals.outstanding = 40;
	f.warmup_s = 50.0;
	f.spec.run.horizon_s = 4000.0;
	fixture_run(&f);
	rate = fixture_metric(&f, "", "throughput.req_per_s");
	assert_null(verdict_row(&f)); /* they cannot outrun it */
	fixture_finish(&f);
	return rate;
}

static void judge_servers(enum batching batching, double capacity_per_s, double load)
{
	struct score s = {0};

	for (uint64_t seed = 1; seed <= 40; seed++) {
		struct fixture f;

		server(&f, batching);
		f.groups[0].arrivals.rate_per_s = load * capacity_per_s;
		f.spec.run.seed = seed;
		f.spec.run.horizon_s = 5000.0 / (load * capacity_per_s);
		fixture_run(&f);
		score(&s, verdict_row(&f)->value, load < 1.0 ? 1.0 : -1.0);
		fixture_finish(&f);
	}
	judge(&s, "a server", load);
}

static void so_is_a_server_that_runs_a_model(void **state)
{
	static const enum batching kinds[] = {
		BATCHING_CONTINUOUS, BATCHING_CHUNKED, BATCHING_STATIC};
	static const double loads[] = {0.6, 0.92, 1.08, 1.4};

	(void)state;
	for (size_t k = 0; k < 3; k++) {
		double capacity_per_s = saturated_per_s(kinds[k]);

		for (size_t i = 0; i < 4; i++)
			judge_servers(kinds[k], capacity_per_s, loads[i]);
	}
}

/* A thousand more come than go until 100 s, then nobody, and all is drained by 200 s. */
static void what_is_drained_when_nobody_comes_any_more_is_not_looked_at(void **state)
{
	struct fixture f;
	struct probe p;
	struct drift_evidence e;
	uint64_t n = 0;

	(void)state;
	queue(&f, 1.0);
	p = stability_create(&f.spec);
	for (int i = 1; i <= 1000; i++)
		p.ops->in_system(p.state, INT64_C(100000000) * i, ++n);
	p.ops->quiet(p.state, INT64_C(100000000000));
	for (int i = 1; i <= 1000; i++)
		p.ops->in_system(p.state, INT64_C(100000000000) + INT64_C(100000000) * i, --n);
	e = stability_evidence(&p, INT64_C(250000000000));
	assert_near(e.rise, 1000, 15); /* but for the last bin */
	assert_near(e.time_s, 100, 1.5);
	assert_int_equal(e.runs, 1);
	stability_destroy(&p);
	fixture_finish(&f);
}

/* 1.5 /s for 3000 s and then nobody: in the 9000 s that follow all is served. And .5 /s, 2 /s, ...:
 * the run is one change long, and says nothing. */
static void a_schedule_is_judged_while_somebody_comes(void **state)
{
	static const double ends_s[] = {0.0, 3000.0}, ends_per_s[] = {1.5, 0.0};
	static const double turns_s[] = {0.0, 6000.0}, turns_per_s[] = {0.5, 2.0};
	struct fixture f;

	(void)state;
	queue(&f, 1.0);
	f.spec.run.horizon_s = 12000.0;
	f.groups[0].arrivals = (struct arrival_spec){.process = ARRIVAL_SCHEDULE,
		.n_steps = 2,
		.steps_s = ends_s,
		.steps_per_s = ends_per_s};
	fixture_run(&f);
	assert_near(verdict_row(&f)->value, -1.0, 1e-12);
	f.groups[0].arrivals.steps_s = turns_s;
	f.groups[0].arrivals.steps_per_s = turns_per_s;
	fixture_run(&f);
	assert_near(verdict_row(&f)->value, 0.0, 1e-12);
	fixture_finish(&f);
}

static void it_is_asked_of_users_with_rates_of_their_own(void **state)
{
	static const enum arrival_process with[] = {ARRIVAL_POISSON, ARRIVAL_DETERMINISTIC,
		ARRIVAL_GAMMA, ARRIVAL_WEIBULL, ARRIVAL_MMPP, ARRIVAL_SCHEDULE, ARRIVAL_TRACE};
	static const enum arrival_process without[] = {ARRIVAL_CLOSED, ARRIVAL_SATURATED};
	struct fixture f;
	const char *why;

	(void)state;
	queue(&f, 1.0);
	fixture_group(&f, "v", 1.0);
	for (size_t i = 0; i < sizeof with / sizeof *with; i++) {
		f.groups[1].arrivals.process = with[i];
		assert_true(stability_applies(&f.spec, &why));
		assert_null(why);
	}
	for (size_t i = 0; i < sizeof without / sizeof *without; i++) {
		f.groups[1].arrivals.process = without[i];
		assert_false(stability_applies(&f.spec, &why));
		assert_non_null(why);
	}
	fixture_finish(&f);
}

/* Told of each instance: is it full? Against the requests themselves: two slots, so full while two
 * or more are there. */
struct probe_state {
	size_t n;
	int64_t at_ns[20000];
	bool yes[20000];
};

static void keep_full(struct probe_state *p, int64_t at_ns, struct instance_id i, bool yes)
{
	assert_int_equal(i.i, 0);
	assert_true(p->n < 20000);
	p->at_ns[p->n] = at_ns;
	p->yes[p->n++] = yes;
}

static double full_s_as_told(const struct probe_state *p, int64_t to_ns)
{
	int64_t sum = 0;

	for (size_t k = 0; k < p->n; k++) {
		int64_t until = k + 1 < p->n ? p->at_ns[k + 1] : to_ns;

		assert_true(k == 0 ? p->yes[0] : p->yes[k] != p->yes[k - 1]);
		sum += p->yes[k] ? until - p->at_ns[k] : 0;
	}
	return 1e-9 * (double)sum;
}

static double both_s(const struct fixture *f, int64_t to_ns)
{
	double sum = 0.0;

	/* while a request is in service another that began before it may be, too: pairs overlap */
	for (size_t i = 0; i < f->n_rows; i++)
		for (size_t k = i + 1; k < f->n_rows; k++) {
			const struct request_row *a = &f->rows[i], *b = &f->rows[k];
			int64_t from, to, a_to, b_to;

			if (a->started_ns == TIME_NONE || b->started_ns == TIME_NONE)
				continue;
			a_to = a->finished_ns == TIME_NONE ? to_ns : a->finished_ns;
			b_to = b->finished_ns == TIME_NONE ? to_ns : b->finished_ns;
			from = a->started_ns > b->started_ns ? a->started_ns : b->started_ns;
			to = a_to < b_to ? a_to : b_to;
			sum += to > from ? 1e-9 * (double)(to - from) : 0.0;
		}
	return sum;
}

static void a_station_is_full_while_all_its_slots_are_taken(void **state)
{
	static const struct probe_ops ops = {.name = "keeper", .full = keep_full};
	static struct probe_state told;
	struct fixture f;

	(void)state;
	told.n = 0;
	queue(&f, 1.6);
	f.instances[0].slots = 2;
	f.also = (struct probe){&ops, &told};
	f.spec.run.horizon_s = 1000.0;
	fixture_run(&f);
	assert_true(told.n > 100);
	assert_near(full_s_as_told(&told, INT64_C(1000000000000)),
		both_s(&f, INT64_C(1000000000000)), 1e-6);
	fixture_finish(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_asked_of_users_with_rates_of_their_own),
		cmocka_unit_test(a_schedule_is_judged_while_somebody_comes),
		cmocka_unit_test(what_is_drained_when_nobody_comes_any_more_is_not_looked_at),
		cmocka_unit_test(a_station_is_full_while_all_its_slots_are_taken),
		cmocka_unit_test(a_queue_at_five_per_cent_either_side_is_told_apart),
		cmocka_unit_test(a_place_that_waits_for_an_upload_is_taken),
		cmocka_unit_test(so_is_a_server_that_runs_a_model),
	};

	return cmocka_run_group_tests_name("verdict", tests, NULL, NULL);
}
