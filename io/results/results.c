#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "io/record/schema.h"
#include "io/results/rows.h"

/* Schemas that are read: metrics, settings and runs are the same in all of them. */
enum { OLDEST_SCHEMA = 3, PATIENCE_MS = 60000 };

/* Opening */

/** SQLite needs files beside one that was left with a log; in a folder that nobody can write to
 *  there are none, and what stands in the file is all there is: it is one that nobody changes. */
static const char *how(struct results *r)
{
	const bool frozen = access(r->dir, W_OK) != 0 &&
			    access(arena_printf(&r->arena, "%s-wal", r->path), F_OK) != 0;

	return frozen ? "immutable=1" : "mode=ro";
}

const char *results_uri(struct results *r)
{
	const char *options = how(r);
	char *uri = arena_alloc(
		&r->arena, 3 * strlen(r->path) + strlen(options) + sizeof "file://?", 1);
	char *to = uri + sprintf(uri, *r->path == '/' ? "file://" : "file:");

	for (const char *c = r->path; *c; c++)
		to += strchr("%?#", *c) ? sprintf(to, "%%%02X", (unsigned)*c)
					: sprintf(to, "%c", *c);
	sprintf(to, "?%s", options);
	return uri;
}

static bool open_file(struct results *r, struct err *err)
{
	const int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_URI;

	if (access(r->path, F_OK) != 0)
		return err_input(err, "'%s' holds no result: there is no results.sqlite", r->dir);
	if (sqlite3_open_v2(results_uri(r), &r->db, flags, NULL) != SQLITE_OK)
		return results_fail(r, err);
	sqlite3_busy_timeout(r->db, PATIENCE_MS);
	return true;
}

static bool pragma(int64_t *out, struct results *r, const char *sql, struct err *err)
{
	sqlite3_stmt *st;
	bool ok = sqlite3_prepare_v2(r->db, sql, -1, &st, NULL) == SQLITE_OK &&
		  sqlite3_step(st) == SQLITE_ROW;

	if (ok)
		*out = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return ok || err_input(err, "%s: %s", r->path, sqlite3_errmsg(r->db));
}

static bool check_schema(struct results *r, struct err *err)
{
	int64_t application, schema;

	if (!pragma(&application, r, "PRAGMA application_id", err) ||
		!pragma(&schema, r, "PRAGMA user_version", err))
		return false;
	if (application != REC_APPLICATION)
		return err_input(err, "%s was not written by offing", r->path);
	if (schema < OLDEST_SCHEMA || schema > REC_SCHEMA)
		return err_input(err,
			"%s has schema %lld, this program reads %d to %d: it was written by %s "
			"version",
			r->path, (long long)schema, OLDEST_SCHEMA, REC_SCHEMA,
			schema > REC_SCHEMA ? "a later" : "an earlier");
	r->schema = (int)schema;
	return true;
}

/* Runs */

enum run_status results_status(const char *word)
{
	enum run_status s = RUN_COMPLETE;

	while (s < RUN_FAILED && strcmp(run_status_words[s], word) != 0)
		s++;
	return s;
}

static void add_run(struct results *r, const struct rows *q)
{
	r->runs = mem_grow(r->runs, r->n_runs, &r->runs_cap, sizeof *r->runs);
	r->runs[r->n_runs++] = (struct results_run){
		.id = sqlite3_column_int64(q->st, 0),
		.name = rows_text(q, 1),
		.policy = rows_text(q, 2),
		.sha256 = rows_text(q, 3),
		.version = rows_text(q, 4),
		.started_utc = rows_text(q, 5),
		.seed = (uint64_t)sqlite3_column_int64(q->st, 6),
		.asked = (uint32_t)sqlite3_column_int64(q->st, 7),
		.status = results_status(rows_text(q, 8)),
		.alike = sqlite3_column_int(q->st, 9),
		.antithetic = sqlite3_column_int(q->st, 10),
	};
}

static bool read_runs(struct results *r, struct err *err)
{
	static const char sql[] =
		"SELECT id, name, policy, scenario_sha256, version, started_utc, seed, "
		"replications, status, id IN (SELECT run FROM warning WHERE kind = 'not-random'), "
		"id IN (SELECT run FROM setting WHERE key = 'run.antithetic' AND value = 'true') "
		"FROM run ORDER BY id";
	struct rows q;

	if (!rows_of_all(&q, r, sql, err))
		return false;
	while (rows_next(&q))
		add_run(r, &q);
	return rows_end(&q, err);
}

bool results_open(struct results **out, const char *dir, struct err *err)
{
	struct results *r = mem_zalloc(1, sizeof *r);

	arena_init(&r->arena);
	r->dir = arena_strdup(&r->arena, dir);
	r->path = arena_printf(&r->arena, "%s/results.sqlite", dir);
	*out = r;
	if (open_file(r, err) && check_schema(r, err) && read_runs(r, err))
		return true;
	results_close(r);
	*out = NULL;
	return false;
}

void results_close(struct results *r)
{
	if (!r)
		return;
	sqlite3_close(r->db);
	free(r->runs);
	arena_finish(&r->arena);
	free(r);
}

bool results_open_all(
	struct results ***out, size_t *n, char *const *dirs, size_t n_dirs, struct err *err)
{
	*out = mem_zalloc(n_dirs, sizeof(struct results *));
	for (*n = 0; *n < n_dirs; ++*n)
		if (!results_open(&(*out)[*n], dirs[*n], err))
			return false;
	return true;
}

void results_close_all(struct results **all, size_t n)
{
	for (size_t i = 0; i < n; i++)
		results_close(all[i]);
	free(all);
}

const char *results_dir(const struct results *r)
{
	return r->dir;
}

size_t results_n_runs(const struct results *r)
{
	return r->n_runs;
}

const struct results_run *results_run(const struct results *r, size_t run)
{
	return &r->runs[run];
}

/* What they hold */

bool results_setting(
	const char **out, struct results *r, size_t run, const char *key, struct err *err)
{
	static const char sql[] = "SELECT value FROM setting WHERE run = ? AND key = ?";
	struct rows q;

	*out = NULL;
	if (!rows_of_run(&q, r, run, sql, err))
		return false;
	sqlite3_bind_text(q.st, 2, key, -1, SQLITE_STATIC);
	if (rows_next(&q))
		*out = rows_text(&q, 0);
	return rows_end(&q, err);
}
