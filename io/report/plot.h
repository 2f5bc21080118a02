#ifndef OFFING_IO_REPORT_PLOT_H
#define OFFING_IO_REPORT_PLOT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/mem.h"
#include "io/report/figure.h"
#include "io/results/query.h"
#include "io/results/spans.h"

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
	bool never_below_0; /* what it shows cannot be: intervals end there */
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
	const char *const *policies; /* of words of x that are labels; NULL: the words tell */
};

/** A line a series, with 95 % intervals: bars, or a band where there are too many. */
MUST_CHECK bool plot_lines(struct figure *out, const struct plot_chart *c, struct err *err);

/** Bars side by side, one a series, with 95 % intervals; numbers on the axis x are taken as words.
 */
MUST_CHECK bool plot_bars(struct figure *out, const struct plot_chart *c, struct err *err);

/** A field for every x and every series, as dark as its mean; numbers on the axis x are taken as
 *  words. A logarithm of y is one of the shades. */
MUST_CHECK bool plot_heat(struct figure *out, const struct plot_chart *c, struct err *err);

/** A curve with a point for every change: a queue over time, a distribution. */
struct plot_trace {
	const char *name, *policy; /* as of a series */
	size_t n;
	const double *x, *y; /* x ascending; y NaN: none there */
	double cut;          /* an x that is marked in its colour; NaN: none */
};

/** Curves in one picture; or each in its own, one below the other, over the same range of y or over
 *  its own. */
enum plot_panels { PANELS_NONE, PANELS_ALIKE, PANELS_APART };

struct plot_traces {
	const char *title;
	const char *by;
	const char *note; /* small print; "": none */
	struct plot_axis x, y;
	bool steps;     /* y stays as it is up to the next x */
	bool from_zero; /* y begins at 0 where it is near */
	enum plot_panels panels;
	const char *cut;       /* what marks of curves are, in the legend; "": there is none */
	double mark;           /* an x that is marked for all; read where there is a name */
	const char *mark_name; /* what it is; NULL: there is none */
	size_t n;
	const struct plot_trace *traces;
};

/** What more than PLOT_PIXELS points would show is kept of a long curve: of those with one pixel
 *  the first, the last, the least and the most. The data beside the picture are these points. */
MUST_CHECK bool plot_traces(struct figure *out, const struct plot_traces *t, struct err *err);

enum { PLOT_PIXELS = 700 };

struct plot_gantt {
	const char *title;
	size_t n;
	const struct results_span *stays; /* of an instance side by side, in order of arrival */
};

/** A bar for every stay: its wait, its prompt, its tokens. Instances one below the other, in each
 *  as many lines as stays overlap; those that find no room on the page are counted in the note. */
MUST_CHECK bool plot_gantt(struct figure *out, const struct plot_gantt *g, struct err *err);

/**
 * What a query came to: the key of its rows on the axis x, a series for each of its columns, and
 * its metric number @metric on the axis y. Numbers are in a unit that the scenario writes; where a
 * run has no such key, its values are words. No title. All that is not borrowed from @q is in
 * @arena.
 */
void plot_chart_of_query(
	struct plot_chart *out, struct arena *arena, const struct query *q, size_t metric);

#endif
