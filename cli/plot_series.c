/* Queues, L, drift and batches over time. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/plot_runs.h"
#include "io/report/plot.h"
#include "io/results/series.h"

/* What series.h5 has */

struct reading {
	struct arena *arena;
	struct results_series *s;
	const double *t_s;
	const size_t *queues; /* those that are wanted; NULL: their sum */
	size_t n_queues;
	double **y; /* one a queue, or the sum */
};

static void keep_row(void *user, size_t slot, const uint32_t *q)
{
	struct reading *r = user;
	double sum = 0.0;

	for (size_t k = 0; r->queues && k < r->n_queues; k++)
		r->y[k][slot] = (double)q[r->queues[k]];
	for (size_t i = 0; !r->queues && i < results_series_width(r->s); i++)
		sum += (double)q[i];
	if (!r->queues)
		r->y[0][slot] = sum;
}

static double *room_for(struct arena *arena, const struct results_series *s)
{
	return arena_alloc(arena, results_series_n(s) + 1, sizeof(double));
}

static bool open_series(
	struct reading *r, const struct plotted *p, const struct plot_run *c, struct err *err)
{
	uint32_t number;
	double *t_s;

	r->arena = p->arena;
	if (!plot_replication(&number, p, err) ||
		!results_series_open(&r->s, c->of, c->run, number, err))
		return false;
	t_s = room_for(p->arena, r->s);
	r->t_s = t_s;
	return results_series_read(t_s, r->s, SERIES_T, err);
}

/** One curve a run: a column of the file, or, SERIES_COLUMNS, the sum of the queues. */
static bool one_a_run(struct plot_trace *out, const struct plotted *p, const struct plot_run *c,
	enum series_column column, struct err *err)
{
	struct reading r = {0};
	double *y = NULL;
	bool ok = open_series(&r, p, c, err);

	if (ok) {
		y = room_for(p->arena, r.s);
		r.y = &y;
		ok = column < SERIES_COLUMNS ? results_series_read(y, r.s, column, err)
					     : results_series_queues(r.s, keep_row, &r, err);
		*out = (struct plot_trace){.name = c->name,
			.policy = c->policy,
			.n = results_series_n(r.s),
			.x = r.t_s,
			.y = y,
			.cut = (double)NAN};
	}
	results_series_close(r.s);
	return ok;
}

enum { CURVES_MOST = 12 };

struct largest {
	double *sums;
	size_t width;
};

static void add_row(void *user, size_t slot, const uint32_t *q)
{
	struct largest *l = user;

	(void)slot;
	for (size_t i = 0; i < l->width; i++)
		l->sums[i] += (double)q[i];
}

/** The queues that are longest on average, in the order of the file. */
static bool longest(size_t **queues, size_t *n, const struct results_series *s, struct arena *arena,
	struct err *err)
{
	struct largest l = {.width = results_series_width(s)};
	bool ok;

	l.sums = arena_alloc(arena, l.width, sizeof *l.sums);
	*queues = arena_alloc(arena, l.width, sizeof **queues);
	*n = 0;
	ok = results_series_queues(s, add_row, &l, err);
	for (size_t i = 0; i < l.width && ok; i++) {
		size_t longer = 0;

		for (size_t k = 0; k < l.width; k++)
			longer += l.sums[k] > l.sums[i] || (k < i && l.sums[k] >= l.sums[i]);
		if (longer < CURVES_MOST)
			(*queues)[(*n)++] = i;
	}
	return ok;
}

/** One curve a queue. */
static bool one_a_queue(
	struct plot_traces *out, const struct plotted *p, const struct plot_run *c, struct err *err)
{
	struct plot_trace *traces;
	struct reading r = {0};
	size_t *queues = NULL;
	bool ok = open_series(&r, p, c, err) && longest(&queues, &r.n_queues, r.s, p->arena, err);

	if (ok) {
		r.queues = queues;
		r.y = arena_alloc(p->arena, r.n_queues, sizeof *r.y);
		traces = arena_alloc(p->arena, r.n_queues, sizeof *traces);
		for (size_t k = 0; k < r.n_queues; k++) {
			r.y[k] = room_for(p->arena, r.s);
			traces[k] =
				(struct plot_trace){.name = arena_printf(p->arena, "%s",
							    results_series_name(r.s, queues[k])),
					.n = results_series_n(r.s),
					.x = r.t_s,
					.y = r.y[k],
					.cut = (double)NAN};
		}
		ok = results_series_queues(r.s, keep_row, &r, err);
		out->traces = traces;
		out->n = r.n_queues;
		if (r.n_queues < results_series_width(r.s))
			out->note = arena_printf(p->arena, "the %d longest of %zu queues",
				CURVES_MOST, results_series_width(r.s));
	}
	results_series_close(r.s);
	return ok;
}

/* Batches, out of the requests */

/** In service from one moment on, or no longer. */
struct change {
	double at_s, by;
};

static int by_time(const void *x, const void *y)
{
	const struct change *a = x, *b = y;

	if (a->at_s != b->at_s)
		return a->at_s > b->at_s ? 1 : -1;
	return (a->by > b->by) - (a->by < b->by); /* who leaves makes room */
}

static struct plot_trace level_of(
	struct arena *arena, const char *name, struct change *changes, size_t n)
{
	double *x = arena_alloc(arena, n, sizeof *x), *y = arena_alloc(arena, n, sizeof *y);
	double level = 0.0;
	size_t kept = 0;

	mem_sort(changes, n, sizeof *changes, by_time);
	for (size_t i = 0; i < n; i++) {
		level += changes[i].by;
		if (kept > 0 && changes[i].at_s <= x[kept - 1])
			kept--; /* at one moment the last counts */
		x[kept] = changes[i].at_s;
		y[kept++] = level;
	}
	return (struct plot_trace){.name = name, .n = kept, .x = x, .y = y, .cut = (double)NAN};
}

/** Of the stays @from to before @to, which are at one instance. */
static struct plot_trace batch_of(
	struct arena *arena, const struct results_span *stays, size_t from, size_t to)
{
	struct change *changes = mem_zalloc(2 * (to - from), sizeof *changes);
	struct plot_trace out;
	size_t n = 0;

	for (size_t i = from; i < to; i++) {
		if (!isnan(stays[i].started_s))
			changes[n++] = (struct change){stays[i].started_s, 1.0};
		if (!isnan(stays[i].started_s) && !isnan(stays[i].left_s))
			changes[n++] = (struct change){stays[i].left_s, -1.0};
	}
	out = level_of(arena, stays[from].instance, changes, n);
	free(changes);
	return out;
}

static bool batches(
	struct plot_traces *out, const struct plotted *p, const struct plot_run *c, struct err *err)
{
	struct plot_trace *traces;
	struct results_span *stays;
	size_t n, to, instances = 0;
	uint32_t number;

	if (!plot_replication(&number, p, err) ||
		!results_spans(&n, &stays, c->of, c->run, number, INT64_MAX, err))
		return false;
	for (size_t i = 0; i < n; i++)
		instances += i == 0 || stays[i].instance != stays[i - 1].instance;
	traces = arena_alloc(p->arena, instances, sizeof *traces);
	for (size_t from = 0; from < n && out->n < CURVES_MOST; from = to) {
		for (to = from + 1; to < n && stays[to].instance == stays[from].instance; to++)
			;
		traces[out->n++] = batch_of(p->arena, stays, from, to);
	}
	free(stays);
	out->traces = traces;
	out->steps = true;
	if (instances > out->n)
		out->note =
			arena_printf(p->arena, "the first %zu of %zu instances", out->n, instances);
	return true;
}

/* The kinds of series */

struct series_kind {
	const char *name, *label;
	bool (*one)(struct plot_traces *out, const struct plotted *p, const struct plot_run *c,
		struct err *err); /* several curves of one run; NULL: a curve a run, of */
	enum series_column column;
};

static const struct series_kind series_kinds[] = {
	{"queues", "requests assigned and unfinished", one_a_queue, SERIES_COLUMNS},
	{"backlog", "requests in all queues", NULL, SERIES_COLUMNS},
	{"L", "Lyapunov function L", NULL, SERIES_L},
	{"drift", "drift of L in a slot", NULL, SERIES_DRIFT},
	{"batch", "requests in service", batches, SERIES_COLUMNS},
};

enum { SERIES_KINDS = sizeof series_kinds / sizeof *series_kinds };

/** Where nothing is said, the queues of one run or the sum of each. */
static const struct series_kind *kind_of(const struct plotted *p, size_t runs, struct err *err)
{
	const char *name = opts_get(p->o, "metric");

	if (!name)
		return &series_kinds[runs > 1];
	for (size_t k = 0; k < SERIES_KINDS; k++)
		if (strcmp(series_kinds[k].name, name) == 0)
			return &series_kinds[k];
	err_input(err, "there is no series '%s': there are queues, backlog, L, drift and batch",
		name);
	return NULL;
}

static bool read_all(struct plot_traces *out, const struct plotted *p, const struct plot_choice *c,
	const struct series_kind *k, struct err *err)
{
	struct plot_trace *traces = arena_alloc(p->arena, c->n, sizeof *traces);

	if (k->one && c->n > 1)
		return err_input(err,
			"%s are of one run, and there are %zu: choose one, as in --where '%s=%s'",
			k->name, c->n, c->by, c->at->name);
	if (k->one) {
		out->by = "queue";
		out->panels = PANELS_APART;
		return k->one(out, p, c->at, err);
	}
	out->by = c->by;
	out->panels = c->n > 3 ? PANELS_ALIKE : PANELS_NONE;
	out->traces = traces;
	for (; out->n < c->n; out->n++)
		if (!one_a_run(&traces[out->n], p, &c->at[out->n], k->column, err))
			return false;
	return true;
}

bool plot_series(struct figure *out, const struct plotted *p, struct err *err)
{
	struct plot_traces t = {.note = "", .cut = "", .from_zero = true};
	const struct series_kind *k;
	struct plot_choice c;
	bool ok;

	if (!plotted_logs(&t.x.log, &t.y.log, p, err) || !plot_choose(&c, p, err))
		return false;
	k = kind_of(p, c.n, err);
	if (k) {
		t.title = plotted_title(p, c.q);
		t.x.name = "t_s";
		t.x.label = "simulated time [s]";
		t.y.name = k->name;
		t.y.label = k->label;
	}
	ok = k && read_all(&t, p, &c, k, err) && plot_traces(out, &t, err);
	query_finish(c.q);
	return ok;
}
