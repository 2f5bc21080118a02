/* Small systems whose every event can be told by hand. */
#include "tests/support/check.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io/trace/arrival_trace.h"
#include "tests/support/world_fixture.h"

static void one_queue(struct fixture *f, double gap_s, double service_s)
{
	fixture_init(f);
	fixture_site(f, "edge", TIER_EDGE, NULL);
	fixture_station(f, "q", 0, 0.0)->service = dist_constant(service_s);
	fixture_group(f, "u", 1.0 / gap_s)->arrivals.process = ARRIVAL_DETERMINISTIC;
}

/* Arrivals at 10, 20, ..., 90 s, 3 s each: nobody waits, the server works 3 s of each 10. What
 * comes at 100 s is the next window's. */
static void an_unhurried_queue_serves_at_once(void **state)
{
	struct fixture f;

	(void)state;
	one_queue(&f, 10.0, 3.0);
	fixture_run(&f);
	assert_int_equal(f.n_rows, 9);
	for (size_t i = 0; i < 9; i++) {
		assert_int_equal(f.rows[i].created_ns, (int64_t)(i + 1) * 10000000000);
		assert_int_equal(f.rows[i].delivered_ns - f.rows[i].created_ns, 3000000000);
	}
	assert_near(fixture_metric(&f, "", "e2e.mean_s"), 3.0, 1e-12);
	assert_near(fixture_metric(&f, "", "wait.mean_s"), 0.0, 1e-12);
	assert_near(fixture_metric(&f, "instance:q", "busy.share"), 0.27, 1e-12);
	assert_near(fixture_metric(&f, "", "throughput.req_per_s"), 0.09, 1e-12);
	assert_near(fixture_metric(&f, "", "requests.in_system"), 0.0, 0.0);
	fixture_finish(&f);
}

/* The first of nine is served for 317 years, which the clock cannot count: all stay. */
static void service_beyond_the_clock_does_not_end(void **state)
{
	struct fixture f;

	(void)state;
	one_queue(&f, 10.0, 1e10);
	fixture_run(&f);
	assert_int_equal(f.n_rows, 9);
	for (size_t i = 0; i < 9; i++)
		assert_int_equal(f.rows[i].fate, FATE_IN_SYSTEM);
	assert_near(fixture_metric(&f, "instance:q", "busy.share"), 0.9, 1e-12);
	fixture_finish(&f);
}

/* 10^6 arrivals a second and nobody is served: 2^21 are there after 2.1 s. */
static void a_hopeless_overload_fails_before_memory_does(void **state)
{
	struct fixture f;

	(void)state;
	one_queue(&f, 1e-6, 1e9);
	fixture_run(&f);
	assert_int_equal(f.result.status, RUN_FAILED);
	assert_non_null(strstr(f.result.failure, "2097152 requests are in the system at 2.0971"));
	fixture_finish(&f);
}

/* 400 requests, one each 1e7 s, are expected within 4e9 s. Ten times that is beyond the clock,
 * which is no reason not to run them. */
static void the_limit_of_rare_requests_is_within_the_clock(void **state)
{
	struct fixture f;

	(void)state;
	one_queue(&f, 1e7, 3.0);
	f.spec.run.horizon_s = 0.0;
	f.spec.run.requests = 400;
	fixture_run(&f);
	assert_int_equal(f.result.status, RUN_COMPLETE);
	assert_near(f.result.horizon_s, 4e9 + 3.0, 1e-6);
	fixture_finish(&f);
}

/* A warm-up that is no whole number of nanoseconds, as MSER-5 gives it. */
static void the_window_is_as_long_as_asked(void **state)
{
	struct fixture f;

	(void)state;
	one_queue(&f, 10.0, 3.0);
	f.warmup_s = 51.23825789923145;
	f.spec.run.horizon_s = 1200.0;
	fixture_run(&f);
	assert_near(f.result.horizon_s, 1200.0, 0.0);
	fixture_finish(&f);
}

/* Arrivals every 2 s, 3 s each: request k (from 1) comes at 2k and ends at 2 + 3k, so it waits
 * k - 1 s. Measured from 20 s on for 100 s: those that came after 20 s (k > 10; the window
 * opens before an arrival at the same instant only if it was posted first, so k = 10 is out),
 * of which those up to k = 39 (119 s) are done. */
static void an_overloaded_queue_keeps_the_rest(void **state)
{
	struct fixture f;
	double created, done;

	(void)state;
	one_queue(&f, 2.0, 3.0);
	f.warmup_s = 20.5;
	f.spec.run.horizon_s = 99.0; /* to 119.5 s: arrivals 22 ... 118, k = 11 ... 59 */
	fixture_run(&f);
	created = fixture_metric(&f, "", "requests.created");
	done = fixture_metric(&f, "", "requests.done");
	assert_near(created, 49.0, 0.0);
	assert_near(done, 29.0, 0.0); /* k = 11 ... 39 */
	assert_near(fixture_metric(&f, "", "requests.in_system"), 20.0, 0.0);
	/* mean wait of k = 11 ... 39: mean of k - 1 = 24 s */
	assert_near(fixture_metric(&f, "", "wait.mean_s"), 24.0, 1e-9);
	/* in the window 23 s, 26 s, ..., 119 s: 33 answers in 99 s */
	assert_near(fixture_metric(&f, "", "throughput.req_per_s"), 33.0 / 99.0, 1e-12);
	fixture_finish(&f);
}

/* Two stations, one request every 10 s of 3 s: the longest idle takes it, so they alternate,
 * the first in the file first. */
static void fcfs_goes_to_the_longest_idle(void **state)
{
	struct fixture f;

	(void)state;
	one_queue(&f, 10.0, 3.0);
	fixture_station(&f, "r", 0, 0.0)->service = dist_constant(4.0);
	fixture_run(&f);
	for (size_t i = 0; i < 9; i++)
		assert_int_equal(f.rows[i].instance, i % 2);
	fixture_finish(&f);
}

/* Two users who think 5 s, service 2 s: both send at 5; one is done at 7, the other at 9;
 * they send again at 12 and 14 and from then on never meet. */
static void closed_users_think_between_answers(void **state)
{
	static const int64_t done_s[] = {7, 9, 14, 16, 21, 23, 28, 30};
	struct fixture f;

	(void)state;
	one_queue(&f, 10.0, 2.0);
	f.groups[0].count = 2;
	f.groups[0].arrivals =
		(struct arrival_spec){.process = ARRIVAL_CLOSED, .think = dist_constant(5.0)};
	f.spec.run.horizon_s = 31.0;
	fixture_run(&f);
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(f.rows[i].delivered_ns, done_s[i] * 1000000000);
	fixture_finish(&f);
}

/* Four always in the system of two slots, 2 s each: two answers every 2 s, up to 98 s. */
static void a_saturated_group_keeps_its_number(void **state)
{
	struct fixture f;

	(void)state;
	one_queue(&f, 10.0, 2.0);
	f.instances[0].slots = 2;
	f.groups[0].arrivals =
		(struct arrival_spec){.process = ARRIVAL_SATURATED, .outstanding = 4};
	fixture_run(&f);
	assert_near(fixture_metric(&f, "", "throughput.req_per_s"), 0.98, 1e-12);
	assert_near(fixture_metric(&f, "", "requests.in_system"), 4.0, 0.0);
	assert_near(fixture_metric(&f, "", "queue.mean"), 2.0, 0.0);
	assert_near(fixture_metric(&f, "instance:q", "busy.share"), 1.0, 1e-12);
	fixture_finish(&f);
}

/* It serves one by one, in two slots: 2 of 2 are busy, which is no batch of 2. */
static void a_station_has_no_batch(void **state)
{
	struct fixture f;

	(void)state;
	one_queue(&f, 1.0, 3.0);
	f.instances[0].slots = 2;
	fixture_run(&f);
	assert_true(f.result.n_metrics > 0);
	for (size_t i = 0; i < f.result.n_metrics; i++)
		assert_string_not_equal(metrics[f.result.metrics[i].id].name, "batch.mean");
	fixture_finish(&f);
}

/* Three in the system at most, service 7 s, arrivals every 2 s: 2, 4, 6 are taken (done at 9,
 * 16, 23), 8 is dropped, 10 is taken, 12 and 14 dropped, 16: the first of equal events is the
 * one posted first: the arrival (posted at 14) or the end (posted at 9)? The end: taken. */
static void what_overflows_is_dropped(void **state)
{
	static const enum fate fates[] = {FATE_DONE, FATE_DONE, FATE_DONE, FATE_DROPPED, FATE_DONE,
		FATE_DROPPED, FATE_DROPPED, FATE_DONE};
	struct fixture f;

	(void)state;
	one_queue(&f, 2.0, 7.0);
	f.instances[0].capacity = 3;
	f.spec.run.horizon_s = 60.0;
	fixture_run(&f);
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(f.rows[i].fate, fates[i]);
	fixture_finish(&f);
}

/* The same beside a cloud without a capacity: what overflows goes there, or waits for it. */
static void what_another_can_take_is_not_dropped(void **state)
{
	struct fixture f;

	(void)state;
	one_queue(&f, 2.0, 7.0);
	f.instances[0].capacity = 3;
	fixture_site(&f, "cloud", TIER_CLOUD, NULL);
	fixture_station(&f, "c", 1, 0.0)->service = dist_constant(2.0);
	f.spec.run.horizon_s = 60.0;
	fixture_run(&f);
	assert_near(fixture_metric(&f, "", "requests.dropped"), 0.0, 0.0);
	assert_true(fixture_metric(&f, "instance:c", "requests.done") > 15.0);
	fixture_finish(&f);
}

/* Processor sharing, arrivals at 4, 8, 12 of 6 s: alone 4-8 (2 left of the first), two share
 * 8-12 (the first ends at 12; the second has 4 left), two share 12-...: the second ends at 20
 * if alone with the third: 4 left at half speed = 8 s -> 20, unless a fourth comes at 16:
 * 12-16 two share (second 2 left, third 4), 16-... three share: second needs 6 s -> 22, a fifth
 * at 20 makes four: 16-20 each gets 4/3 (second 2/3, third 8/3, fourth 14/3), then four share:
 * second needs 8/3 s -> 22.667. */
static void sharers_slow_each_other_down(void **state)
{
	struct fixture f;

	(void)state;
	one_queue(&f, 4.0, 6.0);
	f.instances[0].discipline = DISCIPLINE_PS;
	fixture_run(&f);
	assert_near((double)f.rows[0].delivered_ns * 1e-9, 12.0, 2e-9);
	assert_near((double)f.rows[1].delivered_ns * 1e-9, 20.0 + 8.0 / 3.0, 1e-8);
	fixture_finish(&f);
}

/* 1 000-token prompts of 4 bytes: 4 000 + 3 * 66 on the wire at 1e5 B/s = 41.98 ms, 5 ms of
 * propagation; service 3 s; no tokens come back from a synthetic answer of 50: 200 + 66 bytes,
 * 2.66 ms + 5 ms. */
static void a_request_pays_for_its_way(void **state)
{
	struct fixture f;

	(void)state;
	one_queue(&f, 10.0, 3.0);
	fixture_link(&f, "access", "users", "edge", 1e5, 5e-3);
	f.groups[0].workload = (struct workload_spec){.kind = WORKLOAD_DISTS,
		.prompt_tok = dist_constant(1000.0),
		.output_tok = dist_constant(50.0)};
	f.spec.run.scheduler_delay_s = 0.25;
	fixture_run(&f);
	assert_int_equal(f.rows[0].assigned_ns, 10250000000);
	assert_int_equal(f.rows[0].uploaded_ns, 10546980000);
	assert_int_equal(f.rows[0].finished_ns, 13546980000);
	assert_int_equal(f.rows[0].delivered_ns, 13554640000);
	/* from assignment to upload it also hears of the assignment: 0.25 s */
	assert_near(fixture_metric(&f, "", "network.mean_s"), 0.25 + 0.04698 + 0.00766, 1e-9);
	fixture_finish(&f);
}

/* The edge is busy 3 of each 2 s: the cloud stands idle while requests wait. Never so under
 * fcfs. */
static void idling_beside_work_is_noticed(void **state)
{
	struct fixture f;

	(void)state;
	one_queue(&f, 2.0, 3.0);
	fixture_site(&f, "cloud", TIER_CLOUD, NULL);
	fixture_station(&f, "c", 1, 0.0)->service = dist_constant(3.0);
	fixture_policy(&f, "edge-only");
	fixture_run(&f);
	/* the second request waits from 4 to 5 s, nobody from 5 to 6, somebody ever after */
	assert_near(fixture_metric(&f, "", "work_conserving.violation_s"), 95.0, 1e-9);
	fixture_policy(&f, "fcfs");
	fixture_run(&f);
	assert_near(fixture_metric(&f, "", "work_conserving.violation_s"), 0.0, 0.0);
	fixture_finish(&f);
}

/* Deadline 4 s, service 3 s, arrivals every 2 s: request k waits k - 1 s, so the first two are
 * in time and the others are not. In 20 s: arrivals 2 ... 20, ends 5, 8, 11, 14, 17, 20 (six
 * done), and of those left, the ones created before 16 s are overdue: k = 7 (14 s). */
static void the_late_do_not_count_for_goodput(void **state)
{
	struct fixture f;

	(void)state;
	one_queue(&f, 2.0, 3.0);
	f.groups[0].deadline_s = 4.0;
	f.spec.run.horizon_s = 20.0;
	fixture_run(&f);
	assert_near(fixture_metric(&f, "", "goodput.req_per_s"), 2.0 / 20.0, 1e-12);
	assert_near(fixture_metric(&f, "", "qos.share"), 2.0 / 7.0, 1e-12);
	assert_near(fixture_metric(&f, "", "objective.S"), -0.1, 1e-12);
	fixture_finish(&f);
}

static void random_lengths(struct fixture *f)
{
	struct group_spec *g;

	one_queue(f, 1.0, 0.6);
	g = &f->groups[0];
	g->arrivals.process = ARRIVAL_POISSON;
	g->workload = (struct workload_spec){.kind = WORKLOAD_DISTS,
		.prompt_tok = dist_uniform(3.0, 90.0),
		.output_tok = dist_uniform(2.0, 40.0)};
	fixture_site(f, "cloud", TIER_CLOUD, NULL);
	fixture_station(f, "c", 1, 0.9);
}

static void another_policy_changes_no_arrival_and_no_length(void **state)
{
	struct fixture a, b;

	(void)state;
	random_lengths(&a);
	random_lengths(&b);
	fixture_policy(&b, "random");
	fixture_run(&a);
	fixture_run(&b);
	assert_int_equal(a.n_rows, b.n_rows);
	assert_true(a.n_rows > 50);
	for (size_t i = 0; i < a.n_rows; i++) {
		assert_int_equal(a.rows[i].created_ns, b.rows[i].created_ns);
		assert_int_equal(a.rows[i].prompt_tok, b.rows[i].prompt_tok);
		assert_int_equal(a.rows[i].output_tok, b.rows[i].output_tok);
	}
	assert_int_not_equal(a.result.digest, b.result.digest);
	fixture_finish(&a);
	fixture_finish(&b);
}

static void another_group_shifts_nobody(void **state)
{
	struct fixture a, b;
	size_t k = 0;

	(void)state;
	random_lengths(&a);
	random_lengths(&b);
	fixture_group(&b, "v", 0.4);
	fixture_run(&a);
	fixture_run(&b);
	for (size_t i = 0; i < b.n_rows; i++)
		if (b.rows[i].group == 0) {
			assert_int_equal(a.rows[k].created_ns, b.rows[i].created_ns);
			assert_int_equal(a.rows[k].prompt_tok, b.rows[i].prompt_tok);
			k++;
		}
	assert_int_equal(k, a.n_rows);
	fixture_finish(&a);
	fixture_finish(&b);
}

static void the_same_seed_gives_the_same_run(void **state)
{
	struct fixture a, b;

	(void)state;
	random_lengths(&a);
	random_lengths(&b);
	fixture_run(&a);
	fixture_run(&b);
	assert_int_equal(a.result.digest, b.result.digest);
	b.replication = 7;
	fixture_run(&b);
	assert_int_not_equal(a.result.digest, b.result.digest);
	fixture_finish(&a);
	fixture_finish(&b);
}

/* 40 answers are waited for, and no more is run than that takes. */
static void a_run_may_end_with_its_requests(void **state)
{
	struct fixture f;

	(void)state;
	one_queue(&f, 10.0, 3.0);
	f.spec.run.horizon_s = 0.0;
	f.spec.run.requests = 40;
	f.warmup_s = 55.0;
	fixture_run(&f);
	assert_int_equal(f.result.status, RUN_COMPLETE);
	assert_near(fixture_metric(&f, "", "requests.done"), 40.0, 0.0);
	/* arrivals 60 ... 450, the last answer at 453 s */
	assert_near(f.result.horizon_s, 398.0, 1e-9);
	f.groups[0].arrivals.rate_per_s = 1.0; /* 1 every second, 3 s each: 40 end after 120 s */
	f.spec.run.limit_s = 100.0;
	fixture_run(&f);
	assert_int_equal(f.result.status, RUN_FAILED);
	assert_non_null(strstr(f.result.failure, "of 40 requests were answered"));
	fixture_finish(&f);
}

/* Of four rows two have no answer: two requests, two skipped rows, reported. */
static void trace_rows_without_an_answer_are_counted(void **state)
{
	char path[] = "/tmp/offing-world-XXXXXX";
	int fd = mkstemp(path);
	struct fixture f;

	(void)state;
	assert_true(fd >= 0);
	dprintf(fd, "arrival_s,prompt_tokens,output_tokens\n5,10,3\n6,10,0\n7,10,0\n8,10,4\n");
	close(fd);
	one_queue(&f, 10.0, 3.0);
	f.groups[0].workload.kind = WORKLOAD_TRACE;
	f.groups[0].arrivals = (struct arrival_spec){.process = ARRIVAL_TRACE,
		.trace = {.file = path,
			.format = TRACE_CSV,
			.rate_scale = 1.0,
			.window_s = {0.0, HUGE_VAL},
			.opener = &arrival_trace_opener}};
	fixture_run(&f);
	unlink(path);
	assert_near(fixture_metric(&f, "group:u", "trace.rows_skipped"), 2.0, 0.0);
	assert_near(fixture_metric(&f, "group:u", "requests.done"), 2.0, 0.0);
	fixture_finish(&f);
}

static void what_nobody_can_serve_is_rejected(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	fixture_site(&f, "edge", TIER_EDGE, "titan-x");
	fixture_model(&f, "llama2-7b", PRECISION_INT8);
	fixture_llm(&f, "gpu", 0, 0);
	fixture_group(&f, "u", 0.1)->arrivals.process = ARRIVAL_DETERMINISTIC;
	f.groups[0].workload.prompt_tok = dist_constant(4050.0); /* and 50: beyond 4 096 */
	fixture_run(&f);
	assert_near(fixture_metric(&f, "", "requests.rejected"), 9.0, 0.0);
	f.groups[0].workload.truncate = true;
	fixture_run(&f);
	assert_near(fixture_metric(&f, "", "requests.rejected"), 0.0, 0.0);
	assert_int_equal(f.rows[0].prompt_tok, 4046);
	fixture_finish(&f);
}

/*
 * A prompt of 100 000 tokens on two H200s that differ in attention alone. Dense attention of
 * Llama-3.1-8B by the generic profile: 2 x 32 x 4096 x 1e10 FLOP at 0.66 x 989 TFLOP/s, 54 cycles
 * of 1.98 GHz a key and 12 us in each of 32 layers: 4.1037 s. Of 612 305 causal blocks of 128 x 64
 * the ceiling keeps 2 344 (three a row; two in the first and the last), and finding them costs
 * 0.00612 (1e5 / 65536)^(ln(.00516 / .00612) / ln 2) = 0.5515 % of dense: 4.1037 (0.996172 -
 * 0.005515) = 4.0654 s less.
 */
static void attention_is_an_instance_s_own(void **state)
{
	struct fixture f;
	int64_t full_ns, sparse_ns;

	(void)state;
	fixture_init(&f);
	fixture_site(&f, "a", TIER_CLOUD, "h200");
	fixture_site(&f, "b", TIER_CLOUD, "h200");
	fixture_model(&f, "llama-3.1-8b", PRECISION_FP16);
	fixture_llm(&f, "full", 0, 0);
	fixture_llm(&f, "sparse", 1, 0)->attention = ATTENTION_DAS_CEILING;
	fixture_group(&f, "u", 0.03)->arrivals.process = ARRIVAL_DETERMINISTIC;
	f.groups[0].workload.prompt_tok = dist_constant(100000.0);
	f.groups[0].workload.output_tok = dist_constant(2.0);
	fixture_policy(&f, "round-robin");
	fixture_run(&f);
	assert_true(f.n_rows >= 2);
	assert_int_equal(f.rows[0].instance, 0);
	assert_int_equal(f.rows[1].instance, 1);
	full_ns = f.rows[0].first_token_ns - f.rows[0].created_ns;
	sparse_ns = f.rows[1].first_token_ns - f.rows[1].created_ns;
	assert_near((double)(full_ns - sparse_ns) * 1e-9, 4.0654, 1e-3);
	fixture_finish(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_unhurried_queue_serves_at_once),
		cmocka_unit_test(service_beyond_the_clock_does_not_end),
		cmocka_unit_test(a_hopeless_overload_fails_before_memory_does),
		cmocka_unit_test(the_limit_of_rare_requests_is_within_the_clock),
		cmocka_unit_test(the_window_is_as_long_as_asked),
		cmocka_unit_test(an_overloaded_queue_keeps_the_rest),
		cmocka_unit_test(fcfs_goes_to_the_longest_idle),
		cmocka_unit_test(closed_users_think_between_answers),
		cmocka_unit_test(a_saturated_group_keeps_its_number),
		cmocka_unit_test(a_station_has_no_batch),
		cmocka_unit_test(what_overflows_is_dropped),
		cmocka_unit_test(what_another_can_take_is_not_dropped),
		cmocka_unit_test(sharers_slow_each_other_down),
		cmocka_unit_test(a_request_pays_for_its_way),
		cmocka_unit_test(idling_beside_work_is_noticed),
		cmocka_unit_test(the_late_do_not_count_for_goodput),
		cmocka_unit_test(another_policy_changes_no_arrival_and_no_length),
		cmocka_unit_test(another_group_shifts_nobody),
		cmocka_unit_test(the_same_seed_gives_the_same_run),
		cmocka_unit_test(a_run_may_end_with_its_requests),
		cmocka_unit_test(trace_rows_without_an_answer_are_counted),
		cmocka_unit_test(what_nobody_can_serve_is_rejected),
		cmocka_unit_test(attention_is_an_instance_s_own),
	};

	return cmocka_run_group_tests_name("world", tests, NULL, NULL);
}
