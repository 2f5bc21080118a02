/* series.h5 of many. */
#include <unistd.h>

#include "io/record/series_merge.h"
#include "io/results/merge_inside.h"

struct copy {
	struct merged *m;
	struct series_merge *to; /* NULL: no run has had any */
	const char *path;
};

/** What a run that is not complete has left may be broken, and is told of then. */
static bool take(struct copy *c, const struct merge_part *part, const char *file, struct err *err)
{
	struct err why = {0};

	if (series_merge_add(c->to, file, (uint32_t)part->id, (uint32_t)part->to, &why))
		return true;
	if (why.kind == ERR_INPUT && part->status != RUN_COMPLETE) {
		c->m->series_lost = arena_strdup(&c->m->series_arena, why.msg);
		return true;
	}
	*err = why;
	return false;
}

static bool copy_all(struct copy *c, struct err *err)
{
	for (size_t i = 0; i < c->m->n; i++) {
		const struct merge_part *part = &c->m->parts[i];
		const char *file;

		if (part->to == 0)
			continue;
		file = arena_printf(&c->m->series_arena, "%s/series.h5", part->dir);
		if (access(file, F_OK) != 0)
			continue;
		if (!series_merge_can) {
			c->m->series_lost = "this build has no HDF5";
			return true;
		}
		if (!c->to && !series_merge_open(&c->to, c->path, err))
			return false;
		if (!take(c, part, file, err))
			return false;
	}
	return true;
}

bool merge_series(struct merged *m, const char *into, struct err *err)
{
	struct copy c = {.m = m, .path = arena_printf(&m->series_arena, "%s/series.h5", into)};
	bool ok = copy_all(&c, err);

	if (c.to && !ok)
		series_merge_drop(c.to);
	return ok && (!c.to || series_merge_close(c.to, err));
}
