/* What was foreseen at each choice, what else there was, and what came of it. */
#include "tests/support/check.h"

#include <string.h>

#include "tests/support/world_fixture.h"

/* Two stations that take 4 and 6 s, always; a request every 2.5 s. */
static void two_stations(struct fixture *f, bool choices)
{
	fixture_init(f);
	fixture_site(f, "here", TIER_EDGE, NULL);
	fixture_station(f, "fast", 0, 0.0)->service = dist_constant(4.0);
	fixture_station(f, "slow", 0, 0.0)->service = dist_constant(6.0);
	fixture_group(f, "u", 0.4)->arrivals.process = ARRIVAL_DETERMINISTIC;
	f->spec.record.choices = choices;
	f->spec.run.horizon_s = 24.0;
	fixture_run(f);
}

/* The first finds both idle: 4 s here, 6 s there. 2.5 s later fast is busy and slow takes 6 s;
 * fast would take the rest of what it does and 4 s. The third comes 5 s after the first, when fast
 * is idle again and slow is not. */
static void a_choice_knows_its_best_alternative(void **state)
{
	struct fixture f;

	(void)state;
	two_stations(&f, true);
	assert_true(f.n_rows >= 3);
	assert_int_equal(f.rows[0].instance, 0);
	assert_near(f.rows[0].foreseen.chosen_s, 4.0, 1e-9);
	assert_int_equal(f.rows[0].foreseen.second, 1);
	assert_near(f.rows[0].foreseen.second_s, 6.0, 1e-9);
	assert_int_equal(f.rows[1].instance, 1);
	assert_near(f.rows[1].foreseen.chosen_s, 6.0, 1e-9);
	assert_int_equal(f.rows[1].foreseen.second, 0);
	assert_true(f.rows[1].foreseen.second_s > 4.0 && f.rows[1].foreseen.second_s <= 8.0);
	assert_int_equal(f.rows[2].instance, 0);
	assert_near(f.rows[2].foreseen.chosen_s, 4.0, 1e-9);
	fixture_finish(&f);
}

/* Nobody waits and nothing is random, so it takes what was foreseen. */
static void a_certain_prediction_has_no_error(void **state)
{
	struct fixture f;

	(void)state;
	two_stations(&f, true);
	assert_near(fixture_metric(&f, "", "prediction.bias_s"), 0.0, 1e-9);
	assert_near(fixture_metric(&f, "", "prediction.error_s"), 0.0, 1e-9);
	assert_near(fixture_metric(&f, "instance:fast", "prediction.error_s"), 0.0, 1e-9);
	assert_near(fixture_metric(&f, "group:u", "choice.margin_s"),
		fixture_metric(&f, "", "choice.margin_s"), 0.0);
	fixture_finish(&f);
}

/* With `jsq` a line forms at one station, so that the second of a pair waits: all that it takes was
 * foreseen, the wait too. One station alone has no alternative and so no margin. */
static void a_lone_station_has_no_alternative(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	fixture_site(&f, "here", TIER_EDGE, NULL);
	fixture_station(&f, "q", 0, 0.0)->service = dist_constant(1.0);
	fixture_group(&f, "u", 0.5);
	fixture_policy(&f, "jsq");
	f.spec.record.choices = true;
	f.spec.run.horizon_s = 400.0;
	fixture_run(&f);
	assert_int_equal(f.rows[0].foreseen.second, NO_ID);
	assert_true(isnan(fixture_metric(&f, "", "choice.margin_s")));
	assert_true(fixture_metric(&f, "", "prediction.error_s") >=
		    fabs(fixture_metric(&f, "", "prediction.bias_s")));
	fixture_finish(&f);
}

static void who_asks_changes_nothing(void **state)
{
	struct fixture with, without;

	(void)state;
	two_stations(&with, true);
	two_stations(&without, false);
	assert_true(with.result.digest == without.result.digest);
	assert_int_equal(with.n_rows, without.n_rows);
	for (size_t i = 0; i < without.n_rows; i++)
		assert_true(without.rows[i].foreseen.chosen_s == 0.0);
	for (size_t m = 0; m < without.result.n_metrics; m++)
		assert_null(strstr(metrics[without.result.metrics[m].id].name, "prediction"));
	fixture_finish(&with);
	fixture_finish(&without);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_choice_knows_its_best_alternative),
		cmocka_unit_test(a_certain_prediction_has_no_error),
		cmocka_unit_test(a_lone_station_has_no_alternative),
		cmocka_unit_test(who_asks_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
