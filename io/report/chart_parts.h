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

/** Look at @c and write its data. False, in @err, when there is nothing that its axes can show.
 * Free with drawing_finish(), also then. */
MUST_CHECK bool drawing_init(
	struct drawing *d, struct figure *f, const struct plot_chart *c, struct err *err);
void drawing_finish(struct drawing *d);

/** Begin the next thing to plot: rows @from to before @to of the data, with what follows "using".
 */
void drawing_plot(struct drawing *d, size_t from, size_t to);

/** Rows of the data that are of series @s, from *@from to before *@to. False: it has none. */
bool drawing_rows(const struct drawing *d, size_t s, size_t *from, size_t *to);

/** Of a point of it. */
bool series_has_interval(const struct plot_series *s);

/** @c with words on its axis x, its numbers as they are written; what is new is in @arena. */
struct plot_chart chart_in_words(struct arena *arena, const struct plot_chart *c);

#endif
