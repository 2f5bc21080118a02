/* perllm as a bandit: arms that stay as they are, whose costs and lateness are drawn here. */
#include "tests/support/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "models/offload/spec.h"
#include "policies/all.h"
#include "tests/support/view_fixture.h"

enum { ARMS = 4 };

/* The cheaper an arm, the more often it is late: with 90 % in time the third is the best, the first
 * two break the constraint, the last is dearer for nothing. Service takes .01 s a token, 1 to 100
 * tokens, so that a request costs .505 s times the power on average, and at most 400 J. */
static const double power_w[ARMS] = {100.0, 200.0, 300.0, 400.0};
static const double late[ARMS] = {0.5, 0.2, 0.04, 0.005};
static const double mean_s = 0.505, most_j = 400.0;
enum { BEST = 2 };

struct bench {
	struct view_fixture f;
	struct policy_state *st;
	uint64_t random, sent[ARMS], id;
};

static void bench_init(struct bench *b, const struct param_text *texts, size_t n, uint64_t seed)
{
	char why[200];

	memset(b, 0, sizeof *b);
	b->random = seed;
	fixture_group(&b->f, (struct fixture_group){.model = NO_ID});
	for (uint32_t k = 0; k < ARMS; k++) {
		fixture_class(&b->f, (struct fixture_class){.model = NO_ID,
					     .context_tok = 1000,
					     .decode_s_per_tok = 0.01,
					     .upkeep = {power_w[k], (double)NAN}});
		fixture_instance(&b->f, (struct fixture_instance){.cls = k});
	}
	fixture_view(&b->f);
	fixture_wait(&b->f, (struct waiting){.deadline_s = 1.0, .from = {NO_ID}});
	b->st = fixture_state(&policy_perllm, texts, n);
	assert_true(policy_perllm.check(b->st, &b->f.v, why, sizeof why));
	assert_true(policy_perllm.init(b->st, &b->f.v, why, sizeof why));
}

static void bench_finish(struct bench *b)
{
	policy_perllm.finish(b->st);
	free(b->st);
}

static double uniform(struct bench *b)
{
	return (double)(fixture_random(&b->random) >> 11) * 0x1p-53;
}

/** Requests until @t have been sent, each answered before the next. */
static void play(struct bench *b, uint64_t t)
{
	while (b->id < t) {
		struct assignment a;

		b->f.waiting[0].id.n = b->id++;
		b->f.waiting[0].output_tok = 1 + (uint32_t)(100.0 * uniform(b));
		assert_true(policy_perllm.next(b->st, &b->f.v, &a));
		assert_int_equal(a.request.n, b->id - 1);
		b->sent[a.instance.i]++;
		policy_perllm.finished(
			b->st, &(struct outcome){.request = a.request,
				       .instance = a.instance,
				       .prefilled_at = a.instance,
				       .deadline_s = 1.0,
				       .delivered_s = uniform(b) < late[a.instance.i] ? 1.5 : 0.5});
	}
}

/** What was paid beyond the best arm, J: by the means that are known here. */
static double regret_j(const struct bench *b)
{
	double j = 0.0;

	for (int k = BEST + 1; k < ARMS; k++)
		j += (power_w[k] - power_w[BEST]) * mean_s * (double)b->sent[k];
	return j;
}

static uint64_t unlawful(const struct bench *b)
{
	return b->sent[0] + b->sent[1];
}

/* UCB1 takes an arm that is worse by d, in a share of the largest, at most 8 ln t / d^2 + 1 + pi^2
 * / 3 times on average. The last arm: d = 50.5 J / 400 J; those that are late .4 and .1 too often:
 * that. */
static double ucb1_most(double d, uint64_t t)
{
	return 8.0 * log((double)t) / (d * d) + 1.0 + M_PI * M_PI / 3.0;
}

static void what_it_loses_grows_as_the_logarithm(void **state)
{
	static const uint64_t times[] = {4000, 16000, 64000, 256000};
	double last[2] = {HUGE_VAL, HUGE_VAL};
	struct bench b;

	(void)state;
	bench_init(&b, (const struct param_text[]){{.key = "in_time", .value = "90 %"}}, 1, 3);
	for (size_t k = 0; k < 4; k++) {
		double t = (double)times[k];

		play(&b, times[k]);
		assert_true((double)b.sent[0] <= ucb1_most(0.4, times[k]));
		assert_true((double)b.sent[1] <= ucb1_most(0.1, times[k]));
		assert_true((double)b.sent[3] <=
			    ucb1_most((power_w[3] - power_w[2]) * mean_s / most_j, times[k]));
		/* four times as long is not twice as dear: each halves a request, and more */
		assert_true(regret_j(&b) / t < 0.6 * last[0]);
		assert_true((double)unlawful(&b) / t < 0.6 * last[1]);
		last[0] = regret_j(&b) / t;
		last[1] = (double)unlawful(&b) / t;
	}
	assert_true((double)b.sent[BEST] > 0.95 * 256000.0);
	bench_finish(&b);
}

/* Beside what is known here of the arms. */
static void it_reports_what_it_lost(void **state)
{
	struct policy_report r = {(double)NAN, (double)NAN};
	double beyond, fixed, allowed = 0.1;
	struct bench b;

	(void)state;
	bench_init(&b, (const struct param_text[]){{.key = "in_time", .value = "90 %"}}, 1, 4);
	policy_perllm.report(b.st, &r);
	assert_true(isnan(r.regret) && isnan(r.late_beyond)); /* of nothing */
	play(&b, 50000);
	policy_perllm.report(b.st, &r);
	fixed = 50000.0 * power_w[BEST] * mean_s;
	assert_near(r.regret, regret_j(&b) / fixed, 0.05 * regret_j(&b) / fixed + 1e-3);
	beyond = (double)b.sent[0] * (late[0] - allowed) + (double)b.sent[1] * (late[1] - allowed);
	assert_near(r.late_beyond, beyond / 50000.0, 0.15 * beyond / 50000.0);
	bench_finish(&b);
}

/* Nothing is asked of lateness: the cheapest. Almost all is: the dearest. */
static void the_constraint_decides(void **state)
{
	static const struct {
		const char *in_time;
		int best;
	} cases[] = {{"0 %", 0}, {"70 %", 1}, {"90 %", 2}, {"98 %", 3}};

	(void)state;
	for (size_t k = 0; k < 4; k++) {
		const struct param_text texts[] = {{.key = "in_time", .value = cases[k].in_time},
			{.key = "explore", .value = "0.1"}};
		struct bench b;

		bench_init(&b, texts, 2, 7 + k);
		play(&b, 60000);
		assert_true(b.sent[cases[k].best] > 48000);
		bench_finish(&b);
	}
}

static void it_needs_to_know_what_it_is_to_save(void **state)
{
	const struct param_text money = {.key = "objective", .value = "money"};
	struct policy_state *st = fixture_state(&policy_perllm, &money, 1);
	struct bench b;
	char why[200];

	(void)state;
	bench_init(&b, NULL, 0, 1);
	assert_false(policy_perllm.check(st, &b.f.v, why, sizeof why));
	assert_string_equal(why, "needs the price of the gpu of 'instance'");
	bench_finish(&b);
	free(st);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_it_loses_grows_as_the_logarithm),
		cmocka_unit_test(it_reports_what_it_lost),
		cmocka_unit_test(the_constraint_decides),
		cmocka_unit_test(it_needs_to_know_what_it_is_to_save),
	};

	return cmocka_run_group_tests_name("policy_perllm", tests, NULL, NULL);
}
