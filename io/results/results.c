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
	};
}

static bool read_runs(struct results *r, struct err *err)
{
	static const char sql[] =
		"SELECT id, name, policy, scenario_sha256, version, started_utc, seed, "
		"replications, status, id IN (SELECT run FROM warning WHERE kind = 'not-random') "
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

/* Rows come in order of scope, name and number; while they are read, a metric's numbers and values
 * are places in the two arrays, which move. */
struct gathered {
	size_t n_metrics, metrics_cap, n, numbers_cap, values_cap;
	struct results_metric *metrics;
	uint32_t *numbers;
	double *values;
};

static void gather(struct gathered *g, const struct rows *q)
{
	const char *scope = (const char *)sqlite3_column_text(q->st, 0);
	const char *name = (const char *)sqlite3_column_text(q->st, 1);
	const struct results_metric *last = g->n_metrics ? &g->metrics[g->n_metrics - 1] : NULL;

	if (!last || strcmp(last->scope, scope) != 0 || strcmp(last->name, name) != 0) {
		g->metrics =
			mem_grow(g->metrics, g->n_metrics, &g->metrics_cap, sizeof *g->metrics);
		g->metrics[g->n_metrics++] = (struct results_metric){
			.scope = rows_text(q, 0), .name = rows_text(q, 1), .unit = rows_text(q, 2)};
	}
	g->numbers = mem_grow(g->numbers, g->n, &g->numbers_cap, sizeof *g->numbers);
	g->values = mem_grow(g->values, g->n, &g->values_cap, sizeof *g->values);
	g->numbers[g->n] = (uint32_t)sqlite3_column_int64(q->st, 3);
	g->values[g->n++] = rows_number(q, 4);
	g->metrics[g->n_metrics - 1].n++;
}

static const struct results_metric *keep(struct results *r, struct gathered *g)
{
	struct results_metric *metrics = arena_alloc(&r->arena, g->n_metrics, sizeof *metrics);
	uint32_t *numbers = arena_alloc(&r->arena, g->n, sizeof *numbers);
	double *values = arena_alloc(&r->arena, g->n, sizeof *values);
	size_t from = 0;

	for (size_t i = 0; i < g->n; i++) {
		numbers[i] = g->numbers[i];
		values[i] = g->values[i];
	}
	for (size_t m = 0; m < g->n_metrics; from += metrics[m++].n) {
		metrics[m] = g->metrics[m];
		metrics[m].numbers = numbers + from;
		metrics[m].values = values + from;
	}
	return metrics;
}

static bool gather_all(
	size_t *n, const struct results_metric **out, struct rows *q, struct err *err)
{
	struct gathered g = {0};
	bool ok;

	while (rows_next(q))
		gather(&g, q);
	ok = rows_end(q, err);
	*n = g.n_metrics;
	*out = ok ? keep(q->r, &g) : NULL;
	free(g.metrics);
	free(g.numbers);
	free(g.values);
	return ok;
}

bool results_metrics(size_t *n, const struct results_metric **out, struct results *r, size_t run,
	const char *scope, struct err *err)
{
	static const char sql[] =
		"SELECT scope, name, unit, replication, value FROM metric "
		"JOIN replication ON replication.run = metric.run AND number = replication "
		"WHERE metric.run = ?1 AND status = 'complete' AND (?2 IS NULL OR scope = ?2) "
		"ORDER BY scope, name, replication";
	struct rows q;

	if (!rows_of_run(&q, r, run, sql, err))
		return false;
	sqlite3_bind_text(q.st, 2, scope, -1, SQLITE_STATIC);
	return gather_all(n, out, &q, err);
}

/* By replication, of which each is looked up: the others are not read. */
bool results_metric_named(struct results_metric *out, struct results *r, size_t run,
	const char *scope, const char *name, struct err *err)
{
	static const char sql[] =
		"SELECT scope, name, unit, number, value FROM replication JOIN metric ON "
		"metric.run = replication.run AND replication = number AND scope = ?2 AND "
		"name = ?3 WHERE replication.run = ?1 AND status = 'complete' ORDER BY number";
	const struct results_metric *one;
	struct rows q;
	size_t n;

	*out = (struct results_metric){.scope = scope, .name = name, .unit = ""};
	if (!rows_of_run(&q, r, run, sql, err))
		return false;
	sqlite3_bind_text(q.st, 2, scope, -1, SQLITE_STATIC);
	sqlite3_bind_text(q.st, 3, name, -1, SQLITE_STATIC);
	if (!gather_all(&n, &one, &q, err))
		return false;
	if (n > 0)
		*out = *one;
	return true;
}
