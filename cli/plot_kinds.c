/* What `offing plot` can draw. */
#include <string.h>

#include "cli/plot_runs.h"
#include "io/report/plot.h"

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
	ok = draw(out, &c, err);
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
