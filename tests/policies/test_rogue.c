/* What a policy of somebody else can do wrong, and what becomes of it: each fault ends the run
 * with the name of the policy, what it did, when, and who waited; what was answered before is
 * kept. ROGUE is built as users build theirs. */
#include "tests/support/check.h"

#include <stdio.h>
#include <string.h>

#include "models/offload/guard.h"
#include "models/offload/spec.h"
#include "policies/plugin.h"
#include "tests/support/world_fixture.h"

enum { REQUESTS_TO_COME = 60 };

struct rogue {
	struct plugins plugins;
	struct fixture f;
	struct param_text texts[2];
};

/** Two stations, a request a second for a minute; @fault shows from @from on. */
static void rogue_init(struct rogue *r, const char *fault, const char *from)
{
	struct err err = {0};

	guard_install(); /* cmocka has handlers of its own for each test */
	plugins_init(&r->plugins);
	assert_true(plugins_load(&r->plugins, ROGUE, &err));
	fixture_init(&r->f);
	fixture_site(&r->f, "edge", TIER_EDGE, NULL);
	fixture_station(&r->f, "a", 0, 1.5);
	fixture_station(&r->f, "b", 0, 1.5);
	fixture_group(&r->f, "users", 1.0);
	r->f.spec.run.horizon_s = REQUESTS_TO_COME;
	r->f.patience_s = 0.5;
	r->texts[0] = (struct param_text){.key = "fault", .value = fault};
	r->texts[1] = (struct param_text){.key = "from", .value = from};
	r->f.policy = (struct policy_spec){.label = "rogue",
		.ops = plugins_policy(&r->plugins, 0),
		.n_params = 2,
		.params = r->texts};
}

static void rogue_finish(struct rogue *r)
{
	fixture_finish(&r->f);
	plugins_finish(&r->plugins);
}

static size_t answered(const struct fixture *f)
{
	size_t n = 0;

	for (size_t i = 0; i < f->n_rows; i++)
		n += f->rows[i].fate == FATE_DONE;
	return n;
}

static void says(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("'%s' does not say '%s'", text, part);
}

/** The fault shows in the middle: not before it, and then with these words. */
static void ends_with(const char *fault, const char *words)
{
	struct rogue r;

	rogue_init(&r, fault, "20 s");
	fixture_run(&r.f);
	if (r.f.result.status != RUN_FAILED)
		fail_msg("%s went well", fault);
	says(r.f.result.failure, "policy 'rogue' ");
	says(r.f.result.failure, words);
	says(r.f.result.failure, "t = 2"); /* 20.1 s, or 21.7 s */
	assert_true(answered(&r.f) >= 5);
	rogue_finish(&r);
}

static void without_a_fault_it_is_fcfs(void **state)
{
	struct rogue r;
	double rogue_s;

	(void)state;
	rogue_init(&r, "none", "20 s");
	fixture_run(&r.f);
	assert_int_equal(r.f.result.status, RUN_COMPLETE);
	rogue_s = fixture_metric(&r.f, "", "e2e.mean_s");
	fixture_policy(&r.f, "fcfs");
	fixture_run(&r.f);
	assert_true(rogue_s == fixture_metric(&r.f, "", "e2e.mean_s"));
	rogue_finish(&r);
}

static void a_crash_ends_the_run_with_who_where_and_when(void **state)
{
	(void)state;
	ends_with("segv", "crashed in next() (Segmentation fault) at ");
	ends_with("fpe", "crashed in next() (Floating point exception) at ");
	ends_with("abort", "crashed in next() (Aborted) at ");
	ends_with("segv", ", request ");
	ends_with("segv-finished", "crashed in finished() (Segmentation fault) at ");
	ends_with("segv-finished", ", of request ");
	ends_with("segv-wake", "crashed in wake_s() (Segmentation fault) at ");
}

static void a_stack_that_overflows_is_a_crash(void **state)
{
	(void)state;
	ends_with("deep", "crashed in next() (");
}

static void a_call_without_end_is_given_up(void **state)
{
	(void)state;
	ends_with("spin", "did not return from next() within 0.5 s at ");
	ends_with("sleep", "did not return from next() within 0.5 s at ");
	ends_with("spin-finished", "did not return from finished() within 0.5 s at ");
}

static void a_time_to_wake_at_is_now_or_later(void **state)
{
	(void)state;
	ends_with("wake-past", "which is past");
	ends_with("wake-before-all", "which is past");
	ends_with("wake-nan", "which is no time");
}

/* 10 000 nanoseconds in a row with nothing to assign: it would be asked 10^9 times a second. */
static void waking_at_once_for_ever_is_no_use(void **state)
{
	(void)state;
	ends_with("wake-now", "at once and in vain");
	ends_with("wake-soon", "at once and in vain");
}

static void never_and_beyond_the_clock_are_times(void **state)
{
	static const char *const faults[] = {"wake-never", "wake-far"};
	struct rogue r;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		rogue_init(&r, faults[i], "0 s");
		fixture_run(&r.f);
		assert_int_equal(r.f.result.status, RUN_COMPLETE);
		rogue_finish(&r);
	}
}

static void a_view_answers_for_what_there_is(void **state)
{
	(void)state;
	ends_with("can-serve", "asked can_serve() for instance 2, there are 2 at ");
	ends_with("fits", "asked fits() for instance 2, there are 2 at ");
	ends_with("best-class", "asked best() for class 1, there are 1 at ");
	ends_with("best-rank", "asked best() for rank 4, there are 4 at ");
	ends_with("best-nowhere", "asked best() to put its answer nowhere (NULL) at ");
	ends_with("predict", "asked predict() for instance 2, there are 2 at ");
	ends_with("predict-idle", "asked predict_idle() for instance 2, there are 2 at ");
	ends_with("predict-nan", "asked predict() for an answer of nan tokens at ");
	ends_with("predict-long", "asked predict_idle() for an answer of inf tokens at ");
	ends_with("group", "asked can_serve() for a request of group 1, there are 1 at ");
	ends_with("no-request", "asked fits() for no request (NULL) at ");
	ends_with("kv-fill", "asked kv_fill() for instance 2, there are 2 at ");
	ends_with("path", "asked path() for instance 2, there are 2 at ");
	ends_with("path-group", "asked path() for group 1, there are 1 at ");
	ends_with("draw", "asked draw() for one of 0 at ");
}

static void assigned(const char *fault, const char *words)
{
	struct rogue r;

	rogue_init(&r, fault, "20 s");
	fixture_run(&r.f);
	assert_int_equal(r.f.result.status, RUN_FAILED);
	says(r.f.result.failure, "policy 'rogue' assigned request ");
	says(r.f.result.failure, words);
	rogue_finish(&r);
}

static void an_assignment_names_who_waits_and_what_there_is(void **state)
{
	(void)state;
	assigned("assign-nobody", "that request is not waiting");
	assigned("assign-nowhere", "there is no such instance");
}

/** Refused when the world is made. */
static void begins_with(const char *fault, enum err_kind kind, const char *words)
{
	struct err err = {0};
	struct world *w;
	struct rogue r;

	rogue_init(&r, fault, "0 s");
	r.f.spec.n_policies = 1;
	r.f.spec.policies = &r.f.policy;
	assert_false(world_create(&w,
		&(struct world_setup){
			.spec = &r.f.spec, .policy = &r.f.policy, .seed = 1, .patience_s = 0.5},
		&err));
	assert_int_equal(err.kind, kind);
	says(err.msg, words);
	rogue_finish(&r);
}

static void what_goes_wrong_at_the_beginning_is_told_then(void **state)
{
	(void)state;
	begins_with(
		"segv-check", ERR_RUN, "policy 'rogue' crashed in check() (Segmentation fault)");
	begins_with("segv-init", ERR_RUN, "policy 'rogue' crashed in init() (Segmentation fault)");
	begins_with(
		"spin-check", ERR_RUN, "policy 'rogue' did not return from check() within 0.5 s");
	begins_with("refuse-init", ERR_INPUT, "policy 'rogue' needs better weather");
}

/* The message fills what it was given and has no end; or there is none. */
static void a_reason_need_have_no_end_and_no_beginning(void **state)
{
	(void)state;
	begins_with("endless-why", ERR_INPUT, "policy 'rogue' xxxxxxxx");
	begins_with("empty-why", ERR_INPUT, "policy 'rogue' refuses this system");
}

static void ends_after_all(const char *fault, const char *words)
{
	struct rogue r;

	rogue_init(&r, fault, "0 s");
	fixture_run(&r.f);
	assert_int_equal(r.f.result.status, RUN_FAILED);
	says(r.f.result.failure, words);
	assert_true(answered(&r.f) >= 20);
	rogue_finish(&r);
}

static void a_crash_at_the_end_is_told_too(void **state)
{
	(void)state;
	ends_after_all("segv-finish", "policy 'rogue' crashed in finish() (Segmentation fault)");
	ends_after_all("segv-report", "policy 'rogue' crashed in report() (Segmentation fault)");
	ends_after_all("report-less", "policy 'rogue' reported a regret of -0.5");
	ends_after_all("report-more", "policy 'rogue' reported 1.5 as the share");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_fault_it_is_fcfs),
		cmocka_unit_test(a_crash_ends_the_run_with_who_where_and_when),
		cmocka_unit_test(a_stack_that_overflows_is_a_crash),
		cmocka_unit_test(a_call_without_end_is_given_up),
		cmocka_unit_test(a_time_to_wake_at_is_now_or_later),
		cmocka_unit_test(waking_at_once_for_ever_is_no_use),
		cmocka_unit_test(never_and_beyond_the_clock_are_times),
		cmocka_unit_test(a_view_answers_for_what_there_is),
		cmocka_unit_test(an_assignment_names_who_waits_and_what_there_is),
		cmocka_unit_test(what_goes_wrong_at_the_beginning_is_told_then),
		cmocka_unit_test(a_reason_need_have_no_end_and_no_beginning),
		cmocka_unit_test(a_crash_at_the_end_is_told_too),
	};

	return cmocka_run_group_tests_name("rogue", tests, NULL, NULL);
}
