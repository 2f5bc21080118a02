/* A line a series, with its 95 % intervals. */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "io/report/parts.h"
#include "io/report/style.h"

/* Above so many points of a series intervals become a band, and markers stand apart. */
enum { BARS_MOST = 40, MARKERS = 12 };

struct drawing {
	struct figure *f;
	const struct plot_chart *c;
	unsigned *lines;           /* of each series */
	struct extent x, y, range; /* of the points and their intervals; of the axis y */
	const char *between;       /* before the next thing to plot */
};

/* Data */

static void add_extents(struct drawing *d)
{
	for (size_t s = 0; s < d->c->n; s++)
		for (size_t i = 0; i < d->c->series[s].n; i++) {
			const struct plot_point *p = &d->c->series[s].at[i];

			if (isnan(p->mean))
				continue;
			extent_add(&d->x, p->x);
			extent_add(&d->y, p->mean);
		}
}

/** Intervals make the axis longer, but no logarithm impossible. */
static void add_intervals(struct drawing *d)
{
	for (size_t s = 0; s < d->c->n; s++)
		for (size_t i = 0; i < d->c->series[s].n; i++) {
			const struct plot_point *p = &d->c->series[s].at[i];

			if (isnan(p->mean))
				continue;
			if (!d->c->y.log || p->low > 0.0)
				extent_add(&d->y, p->low);
			extent_add(&d->y, p->high);
		}
}

/** Text comes last: gnuplot does not know of quotes within quotes. */
static void put_point(
	struct figure *f, const struct plot_chart *c, const char *name, const struct plot_point *p)
{
	put_number(f, p->x, ',');
	put_number(f, p->mean, ',');
	put_number(f, p->low, ',');
	put_number(f, p->high, ',');
	put_number(f, p->n ? (double)p->n : (double)NAN, ',');
	if (c->x.words)
		put_field(f, c->x.words[(size_t)p->x], ',');
	put_field(f, name, '\n');
}

static void put_data(const struct drawing *d)
{
	const struct plot_chart *c = d->c;

	put_field(d->f, c->x.words ? "place" : c->x.name, ',');
	put_field(d->f, c->y.name, ',');
	buf_puts(&d->f->data, "ci_low,ci_high,n,");
	if (c->x.words)
		put_field(d->f, c->x.name, ',');
	put_field(d->f, c->by, '\n');
	for (size_t s = 0; s < c->n; s++)
		for (size_t i = 0; i < c->series[s].n; i++)
			if (!isnan(c->series[s].at[i].mean))
				put_point(d->f, c, c->series[s].name, &c->series[s].at[i]);
}

/* Drawing */

/** Rows of the data, from 0. */
struct rows {
	size_t from, n;
};

static struct rows rows_of(const struct plot_chart *c, size_t series)
{
	struct rows r = {0, 0};

	for (size_t s = 0; s <= series; s++) {
		r.from += r.n;
		r.n = 0;
		for (size_t i = 0; i < c->series[s].n; i++)
			r.n += !isnan(c->series[s].at[i].mean);
	}
	return r;
}

static bool has_intervals(const struct plot_series *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->at[i].low < s->at[i].high)
			return true;
	return false;
}

static size_t most_points(const struct plot_chart *c)
{
	size_t most = 0;

	for (size_t s = 0; s < c->n; s++)
		most = c->series[s].n > most ? c->series[s].n : most;
	return most;
}

static void put_rows(struct drawing *d, const struct rows *r)
{
	buf_printf(&d->f->script, "%s \\\n\tdata skip 1 every ::%zu::%zu using ", d->between,
		r->from, r->from + r->n - 1);
	d->between = ",";
}

/** A limit on a logarithmic axis goes no further than the axis. */
static void put_interval(struct drawing *d, size_t s, const struct rows *r)
{
	put_rows(d, r);
	if (most_points(d->c) > BARS_MOST)
		buf_printf(&d->f->script,
			"1:(above($3)):4 with filledcurves linetype %u fillstyle transparent "
			"solid 0.2 noborder notitle",
			d->lines[s]);
	else
		buf_printf(&d->f->script,
			"1:(above($3)):(0):($4 - above($3)) with vectors nohead linetype %u "
			"dashtype 1 linewidth 1.5 notitle",
			d->lines[s]);
}

/** Words have no order that a line could follow. */
static void put_line(struct drawing *d, size_t s, const struct rows *r)
{
	const struct plot_chart *c = d->c;
	const size_t n = most_points(c);

	put_rows(d, r);
	buf_printf(&d->f->script, "1:2 with %s linetype %u", c->x.words ? "points" : "linespoints",
		d->lines[s]);
	if (n > BARS_MOST && !c->x.words)
		buf_printf(&d->f->script, " pointinterval %zu", n / MARKERS);
	buf_puts(&d->f->script, " linewidth 2 pointsize marker ");
	put_title_of(d->f, c->series[s].name, c->n);
}

static void put_plot(struct drawing *d)
{
	const struct plot_chart *c = d->c;

	buf_printf(&d->f->script, "lowest = %.9g\nabove(low) = low > lowest ? low : lowest\nplot",
		d->range.lo);
	for (size_t s = 0; s < c->n; s++) {
		const struct rows r = rows_of(c, s);

		if (r.n > 0 && has_intervals(&c->series[s]))
			put_interval(d, s, &r);
	}
	for (size_t s = 0; s < c->n; s++) {
		const struct rows r = rows_of(c, s);

		if (r.n > 0)
			put_line(d, s, &r);
	}
	buf_putc(&d->f->script, '\n');
}

static const char *note_of(const struct plot_chart *c)
{
	bool any = false;

	for (size_t s = 0; s < c->n; s++)
		any = any || has_intervals(&c->series[s]);
	return !any                         ? ""
	       : most_points(c) > BARS_MOST ? "bands: 95 % intervals over replications"
					    : "bars: 95 % intervals over replications";
}

static void choose_lines(struct drawing *d)
{
	const char **names = mem_zalloc(d->c->n, sizeof *names);

	for (size_t s = 0; s < d->c->n; s++)
		names[s] = d->c->series[s].policy ? d->c->series[s].policy : d->c->series[s].name;
	style_lines(d->lines, d->c->n, names);
	free(names);
}

bool plot_lines(struct figure *out, const struct plot_chart *c, struct err *err)
{
	struct drawing d = {out, c, NULL, EXTENT_NONE, EXTENT_NONE, EXTENT_NONE, ""};

	add_extents(&d);
	if (!axis_check(&c->y, d.y, err) || !axis_check(&c->x, d.x, err))
		return false;
	add_intervals(&d);
	d.lines = mem_zalloc(c->n, sizeof *d.lines);
	choose_lines(&d);
	put_data(&d);
	put_words(out, c->title, note_of(c));
	put_key(out, c->n);
	put_axis(out, "x", &c->x, extent_room(d.x, c->x.log, false));
	d.range = extent_room(d.y, c->y.log, true);
	put_axis(out, "y", &c->y, d.range);
	put_plot(&d);
	free(d.lines);
	return true;
}
