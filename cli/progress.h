#ifndef OFFING_CLI_PROGRESS_H
#define OFFING_CLI_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/**
 * One line on a terminal that says how far a run is; nothing at all where
 * there is no terminal. By one thread at a time.
 */
struct progress {
	FILE *to; /* NULL: off */
	bool shown;
	int64_t start_ns, next_ns; /* CLOCK_MONOTONIC */
};

/** What to show. */
struct progress_now {
	const char *policy;
	size_t done, of; /* replications */
	double share;    /* 0 to 1 of all the work; what is left is judged by it */
	uint64_t events; /* dispatched so far; 0: not known */
};

/** Off when @quiet or @to is no terminal. The clock starts. */
void progress_init(struct progress *p, FILE *to, bool quiet);

/** Redraw, at most five times a second; else a clock read (25 ns). */
void progress_show(struct progress *p, const struct progress_now *now);

/** Take the line away: before any message, and at the end. */
void progress_clear(struct progress *p);

/** The text alone, at most @width columns, cut to @size; @elapsed_s since the start. */
void progress_text(
	char *buf, size_t size, size_t width, const struct progress_now *now, double elapsed_s);

#endif
