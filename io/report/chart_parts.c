#include "io/report/chart_parts.h"

#include <stdlib.h>

#include "io/report/style.h"

/* Extents */

static void look_at(struct drawing *d, const struct plot_point *p)
{
	extent_add(&d->x, p->x);
	extent_add(&d->y, p->mean);
	extent_add(&d->all, p->mean);
	if (p->low > 0.0 || !(d->c->y.log || d->c->y.never_below_0))
		extent_add(&d->all, p->low);
	else if (p->low <= 0.0 && !d->c->y.log) /* an interval makes no logarithm impossible */
		extent_add(&d->all, 0.0);
	extent_add(&d->all, p->high);
	d->intervals = d->intervals || p->low < p->high;
}

static void look(struct drawing *d)
{
	for (size_t s = 0; s < d->c->n; s++) {
		const struct plot_series *of = &d->c->series[s];

		d->most = of->n > d->most ? of->n : d->most;
		for (size_t i = 0; i < of->n; i++)
			if (!isnan(of->at[i].mean))
				look_at(d, &of->at[i]);
	}
}

/* Data */

/** Text comes last: gnuplot does not know of quotes within quotes. */
static void put_point(
	struct figure *f, const struct plot_chart *c, const char *name, const struct plot_point *p)
{
	put_number(f, p->x, ',');
	put_number(f, p->mean, ',');
	put_number(f, p->low, ',');
	put_number(f, p->high, ',');
	put_number(f, p->n ? (double)p->n : (double)NAN, c->x.words || *c->by ? ',' : '\n');
	if (c->x.words)
		put_field(f, c->x.words[(size_t)p->x], *c->by ? ',' : '\n');
	if (*c->by)
		put_field(f, name, '\n');
}

static void put_data(const struct drawing *d)
{
	const struct plot_chart *c = d->c;

	put_field(d->f, c->x.words ? "place" : c->x.name, ',');
	put_field(d->f, c->y.name, ',');
	buf_printf(&d->f->data, "ci_low,ci_high,n%c", c->x.words || *c->by ? ',' : '\n');
	if (c->x.words)
		put_field(d->f, c->x.name, *c->by ? ',' : '\n');
	if (*c->by)
		put_field(d->f, c->by, '\n');
	for (size_t s = 0; s < c->n; s++)
		for (size_t i = 0; i < c->series[s].n; i++)
			if (!isnan(c->series[s].at[i].mean))
				put_point(d->f, c, c->series[s].name, &c->series[s].at[i]);
}

/* Series */

static void choose_lines(struct drawing *d)
{
	const char **names = mem_zalloc(d->c->n, sizeof *names);

	for (size_t s = 0; s < d->c->n; s++)
		names[s] = d->c->series[s].policy ? d->c->series[s].policy : d->c->series[s].name;
	d->lines = mem_zalloc(d->c->n, sizeof *d->lines);
	style_lines(d->lines, d->c->n, names);
	free(names);
}

bool drawing_make(struct figure *out, const struct plot_chart *c, void (*put)(struct drawing *d),
	struct err *err)
{
	struct drawing d = {.f = out,
		.c = c,
		.x = EXTENT_NONE,
		.y = EXTENT_NONE,
		.all = EXTENT_NONE,
		.between = ""};

	look(&d);
	if (!axis_check(&c->y, d.y, err) || !axis_check(&c->x, d.x, err))
		return false;
	choose_lines(&d);
	put_data(&d);
	put(&d);
	free(d.lines);
	return true;
}

void drawing_plot(struct drawing *d, size_t from, size_t to)
{
	buf_printf(&d->f->script, "%s \\\n\tdata skip 1 every ::%zu::%zu using ", d->between, from,
		to - 1);
	d->between = ",";
}

bool drawing_rows(const struct drawing *d, size_t s, size_t *from, size_t *to)
{
	*to = 0;
	for (size_t k = 0; k <= s; k++) {
		*from = *to;
		for (size_t i = 0; i < d->c->series[k].n; i++)
			*to += !isnan(d->c->series[k].at[i].mean);
	}
	return *to > *from;
}

bool series_has_interval(const struct plot_series *s)
{
	bool any = false;

	for (size_t i = 0; i < s->n; i++)
		any = any || s->at[i].low < s->at[i].high;
	return any;
}

/* Words for numbers */

static int by_number(const void *x, const void *y)
{
	const double *a = x, *b = y;

	return (*a > *b) - (*a < *b);
}

/** Every x that occurs, once and in order. */
static size_t places_of(double *x, const struct plot_chart *c)
{
	size_t n = 0, kept = 0;

	for (size_t s = 0; s < c->n; s++)
		for (size_t i = 0; i < c->series[s].n; i++)
			x[n++] = c->series[s].at[i].x;
	mem_sort(x, n, sizeof *x, by_number);
	for (size_t i = 0; i < n; i++)
		if (kept == 0 || x[i] > x[kept - 1])
			x[kept++] = x[i];
	return kept;
}

static void move_points(
	struct arena *arena, struct plot_series *s, const double *x, size_t n_places)
{
	struct plot_point *at = arena_alloc(arena, s->n, sizeof *at);
	size_t place = 0;

	for (size_t i = 0; i < s->n; i++) {
		at[i] = s->at[i];
		while (place + 1 < n_places && x[place] < at[i].x)
			place++;
		at[i].x = (double)place;
	}
	s->at = at;
}

/** @c with words on its axis x; what is new is in @arena. */
static struct plot_chart in_words(struct arena *arena, const struct plot_chart *c)
{
	struct plot_series *series = arena_alloc(arena, c->n, sizeof *series);
	struct plot_chart out = *c;
	const char **words;
	size_t all = 0;
	double *x;

	if (c->x.words)
		return out;
	for (size_t s = 0; s < c->n; s++)
		all += c->series[s].n;
	x = arena_alloc(arena, all, sizeof *x);
	out.x.n_words = places_of(x, c);
	words = arena_alloc(arena, out.x.n_words, sizeof *words);
	for (size_t i = 0; i < out.x.n_words; i++)
		words[i] = arena_printf(arena, "%.6g", x[i]);
	for (size_t s = 0; s < c->n; s++) {
		series[s] = c->series[s];
		move_points(arena, &series[s], x, out.x.n_words);
	}
	out.x.words = words;
	out.series = series;
	return out;
}

bool drawing_make_in_words(struct figure *out, const struct plot_chart *c,
	void (*put)(struct drawing *d), struct err *err)
{
	struct plot_chart worded;
	struct arena arena;
	bool ok;

	arena_init(&arena);
	worded = in_words(&arena, c);
	ok = drawing_make(out, &worded, put, err);
	arena_finish(&arena);
	return ok;
}
