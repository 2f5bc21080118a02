/* What every registered policy must do in whole runs in which what it sees is old: it is refused
 * nothing, nobody is lost, a delay of nothing changes nothing, and the same run comes out again.
 * Plug-ins named on the command line are held to it too. */
#include "tests/support/check.h"

#include <stdlib.h>
#include <string.h>

#include "models/cost/llm.h"
#include "policies/plugin.h"
#include "tests/support/world_fixture.h"

enum { WORLDS = 6 };

static const double delays_s[] = {0.0, 0.005, 0.7, 15.0};
enum { DELAYS = sizeof delays_s / sizeof *delays_s };

/* How long two groups are served at a station. */
static const struct group_service laws[] = {
	{.group = {0}, .law = {.kind = DIST_EXPONENTIAL, .mean = 0.5, .max = HUGE_VAL}},
	{.group = {1}, .law = {.kind = DIST_EXPONENTIAL, .mean = 1.5, .max = HUGE_VAL}}};

/* Edge and cloud, of machines that run a model or of stations; places for few, and in every other
 * world little memory. */
static void build(struct fixture *f, unsigned k, const struct policy_ops *ops)
{
	static const char *const sites[] = {"e0", "e1", "c"};
	const struct llm_shape *shape;

	fixture_init(f);
	f->spec.run.horizon_s = 30.0;
	f->spec.run.seed = k + 1;
	f->policy = (struct policy_spec){.label = ops->name, .ops = ops};
	shape = &fixture_model(f, "llama2-7b", PRECISION_INT8)->shape;
	for (uint32_t i = 0; i < 3; i++) {
		fixture_site(
			f, sites[i], i < 2 ? TIER_EDGE : TIER_CLOUD, i < 2 ? "titan-x" : "a100");
		if (k % 3 == 2) {
			fixture_station(f, sites[i], i, 0.8)->slots = 1 + i;
			continue;
		}
		fixture_llm(f, sites[i], i, 0)->max_batch = 2 + i;
		if (k % 2)
			f->instances[i].reserve_bytes = f->sites[i].gpu.mem_bytes -
							llm_weight_bytes(shape, PRECISION_INT8) -
							llm_kv_bytes_per_tok(shape) * 1200.0;
	}
	if (k % 4 < 2)
		fixture_link(f, "net", "users", "*", 6.25e6, 5e-3);
	fixture_group(f, "u", 1.5)->workload.output_tok = dist_uniform(1.0, 120.0);
	f->groups[0].workload.prompt_tok = dist_uniform(5.0, 500.0);
	f->groups[0].home.i = 0;
	if (k % 2)
		f->groups[0].deadline_s = 8.0;
	if (k == 5) {
		fixture_group(f, "v", 0.5)->workload = f->groups[0].workload;
		f->instances[0].service_of = f->instances[2].service_of = laws;
		f->instances[0].n_service_of = f->instances[2].n_service_of = 2;
		f->instances[2].named_only = true;
	}
}

struct outcome_of_run {
	uint64_t digest;
	double created, sum;
};

static struct outcome_of_run run(struct fixture *f, double state_delay_s)
{
	struct outcome_of_run o;

	f->spec.run.state_delay_s = state_delay_s;
	fixture_run(f);
	if (f->result.status != RUN_COMPLETE)
		fail_msg("'%s' with state %g s old: %s", f->policy.label, state_delay_s,
			f->result.failure);
	o.digest = f->result.digest;
	o.created = fixture_metric(f, "", "requests.created");
	o.sum = fixture_metric(f, "", "requests.done") + fixture_metric(f, "", "requests.dropped") +
		fixture_metric(f, "", "requests.rejected") +
		fixture_metric(f, "", "requests.in_system");
	return o;
}

static void policies_live_with_state_that_is_old(void **state)
{
	struct policy_registry all = plugins_registry(*state);

	for (size_t p = 0; p < all.n; p++)
		for (unsigned k = 0; k < WORLDS; k++) {
			struct fixture f;

			build(&f, k, all.all[p]);
			for (size_t d = 0; d < DELAYS; d++) {
				struct outcome_of_run o = run(&f, delays_s[d]);

				assert_true(o.created > 10.0);
				assert_near(o.sum, o.created, 0.0);
				assert_true(run(&f, delays_s[d]).digest == o.digest);
			}
			fixture_finish(&f);
		}
}

/** Keep who served each request, and when it was done. */
static struct request_row *keep(const struct fixture *f)
{
	struct request_row *rows = malloc(f->n_rows * sizeof *rows);

	assert_non_null(rows);
	memcpy(rows, f->rows, f->n_rows * sizeof *rows);
	return rows;
}

/* At stations, where no step goes by in a nanosecond, reports that old change times by as little:
 * what policies are shown beside the truth is the same. And where none is old no report is an
 * event. */
static void a_nanosecond_changes_nothing_but_nanoseconds(void **state)
{
	struct policy_registry all = plugins_registry(*state);

	for (size_t p = 0; p < all.n; p++)
		for (unsigned k = 2; k < WORLDS; k += 3) {
			struct request_row *now;
			struct fixture f;
			uint64_t digest;
			size_t n;

			build(&f, k, all.all[p]);
			fixture_run(&f);
			digest = f.result.digest;
			assert_true(run(&f, 0.0).digest == digest);
			now = keep(&f);
			n = f.n_rows;
			run(&f, 1e-9);
			assert_int_equal(f.n_rows, n);
			for (size_t r = 0; r < n; r++) {
				assert_int_equal(f.rows[r].instance, now[r].instance);
				assert_in_range(
					f.rows[r].finished_ns + 1000 - now[r].finished_ns, 0, 2000);
			}
			free(now);
			fixture_finish(&f);
		}
}

int main(int argc, char **argv)
{
	struct plugins plugins;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(policies_live_with_state_that_is_old, &plugins),
		cmocka_unit_test_prestate(a_nanosecond_changes_nothing_but_nanoseconds, &plugins),
	};
	struct err err = {0};
	int failed;

	plugins_init(&plugins);
	for (int i = 1; i < argc; i++)
		if (!plugins_load(&plugins, argv[i], &err)) {
			err_print(&err, stderr);
			return 2;
		}
	failed = cmocka_run_group_tests_name("stale policies", tests, NULL, NULL);
	plugins_finish(&plugins);
	return failed;
}
