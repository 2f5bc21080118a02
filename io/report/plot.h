#ifndef OFFING_IO_REPORT_PLOT_H
#define OFFING_IO_REPORT_PLOT_H

#include <stdbool.h>
#include <stddef.h>

#include "io/report/figure.h"

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

#endif
