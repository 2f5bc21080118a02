/*
 * Recording against a bare loop: the same rows into the same table of a file with the same
 * settings, by one prepared INSERT, 10 000 to a transaction, without the index that the recorder
 * makes at its end. Prints the ratio of the rates, best of the rounds, and what recording takes
 * in memory; fails below 0.8 or above 64 MB.
 */
#include <assert.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "io/record/schema.h"
#include "tests/recorder_fixture.h"

enum { ROUNDS = 3, ROWS_PER_COMMIT = 10000 };

static double clock_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void must(int rc, sqlite3 *db)
{
	if (rc == SQLITE_OK || rc == SQLITE_DONE)
		return;
	fprintf(stderr, "%s\n", sqlite3_errmsg(db));
	exit(1);
}

static void check(bool ok, const struct err *err)
{
	if (ok)
		return;
	err_print(err, stderr);
	exit(1);
}

static void bind_time(sqlite3_stmt *st, int i, int64_t t_ns)
{
	must(t_ns == TIME_NONE ? sqlite3_bind_null(st, i)
			       : sqlite3_bind_double(st, i, (double)t_ns / 1e9),
		NULL);
}

static void insert(sqlite3_stmt *st, const struct request_row *r)
{
	sqlite3_bind_int64(st, 1, 1);
	sqlite3_bind_int64(st, 2, 1);
	sqlite3_bind_int64(st, 3, (sqlite3_int64)r->id);
	sqlite3_bind_text(st, 4, fixture_groups[r->group].name, -1, SQLITE_STATIC);
	sqlite3_bind_text(st, 5, fixture_sites[1].name, -1, SQLITE_STATIC);
	sqlite3_bind_text(st, 6, fixture_models[r->model].name, -1, SQLITE_STATIC);
	sqlite3_bind_int64(st, 7, r->prompt_tok);
	sqlite3_bind_int64(st, 8, r->output_tok);
	sqlite3_bind_text(st, 9, fixture_instances[r->instance].name, -1, SQLITE_STATIC);
	sqlite3_bind_null(st, 10);
	bind_time(st, 11, r->created_ns);
	bind_time(st, 12, r->assigned_ns);
	bind_time(st, 13, r->uploaded_ns);
	bind_time(st, 14, r->started_ns);
	bind_time(st, 15, r->first_token_ns);
	bind_time(st, 16, r->finished_ns);
	bind_time(st, 17, r->delivered_ns);
	bind_time(st, 18, r->deadline_ns);
	sqlite3_bind_text(st, 19, "done", -1, SQLITE_STATIC);
	sqlite3_bind_int64(st, 20, r->preemptions);
	for (enum cause c = 0; c < CAUSES; c++)
		sqlite3_bind_int64(st, 21 + (int)c, r->cause_ns[c]);
	must(sqlite3_step(st), sqlite3_db_handle(st));
	sqlite3_reset(st);
}

static double bare_s(size_t n)
{
	char *dir = fixture_dir(), path[4096];
	double start_s, took_s;
	struct request_row row;
	sqlite3_stmt *st;
	sqlite3 *db;
	size_t i;

	snprintf(path, sizeof path, "%s/results.sqlite", dir);
	start_s = clock_s();
	must(sqlite3_open(path, &db), db);
	must(sqlite3_exec(db, rec_schema, NULL, NULL, NULL), db);
	must(sqlite3_prepare_v2(db,
		     "INSERT INTO request VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,"
		     "?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
		     -1, &st, NULL),
		db);
	for (i = 0; i < n; i++) {
		if (i % ROWS_PER_COMMIT == 0)
			must(sqlite3_exec(db, i ? "COMMIT; BEGIN" : "BEGIN", NULL, NULL, NULL), db);
		row = fixture_row(i);
		insert(st, &row);
	}
	must(sqlite3_exec(db,
		     "COMMIT; PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE", NULL,
		     NULL, NULL),
		db);
	sqlite3_finalize(st);
	sqlite3_close(db);
	took_s = clock_s() - start_s;
	fixture_remove(dir);
	return took_s;
}

static double recorder_s(size_t n)
{
	char *dir = fixture_dir();
	const struct recorder_spec spec = {.dir = dir, .requests = true, .n_runs = 1};
	const struct recorder_replication rep = {.number = 1, .status = RUN_COMPLETE};
	double start_s = clock_s(), took_s;
	struct err err = {0};
	struct request_row row;
	const struct probe *s;
	struct recorder *r;
	size_t i;

	check(recorder_open(&r, &spec, &err), &err);
	check(recorder_run_begin(r, &fixture_run, &err), &err);
	s = recorder_sink_open(r, 1);
	for (i = 0; i < n; i++) {
		row = fixture_row(i);
		fixture_give(s, &row);
	}
	recorder_sink_close(s);
	check(recorder_replication(r, &rep, &err), &err);
	check(recorder_run_end(r, &(struct recorder_end){.status = RUN_COMPLETE}, &err), &err);
	check(recorder_close(r, &(struct recorder_place){0}, &err), &err);
	took_s = clock_s() - start_s;
	fixture_remove(dir);
	return took_s;
}

/* Of a process that does nothing but record. */
static double recorder_resident_mb(size_t n)
{
	struct rusage used;
	int status;
	pid_t child = fork();

	if (child == 0) {
		recorder_s(n);
		_exit(0);
	}
	assert(wait4(child, &status, 0, &used) == child && status == 0);
	return (double)used.ru_maxrss * 1024 / 1e6;
}

int main(int argc, char **argv)
{
	const size_t n = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000;
	const double resident_mb = recorder_resident_mb(n);
	double bare = HUGE_VAL, ours = HUGE_VAL;
	int round;

	for (round = 0; round < ROUNDS; round++) {
		bare = fmin(bare, bare_s(n));
		ours = fmin(ours, recorder_s(n));
	}
	printf("record %zu requests: bare INSERT loop %.2f us a row, recorder %.2f us: %.2fx its "
	       "rate; %.1f MB resident\n",
		n, bare / (double)n * 1e6, ours / (double)n * 1e6, bare / ours, resident_mb);
	return bare / ours >= 0.8 && resident_mb <= 64 ? 0 : 1;
}
