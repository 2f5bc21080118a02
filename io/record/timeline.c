#include "io/record/timeline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/whole_file.h"
#include "io/record/timeline_parts.h"
#include "sim/engine.h"

struct timeline {
	struct timeline_spec spec;
	struct probe probe;
	struct probe_state state;
	struct buf unfinished; /* the name it has until it is whole */
};

static const struct probe_ops ops = {
	.name = "timeline",
	.moments = 1u << MOMENT_ENDED,
	.request = timeline_request,
	.line = timeline_line,
	.step = timeline_step,
	.transfer = timeline_transfer,
};

static bool check(const struct timeline_spec *spec, struct err *err)
{
	struct stat st;

	if (stat(spec->file, &st) != 0)
		return true;
	if (!S_ISREG(st.st_mode))
		return err_input(
			err, "%s is no regular file: a timeline cannot take its place", spec->file);
	return spec->force ||
	       err_input(err, "%s is there already; use --force to replace it", spec->file);
}

bool timeline_open(struct timeline **out, const struct timeline_spec *spec, struct err *err)
{
	struct timeline *t;

	*out = NULL;
	if (!check(spec, err))
		return false;
	t = mem_zalloc(1, sizeof *t);
	t->spec = *spec;
	t->probe = (struct probe){&ops, &t->state};
	buf_init(&t->unfinished);
	buf_printf(&t->unfinished, "%s.unfinished", spec->file);
	t->state.out.to = fopen(t->unfinished.s, "w");
	if (!t->state.out.to) {
		err_run(err, "%s: %s", t->unfinished.s, strerror(errno));
		buf_finish(&t->unfinished);
		free(t);
		return false;
	}
	t->state.scenario = spec->scenario;
	t->state.delay_ns = ns_of_s(spec->scenario->run.scheduler_delay_s);
	arena_init(&t->state.arena);
	timeline_tracks(&t->state);
	trace_begin(&t->state.out, spec->scenario->name);
	*out = t;
	return true;
}

const struct probe *timeline_policy(struct timeline *t, const char *label)
{
	struct probe_state *p = &t->state;
	size_t n = t->spec.scenario->n_instances, of = t->spec.scenario->n_policies;

	timeline_idle(p);
	for (size_t i = 0; i < n; i++) {
		p->instances[i].named = false;
		p->instances[i].until_ns = 0;
	}
	p->n_links = 0;
	memset(p->drafter_named, 0, (p->link_track - p->draft_track) * sizeof(bool));
	p->process++;
	p->waiting = 0;
	p->full_ns = INT64_MAX;
	p->out.full = false;
	p->out.most = p->process == of ? t->spec.most : t->spec.most / of * p->process;
	trace_name_process(&p->out, p->process, label);
	trace_name_track(&p->out, p->process, 0, "scheduler");
	return &t->probe;
}

bool timeline_full(const struct timeline *t, double *from_s)
{
	*from_s = t->state.out.full ? s_of_ns(t->state.full_ns) : 0.0;
	return t->state.out.full;
}

/** The whole of it is on disk, under its name. */
static bool finish(struct timeline *t, const char *file, struct err *err)
{
	FILE *f = t->state.out.to;
	bool ok;

	timeline_idle(&t->state);
	trace_end(&t->state.out);
	ok = fflush(f) == 0 && !ferror(f);
	ok = fclose(f) == 0 && ok;
	if (!ok)
		return err_run(err, "cannot write the timeline %s: %s", file, strerror(errno));
	return whole_file_become(t->unfinished.s, file, err);
}

bool timeline_close(struct timeline *t, const char *file, struct err *err)
{
	bool ok = true;

	if (!t)
		return true;
	if (file)
		ok = finish(t, file, err);
	else
		fclose(t->state.out.to);
	if (!file || !ok)
		unlink(t->unfinished.s);
	buf_finish(&t->unfinished);
	free(t->state.links);
	arena_finish(&t->state.arena);
	free(t);
	return ok;
}
