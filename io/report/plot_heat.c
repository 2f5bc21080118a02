/* A field for every word of x and every series, as dark as its mean. */
#include <stdlib.h>

#include "io/report/chart_parts.h"

enum { NUMBERS_MOST = 160 }; /* fields with room for their mean in figures */

/** Rows of series @s are those of the y-th row of fields. */
static void put_fields(struct drawing *d)
{
	size_t from, to;

	for (size_t s = 0; s < d->c->n; s++)
		if (drawing_rows(d, s, &from, &to)) {
			drawing_plot(d, from, to);
			buf_printf(&d->f->script,
				"1:(%zu):(0.5):(0.5):2 with boxxyerror fillcolor palette notitle",
				s);
		}
}

/** White on what is dark. */
static void put_numbers(struct drawing *d)
{
	size_t from, to;

	for (size_t s = 0; s < d->c->n; s++)
		if (drawing_rows(d, s, &from, &to))
			for (int dark = 0; dark < 2; dark++) {
				drawing_plot(d, from, to);
				buf_printf(&d->f->script,
					"1:(%zu):(%s ? sprintf('%%.3g', $2) : '') with labels font "
					"face.','.small textcolor rgb '%s' notitle",
					s, dark ? "dark($2) && !text" : "!dark($2) || text",
					dark ? "#FFFFFF" : "#222222");
			}
}

static void put_all(struct drawing *d)
{
	const struct plot_chart *c = d->c;
	const char **names = mem_zalloc(c->n, sizeof *names);
	struct plot_axis y = {.name = c->by, .label = c->by, .words = names, .n_words = c->n};
	struct extent shade = d->y;

	if (!(shade.hi > shade.lo))
		shade = extent_room(shade, c->y.log, true);
	for (size_t s = 0; s < c->n; s++)
		names[s] = c->series[s].name;
	put_words(d->f, c->title, "");
	put_key(d->f, 1, "");
	put_axis(d->f, "x", &c->x, (struct extent){-0.5, (double)c->x.n_words - 0.5});
	put_axis(d->f, "y", &y, (struct extent){-0.5, (double)c->n - 0.5});
	put_axis(d->f, "cb", &c->y, shade);
	buf_printf(&d->f->script,
		"set cblabel offset 2.2\nset rmargin 15\nunset grid\nset xtics scale 0\nset ytics "
		"scale 0\nset style fill solid 1 "
		"noborder\n"
		"set palette defined (0 '#F7FBFF', 0.4 '#8CC4E8', 0.75 '#0072B2', 1 '#00263D')\n"
		"low = %.9g\nhigh = %.9g\n"
		"dark(z) = %s > 0.55\nplot",
		shade.lo, shade.hi,
		c->y.log ? "log(z / low) / log(high / low)" : "(z - low) / (high - low)");
	put_fields(d);
	if (c->x.n_words * c->n <= NUMBERS_MOST)
		put_numbers(d);
	buf_putc(&d->f->script, '\n');
	free(names);
}

bool plot_heat(struct figure *out, const struct plot_chart *c, struct err *err)
{
	return drawing_make_in_words(out, c, put_all, err);
}
