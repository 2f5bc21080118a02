/* A folder of results, read: what a recorder wrote comes back, and what is none is refused. */
#include "tests/support/check.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/record/schema.h"
#include "io/results/results.h"

static char dir[] = "/tmp/offing-results-XXXXXX";

static sqlite3 *begin(void)
{
	char path[64];
	sqlite3 *db;

	strcpy(dir + strlen(dir) - 6, "XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/results.sqlite", dir);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	return db;
}

static void say(sqlite3 *db, const char *sql)
{
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
}

static void finish(sqlite3 *db)
{
	char command[80];

	sqlite3_close(db);
	snprintf(command, sizeof command, "rm -rf '%s'", dir);
	assert_int_equal(system(command), 0);
}

static void a_result(sqlite3 *db)
{
	say(db, rec_schema_live);
	say(db, rec_schema);
	say(db, "INSERT INTO run VALUES (1, 's', 'text', 'abc', 'fcfs', -1, 3, 'v', 'h', 'now', "
		"1.5, "
		"'complete'), (2, 's', 'text', 'abc', 'jsq', 7, 3, 'v', 'h', 'now', NULL, "
		"'interrupted');"
		"INSERT INTO setting VALUES (1, 'links.wan.rate', '50 Mbps');"
		"INSERT INTO warning VALUES (2, NULL, 'not-random', '', 'so');"
		"INSERT INTO replication VALUES (1, 1, 1, 0, 1, 1, 'complete'), "
		"(1, 2, 1, 0, 1, 1, 'interrupted'), (1, 10, 1, 0, 1, 1, 'complete');"
		"INSERT INTO metric VALUES (1, 10, '', 'e2e.mean_s', 's', 3.5), "
		"(1, 1, '', 'e2e.mean_s', 's', NULL), (1, 2, '', 'e2e.mean_s', 's', 9), "
		"(1, 1, 'group:x', 'e2e.mean_s', 's', 1), (1, 1, '', 'cost.usd', 'USD', 2);");
}

static void what_was_written_is_read(void **state)
{
	sqlite3 *db = begin();
	const struct results_metric *m;
	struct err err = {0};
	struct results *r;
	const char *value;
	size_t n;

	(void)state;
	a_result(db);
	assert_true(results_open(&r, dir, &err));
	assert_int_equal(results_n_runs(r), 2);
	assert_string_equal(results_run(r, 0)->policy, "fcfs");
	assert_true(results_run(r, 0)->seed == UINT64_MAX && results_run(r, 0)->asked == 3);
	assert_true(results_run(r, 0)->status == RUN_COMPLETE && !results_run(r, 0)->alike);
	assert_true(results_run(r, 1)->status == RUN_INTERRUPTED && results_run(r, 1)->alike);
	assert_true(results_setting(&value, r, 0, "links.wan.rate", &err));
	assert_string_equal(value, "50 Mbps");
	assert_true(results_setting(&value, r, 1, "links.wan.rate", &err) && !value);
	assert_true(results_by_replication(&n, &m, r, 0, NULL, &err));
	assert_int_equal(n, 3);
	assert_string_equal(m[0].name, "cost.usd");
	assert_string_equal(m[1].name, "e2e.mean_s");
	assert_string_equal(m[2].scope, "group:x");
	/* that of the interrupted replication is left out */
	assert_true(m[1].n == 2 && m[1].numbers[0] == 1 && m[1].numbers[1] == 10);
	assert_true(isnan(m[1].values[0]) && m[1].values[1] == 3.5);
	assert_true(results_by_replication(&n, &m, r, 0, "group:x", &err) && n == 1 &&
		    m[0].values[0] == 1);
	assert_true(results_by_replication(&n, &m, r, 1, NULL, &err) && n == 0);
	results_close(r);
	finish(db);
}

/* Pair 1 is 2 and 4; of pair 2 one has no value, of pair 3 one is not complete. Run 2 has the same
 * values and is not antithetic. */
static void of_antithetic_replications_a_sample_is_of_pairs(void **state)
{
	struct err err = {0};
	struct results_summary s;
	struct results_metric m;
	struct results *r;
	sqlite3 *db = begin();

	(void)state;
	a_result(db);
	say(db, "DELETE FROM metric; DELETE FROM replication; DELETE FROM warning;"
		"UPDATE run SET status = 'interrupted';"
		"INSERT INTO setting VALUES (1, 'run.antithetic', 'true'), "
		"(2, 'run.antithetic', 'false');"
		"WITH of(run) AS (VALUES (1), (2)), x(number, status, value) AS (VALUES "
		"(1, 'complete', 2), (2, 'complete', 4), (3, 'complete', NULL), (4, 'complete', 9),"
		"(5, 'complete', 70), (6, 'interrupted', 1), (9, 'complete', 8), "
		"(10, 'complete', 10)) INSERT INTO metric SELECT run, number, '', 'e2e.mean_s', "
		"'s', value FROM of, x;"
		"INSERT INTO replication SELECT run, replication, 1, 0, 1, 1, iif(replication = 6, "
		"'interrupted', 'complete') FROM metric;");
	assert_true(results_open(&r, dir, &err));
	assert_true(results_run(r, 0)->antithetic && !results_run(r, 1)->antithetic);
	assert_true(results_sample_named(&m, r, 0, "", "e2e.mean_s", &err));
	assert_true(m.n == 3 && m.alone == 1 && m.numbers[0] == 1 && m.numbers[2] == 5);
	assert_true(m.values[0] == 3 && isnan(m.values[1]) && m.values[2] == 9);
	assert_true(results_by_replication_named(&m, r, 0, "", "e2e.mean_s", &err));
	assert_true(m.n == 7 && m.alone == 0 && m.numbers[6] == 10);
	assert_true(results_sample_named(&m, r, 1, "", "e2e.mean_s", &err));
	assert_true(m.n == 7 && m.alone == 0);
	assert_true(results_summary(&s, r, 0, "", "e2e.mean_s", &err));
	assert_true(s.n == 2 && s.mean == 6);
	assert_near(s.sd, sqrt(18), 1e-12);
	results_close(r);
	finish(db);
}

static void the_schema_says_its_number(void **state)
{
	char said[40];

	(void)state;
	snprintf(said, sizeof said, "PRAGMA user_version = %d;", REC_SCHEMA);
	assert_non_null(strstr(rec_schema, said));
}

static void a_folder_that_forbids_writing_is_read(void **state)
{
	sqlite3 *db = begin();
	struct err err = {0};
	struct results *r;
	char path[64];

	(void)state;
	a_result(db);
	say(db, "PRAGMA journal_mode = DELETE");
	sqlite3_close(db);
	snprintf(path, sizeof path, "%s/results.sqlite", dir);
	assert_true(chmod(path, 0444) == 0 && chmod(dir, 0555) == 0);
	assert_true(results_open(&r, dir, &err));
	assert_int_equal(results_n_runs(r), 2);
	results_close(r);
	assert_int_equal(chmod(dir, 0755), 0);
	finish(NULL);
}

static void refused(const char *sql, const char *why)
{
	sqlite3 *db = begin();
	struct err err = {0};
	struct results *r;

	if (sql)
		say(db, sql);
	assert_false(results_open(&r, dir, &err));
	assert_null(r);
	assert_int_equal(err.kind, ERR_INPUT);
	if (!strstr(err.msg, why))
		fail_msg("'%s' does not say '%s'", err.msg, why);
	finish(db);
}

static void what_is_no_result_is_refused(void **state)
{
	struct err err = {0};
	struct results *r;

	(void)state;
	assert_false(results_open(&r, "/nonexistent", &err));
	assert_string_equal(err.msg, "'/nonexistent' holds no result: there is no results.sqlite");
	refused("CREATE TABLE t (x)", "was not written by offing");
	refused("PRAGMA application_id = 0x6f666667; PRAGMA user_version = 2",
		"an earlier version");
	refused("PRAGMA application_id = 0x6f666667; PRAGMA user_version = 999", "a later version");
}

static void what_is_no_data_base_is_refused(void **state)
{
	sqlite3 *db = begin();
	struct err err = {0};
	struct results *r;
	char path[64];
	FILE *f;

	(void)state;
	snprintf(path, sizeof path, "%s/results.sqlite", dir);
	f = fopen(path, "w");
	for (int i = 0; i < 1000; i++)
		fputs("no data base\n", f);
	fclose(f);
	assert_false(results_open(&r, dir, &err));
	assert_int_equal(err.kind, ERR_INPUT);
	assert_non_null(strstr(err.msg, "not a database"));
	finish(db);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_written_is_read),
		cmocka_unit_test(of_antithetic_replications_a_sample_is_of_pairs),
		cmocka_unit_test(the_schema_says_its_number),
		cmocka_unit_test(a_folder_that_forbids_writing_is_read),
		cmocka_unit_test(what_is_no_result_is_refused),
		cmocka_unit_test(what_is_no_data_base_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
