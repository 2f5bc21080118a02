/* A picture for each curve, one below the other. */
#include "io/report/gnuplot.h"
#include "io/report/traces.h"

/* In pixels of an SVG. */
enum { ABOVE = 48, BELOW = 84, PANEL = 84, GAP = 16 };

static const double left = 0.105, right = 0.82; /* of the width */

static struct extent range_of(const struct traced *d, size_t k)
{
	return extent_room(
		d->t->panels == PANELS_ALIKE ? d->y : d->curves[k].y, d->t->y.log, d->t->from_zero);
}

/** Tics that have room in a panel: two or three. */
static double step_of(struct extent range)
{
	const double most = (range.hi - range.lo) / 2.0;
	const double decade = pow(10.0, floor(log10(most)));

	return most >= 5.0 * decade ? 5.0 * decade : most >= 2.0 * decade ? 2.0 * decade : decade;
}

static void put_panel(struct traced *d, size_t k, size_t place, size_t n)
{
	const double height = d->f->height, top = ABOVE + (double)place * (PANEL + GAP);
	const struct plot_axis y = {.name = "", .label = "", .log = d->t->y.log};
	const struct extent range = range_of(d, k);

	buf_printf(&d->f->script, "set tmargin at screen %.5f\nset bmargin at screen %.5f\n",
		1.0 - top / height, 1.0 - (top + PANEL) / height);
	put_axis(d->f, "y", &y, range);
	if (!y.log)
		buf_printf(&d->f->script, "set ytics %.6g\n", step_of(range));
	buf_puts(&d->f->script, "set label 11 ");
	put_name(d->f, d->t->traces[k].name);
	buf_puts(&d->f->script, " at graph 1.012, graph 0.5 left\nunset arrow\n");
	traced_put_cut(d, k);
	traced_put_mark(d);
	if (place + 1 == n)
		buf_puts(&d->f->script, "set format x '%g'\nset xlabel words_x\n");
	buf_puts(&d->f->script, "plot ");
	traced_put(d, k, " dashtype 1");
	buf_puts(&d->f->script, "notitle\n");
}

static void put_frame(struct traced *d)
{
	const struct plot_traces *t = d->t;

	put_words(d->f, t->title, t->note);
	put_axis(d->f, "x", &t->x, extent_room(d->x, t->x.log, false));
	buf_puts(&d->f->script, "words_x = ");
	gnuplot_quote(&d->f->script, t->x.label);
	buf_puts(&d->f->script, "\nset label 12 ");
	gnuplot_quote(&d->f->script, t->y.label);
	buf_printf(&d->f->script,
		" at screen 0.022, screen %.5f rotate by 90 center\nset lmargin at screen %g\n"
		"set rmargin at screen %g\nset format x ''\nset xlabel ''\nunset key\n"
		"set multiplot\n",
		0.5 + (double)(BELOW - ABOVE) / 2.0 / d->f->height, left, right);
}

void traced_put_panels(struct traced *d)
{
	size_t n = 0, place = 0;

	for (size_t k = 0; k < d->t->n; k++)
		n += d->curves[k].to > d->curves[k].from;
	d->f->height = (unsigned)(ABOVE + BELOW + n * (PANEL + GAP) - GAP);
	put_frame(d);
	for (size_t k = 0; k < d->t->n; k++)
		if (d->curves[k].to > d->curves[k].from) {
			put_panel(d, k, place++, n);
			if (place == 1) /* they stand once */
				buf_puts(&d->f->script, "unset title\nunset label\n");
		}
	buf_puts(&d->f->script, "unset multiplot\n");
}
