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

/** Later than any run goes: where durations saturate. An event posted for then never happens. */
#define NS_NEVER INT64_MAX

/**
 * @s seconds to the nearest nanosecond, halves away from zero: the one way from
 * seconds to the clock. What the clock cannot count (292 years, infinity, NaN)
 * is NS_NEVER, or -NS_NEVER if it is below zero, and never wraps.
 */
static inline int64_t ns_of_s(double s)
{
	const double ns = s * 1e9;

	if (!(ns < 9.223372036854775e18))
		return NS_NEVER;
	if (!(ns > -9.223372036854775e18))
		return -NS_NEVER;
	return (int64_t)(ns < 0.0 ? ns - 0.5 : ns + 0.5);
}

/** @by after @at_ns, which is at least 0: the one way to add a duration to a time. NS_NEVER
 *  where the sum is beyond the clock. */
static inline int64_t ns_after(int64_t at_ns, int64_t by)
{
	return by > NS_NEVER - at_ns ? NS_NEVER : at_ns + by;
}

/** The double nearest to @ns in seconds; ns_of_s() gives @ns back up to 2^51 (26 days). */
static inline double s_of_ns(int64_t ns)
{
	return (double)ns / 1e9;
}

#endif
