#ifndef OFFING_IO_REPORT_TRACES_H
#define OFFING_IO_REPORT_TRACES_H

#include "io/report/parts.h"

/** Rows of the data that are of a curve, from 0. */
struct curve {
	size_t from, to; /* before it */
	struct extent y;
};

/** Curves being drawn; for the files that do. */
struct traced {
	struct figure *f;
	const struct plot_traces *t;
	struct extent x, y;
	unsigned *lines; /* the line type of each curve */
	struct curve *curves;
	size_t rows;
};

/** Write the data of @t, thinned. False, in @err, when there is nothing that its axes can show.
 * Free with traced_finish(), also then. */
MUST_CHECK bool traced_init(
	struct traced *d, struct figure *f, const struct plot_traces *t, struct err *err);
void traced_finish(struct traced *d);

/** "data ... using 1:2 with lines ..." of curve @k; it has rows. */
void traced_put(struct traced *d, size_t k, const char *dashes);

/** The mark of curve @k, where it has one, and that of all. */
void traced_put_cut(struct traced *d, size_t k);
void traced_put_mark(struct traced *d);

/** A picture for each curve, one below the other, over one axis. */
void traced_put_panels(struct traced *d);

#endif
