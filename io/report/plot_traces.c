/* Curves in one picture, or each in one of its own. */
#include "io/report/traces.h"

/** Of @entries in the legend. */
static void put_curves(struct traced *d, size_t entries)
{
	const char *between = "plot";

	for (size_t k = 0; k < d->t->n; k++) {
		if (d->curves[k].from == d->curves[k].to)
			continue;
		buf_printf(&d->f->script, "%s \\\n\t", between);
		traced_put(d, k, "");
		put_title_of(d->f, d->t->traces[k].name, entries);
		between = ",";
	}
	if (*d->t->cut) {
		buf_puts(&d->f->script,
			", \\\n\tNaN with lines dashtype 1 linewidth 1.2 linecolor rgb '#888888' ");
		put_title_of(d->f, d->t->cut, entries);
	}
	if (d->t->mark_name) {
		buf_puts(&d->f->script,
			", \\\n\tNaN with lines linetype 9 dashtype (3,3) linewidth 1.5 ");
		put_title_of(d->f, d->t->mark_name, entries);
	}
	buf_putc(&d->f->script, '\n');
}

static void put_together(struct traced *d)
{
	const struct plot_traces *t = d->t;
	const size_t entries = t->n + (*t->cut ? 1 : 0) + (t->mark_name ? 1 : 0);

	put_words(d->f, t->title, t->note);
	put_key(d->f, entries, t->by);
	put_axis(d->f, "x", &t->x, extent_room(d->x, t->x.log, false));
	put_axis(d->f, "y", &t->y, extent_room(d->y, t->y.log, t->from_zero));
	for (size_t k = 0; k < t->n; k++)
		traced_put_cut(d, k);
	traced_put_mark(d);
	put_curves(d, entries);
}

bool plot_traces(struct figure *out, const struct plot_traces *t, struct err *err)
{
	struct traced d;
	bool ok = traced_init(&d, out, t, err);

	if (ok && t->panels != PANELS_NONE && t->n > 1)
		traced_put_panels(&d);
	else if (ok)
		put_together(&d);
	traced_finish(&d);
	return ok;
}
