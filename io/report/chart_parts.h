#ifndef OFFING_IO_REPORT_CHART_PARTS_H
#define OFFING_IO_REPORT_CHART_PARTS_H

#include "io/report/parts.h"

/** A chart being drawn; for the kinds of charts alone. */
struct drawing {
	struct figure *f;
	const struct plot_chart *c;
	struct extent x, y, all; /* of points; all: of y and its intervals */
	unsigned *lines;         /* the line type of each series */
	bool intervals;          /* there is one */
	size_t most;             /* points of a series */
	const char *between;     /* before the next thing to plot */
};

/** Fill @out with @c: look at it, write its data, and @put the script. False, in @err, when there
 * is nothing that its axes can show. */
MUST_CHECK bool drawing_make(struct figure *out, const struct plot_chart *c,
	void (*put)(struct drawing *d), struct err *err);

/** The same with words on the axis x, its numbers as they are written. */
MUST_CHECK bool drawing_make_in_words(struct figure *out, const struct plot_chart *c,
	void (*put)(struct drawing *d), struct err *err);

/** Begin the next thing to plot: rows @from to before @to of the data, with what follows "using".
 */
void drawing_plot(struct drawing *d, size_t from, size_t to);

/** Rows of the data that are of series @s, from *@from to before *@to. False: it has none. */
bool drawing_rows(const struct drawing *d, size_t s, size_t *from, size_t *to);

/** Of a point of it. */
bool series_has_interval(const struct plot_series *s);

#endif
