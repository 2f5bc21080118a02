#ifndef OFFING_IO_RECORD_TIMELINE_H
#define OFFING_IO_RECORD_TIMELINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "models/probe.h"
#include "models/scenario.h"

/**
 * What happened when, as a picture: one replication of each policy in trace-event JSON
 * (docs/results.md says what is on it). A process per policy: a track per instance with its
 * steps, requests and transfers as slices that may overlap, counters.
 *
 *	timeline_open
 *	    timeline_policy      one after another; the probe is attached to one replication
 *	timeline_close
 *
 * Memory does not grow with the run; requests are written when they end. One thread at a time.
 */
struct timeline;

/** @scenario is borrowed until timeline_close(), @file for the call. */
struct timeline_spec {
	const char *file; /* it is written beside it, under FILE.unfinished */
	const struct scenario_spec *scenario;
	uint64_t most; /* events; each policy may use what those before it left of their parts */
	bool force;    /* replace @file */
};

/** ERR_INPUT when @spec->file is there and @spec->force is off, or when it is no regular file;
 *  ERR_RUN when it cannot be written. On false *@out is NULL. */
MUST_CHECK bool timeline_open(
	struct timeline **out, const struct timeline_spec *spec, struct err *err);

/** The next policy begins: who is to listen to it. Its number of events is limited, @t says so
 *  in timeline_full(). */
const struct probe *timeline_policy(struct timeline *t, const char *label);

/** Was there no room for all of the policy that began last? From when on, in seconds. */
bool timeline_full(const struct timeline *t, double *from_s);

/** Make it whole under the name @file, or, where that is NULL, take it away. Frees @t, also on
 *  false: something could not be written. NULL is taken. */
MUST_CHECK bool timeline_close(struct timeline *t, const char *file, struct err *err);

#endif
