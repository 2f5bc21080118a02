/* Pictures of single runs: what requests took, and the first of them. */
#include "cli/plot_runs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "io/report/plot.h"
#include "io/results/times.h"

/* Runs */

bool plot_choose(struct plot_choice *out, const struct plotted *p, struct err *err)
{
	const char *given = opts_get(p->o, "by"), *by = given ? given : "policy";
	const struct query_axis *cols;

	*out = (struct plot_choice){0};
	if (!plotted_ask(&out->q, p, NULL, by, NULL, err))
		return false;
	cols = query_cols(out->q);
	out->at = arena_alloc(p->arena, cols->n, sizeof *out->at);
	out->by = cols->n > 1 ? by : "";
	for (size_t c = 0; c < cols->n; c++) {
		const struct query_cell *cell = query_cell(out->q, 0, c, 0);
		const char *text = cols->values[c].text;
		struct plot_run one = {cell->of, cell->run, text ? text : "(none)", NULL};

		if (strcmp(by, "policy") == 0 && !plotted_policy(&one.policy, p, cell, err)) {
			query_finish(out->q);
			return false;
		}
		if (cell->of)
			out->at[out->n++] = one;
	}
	return true;
}

bool plot_choose_one(struct plot_choice *out, const struct plotted *p, struct err *err)
{
	if (!plot_choose(out, p, err))
		return false;
	if (out->n == 1)
		return true;
	err_input(err,
		"this picture is of one run, and there are %zu: choose one, as in --where '%s=%s'",
		out->n, *out->by ? out->by : "policy", out->n ? out->at[0].name : "");
	query_finish(out->q);
	return false;
}

bool plot_replication(uint32_t *out, const struct plotted *p, struct err *err)
{
	unsigned long number = 1;

	if (!opts_count(p->o, "replication", 1, UINT32_MAX, &number, err))
		return false;
	*out = (uint32_t)number;
	return true;
}

/* Distributions */

static bool read_times(struct plot_trace *out, const struct plotted *p, const struct plot_run *c,
	const struct results_time *t, struct err *err)
{
	const char *scope = opts_get(p->o, "scope");
	double *values, *x, *y;
	size_t n;

	if (!results_times(&n, &values, c->of, c->run, t, scope ? scope : "", err))
		return false;
	x = arena_alloc(p->arena, n + 1, sizeof *x);
	y = arena_alloc(p->arena, n + 1, sizeof *y);
	for (size_t i = 0; i < n; i++) {
		x[i + 1] = values[i];
		y[i + 1] = (double)(i + 1) / (double)n;
	}
	x[0] = n ? values[0] : 0.0;
	free(values);
	*out = (struct plot_trace){.name = c->name,
		.policy = c->policy,
		.n = n ? n + 1 : 0,
		.x = x,
		.y = y,
		.cut = (double)NAN};
	if (n > 0)
		return true;
	if (scope)
		return err_input(err, "no request of '%s' was answered under policy '%s' of '%s'",
			scope, results_run(c->of, c->run)->policy, results_dir(c->of));
	return err_input(err,
		"'%s' has no requests of policy '%s' to draw: run it with record.requests, as in "
		"-s "
		"record.requests=true",
		results_dir(c->of), results_run(c->of, c->run)->policy);
}

bool plot_cdf(struct figure *out, const struct plotted *p, struct err *err)
{
	const char *metric = opts_get(p->o, "metric"), *scope = opts_get(p->o, "scope");
	struct plot_traces t = {.note = "", .cut = "", .steps = true, .from_zero = true};
	struct plot_choice c = {0};
	struct results_time time;
	struct plot_trace *traces;
	bool ok;

	if (!results_time_find(&time, metric ? metric : "e2e", err) ||
		!plotted_logs(&t.x.log, &t.y.log, p, err) || !plot_choose(&c, p, err))
		return false;
	t.title = plotted_title(p, c.q);
	t.by = c.by;
	t.x.name = time.name;
	t.x.label = arena_printf(p->arena, "%s%s%s [%s]", time.label, scope ? " of " : "",
		scope ? scope : "", time.unit);
	t.y.name = "share";
	t.y.label = "share of the requests answered";
	traces = arena_alloc(p->arena, c.n, sizeof *traces);
	t.traces = traces;
	for (ok = true; t.n < c.n && ok; t.n++)
		ok = read_times(&traces[t.n], p, &c.at[t.n], &time, err);
	ok = ok && plot_traces(out, &t, err);
	query_finish(c.q);
	return ok;
}

/* The first requests */

bool plot_first(struct figure *out, const struct plotted *p, struct err *err)
{
	struct plot_choice c;
	struct plot_gantt g;
	struct results_span *stays = NULL;
	unsigned long most = 12;
	uint32_t number;
	bool ok;

	if (!opts_count(p->o, "first", 1, 10000, &most, err) ||
		!plot_replication(&number, p, err) || !plot_choose_one(&c, p, err))
		return false;
	g.title = plotted_title(p, c.q);
	ok = results_spans(&g.n, &stays, c.at->of, c.at->run, number, most, err);
	g.stays = stays;
	ok = ok && plot_gantt(out, &g, err);
	free(stays);
	query_finish(c.q);
	return ok;
}
