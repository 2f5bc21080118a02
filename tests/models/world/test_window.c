/* Windows are [from, to): what is counted in two that follow each other adds up. */
#include "tests/support/check.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io/trace/arrival_trace.h"
#include "sim/rng.h"
#include "tests/support/world_fixture.h"

/* Everything that may be summed over windows: counts, and rates times the length. */
static const struct {
	const char *name;
	bool rate;
} amounts[] = {
	{"requests.created", false},
	{"throughput.req_per_s", true},
	{"goodput.req_per_s", true},
	{"work_conserving.violation_s", false},
};
enum { AMOUNTS = sizeof amounts / sizeof *amounts };

static const struct {
	const char *name;
	bool rate;
} of_instances[] = {{"requests.done", false}, {"busy.share", true}, {"queue.mean", true}};
enum { OF_INSTANCES = sizeof of_instances / sizeof *of_instances };

static double amount(const struct fixture *f, const char *scope, const char *name, bool rate)
{
	return fixture_metric(f, scope, name) * (rate ? f->spec.run.horizon_s : 1.0);
}

static void measure(
	struct fixture *f, double from_s, double to_s, double x[AMOUNTS + 2 * OF_INSTANCES])
{
	f->warmup_s = from_s;
	f->spec.run.horizon_s = to_s - from_s;
	fixture_run(f);
	for (size_t i = 0; i < AMOUNTS; i++)
		x[i] = amount(f, "", amounts[i].name, amounts[i].rate);
	for (size_t i = 0; i < OF_INSTANCES; i++) {
		x[AMOUNTS + i] =
			amount(f, "instance:a", of_instances[i].name, of_instances[i].rate);
		x[AMOUNTS + OF_INSTANCES + i] =
			amount(f, "instance:b", of_instances[i].name, of_instances[i].rate);
	}
}

static void adds_up(struct fixture *f, double mid_s, double end_s)
{
	double first[AMOUNTS + 2 * OF_INSTANCES], second[AMOUNTS + 2 * OF_INSTANCES],
		both[AMOUNTS + 2 * OF_INSTANCES];

	measure(f, 0.0, mid_s, first);
	measure(f, mid_s, end_s, second);
	measure(f, 0.0, end_s, both);
	for (size_t i = 0; i < AMOUNTS + 2 * OF_INSTANCES; i++)
		assert_near(first[i] + second[i], both[i], 1e-9);
}

/* Two stations of whole and half seconds: many events fall on the boundaries. */
static void stations(struct fixture *f, struct rng *r, const char *trace)
{
	struct group_spec *g;

	fixture_init(f);
	fixture_site(f, "edge", TIER_EDGE, NULL);
	fixture_station(f, "a", 0, 0.0)->service =
		dist_constant(0.5 * (double)(1 + rng_below(r, 4)));
	fixture_station(f, "b", 0, 0.0)->service =
		rng_below(r, 2) ? dist_exponential(1.0) : dist_constant(1.0);
	g = fixture_group(f, "u", 1.0);
	g->deadline_s = (double)(1 + rng_below(r, 4));
	g->arrivals.process = rng_below(r, 2) ? ARRIVAL_DETERMINISTIC : ARRIVAL_POISSON;
	if (trace)
		g->arrivals = (struct arrival_spec){.process = ARRIVAL_TRACE,
			.trace = {.file = trace,
				.format = TRACE_CSV,
				.rate_scale = 1.0,
				.window_s = {0.0, HUGE_VAL},
				.opener = &arrival_trace_opener}};
}

static void two_windows_add_up_to_the_one_over_both(void **state)
{
	struct rng r;

	(void)state;
	rng_init(&r, 1, 0, "windows", "");
	for (unsigned i = 0; i < 40; i++) {
		double mid_s = 0.5 * (double)(2 + rng_below(&r, 60));
		struct fixture f;

		stations(&f, &r, NULL);
		adds_up(&f, mid_s, mid_s + 0.5 * (double)(1 + rng_below(&r, 60)));
		fixture_finish(&f);
	}
}

static void traces_with_rows_on_the_boundaries_add_up(void **state)
{
	char path[] = "/tmp/offing-window-XXXXXX";
	int fd = mkstemp(path);
	struct rng r;

	(void)state;
	assert_true(fd >= 0);
	rng_init(&r, 2, 0, "windows", "");
	dprintf(fd, "arrival_s,prompt_tokens,output_tokens\n");
	for (int i = 0; i < 60; i++) /* two each second, one of them on it */
		dprintf(fd, "%d,10,3\n%d.5,10,3\n", i, i);
	close(fd);
	for (int i = 0; i < 20; i++) {
		double mid_s = (double)(1 + rng_below(&r, 25));
		struct fixture f;

		stations(&f, &r, path);
		adds_up(&f, mid_s, mid_s + (double)(1 + rng_below(&r, 30)));
		fixture_finish(&f);
	}
	unlink(path);
}

/* Arrivals at 1, 2, ... s: of [10, 20) those at 10 ... 19. */
static void the_start_belongs_to_a_window_and_the_end_does_not(void **state)
{
	struct fixture f;
	struct rng r;

	(void)state;
	rng_init(&r, 3, 0, "windows", "");
	stations(&f, &r, NULL);
	f.groups[0].arrivals.process = ARRIVAL_DETERMINISTIC;
	f.warmup_s = 10.0;
	f.spec.run.horizon_s = 10.0;
	fixture_run(&f);
	assert_near(fixture_metric(&f, "", "requests.created"), 10.0, 0.0);
	fixture_finish(&f);
}

/* A hundred come each second and take 5 s: a window of 10.5 s sees 1050 of them answered in
 * time, though the last 500 of its own are not answered yet. */
static void goodput_is_a_flow_as_throughput_is(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	fixture_site(&f, "edge", TIER_EDGE, NULL);
	fixture_station(&f, "a", 0, 0.0)->service = dist_constant(5.0);
	f.instances[0].slots = 1000;
	fixture_group(&f, "u", 100.0)->arrivals.process = ARRIVAL_DETERMINISTIC;
	f.groups[0].deadline_s = 60.0;
	f.warmup_s = 100.0;
	f.spec.run.horizon_s = 10.5;
	fixture_run(&f);
	assert_near(fixture_metric(&f, "", "goodput.req_per_s"), 100.0, 1e-9);
	assert_near(fixture_metric(&f, "", "throughput.req_per_s"), 100.0, 1e-9);
	assert_near(fixture_metric(&f, "", "qos.share"), 1.0, 0.0);
	f.groups[0].deadline_s = 4.0; /* all late */
	fixture_run(&f);
	assert_near(fixture_metric(&f, "", "goodput.req_per_s"), 0.0, 0.0);
	assert_near(fixture_metric(&f, "", "throughput.req_per_s"), 100.0, 1e-9);
	fixture_finish(&f);
}

/* Nobody leaves: of the slots of 1 s those in [5, 15) count, which end at 6, 7, ..., 15 s. The one
 * that ends at 5 s lies before the window. */
static void slots_are_those_within_the_window(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	fixture_site(&f, "edge", TIER_EDGE, NULL);
	fixture_station(&f, "a", 0, 0.0)->service = dist_constant(100.0);
	fixture_group(&f, "u", 0.5)->arrivals.process = ARRIVAL_DETERMINISTIC; /* 2, 4, ... s */
	f.spec.record.queues_s = 1.0;
	f.warmup_s = 5.0;
	f.spec.run.horizon_s = 10.0;
	fixture_run(&f);
	/* in the system at 6 and 7 s: 3, at 8 and 9 s: 4, ..., at 14 and 15 s: 7; one of them is
	 * with the instance: L = (1 + (n - 1)^2) / 2 */
	assert_near(fixture_metric(&f, "", "lyapunov.L_mean"),
		(2 * (1 + 4) + 2 * (1 + 9) + 2 * (1 + 16) + 2 * (1 + 25) + 2 * (1 + 36)) / 20.0,
		1e-12);
	fixture_finish(&f);
}

/* What counts tokens needs something that makes them: a station does not. */
static void metrics_of_tokens_are_absent_without_a_model(void **state)
{
	char path[] = "/tmp/offing-window-XXXXXX";
	int fd = mkstemp(path);
	struct fixture f;
	struct rng r;

	(void)state;
	assert_true(fd >= 0);
	dprintf(fd, "arrival_s,prompt_tokens,output_tokens\n1,10,3\n2,10,3\n");
	close(fd);
	rng_init(&r, 4, 0, "windows", "");
	stations(&f, &r, path);
	f.groups[0].workload.kind = WORKLOAD_TRACE;
	fixture_run(&f);
	unlink(path);
	for (size_t m = 0; m < f.result.n_metrics; m++) {
		const char *name = metrics[f.result.metrics[m].id].name;

		assert_null(strstr(name, "tok"));
		assert_null(strstr(name, "ttft"));
		assert_null(strstr(name, "tpot"));
	}
	fixture_finish(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_windows_add_up_to_the_one_over_both),
		cmocka_unit_test(traces_with_rows_on_the_boundaries_add_up),
		cmocka_unit_test(the_start_belongs_to_a_window_and_the_end_does_not),
		cmocka_unit_test(goodput_is_a_flow_as_throughput_is),
		cmocka_unit_test(slots_are_those_within_the_window),
		cmocka_unit_test(metrics_of_tokens_are_absent_without_a_model),
	};

	return cmocka_run_group_tests_name("window", tests, NULL, NULL);
}
