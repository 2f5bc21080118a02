/* Policies at work in whole runs: what queueing theory says of them, and that none of them is
 * refused by the world. */
#include "tests/support/check.h"

#include <stdio.h>
#include <string.h>

#include "policies/all.h"
#include "policies/score.h"
#include "tests/support/world_fixture.h"

/** @n exponential servers of mean 1 s under a Poisson stream of @rho each. */
static void servers(struct fixture *f, size_t n, double rho, const char *policy, double horizon_s)
{
	static const char *const names[] = {"a", "b", "c", "d"};
	size_t k;

	fixture_init(f);
	fixture_site(f, "edge", TIER_EDGE, NULL);
	for (k = 0; k < n; k++)
		fixture_station(f, names[k], 0, 1.0)->ahead = 1000000;
	fixture_group(f, "u", rho * (double)n);
	fixture_policy(f, policy);
	f->warmup_s = 100.0;
	f->spec.run.horizon_s = horizon_s;
}

static double mean_s(size_t n, double rho, const char *policy, double horizon_s)
{
	struct fixture f;
	double s;

	servers(&f, n, rho, policy, horizon_s);
	fixture_run(&f);
	assert_int_equal(f.result.status, RUN_COMPLETE);
	s = fixture_metric(&f, "", "e2e.mean_s");
	fixture_finish(&f);
	return s;
}

/* A Poisson stream split at random is four Poisson streams, each an M/M/1 of rho .7: 1 / (1 - .7)
 * = 3.333 s. The mean over n customers has the variance rho (2 + 5 rho - 4 rho^2 + rho^3) /
 * (1 - rho)^4 / n (Whitt, "Planning queueing simulations", 1989) = 336 / 140 000: 3.3 standard
 * deviations are 0.16. */
static void random_makes_independent_queues(void **state)
{
	(void)state;
	assert_near(mean_s(4, 0.7, "random", 50000.0), 1.0 / 0.3, 0.16);
}

/* Every other arrival: gaps of two exponentials of rate 1.4, E2/M/1. sigma is the root in (0, 1) of
 * sigma = (1.4 / (1.4 + 1 - sigma))^2; without the root 1 that leaves sigma^2 - 3.8 sigma + 1.96 =
 * 0, sigma = (3.8 - sqrt(6.6)) / 2, and the mean is 1 / (1 - sigma) = 2.6006 s. It varies less than
 * an M/M/1: 0.16 is ample. */
static void round_robin_makes_erlang_arrivals(void **state)
{
	(void)state;
	assert_near(mean_s(2, 0.7, "round-robin", 100000.0), 2.6006, 0.16);
}

/* The more a policy knows, the better, over the same arrivals; and none beats one central queue,
 * M/M/4 of rho .7: Erlang C .4287, 1 + .4287 / (4 - 2.8) = 1.357 s. */
static void knowing_more_waits_less(void **state)
{
	double random = mean_s(4, 0.7, "random", 20000.0);
	double round_robin = mean_s(4, 0.7, "round-robin", 20000.0);
	double two = mean_s(4, 0.7, "power-of-d", 20000.0);
	double jsq = mean_s(4, 0.7, "jsq", 20000.0);

	(void)state;
	assert_true(random > round_robin && round_robin > two && two > jsq && jsq > 1.357);
}

/** Two TITAN X at the edge and an RTX 4090 in the cloud with Llama2-7B, near their limit, half
 *  the requests with deadlines that many miss. */
static void testbed(struct fixture *f, const char *policy)
{
	struct group_spec *g;

	fixture_init(f);
	fixture_site(f, "edge1", TIER_EDGE, "titan-x");
	fixture_site(f, "edge2", TIER_EDGE, "titan-x");
	fixture_site(f, "cloud", TIER_CLOUD, "rtx-4090");
	fixture_model(f, "llama2-7b", PRECISION_INT8);
	fixture_llm(f, "e1", 0, 0)->max_batch = 3;
	fixture_llm(f, "e2", 1, 0)->max_batch = 3;
	fixture_llm(f, "c", 2, 0)->max_batch = 4;
	fixture_link(f, "access", "users", "edge*", 6.25e6, 0.002);
	fixture_link(f, "wan", "users", "cloud", 6.25e6, 0.01);
	g = fixture_group(f, "slow", 1.0);
	g->home.i = 0;
	g->workload.prompt_tok = dist_uniform(20.0, 900.0);
	g->workload.output_tok = dist_exponential(150.0);
	g = fixture_group(f, "fast", 1.0);
	g->workload.output_tok = dist_exponential(80.0);
	g->deadline_s = 4.0;
	f->spec.run.horizon_s = 400.0;
	fixture_policy(f, policy);
}

static void check_conservation(const struct fixture *f)
{
	double ended = fixture_metric(f, "", "requests.done") +
		       fixture_metric(f, "", "requests.rejected") +
		       fixture_metric(f, "", "requests.dropped") +
		       fixture_metric(f, "", "requests.in_system");

	assert_true(fixture_metric(f, "", "requests.done") > 50.0);
	assert_near(fixture_metric(f, "", "requests.created"), ended, 0.0);
}

static void every_policy_runs_the_testbed(void **state)
{
	const struct policy_registry all = policies_all();
	struct fixture f;
	size_t p;

	(void)state;
	for (p = 0; p < all.n; p++) {
		testbed(&f, all.all[p]->name);
		fixture_run(&f);
		if (f.result.status != RUN_COMPLETE)
			fail_msg("%s: %s", all.all[p]->name, f.result.failure);
		check_conservation(&f);
		fixture_finish(&f);
	}
}

/** How long a run of k-p-fcfs breaks Definition 2. */
static double violation_s(
	const char *window, const char *priority, const char *assign, const char *on_infeasible)
{
	const struct param_text texts[] = {
		{.key = "window", .value = window},
		{.key = "priority", .value = priority},
		{.key = "assign", .value = assign},
		{.key = "on_infeasible", .value = on_infeasible},
	};
	double dropped, s;
	struct fixture f;

	testbed(&f, "k-p-fcfs");
	f.policy.params = texts;
	f.policy.n_params = 4;
	fixture_run(&f);
	assert_int_equal(f.result.status, RUN_COMPLETE);
	s = fixture_metric(&f, "", "work_conserving.violation_s");
	dropped = fixture_metric(&f, "", "requests.dropped");
	assert_true(strcmp(on_infeasible, "drop") == 0 ? dropped > 0.0 : dropped == 0.0);
	fixture_finish(&f);
	return s;
}

static void k_p_fcfs_with_a_wide_window_conserves_work(void **state)
{
	(void)state;
	assert_near(violation_s("4096", "fcfs", "earliest-finish", "serve"), 0.0, 0.0);
	assert_near(violation_s("4096", "sjf", "fastest", "serve"), 0.0, 0.0);
	assert_near(violation_s("4096", "edf", "least-loaded", "serve"), 0.0, 0.0);
	assert_near(violation_s("4096", "slack", "earliest-finish", "drop"), 0.0, 0.0);
	assert_near(violation_s("4096", "prefill-first", "fastest", "drop"), 0.0, 0.0);
	assert_true(violation_s("1", "fcfs", "earliest-finish", "serve") > 1.0);
}

/* What is done is done in time, when the late are dropped and service is as predicted: here one
 * request at a time on one machine, no network. Those that would be late are dropped. */
static void the_dropped_are_those_that_would_be_late(void **state)
{
	static const struct param_text text = {.key = "on_infeasible", .value = "drop"};
	struct fixture f;

	(void)state;
	fixture_init(&f);
	fixture_site(&f, "edge", TIER_EDGE, NULL);
	fixture_station(&f, "q", 0, 0.0)->service = dist_constant(2.0);
	fixture_group(&f, "u", 0.6)->deadline_s = 7.0;
	fixture_policy(&f, "k-p-fcfs");
	f.policy.params = &text;
	f.policy.n_params = 1;
	f.spec.run.horizon_s = 5000.0;
	fixture_run(&f);
	assert_true(fixture_metric(&f, "", "requests.dropped") > 500.0);
	assert_true(fixture_metric(&f, "", "e2e.p99_s") <= 7.0 * 1.005);
	assert_near(fixture_metric(&f, "", "work_conserving.violation_s"), 0.0, 0.0);
	fixture_finish(&f);
}

/* What jsq is, said plainly: every instance looked at. */
static bool plain_jsq_next(struct policy_state *st, const struct view *v, struct assignment *out)
{
	struct score best = {.instance = {NO_ID}}, s;

	(void)st;
	if (v->n_waiting == 0)
		return false;
	for (uint32_t i = 0; i < v->n_instances; i++) {
		if (!v->can_serve(v, v->waiting, (struct instance_id){i}))
			continue;
		s = (struct score){v->instances[i].assigned, v->instances[i].idle_since_s, {i}};
		if (best.instance.i == NO_ID || score_better(&s, &best))
			best = s;
	}
	*out = (struct assignment){.request = v->waiting->id, .instance = best.instance};
	return true;
}

static const struct policy_ops plain_jsq = {
	.name = "jsq", .summary = "plain", .eager = true, .next = plain_jsq_next};

/** What max-weight is, said plainly: the whole line counted each time. */
static bool plain_max_weight_next(
	struct policy_state *st, const struct view *v, struct assignment *out)
{
	size_t n[8] = {0}, oldest[8];
	struct score best = {.instance = {NO_ID}}, s;

	(void)st;
	for (size_t k = 0; k < v->n_waiting; k++) {
		size_t q = 2 * v->waiting[k].group.i + (size_t)v->waiting[k].phase;

		if (n[q]++ == 0)
			oldest[q] = k;
	}
	for (size_t q = 0; q < 2 * v->n_groups; q++)
		for (uint32_t c = 0; c < v->n_classes && n[q] > 0; c++) {
			const struct waiting *w = &v->waiting[oldest[q]];
			struct prediction p;

			if (!v->best(v, w, (struct class_id){c}, RANK_STEP, &s.instance))
				continue;
			p = v->predict_idle(v, w, s.instance, w->output_tok);
			s.first = -(double)n[q] / (p.prefill_s + p.decode_s);
			s.second = (double)oldest[q];
			if (best.instance.i != NO_ID && !score_better(&s, &best))
				continue;
			best = s;
			*out = (struct assignment){.request = w->id, .instance = s.instance};
		}
	return best.instance.i != NO_ID;
}

static const struct policy_ops plain_max_weight = {
	.name = "max-weight", .summary = "plain", .next = plain_max_weight_next};

/** Instances of several classes, in an order that mixes them, so that ties are across classes too;
 *  one cannot serve everybody, one has a model of its own, two phases are apart. */
static void many(struct fixture *f, unsigned k)
{
	static const char *const names[] = {"i0", "i1", "i2", "i3", "i4", "i5", "i6", "i7"};
	static const struct group_service law = {
		.group = {0}, .law = {.kind = DIST_EXPONENTIAL, .mean = 0.7, .max = HUGE_VAL}};

	fixture_init(f);
	f->spec.run.seed = k + 1;
	f->spec.run.horizon_s = 200.0;
	f->spec.run.state_delay_s = k % 3 == 2 ? 0.4 : 0.0;
	fixture_model(f, "llama2-7b", PRECISION_INT8);
	for (uint32_t i = 0; i < 8; i++) {
		fixture_site(f, names[i], TIER_CLOUD, i % 2 ? "a100" : "rtx-4090");
		if (k % 2 == 0) {
			fixture_llm(f, names[i], i, 0)->max_batch = 2 + i % 3;
			continue;
		}
		fixture_station(f, names[i], i, 0.5)->slots = 1 + i % 3;
		f->instances[i].service_of = i == 5 ? &law : NULL;
		f->instances[i].n_service_of = i == 5;
		f->instances[i].named_only = i == 5;
	}
	if (k == 4) {
		f->instances[2].role = f->instances[4].role = ROLE_PREFILL;
		f->instances[3].role = ROLE_DECODE;
		fixture_link(f, "net", "i*", "i*", 1e9, 1e-3);
	}
	fixture_link(f, "access", "users", "*", 1e8, 1e-3);
	fixture_group(f, "u", k % 2 ? 9.0 : 4.0)->workload.output_tok = dist_uniform(1.0, 300.0);
	fixture_group(f, "v", 3.0)->workload = f->groups[0].workload;
}

/** In every one of them @ops does what @plain does, and somebody waits. */
static void are_the_same(
	const struct policy_ops *ops, const struct policy_ops *plain, double rate_x)
{
	for (unsigned k = 0; k < 8; k++) {
		const struct policy_ops *both[] = {ops, plain};
		uint64_t digest[2];

		for (int i = 0; i < 2; i++) {
			struct fixture f;

			many(&f, k);
			for (size_t g = 0; g < f.spec.n_groups; g++)
				f.groups[g].arrivals.rate_per_s *= rate_x;
			f.policy = (struct policy_spec){.label = ops->name, .ops = both[i]};
			fixture_run(&f);
			assert_int_equal(f.result.status, RUN_COMPLETE);
			assert_true(fixture_metric(&f, "", "requests.done") > 400.0);
			digest[i] = f.result.digest;
			fixture_finish(&f);
		}
		assert_true(digest[0] == digest[1]);
	}
}

static void jsq_is_what_looking_at_every_instance_makes_it(void **state)
{
	(void)state;
	are_the_same(&policy_jsq, &plain_jsq, 1.0);
}

static void max_weight_is_what_counting_the_line_makes_it(void **state)
{
	(void)state;
	are_the_same(&policy_max_weight, &plain_max_weight, 1.0);
	are_the_same(&policy_max_weight, &plain_max_weight, 2.0); /* a line that grows */
}

/* 1000 tokens of 4 bytes over 1 kB/s and back are 4 s and more; from 50 s on over 100 kB/s .04 s.
 * With V = 3 the few who wait are kept (3 < 12), though the server is idle, until the link is fast:
 * nothing else happens then. */
static void with_v_they_wait_for_the_link_to_turn_fast(void **state)
{
	static const struct param_text v = {.key = "V", .value = "3"};
	static const int64_t turn_ns = INT64_C(50000000000);
	const struct rate_step rates[] = {{0, 1e3}, {turn_ns, 1e5}};
	struct group_spec *g;
	size_t kept = 0;
	struct fixture f;

	(void)state;
	fixture_init(&f);
	fixture_site(&f, "box", TIER_EDGE, NULL);
	fixture_station(&f, "q", 0, 0.1)->ahead = 1000;
	fixture_link(&f, "net", "users", "box", 1e3, 0.0);
	f.links[0].up.curve = f.links[0].down.curve = rate_curve_of_steps(&f.arena, rates, 2, 0);
	g = fixture_group(&f, "u", 0.1);
	g->workload.kind = WORKLOAD_DISTS;
	g->workload.prompt_tok = dist_constant(1000.0);
	fixture_policy(&f, "max-weight");
	f.policy.params = &v;
	f.policy.n_params = 1;
	fixture_run(&f);
	for (size_t k = 0; k < f.n_rows; k++) {
		const struct request_row *r = &f.rows[k];

		kept += r->created_ns < turn_ns;
		assert_int_equal(r->assigned_ns, r->created_ns < turn_ns ? turn_ns : r->created_ns);
	}
	assert_true(kept > 1 && f.n_rows > kept + 1);
	fixture_finish(&f);
}

/* At the edge 1 s at 250 W, in the cloud .8 s at 450 W: 250 J and 360 J. In .9 s only the cloud
 * can; in a minute both, and the edge is cheaper. */
static void perllm_learns_the_cheapest_that_is_in_time(void **state)
{
	static const double deadline_s[] = {0.9, 60.0, HUGE_VAL};

	(void)state;
	for (size_t k = 0; k < 3; k++) {
		struct fixture f;
		double at[2];

		fixture_init(&f);
		fixture_site(&f, "edge", TIER_EDGE, "titan-x")->gpu.tdp_w = 250.0;
		fixture_site(&f, "cloud", TIER_CLOUD, "rtx-4090")->gpu.tdp_w = 450.0;
		for (uint32_t i = 0; i < 2; i++) {
			fixture_station(&f, i ? "c" : "e", i, 1.0)->slots = 50;
			f.instances[i].service = dist_constant(i ? 0.8 : 1.0);
		}
		fixture_group(&f, "u", 5.0)->deadline_s = deadline_s[k];
		fixture_policy(&f, "perllm");
		f.spec.run.horizon_s = 2000.0;
		fixture_run(&f);
		assert_int_equal(f.result.status, RUN_COMPLETE);
		for (uint32_t i = 0; i < 2; i++)
			at[i] = fixture_metric(
				&f, i ? "instance:c" : "instance:e", "requests.done");
		assert_true(k == 0 ? at[1] > 50.0 * at[0] : at[0] > 5.0 * at[1]);
		assert_near(fixture_metric(&f, "", "policy.regret"),
			k == 0 ? 0.0 : at[1] * 110.0 / ((at[0] + at[1]) * 250.0), 1e-3);
		if (k == 0)
			assert_near(fixture_metric(&f, "", "policy.late_beyond"),
				0.95 * at[0] / (at[0] + at[1]), 1e-3);
		fixture_finish(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_makes_independent_queues),
		cmocka_unit_test(round_robin_makes_erlang_arrivals),
		cmocka_unit_test(knowing_more_waits_less),
		cmocka_unit_test(jsq_is_what_looking_at_every_instance_makes_it),
		cmocka_unit_test(perllm_learns_the_cheapest_that_is_in_time),
		cmocka_unit_test(max_weight_is_what_counting_the_line_makes_it),
		cmocka_unit_test(with_v_they_wait_for_the_link_to_turn_fast),
		cmocka_unit_test(every_policy_runs_the_testbed),
		cmocka_unit_test(k_p_fcfs_with_a_wide_window_conserves_work),
		cmocka_unit_test(the_dropped_are_those_that_would_be_late),
	};
	return cmocka_run_group_tests_name("policies_in_world", tests, NULL, NULL);
}
