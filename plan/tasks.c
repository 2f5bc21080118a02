#include "plan/tasks.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "models/workload/trace.h"
#include "models/workload/workload.h"

/* Drawing */

/** The next request of each group. */
struct ahead {
	struct workload *from;
	bool any;
	int64_t at_ns;
	struct request_draw draw;
	uint64_t nth;
};

static bool check_group(const struct group_spec *g, struct err *err)
{
	if (arrivals_wait(g->arrivals.process))
		return err_at(err, g->arrivals.at,
			"users '%s' send when they have answers: an optimum is of tasks that come "
			"whatever becomes of others",
			g->name);
	if (g->sessions.on)
		return err_at(err, g->at,
			"the sessions of users '%s' go on when they have answers: an optimum is of "
			"tasks "
			"that come whatever becomes of others",
			g->name);
	return true;
}

static bool advance(struct ahead *a, struct err *err)
{
	int got;

	free(a->draw.content.ids);
	a->draw.content.ids = NULL;
	got = workload_next(a->from, &a->at_ns, &a->draw, err);
	a->any = got > 0;
	return got >= 0;
}

/** As a run would cut it, or reject it. */
static void fit_context(struct task *x, const struct scenario_spec *s)
{
	const struct group_spec *g = &s->groups[x->group];
	uint32_t context;

	if (g->model.i == NO_ID)
		return;
	context = s->models[g->model.i].shape.context;
	if ((uint64_t)x->prompt_tok + x->output_tok <= context)
		return;
	x->rejected = !g->workload.truncate || x->output_tok >= context;
	if (!x->rejected)
		x->prompt_tok = context - x->output_tok;
}

/** How its prompt begins: a shared prefix, or what a trace says of it. */
static void note_content(struct tasks *t, struct task *x, const struct content *c)
{
	uint64_t *ids;

	x->n_ids = c->prefix_tok > 0 ? 1 : c->n_ids;
	x->id_tok = c->prefix_tok > 0 ? c->prefix_tok : c->id_tok;
	ids = arena_alloc(&t->arena, x->n_ids, sizeof *ids);
	for (uint32_t k = 0; k < x->n_ids; k++)
		ids[k] = c->prefix_tok > 0 ? c->prefix : c->ids[k];
	x->ids = ids;
}

static void add(struct tasks *t, uint32_t group, const struct ahead *a)
{
	double deadline_s = t->spec->groups[group].deadline_s;
	struct task x = {.group = group,
		.nth = a->nth,
		.at_ns = a->at_ns,
		.deadline_ns = OPTIMUM_NEVER_NS,
		.prompt_tok = a->draw.prompt_tok,
		.output_tok = a->draw.output_tok};

	if (deadline_s < 1e9) {
		x.deadline_ns = a->at_ns + llround(deadline_s * 1e9);
		t->deadlines = true;
	}
	fit_context(&x, t->spec);
	note_content(t, &x, &a->draw.content);
	t->at = mem_grow(t->at, t->n, &t->cap, sizeof *t->at);
	t->at[t->n++] = x;
}

static uint32_t first(const struct ahead *a, size_t n)
{
	uint32_t best = NO_ID;

	for (uint32_t g = 0; g < n; g++)
		if (a[g].any && (best == NO_ID || a[g].at_ns < a[best].at_ns))
			best = g;
	return best;
}

static bool too_many(const struct tasks *t, const struct tasks_wanted *wanted, struct err *err)
{
	double span_s = 1e-9 * (double)t->at[t->n - 1].at_ns - wanted->from_s;

	return err_input(err,
		"the window from %g s to %g s has more than %d tasks: it can be %.6g s long, or "
		"--tasks can be "
		"given",
		wanted->from_s, wanted->to_s, OPTIMUM_MOST_TASKS, span_s);
}

static bool merge(
	struct tasks *t, struct ahead *a, const struct tasks_wanted *wanted, struct err *err)
{
	for (;;) {
		uint32_t g = first(a, t->spec->n_groups);
		double at_s = g == NO_ID ? 0.0 : 1e-9 * (double)a[g].at_ns;

		if (g == NO_ID || (wanted->n > 0 ? t->n == wanted->n : at_s >= wanted->to_s))
			return true;
		if (wanted->n > 0 || at_s >= wanted->from_s) {
			if (t->n == OPTIMUM_MOST_TASKS)
				return too_many(t, wanted, err);
			add(t, g, &a[g]);
		}
		a[g].nth++;
		if (!advance(&a[g], err))
			return false;
	}
}

static bool has_tasks(const struct tasks *t, uint32_t group)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->at[i].group == group)
			return true;
	return false;
}

static bool draw(
	struct tasks *t, struct ahead *a, const struct tasks_wanted *wanted, struct err *err)
{
	const struct scenario_spec *s = t->spec;

	for (size_t g = 0; g < s->n_groups; g++)
		if (!check_group(&s->groups[g], err) ||
			!workload_create(
				&a[g].from, &s->groups[g], s->run.seed, wanted->replication, err) ||
			!advance(&a[g], err))
			return false;
	if (!merge(t, a, wanted, err))
		return false;
	for (uint32_t g = 0; g < s->n_groups; g++)
		t->n_groups += has_tasks(t, g);
	if (t->n > 0)
		return true;
	if (wanted->n > 0)
		return err_input(err, "no users send anything");
	return err_input(err, "nothing is sent from %g s to %g s", wanted->from_s, wanted->to_s);
}

bool tasks_draw(struct tasks *out, const struct scenario_spec *s, const struct tasks_wanted *wanted,
	struct err *err)
{
	struct ahead *a = mem_zalloc(s->n_groups + 1, sizeof *a);
	bool ok;

	*out = (struct tasks){.spec = s,
		.from_s = wanted->n > 0 ? 0.0 : wanted->from_s,
		.to_s = wanted->n > 0 ? HUGE_VAL : wanted->to_s};
	arena_init(&out->arena);
	ok = draw(out, a, wanted, err);
	for (size_t g = 0; g < s->n_groups; g++) {
		free(a[g].draw.content.ids);
		workload_destroy(a[g].from);
	}
	free(a);
	return ok;
}

void tasks_finish(struct tasks *t)
{
	free(t->at);
	arena_finish(&t->arena);
	*t = (struct tasks){0};
}

/* The same as a scenario */

/** Those of one group, as a trace. */
struct trace_rows {
	const struct tasks *of;
	uint32_t group;
};

struct trace_source {
	const struct trace_rows *rows;
	size_t next;
};

static bool rows_open(struct trace_source **out, const struct trace_spec *spec, struct err *err)
{
	struct trace_source *s = mem_zalloc(1, sizeof *s);

	(void)err;
	s->rows = spec->rows;
	*out = s;
	return true;
}

static int rows_next(struct trace_source *s, struct trace_row *row, struct err *err)
{
	const struct tasks *t = s->rows->of;
	const struct task *x;

	(void)err;
	while (s->next < t->n && t->at[s->next].group != s->rows->group)
		s->next++;
	if (s->next == t->n)
		return 0;
	x = &t->at[s->next++];
	*row = (struct trace_row){
		.at_ns = x->at_ns, .prompt_tok = x->prompt_tok, .output_tok = x->output_tok};
	row->n_ids = x->n_ids;
	row->id_tok = x->id_tok;
	row->ids = mem_zalloc(x->n_ids, sizeof *row->ids);
	for (uint32_t k = 0; k < x->n_ids; k++)
		row->ids[k] = x->ids[k];
	return 1;
}

static uint64_t rows_skipped(const struct trace_source *s)
{
	(void)s;
	return 0;
}

static void rows_close(struct trace_source *s)
{
	free(s);
}

static const struct trace_opener rows_opener = {rows_open, rows_next, rows_skipped, rows_close};

/** Users who send what @t says, when it says so. Those it has nothing of have nobody who would. */
static struct group_spec group_of(struct tasks *t, uint32_t g)
{
	struct group_spec out = t->spec->groups[g];
	struct trace_rows *rows = arena_alloc(&t->arena, 1, sizeof *rows);

	*rows = (struct trace_rows){t, g};
	out.prefixes = (struct prefixes_spec){0};
	if (!has_tasks(t, g)) {
		out.count = 0;
		out.arrivals = (struct arrival_spec){.process = ARRIVAL_CLOSED,
			.think = {.kind = DIST_CONSTANT,
				.mean = 1.0,
				.min = -HUGE_VAL,
				.max = HUGE_VAL},
			.at = out.arrivals.at};
		return out;
	}
	if (out.workload.kind != WORKLOAD_NONE)
		out.workload.kind = WORKLOAD_TRACE;
	out.arrivals = (struct arrival_spec){.process = ARRIVAL_TRACE,
		.trace = {.file = "tasks",
			.rate_scale = 1.0,
			.window_s = {0.0, HUGE_VAL},
			.clock_s = -1.0,
			.contents = true,
			.opener = &rows_opener,
			.rows = rows,
			.at = out.arrivals.at},
		.at = out.arrivals.at};
	return out;
}

void tasks_scenario(struct scenario_spec *out, struct tasks *t)
{
	struct group_spec *groups = arena_alloc(&t->arena, t->spec->n_groups, sizeof(*groups));

	for (uint32_t g = 0; g < t->spec->n_groups; g++)
		groups[g] = group_of(t, g);
	*out = *t->spec;
	out->groups = groups;
	out->run.horizon_s = out->run.limit_s = out->run.warmup_s = 0.0;
	out->run.requests = 0;
	out->run.horizon_trace = true;
	out->run.warmup_auto = false;
	out->record = (struct record_spec){0};
}
