/* Phases apart: when KV goes, what it holds, and that nobody waits for ever. */
#include "tests/support/check.h"

#include <stdlib.h>

#include "models/cost/cost.h"
#include "models/cost/llm.h"
#include "tests/support/world_fixture.h"

/** A prefill and a decode instance of Llama-2-7B on two sites, a line of @bytes_per_s between them,
 *  and users who are next to both. */
static void pair(struct fixture *f, double bytes_per_s)
{
	fixture_init(f);
	fixture_site(f, "a", TIER_CLOUD, "a100");
	fixture_site(f, "b", TIER_CLOUD, "a100");
	fixture_model(f, "llama2-7b", PRECISION_FP16);
	fixture_llm(f, "p", 0, 0)->role = ROLE_PREFILL;
	fixture_llm(f, "d", 1, 0)->role = ROLE_DECODE;
	fixture_link(f, "access", "users", "*", HUGE_VAL, 0.0);
	fixture_link(f, "kv", "a", "b", bytes_per_s, 0.0);
	fixture_group(f, "users", 0.5)->arrivals.process = ARRIVAL_DETERMINISTIC;
	f->groups[0].workload.prompt_tok = dist_constant(600.0);
	f->groups[0].workload.output_tok = dist_constant(10.0);
	f->spec.run.horizon_s = 0.0;
	f->spec.run.requests = 1;
}

static double s_of(int64_t ns)
{
	return (double)ns * 1e-9;
}

/** On the wire: packets of 1448 bytes, each with 66 of headers. */
static double wire_s(double payload_bytes, double bytes_per_s)
{
	return (payload_bytes + 66.0 * ceil(payload_bytes / 1448.0)) / bytes_per_s;
}

static const double KV_BYTES = 314572800.0;

/* 2 x 32 layers x 4096 x 2 bytes = 524288 bytes a token: 600 tokens are 314572800, and at 50 Mbps
 * 50.331648 s; with 66 bytes of headers on each of 217247 packets 52.62577632 s. */
static void kv_of_600_tokens_takes_fifty_seconds_at_50_mbps(void **state)
{
	const struct request_row *r;
	struct fixture f;

	(void)state;
	pair(&f, 6.25e6);
	fixture_run(&f);
	r = &f.rows[0];
	assert_int_equal(r->fate, FATE_DONE);
	assert_int_equal(r->prefill, 0);
	assert_int_equal(r->instance, 1);
	assert_near(KV_BYTES / 6.25e6, 50.331648, 1e-12);
	assert_int_equal(r->joined_ns - r->first_token_ns, 52625776320);
	fixture_finish(&f);
}

/* The line is slower than the prefill: the KV goes from the end of the first of 32 layers on. And
 * so fast that it is not: one layer is left when the prefill ends. */
static void with_overlap_it_ends_as_the_formula_says(void **state)
{
	static const double rates[] = {6.25e6, 1.25e9, 2.5e10, 1e12};

	(void)state;
	for (size_t k = 0; k < sizeof rates / sizeof *rates; k++) {
		double layer_s = wire_s(KV_BYTES / 32.0, rates[k]), prefill_s, first, last;
		const struct request_row *r;
		struct fixture f;

		pair(&f, rates[k]);
		f.instances[0].kv_overlap = true;
		fixture_run(&f);
		r = &f.rows[0];
		prefill_s = s_of(r->first_token_ns - r->started_ns);
		first = s_of(r->started_ns) + prefill_s / 32.0 +
			wire_s(KV_BYTES * 31.0 / 32.0, rates[k]) + layer_s;
		last = s_of(r->first_token_ns) + layer_s;
		assert_near(s_of(r->joined_ns), first > last ? first : last, 3e-9);
		assert_int_equal(first > last, k < 2);
		fixture_finish(&f);
	}
}

/* Of two who come at once the second prompt is computed after the first (its instance has one
 * place), and its KV waits for the line. */
static void a_tandem_runs_as_worked_out_by_hand(void **state)
{
	double whole_s = wire_s(KV_BYTES, 1.25e9), prefill_s;
	const struct request_row *r;
	struct fixture f;

	(void)state;
	pair(&f, 1.25e9);
	f.instances[0].max_batch = 1;
	f.groups[0].arrivals =
		(struct arrival_spec){.process = ARRIVAL_SATURATED, .outstanding = 3};
	f.spec.run.requests = 3;
	fixture_run(&f);
	r = f.rows;
	prefill_s = s_of(r[0].first_token_ns);
	assert_true(prefill_s < whole_s);
	for (int k = 0; k < 3; k++) {
		assert_near(s_of(r[k].first_token_ns), (k + 1) * prefill_s, 5e-9);
		/* the line is never idle */
		assert_near(s_of(r[k].joined_ns), prefill_s + (k + 1) * whole_s, 1e-8);
	}
	fixture_finish(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kv_of_600_tokens_takes_fifty_seconds_at_50_mbps),
		cmocka_unit_test(with_overlap_it_ends_as_the_formula_says),
		cmocka_unit_test(a_tandem_runs_as_worked_out_by_hand),
	};

	return cmocka_run_group_tests_name("handover", tests, NULL, NULL);
}
