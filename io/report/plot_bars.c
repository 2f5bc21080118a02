/* Bars side by side, one a series, at words. */
#include <stdlib.h>
#include <string.h>

#include "io/report/chart_parts.h"
#include "io/report/style.h"

static const double group = 0.8; /* how much of the way from word to word the bars of a word take */

/** From the left, the middle of a bar of series @s. */
static double offset_of(const struct drawing *d, size_t s)
{
	return group * (((double)s + 0.5) / (double)d->c->n - 0.5);
}

/** In grey, neighbours differ in how they are filled. */
static void put_boxes(struct drawing *d, size_t s, size_t from, size_t to, unsigned line)
{
	static const char *const fills[] = {"solid 0.85", "pattern 4", "solid 0.35", "pattern 5"};

	drawing_plot(d, from, to);
	buf_printf(&d->f->script,
		"($1 + %.6g):2 with boxes linetype %u dashtype 1 fillstyle %s border linetype %u ",
		offset_of(d, s), line, fills[s % 4], line);
}

static void put_interval(struct drawing *d, size_t s, size_t from, size_t to)
{
	drawing_plot(d, from, to);
	buf_printf(&d->f->script,
		"($1 + %.6g):(above($3)):(0):($4 - above($3)) with vectors nohead dashtype 1 "
		"linewidth 1.5 linecolor rgb '#222222' notitle",
		offset_of(d, s));
}

/** Of one series of policies each has its own colour. */
static void put_policies(struct drawing *d)
{
	const size_t n = d->c->x.n_words;
	unsigned *lines = mem_zalloc(n, sizeof *lines);
	const struct plot_series *s = &d->c->series[0];
	size_t row = 0;

	style_lines(lines, n, d->c->policies ? d->c->policies : d->c->x.words);
	for (size_t i = 0; i < s->n; i++) {
		if (isnan(s->at[i].mean))
			continue;
		put_boxes(d, 0, row, row + 1, lines[(size_t)s->at[i].x]);
		buf_puts(&d->f->script, "notitle");
		row++;
	}
	free(lines);
	if (d->intervals)
		put_interval(d, 0, 0, row);
}

static void put_series(struct drawing *d)
{
	size_t from, to;

	for (size_t s = 0; s < d->c->n; s++)
		if (drawing_rows(d, s, &from, &to)) {
			put_boxes(d, s, from, to, d->lines[s]);
			put_title_of(d->f, d->c->series[s].name, d->c->n);
		}
	for (size_t s = 0; s < d->c->n; s++)
		if (series_has_interval(&d->c->series[s]) && drawing_rows(d, s, &from, &to))
			put_interval(d, s, from, to);
}

static void put_all(struct drawing *d)
{
	const struct plot_chart *c = d->c;
	struct extent range = d->all;

	if (!c->y.log)
		extent_add(&range, 0.0); /* a bar is as long as it is much */
	range = extent_room(range, c->y.log, true);
	put_words(d->f, c->title, d->intervals ? "bars: 95 % intervals over replications" : "");
	put_key(d->f, c->n, c->by);
	put_axis(d->f, "x", &c->x, (struct extent){-0.6, (double)c->x.n_words - 0.4});
	put_axis(d->f, "y", &c->y, range);
	buf_printf(&d->f->script,
		"set grid noxtics\nset xtics scale 0\nset boxwidth %.6g absolute\nlowest = %.9g\n"
		"above(low) = low > lowest ? low : lowest\nplot",
		0.92 * group / (double)c->n, range.lo);
	if (c->n == 1 && strcmp(c->x.name, "policy") == 0)
		put_policies(d);
	else
		put_series(d);
	buf_putc(&d->f->script, '\n');
}

bool plot_bars(struct figure *out, const struct plot_chart *c, struct err *err)
{
	return drawing_make_in_words(out, c, put_all, err);
}
