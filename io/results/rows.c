#include "io/results/rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

bool results_fail(const struct results *r, struct err *err)
{
	return err_run(err, "%s: %s", r->path, sqlite3_errmsg(r->db));
}

static bool begin(struct rows *q, struct results *r, const char *sql)
{
	*q = (struct rows){.r = r, .rc = SQLITE_ROW};
	return sqlite3_prepare_v2(r->db, sql, -1, &q->st, NULL) == SQLITE_OK;
}

bool rows_of_all(struct rows *q, struct results *r, const char *sql, struct err *err)
{
	return begin(q, r, sql) || results_fail(r, err);
}

bool rows_of_run(struct rows *q, struct results *r, size_t run, const char *sql, struct err *err)
{
	if (!begin(q, r, sql))
		return results_fail(r, err);
	sqlite3_bind_int64(q->st, 1, r->runs[run].id);
	return true;
}

bool rows_of_newer_run(
	struct rows *q, struct results *r, size_t run, const char *sql, struct err *err)
{
	if (!begin(q, r, sql))
		return err_input(err, "%s: %s: it was written by an earlier version", r->path,
			sqlite3_errmsg(r->db));
	sqlite3_bind_int64(q->st, 1, r->runs[run].id);
	return true;
}

bool rows_next(struct rows *q)
{
	q->rc = sqlite3_step(q->st);
	return q->rc == SQLITE_ROW;
}

bool rows_end(struct rows *q, struct err *err)
{
	sqlite3_finalize(q->st);
	return q->rc == SQLITE_ROW || q->rc == SQLITE_DONE || results_fail(q->r, err);
}

const char *rows_text(const struct rows *q, int column)
{
	const unsigned char *s = sqlite3_column_text(q->st, column);

	return s ? arena_strdup(&q->r->arena, (const char *)s) : "";
}

double rows_number(const struct rows *q, int column)
{
	return sqlite3_column_type(q->st, column) == SQLITE_NULL
		       ? (double)NAN
		       : sqlite3_column_double(q->st, column);
}

void *rows_keep(struct results *r, void *list, size_t n, size_t size)
{
	void *copy = arena_alloc(&r->arena, n, size);

	if (n > 0)
		memcpy(copy, list, n * size);
	free(list);
	return copy;
}
