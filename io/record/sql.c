#include "io/record/sql.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static const char *const statement_text[STATEMENTS] = {
	[ST_BEGIN] = "BEGIN IMMEDIATE",
	[ST_COMMIT] = "COMMIT",
	[ST_RUN] = "INSERT INTO run VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, 'interrupted')",
	[ST_RUN_END] = "UPDATE run SET status = ?, wall_s = ? WHERE id = ?",
	[ST_SETTING] = "INSERT INTO setting VALUES (?, ?, ?)",
	[ST_INPUT] = "INSERT INTO input VALUES (?, ?, ?, ?, ?)",
	[ST_PROFILE] = "INSERT INTO profile VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[ST_PLACEMENT] = "INSERT INTO placement VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
	[ST_SINK_OPEN] =
		"INSERT INTO replication(run, number, status) VALUES (?, ?, 'interrupted')",
	[ST_REPLICATION] = "INSERT OR REPLACE INTO replication VALUES (?, ?, ?, ?, ?, ?, ?)",
	[ST_METRIC] = "INSERT INTO metric VALUES (?, ?, ?, ?, ?, ?)",
	[ST_SUMMARY] = "INSERT INTO summary VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[ST_WARNING] = "INSERT INTO warning VALUES (?, ?, ?, ?, ?)",
	[ST_DRIFT] = "INSERT INTO drift VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[ST_DRIFT_FIT] = "INSERT INTO drift_fit VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[ST_PILOT] = "INSERT INTO pilot VALUES (?, ?, ?, ?)",
	[ST_DISCARD_REQUESTS] = "DELETE FROM request WHERE run = ? AND replication = ?",
	[ST_DISCARD] = "DELETE FROM replication WHERE run = ? AND number = ?",
	[ST_REQUEST] = ("INSERT INTO request VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,"
			"?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"),
};

bool sql_fail(const struct sql *q, struct err *err)
{
	return err_run(err, "%s: %s", q->path, sqlite3_errmsg(q->db));
}

bool sql_exec(struct sql *q, const char *sql, struct err *err)
{
	return sqlite3_exec(q->db, sql, NULL, NULL, NULL) == SQLITE_OK || sql_fail(q, err);
}

/* Run a statement that answers no rows. */
bool sql_step(struct sql *q, enum sql_statement which, struct err *err)
{
	sqlite3_stmt *st = q->st[which];

	if (sqlite3_step(st) != SQLITE_DONE) {
		sql_fail(q, err);
		sqlite3_reset(st);
		return false;
	}
	sqlite3_reset(st);
	return true;
}

void sql_bind_text(sqlite3_stmt *st, int i, const char *s)
{
	sqlite3_bind_text(st, i, s, -1, SQLITE_STATIC);
}

static char *many_rows_text(void)
{
	const char *one = statement_text[ST_REQUEST], *row = strrchr(one, '(');
	char *sql = mem_zalloc(strlen(one) + SQL_ROWS_PER_INSERT * (strlen(row) + 1) + 1, 1);
	size_t k;

	strcpy(sql, one);
	for (k = 1; k < SQL_ROWS_PER_INSERT; k++) {
		strcat(sql, ",");
		strcat(sql, row);
	}
	return sql;
}

static bool prepare(struct sql *q, enum sql_statement which, const char *sql, struct err *err)
{
	return sqlite3_prepare_v3(q->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &q->st[which], NULL) ==
		       SQLITE_OK ||
	       sql_fail(q, err);
}

bool sql_prepare(struct sql *q, struct err *err)
{
	char *many = many_rows_text();
	bool ok = prepare(q, ST_REQUESTS, many, err);
	enum sql_statement which;

	free(many);
	for (which = 0; ok && which < ST_REQUESTS; which++)
		ok = prepare(q, which, statement_text[which], err);
	return ok;
}

void sql_finish(struct sql *q)
{
	enum sql_statement which;

	for (which = 0; which < STATEMENTS; which++)
		sqlite3_finalize(q->st[which]);
	sqlite3_close(q->db);
	free(q->path);
}
