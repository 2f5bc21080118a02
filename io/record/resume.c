/* Bringing an unfinished result to where a run can go on. */
#include "io/record/resume.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "io/record/kept.h"
#include "io/record/parts.h"
#include "io/record/series_file.h"

enum { PATIENCE_MS = 10000 };

struct resuming {
	const char *dir;
	char *path;
	sqlite3 *db;
	const struct rec_kept *kept;
	struct rec_begun *begun;
	bool series, grouped;
};

static bool fail(const struct resuming *r, struct err *err)
{
	return err_run(err, "%s: %s", r->path, sqlite3_errmsg(r->db));
}

/* What is there */

/* Complete in the tables, from 1 on without a gap. */
static bool count_complete(uint32_t *out, const struct resuming *r, uint32_t run, struct err *err)
{
	static const char sql[] = "SELECT number FROM replication WHERE run = ? AND status = "
				  "'complete' ORDER BY number";
	sqlite3_stmt *st;
	int rc;

	*out = 0;
	if (sqlite3_prepare_v2(r->db, sql, -1, &st, NULL) != SQLITE_OK)
		return fail(r, err);
	sqlite3_bind_int64(st, 1, run);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW && sqlite3_column_int64(st, 0) == *out + 1)
		++*out;
	sqlite3_finalize(st);
	return rc == SQLITE_ROW || rc == SQLITE_DONE || fail(r, err);
}

/* ... of which all there is to know is there. */
static uint32_t count_kept(const struct resuming *r, uint32_t run, uint32_t complete)
{
	uint32_t n = rec_kept_count(r->kept, run), k = 0;

	n = n < complete ? n : complete;
	while (k < n && (!r->series || rec_series_there(r->dir, r->grouped,
					       (struct rec_part){.run = run, .number = k + 1})))
		k++;
	return k;
}

static bool find_runs(const struct resuming *r, struct err *err)
{
	static const char sql[] = "SELECT status <> 'interrupted' FROM run ORDER BY id";
	struct rec_begun *b = r->begun;
	sqlite3_stmt *st;
	size_t cap = 0;
	int rc;

	if (sqlite3_prepare_v2(r->db, sql, -1, &st, NULL) != SQLITE_OK)
		return fail(r, err);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		b->runs = mem_grow(b->runs, b->n, &cap, sizeof *b->runs);
		b->runs[b->n++] = (struct rec_begun_run){.ended = sqlite3_column_int(st, 0)};
	}
	sqlite3_finalize(st);
	if (rc != SQLITE_DONE)
		return fail(r, err);
	for (uint32_t i = 0; i < b->n; i++) {
		uint32_t complete;

		if (!count_complete(&complete, r, i + 1, err))
			return false;
		b->runs[i].kept = count_kept(r, i + 1, complete);
	}
	return true;
}

/* Taking the rest away */

/* Of run ?1 all but replications up to ?2 and what was said when it began. */
static const char *const clearing[] = {
	"DELETE FROM request WHERE run = ?1 AND replication > ?2",
	"DELETE FROM metric WHERE run = ?1 AND replication > ?2",
	"DELETE FROM drift WHERE run = ?1 AND (replication IS NULL OR replication > ?2)",
	"DELETE FROM drift_fit WHERE run = ?1 AND (replication IS NULL OR replication > ?2)",
	("DELETE FROM warning WHERE run = ?1 AND (replication > ?2 OR (replication IS NULL AND "
	 "kind <> 'scenario'))"),
	"DELETE FROM summary WHERE run = ?1 AND ?2 >= 0",
	"DELETE FROM replication WHERE run = ?1 AND number > ?2",
	"UPDATE run SET status = 'interrupted', wall_s = NULL WHERE id = ?1 AND ?2 >= 0",
};

static bool clear_run(const struct resuming *r, uint32_t run, uint32_t kept, struct err *err)
{
	for (size_t i = 0; i < sizeof clearing / sizeof *clearing; i++) {
		sqlite3_stmt *st;
		bool ok = sqlite3_prepare_v2(r->db, clearing[i], -1, &st, NULL) == SQLITE_OK &&
			  sqlite3_bind_int64(st, 1, run) == SQLITE_OK &&
			  sqlite3_bind_int64(st, 2, kept) == SQLITE_OK &&
			  sqlite3_step(st) == SQLITE_DONE;

		if (!ok)
			fail(r, err);
		sqlite3_finalize(st);
		if (!ok)
			return false;
	}
	return true;
}

/* The index is made when the file is closed. */
static bool clear_tables(const struct resuming *r, struct err *err)
{
	if (sqlite3_exec(r->db, "BEGIN IMMEDIATE; DROP INDEX IF EXISTS request_order", NULL, NULL,
		    NULL) != SQLITE_OK)
		return fail(r, err);
	for (uint32_t i = 0; i < r->begun->n; i++)
		if (!r->begun->runs[i].ended && !clear_run(r, i + 1, r->begun->runs[i].kept, err))
			return false;
	return sqlite3_exec(r->db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK || fail(r, err);
}

static bool is_kept(const struct rec_begun *b, struct rec_part p)
{
	return p.run - 1 < b->n &&
	       (b->runs[p.run - 1].ended || p.number <= b->runs[p.run - 1].kept);
}

static void clear_parts(const struct resuming *r)
{
	struct rec_part_list parts = rec_parts_list(r->dir);

	for (size_t i = 0; i < parts.n; i++)
		if (!is_kept(r->begun, parts.at[i]))
			rec_part_unlink(r->dir, parts.at[i]);
	free(parts.at);
}

static bool resume(struct resuming *r, struct err *err)
{
	if (sqlite3_open_v2(r->path, &r->db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
		return fail(r, err);
	sqlite3_busy_timeout(r->db, PATIENCE_MS);
	if (!find_runs(r, err) || !clear_tables(r, err))
		return false;
	clear_parts(r);
	return true;
}

bool rec_resume(struct rec_begun *out, struct rec_kept **kept, const char *dir,
	const struct recorder_identity *id, bool series, struct err *err)
{
	struct resuming r = {.dir = dir, .begun = out, .series = series, .grouped = id->n > 1};
	bool ok;

	*out = (struct rec_begun){.policies = id->policies};
	if (!rec_kept_open(kept, dir, err))
		return false;
	r.kept = *kept;
	r.path = rec_path(dir, "results.sqlite");
	ok = resume(&r, err);
	sqlite3_close(r.db);
	free(r.path);
	return ok;
}

void rec_begun_finish(struct rec_begun *b)
{
	free(b->runs);
	*b = (struct rec_begun){0};
}
