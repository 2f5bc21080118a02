/* Rounds of speculation in whole runs against their exact laws. */
#include "tests/support/check.h"

#include <gsl/gsl_cdf.h>
#include <stdlib.h>

#include "io/profile/file.h"
#include "models/cost/catalog.h"
#include "models/serving/acceptance.h"
#include "tests/support/world_fixture.h"

static struct model_spec draft;

/** Prompts of 100 tokens, answers of @output; one machine with a batch of @max_batch. */
static void build(
	struct fixture *f, unsigned k, double acceptance, double output, unsigned max_batch)
{
	struct instance_spec *i;
	struct err err = {0};

	fixture_init(f);
	fixture_site(f, "cloud", TIER_CLOUD, "rtx-4090");
	draft = (struct model_spec){.name = "draft",
		.shape = catalog_find_model("llama-68m")->shape,
		.precision = PRECISION_FP16};
	fixture_model(f, "llama2-7b", PRECISION_INT8)->draft = &draft;
	i = fixture_llm(f, "gpu", 0, 0);
	i->max_batch = max_batch;
	i->draft = (struct draft_spec){.on = true, .k = k, .acceptance = acceptance};
	assert_true(profile_find(&i->draft.profile, profile_builtin(&f->arena), &f->sites[0].gpu,
		"fused", "llama-68m", PRECISION_FP16, i->at, &err));
	fixture_group(f, "users", 2.0)->workload.output_tok = dist_constant(output);
	f->spec.run.horizon_s = 1000.0;
}

/* Half a million tosses and more: five standard deviations. */
static void acceptance_and_tokens_a_round_are_those_of_the_law(void **state)
{
	static const struct {
		double alpha;
		unsigned k;
	} cases[] = {{0.3, 2}, {0.6, 4}, {0.7, 4}, {0.9, 8}};

	(void)state;
	for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
		struct fixture f;
		double mean = acceptance_mean_tok(cases[c].alpha, cases[c].k), n;

		build(&f, cases[c].k, cases[c].alpha, 200.0, 16);
		fixture_run(&f);
		n = fixture_metric(&f, "", "speculation.rounds");
		assert_true(n > 50000.0);
		assert_near(fixture_metric(&f, "", "speculation.tokens_per_round"), mean,
			5.0 * cases[c].k / 2.0 / sqrt(n));
		assert_near(fixture_metric(&f, "", "speculation.acceptance"), cases[c].alpha,
			5.0 * 0.5 / sqrt(n));
		assert_ratio(
			fixture_metric(&f, "", "speculation.drafted_tok"), n * cases[c].k, 1e-12);
		fixture_finish(&f);
	}
}

/* Chi-square over cells of ten or more. */
static void rounds_of_an_answer_have_the_exact_distribution(void **state)
{
	enum { OUTPUT = 40, K = 4 };
	double at_most[OUTPUT], seen[OUTPUT] = {0}, chi2 = 0.0, total = 0.0, expected, got,
				below = 0.0;
	size_t cells = 0;
	struct fixture f;

	(void)state;
	build(&f, K, 0.6, OUTPUT, 1);
	f.spec.run.horizon_s = 4000.0;
	f.groups[0].arrivals.rate_per_s = 1.0;
	fixture_run(&f);
	acceptance_rounds(at_most, 0.6, K, OUTPUT - 1);
	for (size_t i = 0; i < f.n_rows; i++) {
		const struct request_row *r = &f.rows[i];

		if (r->fate != FATE_DONE)
			continue;
		assert_true(r->rounds > 0 && r->rounds < OUTPUT);
		seen[r->rounds]++;
		total++;
	}
	assert_true(total > 3000.0);
	for (size_t r = 1, from = 0; r < OUTPUT; r++) { /* cells of ten or more expected */
		expected = total * (at_most[r] - at_most[from]);
		below += seen[r];
		if (expected < 10.0 && r + 1 < OUTPUT)
			continue;
		got = below;
		if (expected > 0.0)
			chi2 += (got - expected) * (got - expected) / expected;
		cells++;
		from = r;
		below = 0.0;
	}
	assert_true(cells > 8);
	assert_true(gsl_cdf_chisq_Q(chi2, (double)cells - 1.0) > 1e-3);
	fixture_finish(&f);
}

/* Nothing accepted is a round a token; everything, k + 1 tokens a round, the last as many as are
 * left. */
static void certain_drafts_take_the_rounds_they_must(void **state)
{
	(void)state;
	for (int sure = 0; sure < 2; sure++) {
		struct fixture f;

		build(&f, 4, sure, 83.0, 16);
		f.spec.run.horizon_s = 50.0;
		fixture_run(&f);
		for (size_t i = 0; i < f.n_rows; i++)
			if (f.rows[i].fate == FATE_DONE)
				assert_int_equal(f.rows[i].rounds, sure ? 17 : 82);
		assert_near(
			fixture_metric(&f, "", "speculation.acceptance"), sure ? 1.0 : 0.0, 1e-12);
		assert_near(fixture_metric(&f, "", "speculation.tokens_per_round"),
			sure ? 5.0 : 1.0, 1e-12);
		fixture_finish(&f);
	}
}

/* Each is rounded once a run of steps. */
static void without_drafts_it_is_plain_decoding(void **state)
{
	struct fixture plain, f;

	(void)state;
	build(&f, 0, 0.6, 50.0, 8);
	build(&plain, 0, 0.6, 50.0, 8);
	f.spec.run.horizon_s = plain.spec.run.horizon_s = 100.0;
	plain.instances[0].draft.on = false;
	fixture_run(&f);
	fixture_run(&plain);
	assert_int_equal(f.n_rows, plain.n_rows);
	for (size_t i = 0; i < f.n_rows; i++) {
		assert_int_equal(f.rows[i].rounds, 0);
		if (f.rows[i].fate == FATE_DONE)
			assert_near(s_of_ns(f.rows[i].finished_ns),
				s_of_ns(plain.rows[i].finished_ns), 1e-6);
	}
	fixture_finish(&f);
	fixture_finish(&plain);
}

/* Another card and another batch change when a round is made, and nothing of what it gives. */
static void what_is_accepted_hangs_on_request_and_round_alone(void **state)
{
	struct fixture f, other;
	struct err err = {0};
	struct instance_spec *o;

	(void)state;
	build(&f, 4, 0.6, 70.0, 16);
	build(&other, 4, 0.6, 70.0, 3);
	o = &other.instances[0];
	other.sites[0].gpu = catalog_find_gpu("a100")->spec;
	o->batching = BATCHING_CHUNKED;
	assert_true(profile_find(&o->profile, profile_builtin(&other.arena), &other.sites[0].gpu,
		"fused", "llama2-7b", PRECISION_INT8, o->at, &err));
	assert_true(profile_find(&o->draft.profile, profile_builtin(&other.arena),
		&other.sites[0].gpu, "fused", "llama-68m", PRECISION_FP16, o->at, &err));
	f.spec.run.horizon_s = other.spec.run.horizon_s = 60.0;
	fixture_run(&f);
	fixture_run(&other);
	assert_int_equal(f.n_rows, other.n_rows);
	for (size_t i = 0; i < f.n_rows; i++)
		if (f.rows[i].fate == FATE_DONE && other.rows[i].fate == FATE_DONE)
			assert_int_equal(f.rows[i].rounds, other.rows[i].rounds);
	fixture_finish(&f);
	fixture_finish(&other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(acceptance_and_tokens_a_round_are_those_of_the_law),
		cmocka_unit_test(rounds_of_an_answer_have_the_exact_distribution),
		cmocka_unit_test(certain_drafts_take_the_rounds_they_must),
		cmocka_unit_test(without_drafts_it_is_plain_decoding),
		cmocka_unit_test(what_is_accepted_hangs_on_request_and_round_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
