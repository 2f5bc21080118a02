/* Curves of many points, thinned to what a picture can show. */
#include "io/report/traces.h"

#include <stdlib.h>

#include "io/report/style.h"

/* Thinning */

/** The pixel of a point; the axis may be logarithmic. */
static size_t pixel_of(const struct traced *d, double x)
{
	const struct extent *e = &d->x;
	double share =
		d->t->x.log ? log(x / e->lo) / log(e->hi / e->lo) : (x - e->lo) / (e->hi - e->lo);

	return share > 0.0 ? (size_t)(share * PLOT_PIXELS) : 0; /* NaN: all at one place */
}

static void put_point(struct traced *d, const struct plot_trace *t, size_t i)
{
	put_number(d->f, t->x[i], ',');
	put_number(d->f, t->y[i], *d->t->by ? ',' : '\n');
	if (*d->t->by)
		put_field(d->f, t->name, '\n');
	d->rows++;
}

static int by_place(const void *x, const void *y)
{
	const size_t *a = x, *b = y;

	return (*a > *b) - (*a < *b);
}

/** Points @from to before @to lie on one pixel. */
static void put_pixel(struct traced *d, const struct plot_trace *t, size_t from, size_t to)
{
	size_t kept[4] = {from, from, from, to - 1};

	for (size_t i = from; i < to; i++) {
		kept[1] = t->y[i] < t->y[kept[1]] ? i : kept[1];
		kept[2] = t->y[i] > t->y[kept[2]] ? i : kept[2];
	}
	qsort(kept, 4, sizeof *kept, by_place);
	for (size_t k = 0; k < 4; k++)
		if (k == 0 || kept[k] > kept[k - 1])
			put_point(d, t, kept[k]);
}

static void put_thinned(struct traced *d, const struct plot_trace *t)
{
	size_t from = 0, to;

	for (; from < t->n; from = to) {
		const size_t pixel = pixel_of(d, t->x[from]);

		for (to = from + 1; to < t->n && pixel_of(d, t->x[to]) == pixel; to++)
			;
		put_pixel(d, t, from, to);
	}
}

/* What has no value is no point. */
static struct plot_trace without_gaps(const struct plot_trace *t, double *x, double *y)
{
	struct plot_trace out = *t;

	out.n = 0;
	for (size_t i = 0; i < t->n; i++)
		if (!isnan(t->y[i])) {
			x[out.n] = t->x[i];
			y[out.n++] = t->y[i];
		}
	out.x = x;
	out.y = y;
	return out;
}

static void put_curve(struct traced *d, size_t k)
{
	const struct plot_trace *t = &d->t->traces[k];
	double *x = mem_zalloc(t->n, sizeof *x), *y = mem_zalloc(t->n, sizeof *y);
	const struct plot_trace whole = without_gaps(t, x, y);

	d->curves[k].from = d->rows;
	if (whole.n > 4 * PLOT_PIXELS)
		put_thinned(d, &whole);
	else
		for (size_t i = 0; i < whole.n; i++)
			put_point(d, &whole, i);
	d->curves[k].to = d->rows;
	free(x);
	free(y);
}

static void put_data(struct traced *d)
{
	put_field(d->f, d->t->x.name, ',');
	put_field(d->f, d->t->y.name, *d->t->by ? ',' : '\n');
	if (*d->t->by)
		put_field(d->f, d->t->by, '\n');
	for (size_t k = 0; k < d->t->n; k++)
		put_curve(d, k);
}

/* All of them */

static void look(struct traced *d)
{
	for (size_t k = 0; k < d->t->n; k++) {
		const struct plot_trace *t = &d->t->traces[k];

		d->curves[k].y = EXTENT_NONE;
		for (size_t i = 0; i < t->n; i++)
			if (!isnan(t->y[i])) {
				extent_add(&d->x, t->x[i]);
				extent_add(&d->curves[k].y, t->y[i]);
			}
		extent_add(&d->y, d->curves[k].y.lo);
		extent_add(&d->y, d->curves[k].y.hi);
	}
}

static void choose_lines(struct traced *d)
{
	const char **names = mem_zalloc(d->t->n, sizeof *names);

	for (size_t k = 0; k < d->t->n; k++)
		names[k] = d->t->traces[k].policy ? d->t->traces[k].policy : d->t->traces[k].name;
	style_lines(d->lines, d->t->n, names);
	free(names);
}

bool traced_init(struct traced *d, struct figure *f, const struct plot_traces *t, struct err *err)
{
	*d = (struct traced){.f = f, .t = t, .x = EXTENT_NONE, .y = EXTENT_NONE};
	d->lines = mem_zalloc(t->n, sizeof *d->lines);
	d->curves = mem_zalloc(t->n, sizeof *d->curves);
	look(d);
	if (!axis_check(&t->y, d->y, err) || !axis_check(&t->x, d->x, err))
		return false;
	choose_lines(d);
	put_data(d);
	return true;
}

void traced_finish(struct traced *d)
{
	free(d->lines);
	free(d->curves);
}

void traced_put(struct traced *d, size_t k, const char *dashes)
{
	buf_printf(&d->f->script,
		"data skip 1 every ::%zu::%zu using 1:2 with %s linetype %u%s linewidth 1.5 ",
		d->curves[k].from, d->curves[k].to - 1, d->t->steps ? "steps" : "lines",
		d->lines[k], dashes);
}

static void put_upright(struct traced *d, double x, const char *how)
{
	if (!isnan(x))
		buf_printf(&d->f->script,
			"set arrow from first %.9g, graph 0 to first %.9g, graph 1 nohead %s "
			"back\n",
			x, x, how);
}

void traced_put_cut(struct traced *d, size_t k)
{
	char how[64];

	snprintf(how, sizeof how, "linetype %u dashtype 1 linewidth 1.2", d->lines[k]);
	put_upright(d, d->t->traces[k].cut, how);
}

void traced_put_mark(struct traced *d)
{
	if (d->t->mark_name)
		put_upright(d, d->t->mark, "linetype 9 dashtype (3,3) linewidth 1.5");
}
