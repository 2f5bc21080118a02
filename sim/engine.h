#ifndef OFFING_SIM_ENGINE_H
#define OFFING_SIM_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/event.h"

/**
 * A clock and a table of handlers. Events run in order of time; equal times
 * run in the order in which they were posted. An engine has no globals: any
 * number of them live in one process, one thread each at a time.
 *
 * Cost: a post and its run are one walk through a 4-ary heap of 16-byte keys
 * (sim/queue.h), a cancel is O(1), nothing is allocated while the number of
 * pending events stays below its peak.
 */
struct engine;

enum engine_end {
	ENGINE_EMPTY,   /* no event is left */
	ENGINE_UNTIL,   /* the next event lies beyond the given time */
	ENGINE_STOPPED, /* a handler called engine_stop() */
	ENGINE_STUCK,   /* ENGINE_STUCK_EVENTS at one instant: the model goes in circles */
};

enum { ENGINE_STUCK_EVENTS = 10000000 };

/**
 * An engine over @n_kinds rows of @handlers, which it borrows; @w is handed to
 * each handler. A missing row (no name or no function) aborts. The clock stands
 * at 0. Free with engine_destroy(), which takes NULL.
 */
struct engine *engine_create(const struct event_handler *handlers, size_t n_kinds, struct world *w);
void engine_destroy(struct engine *e);

/** What every engine begins with, so that asking for the time is a load. */
struct engine_clock {
	int64_t now_ns;
};

static inline int64_t engine_now_ns(const struct engine *e)
{
	return ((const struct engine_clock *)e)->now_ns;
}

double engine_now_s(const struct engine *e);

/** engine_post() and engine_post_at() with the event's fields, which so travel in registers. */
struct event_id engine_post_fields(
	struct engine *e, double in_s, uint32_t kind, uint32_t who, uint64_t what);
struct event_id engine_post_fields_at(
	struct engine *e, int64_t at_ns, uint32_t kind, uint32_t who, uint64_t what);

/** Post @ev (its at_ns is ignored) @in_s seconds from now, >= 0 and no NaN. What is beyond the
 *  clock (292 years) is posted at NS_NEVER, which no run with an end reaches. */
static inline struct event_id engine_post(struct engine *e, double in_s, struct event ev)
{
	return engine_post_fields(e, in_s, ev.kind, ev.who, ev.what);
}

/** The same at @at_ns, not before now. */
static inline struct event_id engine_post_at(struct engine *e, int64_t at_ns, struct event ev)
{
	return engine_post_fields_at(e, at_ns, ev.kind, ev.who, ev.what);
}

/** Take back a posted event. False when it already ran (or runs now) or was cancelled. */
bool engine_cancel(struct engine *e, struct event_id id);

/**
 * Run every event at or before @until_ns. On ENGINE_UNTIL and ENGINE_EMPTY the
 * clock then stands at @until_ns (unless that is INT64_MAX), otherwise at the
 * last event. Not to be called from a handler; may be called again after any
 * end; @until_ns must not lie before now.
 */
enum engine_end engine_run(struct engine *e, int64_t until_ns);

/** The same, but only what comes before @end_ns > 0, where the clock then stands. */
enum engine_end engine_run_before(struct engine *e, int64_t end_ns);

/** From a handler: engine_run() returns when this handler does. */
void engine_stop(struct engine *e);

/** Events run so far; events posted that wait to be run. */
uint64_t engine_events(const struct engine *e);
size_t engine_pending(const struct engine *e);

/**
 * A 64-bit hash of (at_ns, kind, who, what) of every event run since
 * engine_digest_enable(), in order: equal for equal trajectories, whatever the
 * compiler, optimisation or addresses. Costs about 3 ns an event.
 */
void engine_digest_enable(struct engine *e);
uint64_t engine_digest(const struct engine *e);

#endif
