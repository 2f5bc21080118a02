/* Charts of queries. */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "io/report/plot.h"

/* Keys */

static const char no_value[] = "(none)";

/** What stands at @at of @axis: the values of its keys. */
static const char *name_at(struct arena *arena, const struct query_axis *axis, size_t at)
{
	const char *name = axis->n_keys ? "" : no_value;

	for (size_t k = 0; k < axis->n_keys; k++) {
		const char *text = axis->values[at * axis->n_keys + k].text;

		name = arena_printf(arena, "%s%s%s", name, k ? ", " : "", text ? text : no_value);
	}
	return name;
}

static const char *names_of_keys(struct arena *arena, const struct query_axis *axis)
{
	const char *names = "";

	for (size_t k = 0; k < axis->n_keys; k++)
		names = arena_printf(arena, "%s%s%s", names, k ? ", " : "", axis->keys[k].name);
	return names;
}

static bool all_numbers(const struct query_axis *axis)
{
	if (axis->n_keys != 1 || !axis->keys[0].numeric)
		return false;
	for (size_t i = 0; i < axis->n; i++)
		if (isnan(axis->values[i].number))
			return false;
	return true;
}

/** A unit that a scenario writes, and how much it is of the unit of the key. */
struct unit {
	const char *name;
	double times;
};

/** That of the largest value, so that 500 kbps and 10 Mbps are 0.5 and 10. */
static struct unit unit_of(const struct query_axis *axis)
{
	struct unit u = {axis->keys[0].unit, 1.0};
	double most = 0.0;

	for (size_t i = 0; i < axis->n; i++) {
		const struct query_value *v = &axis->values[i];
		double written = 0.0;
		char *end = NULL;

		if (v->text)
			written = strtod(v->text, &end);
		if (written == 0.0 || !(fabs(v->number) > most))
			continue;
		while (isspace((unsigned char)*end))
			end++;
		most = fabs(v->number);
		u = (struct unit){end, v->number / written};
	}
	return u;
}

static void set_x(struct plot_axis *out, struct arena *arena, const struct query_axis *axis)
{
	const char **words;
	struct unit u;

	out->name = out->label = names_of_keys(arena, axis);
	if (all_numbers(axis)) {
		u = unit_of(axis);
		if (*u.name)
			out->label = arena_printf(arena, "%s [%s]", out->name, u.name);
		return;
	}
	words = arena_alloc(arena, axis->n, sizeof *words);
	for (size_t i = 0; i < axis->n; i++)
		words[i] = name_at(arena, axis, i);
	out->words = words;
	out->n_words = axis->n;
}

/* Metrics */

static const char *label_of(struct arena *arena, const struct query_metric *m)
{
	const char *what = m->id < METRICS ? arena_printf(arena, "%s, %s", metrics[m->id].section,
						     metrics[m->id].label)
					   : m->name;
	const char *of = *m->scope ? arena_printf(arena, " of %s", m->scope) : "";

	return strcmp(m->unit, "1") == 0 ? arena_printf(arena, "%s%s", what, of)
					 : arena_printf(arena, "%s%s [%s]", what, of, m->unit);
}

/* Points */

static struct plot_point point_of(
	const struct query *q, size_t row, size_t col, size_t metric, double x)
{
	const struct query_cell *c = query_cell(q, row, col, metric);

	return (struct plot_point){x, c->mean, c->ci_low, c->ci_high, c->n};
}

static const struct plot_point *points_of(
	struct arena *arena, const struct query *q, size_t col, size_t metric)
{
	const struct query_axis *rows = query_rows(q);
	struct plot_point *at = arena_alloc(arena, rows->n, sizeof *at);
	const bool numbers = all_numbers(rows);
	const double times = numbers ? unit_of(rows).times : 1.0;

	for (size_t r = 0; r < rows->n; r++)
		at[r] = point_of(
			q, r, col, metric, numbers ? rows->values[r].number / times : (double)r);
	return at;
}

void plot_chart_of_query(
	struct plot_chart *out, struct arena *arena, const struct query *q, size_t metric)
{
	const struct query_metric *m = query_metric(q, metric);
	const struct query_axis *cols = query_cols(q);
	struct plot_series *series = arena_alloc(arena, cols->n, sizeof *series);

	*out = (struct plot_chart){.title = "", .by = names_of_keys(arena, cols)};
	set_x(&out->x, arena, query_rows(q));
	out->y.name = *m->scope ? arena_printf(arena, "%s of %s", m->name, m->scope) : m->name;
	out->y.label = label_of(arena, m);
	out->y.never_below_0 = m->id < METRICS && metrics[m->id].lo >= 0.0;
	for (size_t c = 0; c < cols->n; c++)
		series[c] = (struct plot_series){.name = name_at(arena, cols, c),
			.n = query_rows(q)->n,
			.at = points_of(arena, q, c, metric)};
	out->n = cols->n;
	out->series = series;
}
