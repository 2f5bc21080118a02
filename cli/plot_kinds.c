/* What `offing plot` can draw. */
#include <string.h>

#include "cli/plot_runs.h"
#include "io/report/plot.h"

static bool is_policy(const struct query_axis *axis)
{
	return axis->n_keys == 1 && strcmp(axis->keys[0].name, "policy") == 0;
}

/** The policies of a row, or else of a column, by any of its runs. */
static bool policies_of(const char **out, const struct plotted *p, const struct query *q, bool rows,
	struct err *err)
{
	const struct query_axis *axis = rows ? query_rows(q) : query_cols(q);
	const struct query_axis *other = rows ? query_cols(q) : query_rows(q);

	for (size_t i = 0; i < axis->n; i++) {
		out[i] = NULL;
		for (size_t k = 0; k < other->n && !out[i]; k++)
			if (!plotted_policy(
				    &out[i], p, query_cell(q, rows ? i : k, rows ? k : i, 0), err))
				return false;
		if (!out[i])
			out[i] = axis->values[i].text;
	}
	return true;
}

/** Colours are those of policies, whatever their labels are. */
static bool colour(
	struct plot_chart *c, const struct plotted *p, const struct query *q, struct err *err)
{
	const bool cols = is_policy(query_cols(q));
	const char **names;
	struct plot_series *series;

	if (!cols && !is_policy(query_rows(q)))
		return true;
	names = arena_alloc(p->arena, cols ? c->n : query_rows(q)->n, sizeof *names);
	if (!policies_of(names, p, q, !cols, err))
		return false;
	if (!cols) {
		c->policies = names;
		return true;
	}
	series = arena_alloc(p->arena, c->n, sizeof *series);
	for (size_t s = 0; s < c->n; s++) {
		series[s] = c->series[s];
		series[s].policy = names[s];
	}
	c->series = series;
	return true;
}

/** Charts of a metric: the same question, drawn by @draw. */
static bool chart(struct figure *out, const struct plotted *p, const char *x, const char *by,
	bool (*draw)(struct figure *, const struct plot_chart *, struct err *), struct err *err)
{
	const char *metric = opts_get(p->o, "metric");
	struct plot_chart c;
	struct query *q;
	bool ok, log_x, log_y;

	if (!metric)
		return err_input(err, "--metric is missing, as in --metric e2e.p95_s; `offing list "
				      "metrics` has all");
	if (!plotted_logs(&log_x, &log_y, p, err) || !plotted_ask(&q, p, x, by, metric, err))
		return false;
	if (query_n_metrics(q) > 1) {
		query_finish(q);
		return err_input(err, "--scope '%s' is of several: a picture is of one",
			opts_get(p->o, "scope"));
	}
	plot_chart_of_query(&c, p->arena, q, 0);
	c.title = plotted_title(p, q);
	c.x.log = log_x;
	c.y.log = log_y;
	ok = colour(&c, p, q, err) && draw(out, &c, err);
	query_finish(q);
	return ok;
}

static const char *key_of(const struct plotted *p, const char *option, const char *otherwise)
{
	const char *key = opts_get(p->o, option);

	return key ? key : otherwise;
}

static bool line(struct figure *out, const struct plotted *p, struct err *err)
{
	const char *x = opts_get(p->o, "x");

	if (!x)
		return err_input(err, "--x is missing: the key on the axis, as in --x "
				      "links.wan.rate");
	return chart(out, p, x, key_of(p, "by", strcmp(x, "policy") == 0 ? NULL : "policy"),
		plot_lines, err);
}

static bool bar(struct figure *out, const struct plotted *p, struct err *err)
{
	const char *x = key_of(p, "x", "policy");

	return chart(out, p, x, key_of(p, "by", strcmp(x, "policy") == 0 ? NULL : "policy"),
		plot_bars, err);
}

static bool heat(struct figure *out, const struct plotted *p, struct err *err)
{
	const char *x = opts_get(p->o, "x"), *by = opts_get(p->o, "by");

	if (!x || !by)
		return err_input(err, "a heat map takes two keys, --x and --by");
	return chart(out, p, x, by, plot_heat, err);
}

const struct plot_kind plot_kinds[] = {
	{"line", " x by metric scope log ", line},
	{"bar", " x by metric scope log ", bar},
	{"heat", " x by metric scope log ", heat},
	{"cdf", " by metric scope log ", plot_cdf},
	{"series", " by metric replication log ", plot_series},
	{"gantt", " replication first ", plot_first},
	{"warmup", " by log ", plot_warmup},
	{0},
};
