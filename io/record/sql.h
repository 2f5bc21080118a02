#ifndef OFFING_IO_RECORD_SQL_H
#define OFFING_IO_RECORD_SQL_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "io/record/recorder.h"

/** The statements of results.sqlite, for the files that make up its back-end. */
enum sql_statement {
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
	ST_DRIFT,
	ST_DRIFT_FIT,
	ST_PILOT,
	ST_DISCARD_REQUESTS,
	ST_DISCARD,
	ST_REQUEST,
	ST_REQUESTS, /* ROWS_PER_INSERT at once; made from ST_REQUEST */
	STATEMENTS,
};

enum { SQL_REQUEST_COLUMNS = 29 + CAUSES, SQL_ROWS_PER_INSERT = 16 };

struct sql {
	sqlite3 *db;
	char *path;
	sqlite3_stmt *st[STATEMENTS];
	sqlite3_int64 run; /* the one that is written */
};

/** Prepare all statements; sql_finish() frees them, the data base and the path. */
MUST_CHECK bool sql_prepare(struct sql *q, struct err *err);
void sql_finish(struct sql *q);

/** Set @err to what went wrong last; false. */
bool sql_fail(const struct sql *q, struct err *err);
MUST_CHECK bool sql_exec(struct sql *q, const char *text, struct err *err);
/** Run a statement that answers no rows. */
MUST_CHECK bool sql_step(struct sql *q, enum sql_statement which, struct err *err);
/** @s is borrowed until the statement has run. */
void sql_bind_text(sqlite3_stmt *st, int i, const char *s);

/* sqlite_run.c: what is said of a run, a replication and the end of a run; inside a transaction */
MUST_CHECK bool sql_put_run(struct sql *q, const struct recorder_run *run, struct err *err);
MUST_CHECK bool sql_put_replication(
	struct sql *q, const struct recorder_replication *rep, struct err *err);
MUST_CHECK bool sql_put_end(struct sql *q, const struct recorder_end *end, struct err *err);

/** sqlite_drift.c: of replication @number, of all together where that is 0; NULL: nothing. */
MUST_CHECK bool sql_put_drift(
	struct sql *q, uint32_t number, const struct drift *d, struct err *err);

#endif
