/*
 * results.sqlite of many. Each folder is attached in turn and SQLite itself copies its rows, in the
 * order of their keys and not of their making, so that the same runs give the same bytes. Request
 * rows are indexed once at the end.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "io/record/schema.h"
#include "io/results/merge_inside.h"

enum { PATIENCE_MS = 60000 }; /* with who writes to what is read */

struct copy {
	struct merged *m;
	const char *path;
	sqlite3 *db;
};

static bool fail(const struct copy *c, struct err *err)
{
	return err_run(err, "%s: %s", c->path, sqlite3_errmsg(c->db));
}

static bool exec(struct copy *c, const char *sql, struct err *err)
{
	return sqlite3_exec(c->db, sql, NULL, NULL, NULL) == SQLITE_OK || fail(c, err);
}

/* Rows */

/* Every table of the schema, and what its rows are in order of. */
static const struct {
	const char *name, *order;
} tables[] = {
	{"run", "id"},
	{"setting", "key"},
	{"input", "key"},
	{"profile", "instance, profile"},
	{"replication", "number"},
	{"metric", "replication, scope, name"},
	{"summary", "rowid"},
	{"drift", "replication, backlog_least"},
	{"drift_fit", "replication"},
	{"pilot", "t_s"},
	{"warning", "replication, rowid"},
	{"request", "replication, id"},
	{"placement", "rowid"},
};

enum { TABLES = sizeof tables / sizeof *tables };

/** The columns of a table but for the first, which is the run, with a comma before each. Where and
 *  when it was run is of no part of what it came to; what an older schema has not is not known. */
static bool columns_of(struct buf *out, struct copy *c, const char *table, struct err *err)
{
	static const char sql[] =
		"SELECT ', ' || iif(?1 = 'run' AND name IN ('host', 'started_utc', 'wall_s') "
		"OR name NOT IN (SELECT name FROM pragma_table_info(?1, 'part')), "
		"'NULL', name) FROM pragma_table_info(?1) WHERE cid > 0 ORDER BY cid";
	sqlite3_stmt *st;
	int rc;

	if (sqlite3_prepare_v2(c->db, sql, -1, &st, NULL) != SQLITE_OK)
		return fail(c, err);
	sqlite3_bind_text(st, 1, table, -1, SQLITE_STATIC);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW)
		buf_puts(out, (const char *)sqlite3_column_text(st, 0));
	sqlite3_finalize(st);
	return rc == SQLITE_DONE || fail(c, err);
}

/** An older schema may lack it. */
static bool has_table(bool *out, struct copy *c, const char *name, struct err *err)
{
	static const char sql[] =
		"SELECT 1 FROM part.sqlite_schema WHERE type = 'table' AND name = ?";
	sqlite3_stmt *st;
	int rc;

	if (sqlite3_prepare_v2(c->db, sql, -1, &st, NULL) != SQLITE_OK)
		return fail(c, err);
	sqlite3_bind_text(st, 1, name, -1, SQLITE_STATIC);
	rc = sqlite3_step(st);
	sqlite3_finalize(st);
	*out = rc == SQLITE_ROW;
	return rc == SQLITE_ROW || rc == SQLITE_DONE || fail(c, err);
}

/** What copies the rows of a run, whose number is ?1 in the merged file and ?2 in the attached one;
 *  NULL where that has no such table. */
static bool prepare_table(sqlite3_stmt **out, struct copy *c, size_t table, struct err *err)
{
	const char *name = tables[table].name;
	struct buf sql, columns;
	bool ok, there = false;

	if (!has_table(&there, c, name, err))
		return false;
	if (!there)
		return true;
	buf_init(&sql);
	buf_init(&columns);
	ok = columns_of(&columns, c, name, err);
	buf_printf(&sql, "INSERT INTO main.%s SELECT ?1%s FROM part.%s WHERE %s = ?2 ORDER BY %s",
		name, columns.s, name, table == 0 ? "id" : "run", tables[table].order);
	ok = ok && (sqlite3_prepare_v2(c->db, sql.s, -1, out, NULL) == SQLITE_OK || fail(c, err));
	buf_finish(&columns);
	buf_finish(&sql);
	return ok;
}

static bool copy_rows(
	struct copy *c, sqlite3_stmt *st, const struct merge_part *part, struct err *err)
{
	bool ok;

	sqlite3_bind_int64(st, 1, part->to);
	sqlite3_bind_int64(st, 2, part->id);
	ok = sqlite3_step(st) == SQLITE_DONE;
	if (!ok)
		err_run(err, "%s, from %s: %s", c->path, part->dir, sqlite3_errmsg(c->db));
	sqlite3_reset(st);
	return ok;
}

/** In a transaction of its own: the file counts them, and must not tell of the folders. */
static bool copy_run(struct copy *c, sqlite3_stmt *const st[static TABLES],
	const struct merge_part *part, struct err *err)
{
	bool ok = exec(c, "BEGIN", err);

	for (size_t t = 0; t < TABLES && ok; t++)
		ok = !st[t] || copy_rows(c, st[t], part, err);
	return ok && exec(c, "COMMIT", err);
}

/* Folders */

static bool attach(struct copy *c, const struct merge_part *part, struct err *err)
{
	sqlite3_stmt *st;
	bool ok = sqlite3_prepare_v2(c->db, "ATTACH ? AS part", -1, &st, NULL) == SQLITE_OK;

	if (ok) {
		sqlite3_bind_text(st, 1, part->uri, -1, SQLITE_STATIC);
		ok = sqlite3_step(st) == SQLITE_DONE;
		sqlite3_finalize(st);
	}
	return ok || err_run(err, "%s/results.sqlite: %s", part->dir, sqlite3_errmsg(c->db));
}

/** In one transaction, which locks and looks for changes once. */
static bool prepare_tables(sqlite3_stmt *out[static TABLES], struct copy *c, struct err *err)
{
	bool ok = exec(c, "BEGIN", err);

	for (size_t t = 0; t < TABLES && ok; t++)
		ok = prepare_table(&out[t], c, t, err);
	return ok && exec(c, "COMMIT", err);
}

/** Parts @from to @to, which are of one folder. */
static bool copy_folder(struct copy *c, size_t from, size_t to, struct err *err)
{
	sqlite3_stmt *st[TABLES] = {0};
	bool ok = attach(c, &c->m->parts[from], err) && prepare_tables(st, c, err);

	for (size_t i = from; i < to && ok; i++)
		ok = c->m->parts[i].to == 0 || copy_run(c, st, &c->m->parts[i], err);
	for (size_t t = 0; t < TABLES; t++)
		sqlite3_finalize(st[t]);
	return ok && exec(c, "DETACH part", err);
}

static bool copy_folders(struct copy *c, struct err *err)
{
	const struct merged *m = c->m;
	size_t next;

	for (size_t i = 0; i < m->n; i = next) {
		bool any = false;

		for (next = i; next < m->n && strcmp(m->parts[next].dir, m->parts[i].dir) == 0;
			next++)
			any = any || m->parts[next].to > 0;
		if (any && !copy_folder(c, i, next, err))
			return false;
	}
	return true;
}

/* What is on top of them */

static bool make_view(struct copy *c, struct err *err)
{
	struct buf sql;
	bool ok;

	buf_init(&sql);
	ok = (merge_swept(&sql, c->m, c->db) || fail(c, err)) && exec(c, sql.s, err);
	buf_finish(&sql);
	return ok;
}

static bool index_requests(struct copy *c, struct err *err)
{
	sqlite3_stmt *st;
	bool any;

	if (sqlite3_prepare_v2(c->db, "SELECT 1 FROM request LIMIT 1", -1, &st, NULL) != SQLITE_OK)
		return fail(c, err);
	any = sqlite3_step(st) == SQLITE_ROW;
	sqlite3_finalize(st);
	return !any || exec(c, rec_schema_index, err);
}

static bool fill(struct copy *c, struct err *err)
{
	sqlite3_busy_timeout(c->db, PATIENCE_MS);
	return exec(c, rec_schema_beside, err) && exec(c, rec_schema, err) &&
	       copy_folders(c, err) && make_view(c, err) && index_requests(c, err);
}

/** Written through to the disk, as it is going to take the place of another. */
static bool sync_file(const char *path, struct err *err)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	bool ok = fd >= 0 && fsync(fd) == 0;

	if (!ok)
		err_run(err, "%s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return ok;
}

bool merge_copy(struct merged *m, const char *into, struct err *err)
{
	const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_URI;
	struct copy c = {.m = m, .path = arena_printf(&m->arena, "%s/results.sqlite", into)};
	bool ok = sqlite3_open_v2(c.path, &c.db, flags, NULL) == SQLITE_OK ? fill(&c, err)
									   : fail(&c, err);

	if (sqlite3_close(c.db) != SQLITE_OK && ok)
		ok = fail(&c, err);
	return ok && sync_file(c.path, err);
}
