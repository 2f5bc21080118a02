/*
 * A fit against a server that is none of the simulator's: tests/study/naive_server.c. Truths are
 * made by the definitions of docs/fitting.md, on the constants of a form one by one.
 */
#include "tests/support/check.h"

#include <gsl/gsl_errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/world/prices.h"
#include "study/fit.h"
#include "tests/study/naive_server.h"
#include "tests/support/world_fixture.h"

enum { REQUESTS = 300 };
static unsigned first_trial = 1, last_trial = 10;

static void make(struct fixture *f)
{
	fixture_init(f);
	fixture_site(f, "lab", TIER_CLOUD, "rtx-4090");
	fixture_model(f, "llama2-7b", PRECISION_FP16);
	fixture_llm(f, "server", 0, 0);
	f->instances[0].limits.max_batched_tok = 4096;
	fixture_group(f, "clients", 1.0);
}

static int drop(void **state)
{
	fixture_finish(*state);
	free(*state);
	return 0;
}

static int start(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	make(f);
	*state = f;
	return 0;
}

/* What is true of the server, and what the fixture's profile makes of it. */
static const struct fit_values truth = {.at = {[FIT_WEIGHTS] = 1.08,
						[FIT_CONTEXT] = 1.35,
						[FIT_TOKENS] = 0.85,
						[FIT_ATTENTION] = 1.0,
						[FIT_PROMPT] = 4e-3,
						[FIT_SEQUENCE] = 0.3e-3,
						[FIT_REQUEST] = 6e-3}};

static struct profile true_profile(
	const struct fixture *f, struct profile_form *form, const struct fit_values *v)
{
	struct profile p = *f->instances[0].profile;
	struct profile_op *o = form->op[PRECISION_FP16];

	*form = *p.form;
	for (size_t k = LLM_QKV; k <= LLM_HEAD; k++) {
		o[k].t0_s *= v->at[FIT_WEIGHTS];
		o[k].eb /= v->at[FIT_WEIGHTS];
		o[k].ec /= v->at[FIT_TOKENS];
	}
	form->launch_s[PRECISION_FP16] *= v->at[FIT_WEIGHTS];
	o[LLM_SMALL].eb /= v->at[FIT_TOKENS];
	o[LLM_DECODE_ATTENTION].t0_s *= v->at[FIT_WEIGHTS];
	o[LLM_DECODE_ATTENTION].eb /= v->at[FIT_CONTEXT];
	o[LLM_DECODE_ATTENTION].ec /= v->at[FIT_CONTEXT];
	o[LLM_PREFILL_ATTENTION].t0_s += v->at[FIT_PROMPT] / f->models[0].shape.layers;
	p.form = form;
	return p;
}

static struct cost *price(const struct fixture *f, const struct profile *p, double sequence_s)
{
	struct instance_spec with = f->instances[0];
	struct cost_spec what;
	struct err err = {0};
	struct cost *c;

	with.profile = p;
	with.host_time.sequence_s = sequence_s;
	what = price_of(&f->spec, &with);
	what.interconnect = &f->instances[0].parallel.interconnect;
	what.offload = NULL;
	if (!cost_create(&c, &what, &err))
		fail_msg("%s", err.msg);
	return c;
}

/* What a server with @v logs. */
struct load {
	unsigned seed;
	double rate_per_s, prompt_tok, output_tok, spread;
	bool exact; /* steps and clock */
};

static struct served_log logged(
	struct fixture *f, const struct fit_values *v, const struct load *load)
{
	struct profile_form form;
	struct profile p = true_profile(f, &form, v);
	struct cost *c = price(f, &p, v->at[FIT_SEQUENCE]);
	struct naive_server server = {.cost = c,
		.max_batch = f->instances[0].max_batch,
		.cap_tok = 4096,
		.request_s = v->at[FIT_REQUEST],
		.step_sigma = load->exact ? 0.0 : 0.03,
		.clock_s = load->exact ? 0.0 : 0.5e-3,
		.spread = load->spread};
	gsl_rng *r = gsl_rng_alloc(gsl_rng_taus2);
	struct served_log log;

	gsl_rng_set(r, load->seed);
	log = naive_log(&server, &f->arena, r, REQUESTS, load->rate_per_s, load->prompt_tok,
		load->output_tok);
	gsl_rng_free(r);
	cost_destroy(c);
	return log;
}

static struct fit_result fitted(struct fixture *f, const struct served_log *logs, size_t n)
{
	struct fit_setting s = {
		.spec = &f->spec, .n_logs = n, .logs = logs, .held = 1u << FIT_STEP};
	struct fit_result r = {0};
	struct err err = {0};

	if (!fit_check(&f->spec, &err) || !fit_run(&r, &f->arena, &s, &err))
		fail_msg("%s:%u: %s", err.at.file ? err.at.file : "-", err.at.line, err.msg);
	return r;
}

static bool within(const struct fit_result *r, enum fit_constant k)
{
	double off = (r->of[k].value - truth.at[k]) / r->of[k].se;

	if (r->of[k].fate != FIT_FITTED) /* held: only right where the profile is */
		return truth.at[k] == (fit_constants[k].is_factor ? 1.0 : 0.0);
	return fabs(off) <= 2.0;
}

/* 95.45 % of normal errors are within two standard errors: of 100 trials 95; of 10 it is 8 or more
 * but once in a hundred times. */
static void constants_are_recovered_within_two_standard_errors(void **state)
{
	unsigned n = last_trial - first_trial + 1, good[FIT_CONSTANTS] = {0};
	bool enough = true;

	(void)state;
	for (unsigned t = first_trial; t <= last_trial; t++) {
		struct fixture f;
		struct served_log log;
		struct fit_result r;

		make(&f);
		log = logged(&f, &truth, &(struct load){t, 1.1, 350.0, 130.0, 0.8, false});
		r = fitted(&f, &log, 1);
		for (enum fit_constant k = 0; k < FIT_STEP; k++)
			good[k] += within(&r, k);
		fixture_finish(&f);
	}
	for (enum fit_constant k = 0; k < FIT_STEP; k++) {
		print_message("%s: %u of %u\n", fit_constants[k].name, good[k], n);
		enough &= good[k] >= (n >= 100 ? n * 95 / 100 : n * 4 / 5);
	}
	assert_true(enough);
}

static bool noted(const struct fit_result *r, const char *constant, const char *measure)
{
	for (size_t i = 0; i < r->n_notes; i++)
		if (strstr(r->notes[i], constant) && strstr(r->notes[i], measure))
			return true;
	for (size_t i = 0; i < r->n_notes; i++)
		print_message("%s\n", r->notes[i]);
	return false;
}

/* Then a prompt's time is one number, however it is made up. */
static void prompts_of_one_length_are_told_to_lack_others(void **state)
{
	struct served_log log =
		logged(*state, &truth, &(struct load){7, 0.8, 300.0, 100.0, 0.0, false});
	struct fit_result r = fitted(*state, &log, 1);
	unsigned told = 0;

	for (enum fit_constant k = 0; k < FIT_CONSTANTS; k++)
		if (k == FIT_TOKENS || k == FIT_ATTENTION || k == FIT_PROMPT)
			told += r.of[k].fate == FIT_FITTED;
	assert_true(told <= 1);
	assert_true(noted(&r, "'prompt'", "short prompts beside long ones"));
	assert_true(noted(&r, "'attention'", "prompts several times as long"));
	assert_true(fabs(r.held.first) < 0.03 && fabs(r.held.token) < 0.01);
}

/* Nobody waits: the 6 ms before the line and the 4 ms of a step with prompts are 10 ms of a first
 * token. One sequence a step: what it adds, 0.3 ms, is in every step, and goes to `weights`. */
static void requests_one_by_one_are_told_to_lack_a_load(void **state)
{
	struct served_log log =
		logged(*state, &truth, &(struct load){8, 0.001, 300.0, 100.0, 0.8, false});
	struct fit_result r = fitted(*state, &log, 1);

	assert_int_equal(r.of[FIT_REQUEST].fate, FIT_ALIKE);
	assert_true(noted(&r, "'request' from 'prompt'", "a load at which prompts come beside"));
	assert_near(r.of[FIT_PROMPT].value, 10.15e-3, 0.3e-3);
	assert_int_not_equal(r.of[FIT_SEQUENCE].fate, FIT_FITTED);
	assert_true(noted(&r, "'sequence'", "a lower and a higher load (mostly 1 to 1 sequences"));
	assert_true(fabs(r.held.first) < 0.03 && fabs(r.held.token) < 0.01);
}

/* No noise, and mostly nobody else: what was put in comes out. */
static void an_exact_log_gives_the_constants_back(void **state)
{
	struct served_log log =
		logged(*state, &truth, &(struct load){9, 0.25, 350.0, 130.0, 0.8, true});
	struct fit_result r = fitted(*state, &log, 1);

	for (enum fit_constant k = 0; k < FIT_STEP; k++)
		assert_true(
			within(&r, k) || fabs(r.of[k].value - truth.at[k]) < 0.01 * truth.at[k]);
	assert_near(r.of[FIT_WEIGHTS].value, truth.at[FIT_WEIGHTS], 1e-3);
	assert_near(r.of[FIT_CONTEXT].value, truth.at[FIT_CONTEXT], 2e-2);
	assert_near(r.held.end, 0.0, 2e-3);
}

/* The profile is right, so nothing moves by more than chance. */
static void a_log_of_the_profile_itself_leaves_it_alone(void **state)
{
	struct fit_values none = fit_values_none();
	struct served_log log =
		logged(*state, &none, &(struct load){10, 1.2, 350.0, 130.0, 0.8, false});
	struct fit_result r = fitted(*state, &log, 1);

	for (enum fit_constant k = 0; k < FIT_CONSTANTS; k++)
		if (r.of[k].fate == FIT_FITTED)
			assert_true(fabs(r.of[k].value - none.at[k]) < 3.0 * r.of[k].se);
	assert_true(fabs(r.held.end) < 0.01);
}

/* One answer in 25 takes a second more, as of a server that stood still. */
static void outliers_do_not_carry_the_fit_away(void **state)
{
	struct served_log log =
		logged(*state, &truth, &(struct load){11, 0.9, 350.0, 130.0, 0.8, false});
	struct served_request *q = (struct served_request *)log.at;
	struct fit_result r;

	for (size_t i = 0; i < log.n; i += 25) {
		q[i].first_ns += 1000000000;
		q[i].end_ns += 2000000000;
	}
	r = fitted(*state, &log, 1);
	assert_ratio(r.of[FIT_WEIGHTS].value, truth.at[FIT_WEIGHTS], 0.01);
	assert_ratio(r.of[FIT_CONTEXT].value, truth.at[FIT_CONTEXT], 0.08);
	assert_ratio(r.of[FIT_TOKENS].value, truth.at[FIT_TOKENS], 0.05);
}

static void the_same_logs_give_the_same_profile(void **state)
{
	struct served_log log =
		logged(*state, &truth, &(struct load){12, 1.1, 350.0, 130.0, 0.8, false});
	struct fit_result a = fitted(*state, &log, 1), b = fitted(*state, &log, 1);

	assert_memory_equal(a.of, b.of, sizeof a.of);
	assert_memory_equal(a.profile->form, b.profile->form, sizeof *a.profile->form);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest trials[] = {
		cmocka_unit_test(constants_are_recovered_within_two_standard_errors),
	};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			prompts_of_one_length_are_told_to_lack_others, start, drop),
		cmocka_unit_test_setup_teardown(
			requests_one_by_one_are_told_to_lack_a_load, start, drop),
		cmocka_unit_test_setup_teardown(an_exact_log_gives_the_constants_back, start, drop),
		cmocka_unit_test_setup_teardown(
			a_log_of_the_profile_itself_leaves_it_alone, start, drop),
		cmocka_unit_test_setup_teardown(outliers_do_not_carry_the_fit_away, start, drop),
		cmocka_unit_test_setup_teardown(the_same_logs_give_the_same_profile, start, drop),
	};
	int failed;

	gsl_set_error_handler_off();
	if (argc == 3) {
		first_trial = (unsigned)atoi(argv[1]);
		last_trial = (unsigned)atoi(argv[2]);
	}
	failed = cmocka_run_group_tests_name("fit trials", trials, NULL, NULL);
	return argc == 3 ? failed : failed + cmocka_run_group_tests_name("fit", tests, NULL, NULL);
}
