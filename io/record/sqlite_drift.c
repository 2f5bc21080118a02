/* The tables of results.sqlite about the drift by backlog. */
#include <math.h>

#include "io/record/sql.h"

/* Of replication @number; 0: of all together. */
static void bind_whose(const struct sql *q, sqlite3_stmt *st, uint32_t number)
{
	sqlite3_bind_int64(st, 1, q->run);
	if (number > 0)
		sqlite3_bind_int64(st, 2, number);
	else
		sqlite3_bind_null(st, 2);
}

/* Three columns from @at on; what is NaN becomes NULL. */
static void bind_mean(sqlite3_stmt *st, int at, const struct drift_mean *m)
{
	sqlite3_bind_double(st, at, m->mean);
	sqlite3_bind_double(st, at + 1, m->mean - m->half);
	sqlite3_bind_double(st, at + 2, m->mean + m->half);
}

static bool insert_bins(struct sql *q, uint32_t number, const struct drift *d, struct err *err)
{
	sqlite3_stmt *st = q->st[ST_DRIFT];

	bind_whose(q, st, number);
	for (size_t bin = 0; bin < DRIFT_BINS; bin++) {
		struct drift_bin_means m;

		if (!drift_bin_means(&m, d, bin))
			continue;
		sqlite3_bind_int64(st, 3, (sqlite3_int64)drift_bin_from(bin));
		sqlite3_bind_int64(st, 4, (sqlite3_int64)drift_bin_from(bin + 1) - 1);
		sqlite3_bind_int64(st, 5, (sqlite3_int64)m.slots);
		sqlite3_bind_double(st, 6, m.backlog);
		bind_mean(st, 7, &m.dN);
		bind_mean(st, 10, &m.dL);
		if (!sql_step(q, ST_DRIFT, err))
			return false;
	}
	return true;
}

static bool insert_fit(struct sql *q, uint32_t number, const struct drift *d, struct err *err)
{
	sqlite3_stmt *st = q->st[ST_DRIFT_FIT];
	struct drift_fit f = drift_fit(d);

	bind_whose(q, st, number);
	sqlite3_bind_double(st, 3, f.threshold);
	sqlite3_bind_int64(st, 4, (sqlite3_int64)f.slots);
	bind_mean(st, 5, &f.epsilon);
	bind_mean(st, 8, &f.B);
	return sql_step(q, ST_DRIFT_FIT, err);
}

bool sql_put_drift(struct sql *q, uint32_t number, const struct drift *d, struct err *err)
{
	if (!d || d->n == 0)
		return true;
	return insert_bins(q, number, d, err) && insert_fit(q, number, d, err);
}
