#ifndef OFFING_MODELS_TRACE_FEED_H
#define OFFING_MODELS_TRACE_FEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "models/workload/spec.h"
#include "models/workload/trace.h"

/**
 * The part of a trace that a run replays: the window cut out, its start moved
 * to 0, times divided by rate_scale. The file is read once, as a stream; the
 * first TRACE_FEED_AHEAD rows of the window are read when it is opened, so
 * that a wrong file fails early and its rate and lengths are known.
 */
struct trace_feed {
	const struct trace_opener *opener;
	struct trace_source *source;
	struct trace_row *ahead; /* read, not yet given out */
	size_t n_ahead, n_given;
	int64_t from_ns, to_ns; /* INT64_MAX: no end */
	double rate_scale;
	uint64_t n_rows; /* of the window, when opening it has met its end; else 0 */
	bool ended;      /* nothing left to read in the window */
};

enum { TRACE_FEED_AHEAD = 10000 };

/** Fails on a bad spec, a bad file (in as far as it is read), or an empty window.
 *  Close it in either case. */
MUST_CHECK bool trace_feed_open(
	struct trace_feed *f, const struct trace_spec *spec, struct err *err);
void trace_feed_close(struct trace_feed *f);

/** 1: *@row is the next one, its at_ns from the window's start and scaled; 0: the
 *  end; -1: malformed, see @err. */
int trace_feed_next(struct trace_feed *f, struct trace_row *row, struct err *err);

/** When the first row comes in the run, in ns: for a run that ends before it. */
int64_t trace_feed_first_ns(const struct trace_feed *f);

/** How many rows the window has, if opening the file has shown that; else 0. */
uint64_t trace_feed_rows(const struct trace_feed *f);

/** Requests per second of simulated time over the rows read ahead; 0 when they come at once. */
double trace_feed_rate_per_s(const struct trace_feed *f);

/** Rows without output tokens left out so far. */
uint64_t trace_feed_skipped(const struct trace_feed *f);

#endif
