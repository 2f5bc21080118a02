/*
 * results.sqlite. Request rows go into a plain rowid table, 16 to a statement,
 * and are indexed once at the end: 0.8 s of inserting and 0.4 s of indexing a
 * million rows, against 1.6 s and more when the table is kept in order.
 */
#include "io/record/backend.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "io/record/schema.h"
#include "models/cost/profile.h"

enum { REQUEST_COLUMNS = 19, ROWS_PER_INSERT = 16 };

/* How long others may keep the file: while they write to it, and at the end, from us leaving WAL.
 */
enum { WRITERS_MS = 60000, READERS_MS = 1000 };

enum statement {
	ST_BEGIN,
	ST_COMMIT,
	ST_RUN,
	ST_RUN_END,
	ST_SETTING,
	ST_INPUT,
	ST_PLACEMENT,
	ST_PROFILE,
	ST_SINK_OPEN,
	ST_REPLICATION,
	ST_METRIC,
	ST_SUMMARY,
	ST_WARNING,
	ST_DISCARD_REQUESTS,
	ST_DISCARD,
	ST_REQUEST,
	ST_REQUESTS, /* ROWS_PER_INSERT at once; made from ST_REQUEST */
	STATEMENTS,
};

static const char *const statement_text[STATEMENTS];

struct text {
	const char *s; /* NULL: none */
	int n;
};

struct rec_backend {
	sqlite3 *db;
	char *path;
	bool keep_requests;
	sqlite3_stmt *st[STATEMENTS];
	sqlite3_int64 run;
	/* names by index, the last entry for NO_ID; borrowed from the scenario */
	size_t n_groups, n_models, n_instances;
	struct text *groups, *homes, *models, *instances;
};

static bool fail(const struct rec_backend *b, struct err *err)
{
	return err_run(err, "%s: %s", b->path, sqlite3_errmsg(b->db));
}

static bool exec(struct rec_backend *b, const char *sql, struct err *err)
{
	return sqlite3_exec(b->db, sql, NULL, NULL, NULL) == SQLITE_OK || fail(b, err);
}

/* Run a statement that answers no rows. */
static bool step(struct rec_backend *b, enum statement which, struct err *err)
{
	sqlite3_stmt *st = b->st[which];

	if (sqlite3_step(st) != SQLITE_DONE) {
		fail(b, err);
		sqlite3_reset(st);
		return false;
	}
	sqlite3_reset(st);
	return true;
}

static void bind_text(sqlite3_stmt *st, int i, const char *s)
{
	sqlite3_bind_text(st, i, s, -1, SQLITE_STATIC);
}

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

	sqlite3_bind_int64(st, at++, b->run);
	sqlite3_bind_int64(st, at++, number);
	sqlite3_bind_int64(st, at++, (sqlite3_int64)r->id);
	bind_name(st, at++, b->groups, b->n_groups, r->group);
	bind_name(st, at++, b->homes, b->n_groups, r->group);
	bind_name(st, at++, b->models, b->n_models, r->model);
	sqlite3_bind_int64(st, at++, r->prompt_tok);
	sqlite3_bind_int64(st, at++, r->output_tok);
	bind_name(st, at++, b->instances, b->n_instances, r->instance);
	bind_time(st, at++, r->created_ns);
	bind_time(st, at++, r->assigned_ns);
	bind_time(st, at++, r->uploaded_ns);
	bind_time(st, at++, r->started_ns);
	bind_time(st, at++, r->first_token_ns);
	bind_time(st, at++, r->finished_ns);
	bind_time(st, at++, r->delivered_ns);
	bind_time(st, at++, r->deadline_ns);
	bind_name(st, at++, fates, FATES - 1, r->fate);
	sqlite3_bind_int64(st, at, r->preemptions);
}

static bool insert_requests(struct rec_backend *b, uint32_t number, const struct request_row *rows,
	size_t n, struct err *err)
{
	sqlite3_stmt *many = b->st[ST_REQUESTS];
	size_t i, k;

	for (i = 0; i + ROWS_PER_INSERT <= n; i += ROWS_PER_INSERT) {
		for (k = 0; k < ROWS_PER_INSERT; k++)
			bind_request(b, many, (int)k * REQUEST_COLUMNS + 1, number, &rows[i + k]);
		if (!step(b, ST_REQUESTS, err))
			return false;
	}
	for (; i < n; i++) {
		bind_request(b, b->st[ST_REQUEST], 1, number, &rows[i]);
		if (!step(b, ST_REQUEST, err))
			return false;
	}
	return true;
}

static bool sqlite_requests(struct rec_backend *b, uint32_t number, const struct request_row *rows,
	size_t n, struct err *err)
{
	return step(b, ST_BEGIN, err) && insert_requests(b, number, rows, n, err) &&
	       step(b, ST_COMMIT, err);
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

static bool insert_run(struct rec_backend *b, const struct recorder_run *run, struct err *err)
{
	sqlite3_stmt *st = b->st[ST_RUN];
	const struct run_spec *spec = &run->scenario->run;
	char host[256] = "", utc[32];
	time_t now = time(NULL);
	struct tm tm;

	gethostname(host, sizeof host - 1);
	strftime(utc, sizeof utc, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
	sqlite3_bind_int64(st, 1, b->run);
	bind_text(st, 2, run->scenario->name);
	bind_text(st, 3, run->resolved);
	bind_text(st, 4, run->sha256);
	bind_text(st, 5, run->policy);
	sqlite3_bind_int64(st, 6, (sqlite3_int64)spec->seed);
	sqlite3_bind_int64(st, 7, spec->replications);
	bind_text(st, 8, run->version);
	bind_text(st, 9, host);
	bind_text(st, 10, utc);
	return step(b, ST_RUN, err);
}

enum { PILOT = 0, NO_REPLICATION = -1 };

/* @number of the replication they are of. */
static bool insert_warnings(
	struct rec_backend *b, int64_t number, const struct warnings *w, struct err *err)
{
	sqlite3_stmt *st = b->st[ST_WARNING];
	size_t i;

	for (i = 0; w && i < w->n; i++) {
		sqlite3_bind_int64(st, 1, b->run);
		if (number == NO_REPLICATION)
			sqlite3_bind_null(st, 2);
		else
			sqlite3_bind_int64(st, 2, number);
		bind_text(st, 3, warning_words[w->at[i].kind]);
		bind_text(st, 4, w->at[i].scope);
		bind_text(st, 5, w->at[i].text);
		if (!step(b, ST_WARNING, err))
			return false;
	}
	return true;
}

static bool insert_settings(struct rec_backend *b, const struct recorder_run *run, struct err *err)
{
	sqlite3_stmt *st = b->st[ST_SETTING];
	size_t i;

	sqlite3_bind_int64(st, 1, b->run);
	for (i = 0; i < run->n_settings; i++) {
		bind_text(st, 2, run->settings[i].key);
		bind_text(st, 3, run->settings[i].value);
		if (!step(b, ST_SETTING, err))
			return false;
	}
	return true;
}

static bool insert_inputs(struct rec_backend *b, const struct recorder_run *run, struct err *err)
{
	sqlite3_stmt *st = b->st[ST_INPUT];
	size_t i;

	sqlite3_bind_int64(st, 1, b->run);
	for (i = 0; i < run->n_inputs; i++) {
		bind_text(st, 2, run->inputs[i].key);
		bind_text(st, 3, run->inputs[i].path);
		bind_text(st, 4, run->inputs[i].sha256);
		sqlite3_bind_int64(st, 5, (sqlite3_int64)run->inputs[i].bytes);
		if (!step(b, ST_INPUT, err))
			return false;
	}
	return true;
}

/* Whose times each instance that runs a model takes. */
static bool insert_profiles(struct rec_backend *b, const struct scenario_spec *s, struct err *err)
{
	sqlite3_stmt *st = b->st[ST_PROFILE];
	size_t i;

	sqlite3_bind_int64(st, 1, b->run);
	for (i = 0; i < s->n_instances; i++) {
		const struct profile *p = s->instances[i].profile;

		if (!p)
			continue;
		bind_text(st, 2, s->instances[i].name);
		bind_text(st, 3, p->name);
		bind_text(st, 4, provenance_names[p->provenance]);
		sqlite3_bind_double(st, 5, p->sigma.decode);
		sqlite3_bind_double(st, 6, p->sigma.prefill);
		sqlite3_bind_double(st, 7, p->sigma.attention);
		bind_text(st, 8, p->method);
		bind_text(st, 9, p->date);
		if (!step(b, ST_PROFILE, err))
			return false;
	}
	return true;
}

/* Each instance holds its model whole, in the memory of its site's device. */
static bool insert_placement(struct rec_backend *b, const struct scenario_spec *s, struct err *err)
{
	sqlite3_stmt *st = b->st[ST_PLACEMENT];
	size_t i;

	sqlite3_bind_int64(st, 1, b->run);
	for (i = 0; i < s->n_instances; i++) {
		const struct instance_spec *in = &s->instances[i];

		if (in->synthetic)
			continue;
		bind_text(st, 2, s->models[in->model.i].name);
		bind_text(st, 3, s->sites[in->site.i].name);
		bind_text(st, 4, s->sites[in->site.i].gpu.name);
		bind_text(st, 5, in->name);
		if (!step(b, ST_PLACEMENT, err))
			return false;
	}
	return true;
}

static bool sqlite_run_begin(
	struct rec_backend *b, uint32_t id, const struct recorder_run *run, struct err *err)
{
	b->run = id;
	names_init(b, run->scenario);
	return step(b, ST_BEGIN, err) && insert_run(b, run, err) && insert_settings(b, run, err) &&
	       insert_inputs(b, run, err) && insert_placement(b, run->scenario, err) &&
	       insert_profiles(b, run->scenario, err) &&
	       insert_warnings(b, NO_REPLICATION, run->scenario_warnings, err) &&
	       insert_warnings(b, PILOT, run->pilot_warnings, err) && step(b, ST_COMMIT, err);
}

static bool sqlite_sink_open(struct rec_backend *b, uint32_t number, struct err *err)
{
	sqlite3_bind_int64(b->st[ST_SINK_OPEN], 1, b->run);
	sqlite3_bind_int64(b->st[ST_SINK_OPEN], 2, number);
	return step(b, ST_SINK_OPEN, err);
}

static bool insert_metrics(
	struct rec_backend *b, const struct recorder_replication *rep, struct err *err)
{
	sqlite3_stmt *st = b->st[ST_METRIC];
	size_t i;

	sqlite3_bind_int64(st, 1, b->run);
	sqlite3_bind_int64(st, 2, rep->number);
	for (i = 0; i < rep->n_metrics; i++) {
		bind_text(st, 3, rep->metrics[i].scope);
		bind_text(st, 4, metrics[rep->metrics[i].id].name);
		bind_text(st, 5, metrics[rep->metrics[i].id].unit);
		sqlite3_bind_double(st, 6, rep->metrics[i].value); /* NaN becomes NULL */
		if (!step(b, ST_METRIC, err))
			return false;
	}
	return true;
}

static bool sqlite_replication(
	struct rec_backend *b, const struct recorder_replication *rep, struct err *err)
{
	sqlite3_stmt *st = b->st[ST_REPLICATION];

	sqlite3_bind_int64(st, 1, b->run);
	sqlite3_bind_int64(st, 2, rep->number);
	sqlite3_bind_int64(st, 3, (sqlite3_int64)rep->seed);
	sqlite3_bind_double(st, 4, rep->warmup_s);
	sqlite3_bind_double(st, 5, rep->horizon_s);
	sqlite3_bind_int64(st, 6, (sqlite3_int64)rep->events);
	bind_text(st, 7, run_status_words[rep->status]);
	return step(b, ST_BEGIN, err) && step(b, ST_REPLICATION, err) &&
	       insert_metrics(b, rep, err) && insert_warnings(b, rep->number, rep->warnings, err) &&
	       step(b, ST_COMMIT, err);
}

static bool sqlite_discard(struct rec_backend *b, uint32_t number, struct err *err)
{
	enum statement which;

	for (which = ST_DISCARD_REQUESTS; which <= ST_DISCARD; which++) {
		sqlite3_bind_int64(b->st[which], 1, b->run);
		sqlite3_bind_int64(b->st[which], 2, number);
	}
	return step(b, ST_BEGIN, err) && step(b, ST_DISCARD_REQUESTS, err) &&
	       step(b, ST_DISCARD, err) && step(b, ST_COMMIT, err);
}

static bool insert_summary(
	struct rec_backend *b, const struct summary_row *rows, size_t n_rows, struct err *err)
{
	sqlite3_stmt *st = b->st[ST_SUMMARY];
	size_t i;

	sqlite3_bind_int64(st, 1, b->run);
	for (i = 0; i < n_rows; i++) {
		bind_text(st, 2, rows[i].scope);
		bind_text(st, 3, metrics[rows[i].id].name);
		bind_text(st, 4, metrics[rows[i].id].unit);
		sqlite3_bind_double(st, 5, rows[i].mean);
		sqlite3_bind_double(st, 6, rows[i].sd);
		sqlite3_bind_double(st, 7, rows[i].ci_low);
		sqlite3_bind_double(st, 8, rows[i].ci_high);
		sqlite3_bind_int64(st, 9, (sqlite3_int64)rows[i].n);
		if (!step(b, ST_SUMMARY, err))
			return false;
	}
	return true;
}

static bool sqlite_run_end(struct rec_backend *b, const struct recorder_end *end, struct err *err)
{
	sqlite3_stmt *st = b->st[ST_RUN_END];

	bind_text(st, 1, run_status_words[end->status]);
	sqlite3_bind_double(st, 2, end->wall_s);
	sqlite3_bind_int64(st, 3, b->run);
	return step(b, ST_BEGIN, err) && insert_summary(b, end->rows, end->n_rows, err) &&
	       insert_warnings(b, NO_REPLICATION, end->warnings, err) && step(b, ST_RUN_END, err) &&
	       step(b, ST_COMMIT, err);
}

/* The file */

static char *many_rows_text(void)
{
	static const char row[] = ",(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)";
	const char *one = statement_text[ST_REQUEST];
	char *sql = mem_zalloc(strlen(one) + ROWS_PER_INSERT * sizeof row, 1);
	size_t k;

	strcpy(sql, one);
	for (k = 1; k < ROWS_PER_INSERT; k++)
		strcat(sql, row);
	return sql;
}

static bool prepare(struct rec_backend *b, enum statement which, const char *sql, struct err *err)
{
	return sqlite3_prepare_v3(b->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &b->st[which], NULL) ==
		       SQLITE_OK ||
	       fail(b, err);
}

static bool prepare_all(struct rec_backend *b, struct err *err)
{
	char *many = many_rows_text();
	bool ok = prepare(b, ST_REQUESTS, many, err);
	enum statement which;

	free(many);
	for (which = 0; ok && which < ST_REQUESTS; which++)
		ok = prepare(b, which, statement_text[which], err);
	return ok;
}

static void sqlite_free(struct rec_backend *b)
{
	enum statement which;

	for (which = 0; which < STATEMENTS; which++)
		sqlite3_finalize(b->st[which]);
	sqlite3_close(b->db);
	names_finish(b);
	free(b->path);
	free(b);
}

static bool sqlite_open(struct rec_backend **out, const char *path,
	const struct recorder_spec *spec, struct err *err)
{
	struct rec_backend *b = mem_zalloc(1, sizeof *b);

	b->path = mem_strdup(path);
	b->keep_requests = spec->requests;
	*out = b;
	if (sqlite3_open_v2(path, &b->db,
		    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
		    NULL) != SQLITE_OK)
		fail(b, err);
	else if (sqlite3_busy_timeout(b->db, WRITERS_MS) == SQLITE_OK && exec(b, rec_schema, err) &&
		 prepare_all(b, err))
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

	sqlite3_busy_timeout(b->db, READERS_MS);
	rc = sqlite3_exec(b->db, sql, NULL, NULL, NULL);
	*in_use = rc == SQLITE_BUSY || rc == SQLITE_LOCKED;
	return rc == SQLITE_OK || *in_use || fail(b, err);
}

static bool sqlite_close(struct rec_backend *b, bool *in_use, struct err *err)
{
	bool ok;

	if (!sqlite3_get_autocommit(b->db)) /* a write failed on the way */
		sqlite3_exec(b->db, "ROLLBACK", NULL, NULL, NULL);
	ok = !b->keep_requests ||
	     exec(b, "CREATE UNIQUE INDEX request_order ON request(run, replication, id)", err);
	ok = ok && leave_wal(b, in_use, err);
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

static const char *const statement_text[STATEMENTS] = {
	[ST_BEGIN] = "BEGIN IMMEDIATE",
	[ST_COMMIT] = "COMMIT",
	[ST_RUN] = "INSERT INTO run VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, 'interrupted')",
	[ST_RUN_END] = "UPDATE run SET status = ?, wall_s = ? WHERE id = ?",
	[ST_SETTING] = "INSERT INTO setting VALUES (?, ?, ?)",
	[ST_INPUT] = "INSERT INTO input VALUES (?, ?, ?, ?, ?)",
	[ST_PROFILE] = "INSERT INTO profile VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[ST_PLACEMENT] = "INSERT INTO placement VALUES (?, ?, 'all', ?, ?, 1, 0, ?)",
	[ST_SINK_OPEN] =
		"INSERT INTO replication(run, number, status) VALUES (?, ?, 'interrupted')",
	[ST_REPLICATION] = "INSERT OR REPLACE INTO replication VALUES (?, ?, ?, ?, ?, ?, ?)",
	[ST_METRIC] = "INSERT INTO metric VALUES (?, ?, ?, ?, ?, ?)",
	[ST_SUMMARY] = "INSERT INTO summary VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[ST_WARNING] = "INSERT INTO warning VALUES (?, ?, ?, ?, ?)",
	[ST_DISCARD_REQUESTS] = "DELETE FROM request WHERE run = ? AND replication = ?",
	[ST_DISCARD] = "DELETE FROM replication WHERE run = ? AND number = ?",
	[ST_REQUEST] = "INSERT INTO request VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
};
