#ifndef OFFING_SIM_EVENT_H
#define OFFING_SIM_EVENT_H

#include <stdint.h>

/**
 * An event is plain data: when, what kind, to whom, about what. The meaning of
 * @kind, @who and @what belongs to whoever owns the table of handlers.
 *
 * Time is int64_t nanoseconds from the start of the run: ties are exact, sums
 * do not drift, 292 years fit. Models compute durations in double seconds; they
 * are rounded once, where the event is posted.
 */

struct event {
	int64_t at_ns;
	uint32_t kind; /* row of the handler table */
	uint32_t who;  /* the entity it happens to */
	uint64_t what; /* the request, batch or sample concerned */
};

/** Names one posted event for engine_cancel(). {0, 0} names none, ever. */
struct event_id {
	uint32_t slot, stamp;
};

struct world; /* named here, defined by the domain (or a test): no void *, no cast */

struct event_handler {
	const char *name; /* for traces and messages; never NULL */
	void (*fn)(struct world *w, const struct event *ev);
};

/** @s seconds to the nearest nanosecond, halves away from zero. |@s| < 9.2e9. */
static inline int64_t ns_of_s(double s)
{
	const double ns = s * 1e9;

	return (int64_t)(ns < 0.0 ? ns - 0.5 : ns + 0.5);
}

/** The double nearest to @ns in seconds; ns_of_s() gives @ns back up to 2^51 (26 days). */
static inline double s_of_ns(int64_t ns)
{
	return (double)ns / 1e9;
}

#endif
