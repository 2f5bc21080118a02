/* Which runs there are, and which of them are the same. */
#include <stdlib.h>
#include <string.h>

#include "io/record/schema.h"
#include "io/results/merge_inside.h"
#include "io/results/rows.h"

/* Schemas whose tables have the columns of this one. */
enum { OLDEST_MERGED = 5 };

/* Reading */

static const char *own_text(struct merged *m, sqlite3_stmt *st, int column)
{
	const unsigned char *s = sqlite3_column_text(st, column);

	return s ? arena_strdup(&m->arena, (const char *)s) : "";
}

/** @from: what it has in common with the others of its folder. */
static void add_part(struct merged *m, const struct merge_part *from, const struct results_run *of,
	sqlite3_stmt *st)
{
	m->parts = mem_grow(m->parts, m->n, &m->cap, sizeof *m->parts);
	m->parts[m->n++] = (struct merge_part){
		.dir = from->dir,
		.uri = from->uri,
		.id = of->id,
		.policy = arena_strdup(&m->arena, of->policy),
		.sha256 = arena_strdup(&m->arena, of->sha256),
		.version = arena_strdup(&m->arena, of->version),
		.status = of->status,
		.asked = of->asked,
		.complete = (size_t)sqlite3_column_int64(st, 0),
		.folder = from->dir,
		.host = own_text(m, st, 1),
		.started_utc = own_text(m, st, 2),
		.wall_s = own_text(m, st, 3),
	};
}

static bool read_runs(struct merged *m, struct results *r, struct err *err)
{
	static const char sql[] =
		"SELECT (SELECT count(*) FROM replication WHERE replication.run = run.id AND "
		"replication.status = 'complete'), host, started_utc, wall_s "
		"FROM run WHERE id = ?";
	const struct merge_part from = {.dir = arena_strdup(&m->arena, r->dir),
		.uri = arena_strdup(&m->arena, results_uri(r))};
	sqlite3_stmt *st;
	bool ok = true;

	if (sqlite3_prepare_v2(r->db, sql, -1, &st, NULL) != SQLITE_OK)
		return results_fail(r, err);
	for (size_t run = 0; run < r->n_runs && ok; run++) {
		sqlite3_reset(st);
		sqlite3_bind_int64(st, 1, r->runs[run].id);
		if (sqlite3_step(st) == SQLITE_ROW)
			add_part(m, &from, &r->runs[run], st);
		else
			ok = results_fail(r, err);
	}
	sqlite3_finalize(st);
	return ok;
}

static bool read_folder(struct merged *m, const char *dir, struct err *err)
{
	const size_t from = m->n;
	struct results *r;
	bool ok;

	if (!results_open(&r, dir, err))
		return false;
	ok = r->schema >= OLDEST_MERGED ||
	     err_input(err,
		     "%s has schema %d, and %d to %d can be merged: an earlier version wrote it",
		     dir, r->schema, OLDEST_MERGED, REC_SCHEMA);
	ok = ok && read_runs(m, r, err);
	results_close(r);
	return ok && merge_read_provenance(m, dir, from, err);
}

/* The same run */

static int by_identity(const struct merge_part *a, const struct merge_part *b)
{
	int scenarios = strcmp(a->sha256, b->sha256), policies = strcmp(a->policy, b->policy);

	return scenarios ? scenarios : policies ? policies : strcmp(a->version, b->version);
}

struct ordered {
	const struct merge_part *part;
	size_t index;
};

static int by_worth(const struct ordered *a, const struct ordered *b)
{
	bool whole_a = a->part->status == RUN_COMPLETE, whole_b = b->part->status == RUN_COMPLETE;

	if (whole_a != whole_b)
		return whole_a ? -1 : 1;
	if (a->part->complete != b->part->complete)
		return a->part->complete > b->part->complete ? -1 : 1;
	return (a->index > b->index) - (a->index < b->index);
}

/** Of the same run the one that is kept comes first. */
static int best_first(const void *x, const void *y)
{
	const struct ordered *a = x, *b = y;
	int identities = by_identity(a->part, b->part);

	return identities ? identities : by_worth(a, b);
}

static void choose(struct merged *m)
{
	struct ordered *order = mem_zalloc(m->n, sizeof *order);
	size_t kept = 0;

	for (size_t i = 0; i < m->n; i++)
		order[i] = (struct ordered){&m->parts[i], i};
	mem_sort(order, m->n, sizeof *order, best_first);
	for (size_t i = 0; i < m->n; i++) {
		struct merge_part *part = &m->parts[order[i].index];

		if (i == 0 || by_identity(order[i - 1].part, part) != 0)
			kept = order[i].index;
		part->same_as = kept;
	}
	for (size_t i = 0; i < m->n; i++)
		if (m->parts[i].same_as == i)
			m->parts[i].to = (int64_t)++m->n_runs;
	free(order);
}

bool merge_read_parts(struct merged *m, const struct merge_spec *spec, struct err *err)
{
	for (size_t i = 0; i < spec->n; i++)
		if (!read_folder(m, spec->dirs[i], err))
			return false;
	if (m->n == 0)
		return err_input(err, "there is no run in '%s'%s", spec->dirs[0],
			spec->n > 1 ? " or the others" : "");
	choose(m);
	return true;
}
