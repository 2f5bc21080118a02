/* What a run says of itself: each remark, and a scenario beside it that earns none. */
#include "tests/support/check.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io/trace/arrival_trace.h"
#include "tests/support/world_fixture.h"

static const struct warning *remark(const struct fixture *f, enum warning_kind kind)
{
	for (size_t i = 0; i < f->result.warnings.n; i++)
		if (f->result.warnings.at[i].kind == kind)
			return &f->result.warnings.at[i];
	return NULL;
}

static void says(
	const struct fixture *f, enum warning_kind kind, const char *scope, const char *what)
{
	const struct warning *w = remark(f, kind);

	if (!w)
		fail_msg("nothing of the kind '%s' is said", warning_words[kind]);
	assert_string_equal(w->scope, scope);
	if (!strstr(w->text, what))
		fail_msg("'%s' is not in '%s'", what, w->text);
}

static void says_nothing(const struct fixture *f)
{
	if (f->result.warnings.n > 0)
		fail_msg("said: %s", f->result.warnings.at[0].text);
}

static void station(struct fixture *f, double gap_s, double service_s)
{
	fixture_init(f);
	fixture_site(f, "edge", TIER_EDGE, NULL);
	fixture_station(f, "q", 0, 0.0)->service = dist_constant(service_s);
	fixture_group(f, "u", 1.0 / gap_s)->arrivals.process = ARRIVAL_DETERMINISTIC;
}

static void trace_at(struct fixture *f, const char *path)
{
	f->groups[0].arrivals = (struct arrival_spec){.process = ARRIVAL_TRACE,
		.trace = {.file = path,
			.format = TRACE_CSV,
			.rate_scale = 1.0,
			.window_s = {0.0, HUGE_VAL},
			.opener = &arrival_trace_opener,
			.at = {"s.yaml", 7, 3}}};
}

/* A trace of @n rows, one a second from @first_s on. */
static void trace(struct fixture *f, char *path, int n, double first_s)
{
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	dprintf(fd, "arrival_s,prompt_tokens,output_tokens\n");
	for (int i = 0; i < n; i++)
		dprintf(fd, "%.1f,10,3\n", first_s + i);
	close(fd);
	trace_at(f, path);
}

/* Run one that is refused as input, when it is built or on the way. */
static void refused(struct fixture *f, const char *what)
{
	struct world_setup setup = {
		.spec = &f->spec, .policy = &f->policy, .seed = 1, .warmup_s = f->warmup_s};
	struct world_result r;
	struct err err = {0};
	struct world *w;

	if (world_create(&w, &setup, &err)) {
		assert_false(world_run(w, &r, &err));
		world_destroy(w);
	}
	assert_int_equal(err.kind, ERR_INPUT);
	if (!strstr(err.msg, what))
		fail_msg("'%s' is not in '%s'", what, err.msg);
}

/* 60 rows at 0 ... 59 s. */
static void a_trace_that_ends_before_the_window_is_told(void **state)
{
	char path[] = "/tmp/offing-remarks-XXXXXX";
	struct fixture f;

	(void)state;
	station(&f, 1.0, 0.5);
	trace(&f, path, 60, 0.0);
	f.spec.run.horizon_s = 61.0; /* two seconds are a gap */
	fixture_run(&f);
	says_nothing(&f);
	f.spec.run.horizon_s = 80.0;
	fixture_run(&f);
	says(&f, WARN_TRACE_ENDS, "group:u", "ends at 59 s");
	f.spec.run.horizon_s = 31.0; /* twice as fast it ends at 29.5 s */
	f.groups[0].arrivals.trace.rate_scale = 2.0;
	fixture_run(&f);
	says_nothing(&f);
	f.spec.run.horizon_s = 60.0;
	fixture_run(&f);
	says(&f, WARN_TRACE_ENDS, "group:u", "ends at 29.5 s");
	f.groups[0].arrivals.trace.rate_scale = 1.0;
	f.warmup_s = 20.0; /* the window is from 20 to 80 s now */
	fixture_run(&f);
	says(&f, WARN_TRACE_ENDS, "group:u", "from 20 s to 80 s");
	f.groups[0].arrivals.trace.window_s[1] =
		30.0; /* so much of it was asked for, and no more */
	f.warmup_s = 0.0;
	f.spec.run.horizon_s = 30.0;
	fixture_run(&f);
	says_nothing(&f);
	unlink(path);
	fixture_finish(&f);
}

/* 60 rows, 1.5 s each, one at a time: the last is answered at 90 s. */
static void a_horizon_of_the_trace_measures_all_of_it(void **state)
{
	char path[] = "/tmp/offing-remarks-XXXXXX";
	struct fixture f;

	(void)state;
	station(&f, 1.0, 1.5);
	trace(&f, path, 60, 0.0);
	f.spec.run.horizon_s = 0.0;
	f.spec.run.horizon_trace = true;
	fixture_run(&f);
	assert_near(fixture_metric(&f, "", "requests.created"), 60.0, 0.0);
	assert_near(fixture_metric(&f, "", "requests.done"), 60.0, 0.0);
	assert_near(f.result.horizon_s, 90.0, 1e-9);
	assert_null(remark(&f, WARN_TRACE_ENDS));
	f.warmup_s = 9.5; /* rows 10 ... 59 */
	fixture_run(&f);
	assert_near(fixture_metric(&f, "", "requests.created"), 50.0, 0.0);
	assert_near(fixture_metric(&f, "", "requests.done"), 50.0, 0.0);
	f.warmup_s = 200.0; /* after all of it */
	fixture_run(&f);
	says(&f, WARN_EMPTY, "", "the last one came at 59 s");
	/* others who still come when the trace is over are measured no more */
	f.warmup_s = 0.0;
	f.instances[0].service = dist_constant(0.25);
	fixture_group(&f, "v", 1.0)->arrivals.process = ARRIVAL_DETERMINISTIC;
	fixture_run(&f);
	assert_near(fixture_metric(&f, "group:u", "requests.done"), 60.0, 0.0);
	assert_true(fixture_metric(&f, "group:v", "requests.done") >= 58.0);
	unlink(path);
	fixture_finish(&f);
}

static void more_requests_than_the_trace_has_are_refused(void **state)
{
	char path[] = "/tmp/offing-remarks-XXXXXX", longer[] = "/tmp/offing-remarks-XXXXXX";
	struct fixture f;

	(void)state;
	station(&f, 1.0, 0.5);
	trace(&f, path, 60, 0.0);
	f.spec.run.horizon_s = 0.0;
	f.spec.run.requests = 60;
	fixture_run(&f);
	assert_int_equal(f.result.status, RUN_COMPLETE);
	f.spec.run.requests = 61;
	refused(&f, path);
	refused(&f, "60 requests");
	f.spec.run.requests = 51; /* seen at its end: the warm-up takes ten of them */
	f.warmup_s = 9.5;
	refused(&f, "60 requests, 50 of them after the warm-up of 9.5 s");
	f.spec.run.requests = 50;
	fixture_run(&f);
	assert_int_equal(f.result.status, RUN_COMPLETE);
	fixture_group(&f, "v", 1.0); /* who brings what is wanting */
	f.spec.run.requests = 200;
	fixture_run(&f);
	assert_int_equal(f.result.status, RUN_COMPLETE);
	unlink(path);
	/* longer than what is read ahead: seen at its end, at 10 100 s */
	f.spec.n_groups = 1;
	f.warmup_s = 0.0;
	trace(&f, longer, 10100, 0.0);
	f.spec.run.requests = 10101;
	refused(&f, "10100 requests");
	unlink(longer);
	fixture_finish(&f);
}

static void a_window_without_requests_is_told(void **state)
{
	char path[] = "/tmp/offing-remarks-XXXXXX";
	struct fixture f;

	(void)state;
	station(&f, 1.0, 0.5);
	trace(&f, path, 60, 1750000000.5); /* seconds since 1970 */
	f.spec.run.horizon_s = 60.0;
	fixture_run(&f);
	says(&f, WARN_EMPTY, "", "the first one comes at 1750000000.5 s");
	f.warmup_s = 1749999990.5;   /* ten seconds before */
	f.spec.run.horizon_s = 10.0; /* and up to the first, which is the next window's */
	fixture_run(&f);
	says(&f, WARN_EMPTY, "", "1750000000.5 s");
	f.spec.run.horizon_s = 10.0 + 1e-6;
	fixture_run(&f);
	assert_null(remark(&f, WARN_EMPTY));
	unlink(path);
	fixture_finish(&f);
}

static void llm(struct fixture *f, double prompt_tok)
{
	fixture_init(f);
	fixture_site(f, "edge", TIER_EDGE, "titan-x");
	fixture_model(f, "llama2-7b", PRECISION_INT8);
	fixture_llm(f, "gpu", 0, 0);
	fixture_group(f, "u", 0.1)->arrivals.process = ARRIVAL_DETERMINISTIC;
	f->groups[0].workload.prompt_tok = dist_constant(prompt_tok);
}

/* Nine come in 100 s; the context is 4096 tokens, the answers 50. */
static void everybody_rejected_is_told_with_the_reason(void **state)
{
	struct fixture f;

	(void)state;
	llm(&f, 5000.0);
	fixture_run(&f);
	says(&f, WARN_REJECTED, "group:u",
		"all 9 requests were rejected: 9 exceed the context of 4096");
	says(&f, WARN_REJECTED, "group:u", "a prompt of 5000 tokens and an answer of 50");
	f.groups[0].workload.prompt_tok = dist_constant(4046.0); /* just fits */
	fixture_run(&f);
	assert_null(remark(&f, WARN_REJECTED));
	f.instances[0].reserve_bytes = 5.6e9; /* of 12.78 GB, 7.00 are weights: some 300 tokens */
	fixture_run(&f);
	says(&f, WARN_REJECTED, "group:u", "9 exceed the KV memory of every instance");
	f.groups[0].workload.prompt_tok = dist_uniform(50.0, 4000.0); /* some fit */
	f.groups[0].arrivals.rate_per_s = 1.0;
	fixture_run(&f);
	assert_null(remark(&f, WARN_REJECTED));
	fixture_finish(&f);
}

/* 100 s, one a second, 5 s each: five or six have no answer at the end. */
static void a_cohort_of_which_much_is_unfinished_is_told(void **state)
{
	struct fixture f;

	(void)state;
	station(&f, 1.0, 5.0);
	f.instances[0].slots = 100;
	f.spec.run.horizon_s = 100.5; /* created at 1 ... 100: those of 96 ... 100 remain */
	fixture_run(&f);
	assert_near(fixture_metric(&f, "", "requests.in_system"), 5.0, 0.0);
	says_nothing(&f); /* 5 of 100 are not more than 5 % */
	f.spec.run.horizon_s = 99.5;
	fixture_run(&f);
	says(&f, WARN_UNFINISHED, "", "5 of 99 requests (5.05 %)");
	assert_null(remark(&f, WARN_BEHIND)); /* they come and go as fast */
	fixture_finish(&f);
}

static void a_policy_that_does_not_keep_up_is_told(void **state)
{
	struct fixture f;

	(void)state;
	station(&f, 1.0, 1.5);
	f.spec.run.horizon_s = 1000.5; /* 1000 come, 666 are answered */
	fixture_run(&f);
	says(&f, WARN_BEHIND, "", "1000 requests came in the window, and 334 more");
	f.instances[0].service = dist_constant(0.99);
	fixture_run(&f);
	says_nothing(&f);
	f.instances[0].service = dist_exponential(0.9); /* long lines, but it does */
	f.groups[0].arrivals.process = ARRIVAL_POISSON;
	f.spec.run.horizon_s = 20000.0;
	fixture_run(&f);
	assert_null(remark(&f, WARN_BEHIND));
	fixture_finish(&f);
}

static void fails_in_circles(struct fixture *f, const char *what)
{
	fixture_run(f);
	assert_int_equal(f->result.status, RUN_FAILED);
	assert_true(f->result.circles);
	assert_true(f->result.events < 100000);
	if (!strstr(f->result.failure, what))
		fail_msg("'%s' is not in '%s'", what, f->result.failure);
}

static void users_refused_at_once_are_named(void **state)
{
	struct fixture f;

	(void)state;
	llm(&f, 5000.0);
	f.groups[0].count = 3;
	f.groups[0].arrivals =
		(struct arrival_spec){.process = ARRIVAL_CLOSED, .think = dist_constant(0.0)};
	fails_in_circles(&f, "5000 + 50 tokens exceed the context of 4096");
	fails_in_circles(&f, "users of 'u'");
	f.groups[0].arrivals.think = dist_constant(0.25);
	fixture_run(&f);
	assert_int_equal(f.result.status, RUN_COMPLETE);
	fixture_finish(&f);
	station(&f, 1.0, 1.0);
	f.instances[0].capacity = 2;
	f.groups[0].arrivals =
		(struct arrival_spec){.process = ARRIVAL_SATURATED, .outstanding = 3};
	fails_in_circles(&f, "capacity");
	f.groups[0].arrivals.outstanding = 2;
	fixture_run(&f);
	assert_int_equal(f.result.status, RUN_COMPLETE);
	fixture_finish(&f);
}

/* Five at once for 100 s; a batch of a hundred at one instant; a request an hour: no default
 * refuses a run that ends. */
static void a_finite_run_is_never_given_up(void **state)
{
	char path[] = "/tmp/offing-remarks-XXXXXX";
	int fd = mkstemp(path);
	struct fixture f;

	(void)state;
	station(&f, 1.0, 100.0);
	f.instances[0].slots = 5;
	f.spec.run.horizon_s = 0.0;
	f.spec.run.requests = 5;
	fixture_run(&f);
	assert_int_equal(f.result.status, RUN_COMPLETE);
	assert_near(fixture_metric(&f, "", "e2e.mean_s"), 100.0, 1e-9);
	trace_at(&f, path);
	dprintf(fd, "arrival_s,prompt_tokens,output_tokens\n");
	for (int i = 0; i < 100; i++)
		dprintf(fd, "0,10,3\n");
	close(fd);
	f.spec.run.requests = 100;
	fixture_run(&f);
	assert_int_equal(f.result.status, RUN_COMPLETE);
	assert_near(f.result.horizon_s, 2000.0, 1e-9);
	unlink(path);
	f.groups[0].arrivals =
		(struct arrival_spec){.process = ARRIVAL_POISSON, .rate_per_s = 3.0 / 3600.0};
	f.spec.run.requests = 20000;
	fixture_run(&f);
	assert_int_equal(f.result.status, RUN_COMPLETE);
	fixture_finish(&f);
}

/* The first of two is served for longer than the clock can count. */
static void a_run_that_stands_still_is_given_up(void **state)
{
	char path[] = "/tmp/offing-remarks-XXXXXX";
	struct fixture f;

	(void)state;
	station(&f, 1.0, 1e10);
	trace(&f, path, 2, 0.0);
	f.spec.run.horizon_s = 0.0;
	f.spec.run.requests = 2;
	fixture_run(&f);
	assert_int_equal(f.result.status, RUN_FAILED);
	assert_string_equal(
		f.result.failure, "nothing happens after 1 s: 0 of 2 requests were answered");
	unlink(path);
	fixture_finish(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_trace_that_ends_before_the_window_is_told),
		cmocka_unit_test(a_horizon_of_the_trace_measures_all_of_it),
		cmocka_unit_test(more_requests_than_the_trace_has_are_refused),
		cmocka_unit_test(a_window_without_requests_is_told),
		cmocka_unit_test(everybody_rejected_is_told_with_the_reason),
		cmocka_unit_test(a_cohort_of_which_much_is_unfinished_is_told),
		cmocka_unit_test(a_policy_that_does_not_keep_up_is_told),
		cmocka_unit_test(users_refused_at_once_are_named),
		cmocka_unit_test(a_finite_run_is_never_given_up),
		cmocka_unit_test(a_run_that_stands_still_is_given_up),
	};

	return cmocka_run_group_tests_name("remarks", tests, NULL, NULL);
}
