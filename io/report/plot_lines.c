/* A line a series, with its 95 % intervals. */
#include "io/report/chart_parts.h"

/* Above so many points of a series intervals become a band, and markers stand apart. */
enum { BARS_MOST = 40, MARKERS = 12 };

/** A limit goes no further than the axis, which a logarithm may end. */
static void put_interval(struct drawing *d, size_t s)
{
	size_t from, to;

	if (!drawing_rows(d, s, &from, &to))
		return;
	drawing_plot(d, from, to);
	if (d->most > BARS_MOST)
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
static void put_line(struct drawing *d, size_t s)
{
	const struct plot_chart *c = d->c;
	size_t from, to;

	if (!drawing_rows(d, s, &from, &to))
		return;
	drawing_plot(d, from, to);
	buf_printf(&d->f->script, "1:2 with %s linetype %u", c->x.words ? "points" : "linespoints",
		d->lines[s]);
	if (d->most > BARS_MOST && !c->x.words)
		buf_printf(&d->f->script, " pointinterval %zu", d->most / MARKERS);
	buf_puts(&d->f->script, " linewidth 2 pointsize marker ");
	put_title_of(d->f, c->series[s].name, c->n);
}

static void put_plot(struct drawing *d, struct extent range)
{
	buf_printf(&d->f->script, "lowest = %.9g\nabove(low) = low > lowest ? low : lowest\nplot",
		range.lo);
	for (size_t s = 0; s < d->c->n; s++)
		if (series_has_interval(&d->c->series[s]))
			put_interval(d, s);
	for (size_t s = 0; s < d->c->n; s++)
		put_line(d, s);
	buf_putc(&d->f->script, '\n');
}

static void put_all(struct drawing *d)
{
	const struct plot_chart *c = d->c;
	const struct extent range = extent_room(d->all, c->y.log, true);

	put_words(d->f, c->title,
		!d->intervals         ? ""
		: d->most > BARS_MOST ? "bands: 95 % intervals over replications"
				      : "bars: 95 % intervals over replications");
	put_key(d->f, c->n, c->by);
	put_axis(d->f, "x", &c->x,
		c->x.words ? (struct extent){-0.5, (double)c->x.n_words - 0.5}
			   : extent_room(d->x, c->x.log, false));
	put_axis(d->f, "y", &c->y, range);
	put_plot(d, range);
}

bool plot_lines(struct figure *out, const struct plot_chart *c, struct err *err)
{
	return drawing_make(out, c, put_all, err);
}
