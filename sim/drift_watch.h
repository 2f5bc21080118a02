#ifndef OFFING_SIM_DRIFT_WATCH_H
#define OFFING_SIM_DRIFT_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/drift_test.h"

/**
 * What one run shows of its drift, in bounded memory: how many are in the system, and, where
 * somebody tells, what each server gets done while it is full. Time is cut into equal bins; when
 * all are used every two become one, so that between 128 and 256 are left of a run of any length. A
 * change costs a few ns.
 */
struct drift_watch;

/** @n_places servers (or instances) may be told of, each request being served by one of them; 0:
 *  only the number in system is. The caller
 *  frees it with drift_watch_destroy(), which takes NULL. */
struct drift_watch *drift_watch_create(size_t n_places);
void drift_watch_destroy(struct drift_watch *w);

/** From @at_ns on, never before the last, @n are in the system. They come and go one at a time: a
 *  rise is an arrival. */
void drift_watch_level(struct drift_watch *w, int64_t at_ns, uint64_t n);

/** From now on @place could (not) do more work at a time if there were more for it. */
void drift_watch_full(struct drift_watch *w, size_t place, int64_t at_ns, bool full);

/** From now on there is more work than all places together can take up: as if each were full. */
void drift_watch_pressed(struct drift_watch *w, int64_t at_ns, bool yes);

/** @place has served a request: tell before what that changes in its being full. */
void drift_watch_served(struct drift_watch *w, size_t place, int64_t at_ns);

/** Forget what was: the run begins at @at_ns, with those who are in the system. */
void drift_watch_restart(struct drift_watch *w, int64_t at_ns);

/**
 * What the run shows up to @until_ns, its end or that of its arrivals: what comes after that, a
 * system that drains, is not looked at. Changes nothing in @w but its clock.
 */
void drift_watch_evidence(
	struct drift_watch *w, int64_t now_ns, int64_t until_ns, struct drift_evidence *out);

#endif
