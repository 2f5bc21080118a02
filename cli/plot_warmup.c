/* The pilot runs, and where they were cut. */
#include <math.h>
#include <string.h>

#include "cli/plot_runs.h"
#include "io/report/plot.h"
#include "io/results/pilot.h"

static const double *copy(struct arena *arena, const double *from, size_t n)
{
	double *to = arena_alloc(arena, n, sizeof *to);

	for (size_t i = 0; i < n; i++)
		to[i] = from[i];
	return to;
}

static bool read_pilot(struct plot_trace *out, double *warmup_s, const struct plotted *p,
	const struct plot_run *c, struct err *err)
{
	struct results_pilot pilot;

	if (!results_pilot(&pilot, c->of, c->run, err))
		return false;
	*out = (struct plot_trace){.name = c->name,
		.policy = c->policy,
		.n = pilot.n,
		.x = copy(p->arena, pilot.t_s, pilot.n),
		.y = copy(p->arena, pilot.in_system, pilot.n),
		.cut = pilot.cut_s};
	*warmup_s = fmax(*warmup_s, pilot.warmup_s); /* of NaN and a number, the number */
	results_pilot_finish(&pilot);
	return true;
}

static void name_words(struct plot_traces *t)
{
	bool all = true, any = false;

	for (size_t k = 0; k < t->n; k++) {
		all = all && !isnan(t->traces[k].cut);
		any = any || !isnan(t->traces[k].cut);
	}
	t->x.name = "t_s";
	t->x.label = "simulated time of the pilot [s]";
	t->y.name = "in_system";
	t->y.label = "requests in the system";
	t->cut = any ? "MSER-5 cut" : "";
	t->mark_name = isnan(t->mark) ? NULL : "measured from here";
	t->note =
		all ? "means of five samples; line: where MSER-5 cuts; dashes: measured from here, "
		      "twice the latest cut"
		    : "means of five samples; line: where MSER-5 cuts (none: no end of the "
		      "warm-up); "
		      "dashes: measured from here";
}

bool plot_warmup(struct figure *out, const struct plotted *p, struct err *err)
{
	struct plot_traces t = {.from_zero = true, .mark = (double)NAN};
	struct plot_trace *traces;
	struct plot_choice c;
	bool ok = true;

	if (!plotted_logs(&t.x.log, &t.y.log, p, err) || !plot_choose(&c, p, err))
		return false;
	t.title = plotted_title(p, c.q);
	t.by = c.by;
	t.panels = c.n > 3 ? PANELS_APART : PANELS_NONE;
	traces = arena_alloc(p->arena, c.n, sizeof *traces);
	t.traces = traces;
	for (; t.n < c.n && ok; t.n++)
		ok = read_pilot(&traces[t.n], &t.mark, p, &c.at[t.n], err);
	if (ok) {
		name_words(&t);
		ok = plot_traces(out, &t, err);
	}
	query_finish(c.q);
	return ok;
}
