/* A question to results: keys, conditions, metrics and scopes, laid out as rows and columns. */
#include "tests/support/check.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/record/schema.h"
#include "io/results/query.h"

enum { FOLDERS = 2 };

struct asked {
	char dir[FOLDERS][40];
	sqlite3 *db[FOLDERS];
	struct results *of[FOLDERS];
	struct query *q;
	struct err err;
};

static void say(sqlite3 *db, const char *sql)
{
	char *why = NULL;

	if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK)
		fail_msg("%s: %s", sql, why);
}

static int setup(void **state)
{
	struct asked *a = calloc(1, sizeof *a);
	char path[64];

	for (size_t d = 0; d < FOLDERS; d++) {
		strcpy(a->dir[d], "/tmp/offing-query-XXXXXX");
		assert_non_null(mkdtemp(a->dir[d]));
		snprintf(path, sizeof path, "%s/results.sqlite", a->dir[d]);
		assert_int_equal(sqlite3_open(path, &a->db[d]), SQLITE_OK);
		say(a->db[d], rec_schema);
	}
	*state = a;
	return 0;
}

static int teardown(void **state)
{
	struct asked *a = *state;
	char command[128];

	query_finish(a->q);
	for (size_t d = 0; d < FOLDERS; d++) {
		results_close(a->of[d]);
		sqlite3_close(a->db[d]);
		snprintf(command, sizeof command, "rm -rf '%s'", a->dir[d]);
		assert_int_equal(system(command), 0);
	}
	free(a);
	return 0;
}

/** A complete run @id of @policy in folder @d at @rate: e2e.mean_s is @mean ± 0.5. */
static void put(
	struct asked *a, size_t d, int id, const char *policy, const char *rate, double mean)
{
	char sql[1000];

	snprintf(sql, sizeof sql,
		"INSERT INTO run VALUES (%d, 's', 'text', '%s', '%s', 1, 10, 'v', NULL, NULL, "
		"NULL, "
		"'complete');"
		"INSERT INTO setting VALUES (%d, 'links.wan.rate', '%s'), (%d, 'run.seed', '1');"
		"INSERT INTO summary VALUES "
		"(%d, '', 'e2e.mean_s', 's', %g, 0.7, %g, %g, 10),"
		"(%d, 'site:edge2', 'busy.share', '1', 0.2, NULL, NULL, NULL, 1),"
		"(%d, 'site:edge10', 'busy.share', '1', 0.4, NULL, NULL, NULL, 1);",
		id, rate, policy, id, rate, id, id, mean, mean - 0.5, mean + 0.5, id, id);
	say(a->db[d], sql);
}

static void four_runs(struct asked *a)
{
	put(a, 0, 1, "ours", "10 Mbps", 3.0);
	put(a, 0, 2, "ours", "2 Mbps", 7.0);
	put(a, 0, 3, "fcfs", "10 Mbps", 4.0);
	put(a, 0, 4, "fcfs", "500 kbps", 90.0);
}

static bool ask(struct asked *a, size_t n, const struct query_spec *spec)
{
	query_finish(a->q);
	for (size_t d = 0; d < n; d++) {
		results_close(a->of[d]);
		assert_true(results_open(&a->of[d], a->dir[d], &a->err));
	}
	a->err = (struct err){0};
	return query_ask(&a->q, a->of, n, spec, &a->err);
}

static void refused(struct asked *a, size_t n, const struct query_spec *spec, const char *why)
{
	assert_false(ask(a, n, spec));
	assert_int_equal(a->err.kind, ERR_INPUT);
	if (!strstr(a->err.msg, why))
		fail_msg("'%s' does not say '%s'", a->err.msg, why);
}

static const char *const policy[] = {"policy"}, *const rate[] = {"links.wan.rate"},
			 *const e2e[] = {"e2e.mean_s"}, *const busy[] = {"busy.share"};

static void numbers_come_in_their_order_and_words_as_they_come(void **state)
{
	struct asked *a = *state;
	const struct query_axis *cols;

	four_runs(a);
	assert_true(ask(a, 1,
		&(struct query_spec){.n_rows = 1,
			.rows = policy,
			.n_cols = 1,
			.cols = rate,
			.n_metrics = 1,
			.metrics = e2e}));
	assert_int_equal(query_rows(a->q)->n, 2);
	assert_string_equal(query_rows(a->q)->values[0].text, "ours");
	assert_string_equal(query_rows(a->q)->values[1].text, "fcfs");
	assert_true(!query_rows(a->q)->keys[0].numeric);
	cols = query_cols(a->q);
	assert_true(cols->n == 3 && cols->keys[0].numeric);
	assert_string_equal(cols->keys[0].unit, "bit/s");
	assert_string_equal(cols->values[0].text, "500 kbps");
	assert_string_equal(cols->values[1].text, "2 Mbps");
	assert_near(cols->values[0].number, 5e5, 1e-6);
	assert_near(cols->values[2].number, 1e7, 1e-6);
	assert_near(query_cell(a->q, 0, 1, 0)->mean, 7.0, 1e-12);
	assert_near(query_cell(a->q, 1, 2, 0)->ci_low, 3.5, 1e-12);
	assert_null(query_cell(a->q, 1, 1, 0)->of);
	assert_true(isnan(query_cell(a->q, 0, 0, 0)->mean));
}

static void a_condition_holds_in_any_unit(void **state)
{
	struct asked *a = *state;
	const char *const where[] = {"links.wan.rate = 2000 kbps", "links.wan.rate=0.01 Gbps"};

	four_runs(a);
	assert_true(ask(a, 1,
		&(struct query_spec){.n_where = 2,
			.where = where,
			.n_rows = 1,
			.rows = policy,
			.n_cols = 1,
			.cols = rate,
			.n_metrics = 1,
			.metrics = e2e}));
	assert_int_equal(query_n_runs(a->q), 3);
	assert_int_equal(query_cols(a->q)->n, 2);
}

static void all_keys_of_conditions_must_hold(void **state)
{
	struct asked *a = *state;
	const char *const where[] = {"policy=ours", "links.wan.rate=10 Mbps"};
	const char *const never[] = {"policy=ours", "links.wan.rate=500 kbps"};

	four_runs(a);
	assert_true(ask(a, 1,
		&(struct query_spec){
			.n_where = 2, .where = where, .n_metrics = 1, .metrics = e2e}));
	assert_int_equal(query_n_runs(a->q), 1);
	assert_true(query_rows(a->q)->n == 1 && query_cols(a->q)->n == 1);
	assert_near(query_cell(a->q, 0, 0, 0)->mean, 3.0, 1e-12);
	refused(a, 1,
		&(struct query_spec){.n_where = 2, .where = never, .n_metrics = 1, .metrics = e2e},
		"no run meets all of the conditions");
}

static void scopes_are_globs_in_the_order_of_their_numbers(void **state)
{
	struct asked *a = *state;
	const char *const sites[] = {"site:*"};

	four_runs(a);
	assert_true(ask(a, 1,
		&(struct query_spec){.n_rows = 1,
			.rows = policy,
			.n_cols = 1,
			.cols = rate,
			.n_metrics = 1,
			.metrics = busy,
			.n_scopes = 1,
			.scopes = sites}));
	assert_int_equal(query_n_metrics(a->q), 2);
	assert_string_equal(query_metric(a->q, 0)->scope, "site:edge2");
	assert_string_equal(query_metric(a->q, 1)->scope, "site:edge10");
	assert_near(query_cell(a->q, 0, 1, 1)->mean, 0.4, 1e-12);
	assert_true(isnan(query_cell(a->q, 0, 1, 1)->ci_low));
}

static void what_there_is_not_is_refused_with_the_nearest(void **state)
{
	struct asked *a = *state;
	const char *const keys[] = {"links.wan.rat"}, *const end[] = {"wan.rate"},
			  *const metric[] = {"e2e.men_s"};
	const char *const value[] = {"policy=our"}, *const far[] = {"links.wan.rate=7 Gbps"};
	const char *const no[] = {"policy"}, *const scopes[] = {"site:edge3"};

	four_runs(a);
	refused(a, 1, &(struct query_spec){.n_rows = 1, .rows = keys},
		"there is no key 'links.wan.rat'; did you mean 'links.wan.rate'?");
	refused(a, 1, &(struct query_spec){.n_cols = 1, .cols = end},
		"there is no key 'wan.rate'; did you mean 'links.wan.rate'?");
	refused(a, 1, &(struct query_spec){.n_where = 1, .where = value},
		"no run has policy=our; did you mean 'ours'?");
	refused(a, 1, &(struct query_spec){.n_where = 1, .where = far},
		"no run has links.wan.rate=7 Gbps; there is 10 Mbps, 2 Mbps, 500 kbps");
	refused(a, 1, &(struct query_spec){.n_where = 1, .where = no}, "write KEY=VALUE");
	refused(a, 1, &(struct query_spec){.n_metrics = 1, .metrics = metric},
		"there is no metric 'e2e.men_s'; did you mean 'e2e.mean_s'?");
	refused(a, 1,
		&(struct query_spec){
			.n_metrics = 1, .metrics = busy, .n_scopes = 1, .scopes = scopes},
		"no run here measured busy.share of 'site:edge3'; did you mean 'site:edge2'?");
	refused(a, 1, &(struct query_spec){.n_metrics = 1, .metrics = busy},
		"no run here measured busy.share of 'system'; there is 'site:edge2', for one");
}

static void two_runs_in_a_cell_are_told_apart(void **state)
{
	struct asked *a = *state;

	four_runs(a);
	refused(a, 1,
		&(struct query_spec){.n_rows = 1, .rows = policy, .n_metrics = 1, .metrics = e2e},
		"(policy=ours): they differ in links.wan.rate;");
	refused(a, 1,
		&(struct query_spec){.n_rows = 1, .rows = rate, .n_metrics = 1, .metrics = e2e},
		"(links.wan.rate=10 Mbps): they differ in policy;");
	say(a->db[0], "DELETE FROM run WHERE id > 1");
	put(a, 1, 1, "ours", "10 Mbps", 3.0);
	say(a->db[1], "UPDATE run SET version = 'w'");
	refused(a, 2, &(struct query_spec){.n_metrics = 1, .metrics = e2e},
		"they differ in version;");
	say(a->db[1], "UPDATE run SET version = 'v', scenario_sha256 = 'x'");
	refused(a, 2, &(struct query_spec){.n_metrics = 1, .metrics = e2e},
		"they differ in the content of a file that they read;");
}

static void a_run_that_is_there_twice_counts_once(void **state)
{
	struct asked *a = *state;
	const char *const folder[] = {"folder"};

	put(a, 0, 1, "ours", "10 Mbps", 3.0);
	put(a, 1, 1, "ours", "10 Mbps", 3.0);
	assert_true(ask(a, 2, &(struct query_spec){.n_metrics = 1, .metrics = e2e}));
	assert_int_equal(query_n_again(a->q), 1);
	assert_true(ask(a, 2,
		&(struct query_spec){.n_rows = 1, .rows = folder, .n_metrics = 1, .metrics = e2e}));
	assert_true(query_rows(a->q)->n == 2 && query_n_again(a->q) == 0);
	assert_string_equal(query_rows(a->q)->values[1].text, a->dir[1]);
}

/* 2 and 4: mean 3, sd sqrt(2), half-width t(1 degree, 97.5 %) sd / sqrt(2) = 12.7062 */
static void a_killed_run_is_told_of_by_its_replications(void **state)
{
	struct asked *a = *state;
	const struct query_cell *c;

	put(a, 0, 1, "ours", "10 Mbps", 3.0);
	say(a->db[0], "UPDATE run SET status = 'interrupted'; DELETE FROM summary;"
		      "INSERT INTO replication VALUES (1, 1, 1, 0, 1, 1, 'complete'), "
		      "(1, 2, 2, 0, 1, 1, 'complete'), (1, 3, 3, 0, 1, 1, 'interrupted');"
		      "INSERT INTO metric VALUES (1, 1, '', 'e2e.mean_s', 's', 2), "
		      "(1, 2, '', 'e2e.mean_s', 's', 4), (1, 3, '', 'e2e.mean_s', 's', 90)");
	assert_true(ask(a, 1, &(struct query_spec){.n_metrics = 1, .metrics = e2e}));
	c = query_cell(a->q, 0, 0, 0);
	assert_true(c->status == RUN_INTERRUPTED && c->n == 2 && c->asked == 10);
	assert_near(c->mean, 3.0, 1e-12);
	assert_near(c->ci_high - c->mean, 12.7062, 1e-4);
}

/* What a query reads is in these tables as it was. */
static void results_of_earlier_schemas_can_be_asked(void **state)
{
	struct asked *a = *state;

	for (int schema = 3; schema < REC_SCHEMA; schema++) {
		char sql[60];

		snprintf(sql, sizeof sql, "DELETE FROM run; PRAGMA user_version = %d", schema);
		say(a->db[0], sql);
		say(a->db[0], "DELETE FROM setting; DELETE FROM summary");
		put(a, 0, 1, "ours", "10 Mbps", 3.0);
		assert_true(ask(a, 1, &(struct query_spec){.n_metrics = 1, .metrics = e2e}));
		assert_near(query_cell(a->q, 0, 0, 0)->mean, 3.0, 1e-12);
	}
}

static void keys_apart(struct asked *a, const struct query_spec *spec, const char *wanted)
{
	const char **keys;
	char got[200] = "";
	size_t n;

	assert_true(results_open(&a->of[0], a->dir[0], &a->err));
	assert_true(query_keys_apart(&n, &keys, a->of, 1, spec, &a->err));
	for (size_t k = 0; k < n; k++)
		strcat(strcat(got, keys[k]), " ");
	assert_string_equal(got, wanted);
	free(keys);
	results_close(a->of[0]);
	a->of[0] = NULL;
}

static void keys_that_tell_runs_apart_are_found(void **state)
{
	struct asked *a = *state;
	const char *const ours[] = {"policy=ours"}, *const one[] = {"policy=fcfs",
							    "links.wan.rate=10 Mbps"};

	four_runs(a);
	say(a->db[0],
		"INSERT INTO setting SELECT id, 'name', 'n' || id FROM run;"
		"INSERT INTO setting SELECT id, 'links.wan.half', value FROM run JOIN setting "
		"ON run = id AND key = 'links.wan.rate'");
	/* what goes with another key, as a half with its whole, is not asked for as well */
	keys_apart(a, &(struct query_spec){0}, "policy links.wan.half ");
	keys_apart(a, &(struct query_spec){.n_cols = 1, .cols = rate}, "policy ");
	keys_apart(a, &(struct query_spec){.n_where = 1, .where = ours}, "links.wan.half ");
	keys_apart(a, &(struct query_spec){.n_where = 2, .where = one}, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			numbers_come_in_their_order_and_words_as_they_come, setup, teardown),
		cmocka_unit_test_setup_teardown(a_condition_holds_in_any_unit, setup, teardown),
		cmocka_unit_test_setup_teardown(all_keys_of_conditions_must_hold, setup, teardown),
		cmocka_unit_test_setup_teardown(
			scopes_are_globs_in_the_order_of_their_numbers, setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_there_is_not_is_refused_with_the_nearest, setup, teardown),
		cmocka_unit_test_setup_teardown(two_runs_in_a_cell_are_told_apart, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_run_that_is_there_twice_counts_once, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_killed_run_is_told_of_by_its_replications, setup, teardown),
		cmocka_unit_test_setup_teardown(
			results_of_earlier_schemas_can_be_asked, setup, teardown),
		cmocka_unit_test_setup_teardown(
			keys_that_tell_runs_apart_are_found, setup, teardown),
	};

	return cmocka_run_group_tests_name("query", tests, NULL, NULL);
}
