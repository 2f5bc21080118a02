#ifndef OFFING_IO_REPORT_PLOT_H
#define OFFING_IO_REPORT_PLOT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/mem.h"
#include "io/report/figure.h"
#include "io/results/query.h"

/**
 * Pictures of data, whoever has them. Each fills a figure (io/report/figure.h), which the caller
 * has initialised and finishes. ERR_INPUT, before gnuplot is asked anything, when there is nothing
 * to draw or an axis cannot show it. All text is borrowed for the call and may hold anything.
 */

struct plot_axis {
	const char *name;  /* the column of the data: "links.wan.rate" */
	const char *label; /* beside the axis, with the unit: "links.wan.rate [Mbps]" */
	bool log;
	const char *const *words; /* what stands at 0, 1, 2, ...; NULL: numbers do */
	size_t n_words;
};

/** The mean of a metric somewhere. */
struct plot_point {
	double x, mean;
	double low, high; /* 95 %; NaN: no interval */
	size_t n;         /* replications; 0: not known */
};

struct plot_series {
	const char *name;   /* in the legend */
	const char *policy; /* whose colour it has; NULL: the name tells */
	size_t n;
	const struct plot_point *at; /* x ascending; a mean that is NaN is left out */
};

/** Series over one axis. */
struct plot_chart {
	const char *title; /* "": none */
	const char *by;    /* what the series differ in: "policy" */
	struct plot_axis x, y;
	size_t n;
	const struct plot_series *series;
};

/** A line a series, with 95 % intervals: bars, or a band where there are too many. */
MUST_CHECK bool plot_lines(struct figure *out, const struct plot_chart *c, struct err *err);

/** Bars side by side, one a series, with 95 % intervals; numbers on the axis x are taken as words.
 */
MUST_CHECK bool plot_bars(struct figure *out, const struct plot_chart *c, struct err *err);

/** A field for every x and every series, as dark as its mean; numbers on the axis x are taken as
 *  words. A logarithm of y is one of the shades. */
MUST_CHECK bool plot_heat(struct figure *out, const struct plot_chart *c, struct err *err);

/**
 * What a query came to: the key of its rows on the axis x, a series for each of its columns, and
 * its metric number @metric on the axis y. Numbers are in a unit that the scenario writes; where a
 * run has no such key, its values are words. No title. All that is not borrowed from @q is in
 * @arena.
 */
void plot_chart_of_query(
	struct plot_chart *out, struct arena *arena, const struct query *q, size_t metric);

#endif
