#include "io/record/capacity_base.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <sqlite3.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "base/whole_file.h"

static const char tables[] =
	"PRAGMA journal_mode = MEMORY; PRAGMA user_version = 1; BEGIN;"
	"CREATE TABLE bound (\n"
	"	scenario TEXT NOT NULL,\n"
	"	seed INTEGER NOT NULL,\n"
	"	target TEXT, -- NULL: stability\n"
	"	precision REAL NOT NULL, -- asked for\n"
	"	scale REAL, -- of the arrivals; NULL: nothing is ever scarce\n"
	"	error REAL NOT NULL, -- half of its 95 % interval\n"
	"	exact INTEGER NOT NULL, -- 1: the boundary itself\n"
	"	words TEXT NOT NULL -- what binds\n"
	") STRICT;"
	"CREATE TABLE capacity (\n"
	"	policy TEXT PRIMARY KEY, -- its label\n"
	"	status TEXT NOT NULL, -- found, always, never, failed\n"
	"	rule TEXT, -- saturation, growth, target\n"
	"	scale REAL, -- of the arrivals; always, never: up, down to this\n"
	"	scale_low REAL, -- 95 %; NULL: nothing is random\n"
	"	scale_high REAL,\n"
	"	requests_per_s REAL,\n"
	"	of_bound REAL,\n"
	"	of_bound_low REAL,\n"
	"	of_bound_high REAL,\n"
	"	dropped REAL, -- part of the requests\n"
	"	requests INTEGER NOT NULL, -- simulated\n"
	"	runs INTEGER NOT NULL\n"
	") STRICT;"
	"CREATE TABLE capacity_point ( -- what was seen on the way, in order\n"
	"	policy TEXT NOT NULL REFERENCES capacity(policy),\n"
	"	number INTEGER NOT NULL,\n"
	"	scale REAL NOT NULL,\n"
	"	value REAL, -- growth as a part of what comes, or the metric of the target\n"
	"	runs INTEGER NOT NULL,\n"
	"	PRIMARY KEY (policy, number)\n"
	") STRICT;";

static void bind(sqlite3_stmt *st, int i, double x)
{
	if (isfinite(x))
		sqlite3_bind_double(st, i, x);
	else
		sqlite3_bind_null(st, i);
}

static void bind_text(sqlite3_stmt *st, int i, const char *s)
{
	if (s)
		sqlite3_bind_text(st, i, s, -1, SQLITE_STATIC);
	else
		sqlite3_bind_null(st, i);
}

static bool step(sqlite3_stmt *st)
{
	return sqlite3_step(st) == SQLITE_DONE && sqlite3_reset(st) == SQLITE_OK;
}

static bool put_bound(sqlite3 *db, const struct capacity_base *b)
{
	sqlite3_stmt *st = NULL;
	bool ok = sqlite3_prepare_v2(db, "INSERT INTO bound VALUES (?, ?, ?, ?, ?, ?, ?, ?)", -1,
			  &st, NULL) == SQLITE_OK;

	bind_text(st, 1, b->scenario);
	sqlite3_bind_int64(st, 2, (sqlite3_int64)b->seed);
	bind_text(st, 3, b->target);
	bind(st, 4, b->precision);
	bind(st, 5, b->bound);
	bind(st, 6, b->bound_error);
	sqlite3_bind_int(st, 7, b->bound_exact);
	bind_text(st, 8, b->bound_words);
	ok = ok && step(st);
	sqlite3_finalize(st);
	return ok;
}

static bool put_points(sqlite3_stmt *st, const struct capacity_entry *e)
{
	for (size_t k = 0; k < e->n_points; k++) {
		bind_text(st, 1, e->policy);
		sqlite3_bind_int64(st, 2, (sqlite3_int64)k + 1);
		bind(st, 3, e->points[k].scale);
		bind(st, 4, e->points[k].value);
		sqlite3_bind_int64(st, 5, (sqlite3_int64)e->points[k].runs);
		if (!step(st))
			return false;
	}
	return true;
}

static bool put_entry(sqlite3_stmt *st, const struct capacity_entry *e)
{
	const double numbers[] = {e->scale, e->low, e->high, e->requests_per_s, e->of_bound,
		e->of_bound_low, e->of_bound_high, e->dropped};

	bind_text(st, 1, e->policy);
	bind_text(st, 2, e->status);
	bind_text(st, 3, e->rule);
	for (int k = 0; k < 8; k++)
		bind(st, 4 + k, numbers[k]);
	sqlite3_bind_int64(st, 12, (sqlite3_int64)e->requests);
	sqlite3_bind_int64(st, 13, (sqlite3_int64)e->runs);
	return step(st);
}

static bool put_entries(sqlite3 *db, const struct capacity_base *b)
{
	sqlite3_stmt *entry = NULL, *point = NULL;
	bool ok = sqlite3_prepare_v2(db,
			  "INSERT INTO capacity VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", -1,
			  &entry, NULL) == SQLITE_OK &&
		  sqlite3_prepare_v2(db, "INSERT INTO capacity_point VALUES (?, ?, ?, ?, ?)", -1,
			  &point, NULL) == SQLITE_OK;

	for (size_t k = 0; ok && k < b->n; k++)
		ok = put_entry(entry, &b->entries[k]) && put_points(point, &b->entries[k]);
	sqlite3_finalize(entry);
	sqlite3_finalize(point);
	return ok;
}

/* SQLite would not say why it cannot be made. What was left by one that was killed goes. */
static bool make_empty(const char *beside, const char *path, struct err *err)
{
	int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	if (fd < 0)
		return err_run(err, "cannot write '%s': %s", path, strerror(errno));
	close(fd);
	return true;
}

static bool write_beside(
	const char *beside, const char *path, const struct capacity_base *b, struct err *err)
{
	sqlite3 *db = NULL;
	bool ok = sqlite3_open(beside, &db) == SQLITE_OK &&
		  sqlite3_exec(db, tables, NULL, NULL, NULL) == SQLITE_OK && put_bound(db, b) &&
		  put_entries(db, b) && sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK;

	if (!ok)
		err_run(err, "cannot write '%s': %s", path, sqlite3_errmsg(db));
	return sqlite3_close(db) == SQLITE_OK && ok;
}

bool capacity_base_write(const char *path, const struct capacity_base *b, struct err *err)
{
	struct buf beside;
	bool ok;

	buf_init(&beside);
	buf_printf(&beside, "%s.unfinished", path);
	ok = make_empty(beside.s, path, err) && write_beside(beside.s, path, b, err) &&
	     whole_file_become(beside.s, path, err);
	if (!ok)
		(void)unlink(beside.s);
	buf_finish(&beside);
	return ok;
}
