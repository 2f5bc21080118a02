/*
 * results.sqlite. Request rows go into a plain rowid table, 16 to a statement,
 * and are indexed once at the end: 0.8 s of inserting and 0.4 s of indexing a
 * million rows, against 1.6 s and more when the table is kept in order.
 */
#include "io/record/backend.h"

#include <math.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "io/record/schema.h"
#include "io/record/sql.h"

/* How long others may keep the file: while they write to it, and at the end, from us leaving WAL.
 */
enum { WRITERS_MS = 60000, READERS_MS = 1000 };

struct text {
	const char *s; /* NULL: none */
	int n;
};

struct rec_backend {
	struct sql q;
	bool keep_requests;
	size_t n_begun; /* runs that are there already */
	/* names by index, the last entry for NO_ID; borrowed from the scenario */
	size_t n_groups, n_models, n_instances;
	struct text *groups, *homes, *models, *instances;
};

/* Request rows */

static struct text text_of(const char *s)
{
	return (struct text){s, s ? (int)strlen(s) : 0};
}

static void bind_name(sqlite3_stmt *st, int i, const struct text *names, size_t n, uint32_t id)
{
	const struct text *t = &names[id < n ? id : n];

	sqlite3_bind_text(st, i, t->s, t->n, SQLITE_STATIC); /* NULL when t->s is */
}

static void bind_time(sqlite3_stmt *st, int i, int64_t t_ns)
{
	if (t_ns == TIME_NONE)
		sqlite3_bind_null(st, i);
	else
		sqlite3_bind_double(st, i, (double)t_ns / 1e9);
}

static void bind_seconds(sqlite3_stmt *st, int i, double s)
{
	if (isfinite(s))
		sqlite3_bind_double(st, i, s);
	else
		sqlite3_bind_null(st, i);
}

/** Nothing where nobody asked for it. The parameter behind. */
static int bind_foreseen(
	const struct rec_backend *b, sqlite3_stmt *st, int at, const struct foreseen *f)
{
	const double none = (double)NAN;
	bool known = f->chosen_s > 0.0, other = known && f->second != NO_ID;

	bind_seconds(st, at++, known ? f->chosen_s : none);
	bind_name(st, at++, b->instances, b->n_instances, other ? f->second : NO_ID);
	bind_seconds(st, at++, other ? f->second_s : none);
	return at;
}

/** Names of streams of tokens, 64 bits, where they are known. */
static int bind_content(sqlite3_stmt *st, int at, const struct request_row *r)
{
	if (r->prefix)
		sqlite3_bind_int64(st, at, (sqlite3_int64)r->prefix);
	else
		sqlite3_bind_null(st, at);
	if (r->own) {
		sqlite3_bind_int64(st, at + 1, r->prefix_tok);
		sqlite3_bind_int64(st, at + 2, (sqlite3_int64)r->own);
	} else {
		sqlite3_bind_null(st, at + 1);
		sqlite3_bind_null(st, at + 2);
	}
	return at + 3;
}

/* Columns from parameter @at on, in the order of the table. */
static void bind_request(const struct rec_backend *b, sqlite3_stmt *st, int at, uint32_t number,
	const struct request_row *r)
{
	static const struct text fates[FATES] = {
		[FATE_IN_SYSTEM] = {"in_system", 9},
		[FATE_DONE] = {"done", 4},
		[FATE_REJECTED] = {"rejected", 8},
		[FATE_DROPPED] = {"dropped", 7},
	};

	sqlite3_bind_int64(st, at++, b->q.run);
	sqlite3_bind_int64(st, at++, number);
	sqlite3_bind_int64(st, at++, (sqlite3_int64)r->id);
	bind_name(st, at++, b->groups, b->n_groups, r->group);
	bind_name(st, at++, b->homes, b->n_groups, r->group);
	bind_name(st, at++, b->models, b->n_models, r->model);
	sqlite3_bind_int64(st, at++, r->prompt_tok);
	sqlite3_bind_int64(st, at++, r->output_tok);
	bind_name(st, at++, b->instances, b->n_instances, r->instance);
	bind_name(st, at++, b->instances, b->n_instances,
		r->prefill == r->instance ? NO_ID : r->prefill);
	bind_time(st, at++, r->created_ns);
	bind_time(st, at++, r->assigned_ns);
	bind_time(st, at++, r->uploaded_ns);
	bind_time(st, at++, r->started_ns);
	bind_time(st, at++, r->first_token_ns);
	bind_time(st, at++, r->output_tok > 0 ? r->heard_ns : TIME_NONE);
	bind_time(st, at++, r->finished_ns);
	bind_time(st, at++, r->delivered_ns);
	bind_time(st, at++, r->deadline_ns);
	bind_name(st, at++, fates, FATES - 1, r->fate);
	sqlite3_bind_int64(st, at++, r->measured);
	sqlite3_bind_int64(st, at++, r->preemptions);
	sqlite3_bind_int64(st, at++, r->cached_tok);
	at = bind_foreseen(b, st, at, &r->foreseen);
	for (enum cause c = 0; c < CAUSES; c++)
		sqlite3_bind_int64(st, at++, r->cause_ns[c]);
	bind_content(st, at, r);
}

static bool insert_requests(struct rec_backend *b, uint32_t number, const struct request_row *rows,
	size_t n, struct err *err)
{
	sqlite3_stmt *many = b->q.st[ST_REQUESTS];
	size_t i, k;

	for (i = 0; i + SQL_ROWS_PER_INSERT <= n; i += SQL_ROWS_PER_INSERT) {
		for (k = 0; k < SQL_ROWS_PER_INSERT; k++)
			bind_request(
				b, many, (int)k * SQL_REQUEST_COLUMNS + 1, number, &rows[i + k]);
		if (!sql_step(&b->q, ST_REQUESTS, err))
			return false;
	}
	for (; i < n; i++) {
		bind_request(b, b->q.st[ST_REQUEST], 1, number, &rows[i]);
		if (!sql_step(&b->q, ST_REQUEST, err))
			return false;
	}
	return true;
}

static bool sqlite_requests(struct rec_backend *b, uint32_t number, const struct request_row *rows,
	size_t n, struct err *err)
{
	return sql_step(&b->q, ST_BEGIN, err) && insert_requests(b, number, rows, n, err) &&
	       sql_step(&b->q, ST_COMMIT, err);
}

/* Runs */

static void names_finish(struct rec_backend *b)
{
	free(b->groups);
	free(b->homes);
	free(b->models);
	free(b->instances);
}

static void names_init(struct rec_backend *b, const struct scenario_spec *s)
{
	size_t i;
	uint32_t home;

	names_finish(b);
	b->n_groups = s->n_groups;
	b->n_models = s->n_models;
	b->n_instances = s->n_instances;
	b->groups = mem_zalloc(s->n_groups + 1, sizeof *b->groups);
	b->homes = mem_zalloc(s->n_groups + 1, sizeof *b->homes);
	b->models = mem_zalloc(s->n_models + 1, sizeof *b->models);
	b->instances = mem_zalloc(s->n_instances + 1, sizeof *b->instances);
	for (i = 0; i < s->n_groups; i++) {
		home = s->groups[i].home.i;
		b->groups[i] = text_of(s->groups[i].name);
		b->homes[i] = text_of(home < s->n_sites ? s->sites[home].name : NULL);
	}
	for (i = 0; i < s->n_models; i++)
		b->models[i] = text_of(s->models[i].name);
	for (i = 0; i < s->n_instances; i++)
		b->instances[i] = text_of(s->instances[i].name);
}

static bool sqlite_run_begin(
	struct rec_backend *b, uint32_t id, const struct recorder_run *run, struct err *err)
{
	b->q.run = id;
	names_init(b, run->scenario);
	if (id <= b->n_begun)
		return true;
	return sql_step(&b->q, ST_BEGIN, err) && sql_put_run(&b->q, run, err) &&
	       sql_step(&b->q, ST_COMMIT, err);
}

static bool sqlite_sink_open(struct rec_backend *b, uint32_t number, struct err *err)
{
	sqlite3_bind_int64(b->q.st[ST_SINK_OPEN], 1, b->q.run);
	sqlite3_bind_int64(b->q.st[ST_SINK_OPEN], 2, number);
	return sql_step(&b->q, ST_SINK_OPEN, err);
}

static bool sqlite_replication(
	struct rec_backend *b, const struct recorder_replication *rep, struct err *err)
{
	return sql_step(&b->q, ST_BEGIN, err) && sql_put_replication(&b->q, rep, err) &&
	       sql_step(&b->q, ST_COMMIT, err);
}

static bool sqlite_discard(struct rec_backend *b, uint32_t number, struct err *err)
{
	enum sql_statement which;

	for (which = ST_DISCARD_REQUESTS; which <= ST_DISCARD; which++) {
		sqlite3_bind_int64(b->q.st[which], 1, b->q.run);
		sqlite3_bind_int64(b->q.st[which], 2, number);
	}
	return sql_step(&b->q, ST_BEGIN, err) && sql_step(&b->q, ST_DISCARD_REQUESTS, err) &&
	       sql_step(&b->q, ST_DISCARD, err) && sql_step(&b->q, ST_COMMIT, err);
}

static bool sqlite_run_end(struct rec_backend *b, const struct recorder_end *end, struct err *err)
{
	return sql_step(&b->q, ST_BEGIN, err) && sql_put_end(&b->q, end, err) &&
	       sql_step(&b->q, ST_COMMIT, err);
}

/* The file */

static void sqlite_free(struct rec_backend *b)
{
	sql_finish(&b->q);
	names_finish(b);
	free(b);
}

static bool sqlite_open(
	struct rec_backend **out, const char *path, const struct rec_opening *o, struct err *err)
{
	const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
	struct rec_backend *b = mem_zalloc(1, sizeof *b);

	b->q.path = mem_strdup(path);
	b->keep_requests = o->spec->requests;
	b->n_begun = o->begun ? o->begun->n : 0;
	*out = b;
	if (sqlite3_open_v2(path, &b->q.db, o->begun ? flags : flags | SQLITE_OPEN_CREATE, NULL) !=
		SQLITE_OK)
		sql_fail(&b->q, err);
	else if (sqlite3_busy_timeout(b->q.db, WRITERS_MS) == SQLITE_OK &&
		 sql_exec(&b->q, rec_schema_live, err) &&
		 (o->begun || sql_exec(&b->q, rec_schema, err)) && sql_prepare(&b->q, err))
		return true;
	sqlite_free(b);
	*out = NULL;
	return false;
}

/* One plain file, which can be read where nothing can be written; while others have it open it
 * cannot become that, and the last of them to close it takes the log in. */
static bool leave_wal(struct rec_backend *b, bool *in_use, struct err *err)
{
	static const char sql[] = "PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE";
	int rc;

	sqlite3_busy_timeout(b->q.db, READERS_MS);
	rc = sqlite3_exec(b->q.db, sql, NULL, NULL, NULL);
	*in_use = rc == SQLITE_BUSY || rc == SQLITE_LOCKED;
	return rc == SQLITE_OK || *in_use || sql_fail(&b->q, err);
}

static bool sqlite_close(struct rec_backend *b, const struct rec_closing *c, struct err *err)
{
	bool ok;

	if (!sqlite3_get_autocommit(b->q.db)) /* a write failed on the way */
		sqlite3_exec(b->q.db, "ROLLBACK", NULL, NULL, NULL);
	ok = !b->keep_requests || sql_exec(&b->q, rec_schema_index, err);
	ok = ok && leave_wal(b, c->in_use, err);
	sqlite_free(b);
	return ok;
}

const struct rec_ops rec_sqlite = {
	.file = "results.sqlite",
	.open = sqlite_open,
	.run_begin = sqlite_run_begin,
	.sink_open = sqlite_sink_open,
	.requests = sqlite_requests,
	.replication = sqlite_replication,
	.discard = sqlite_discard,
	.run_end = sqlite_run_end,
	.close = sqlite_close,
};
