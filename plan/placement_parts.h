#ifndef OFFING_PLAN_PLACEMENT_PARTS_H
#define OFFING_PLAN_PLACEMENT_PARTS_H

/* Between the files of plan/placement*.c alone. */

#include <math.h>
#include <stdint.h>

#include "plan/placement.h"

/* Two objectives that differ by less than this part are equal. */
static const double placement_tolerance = 1e-9;

static inline size_t placement_n_homes(const struct placement_problem *p)
{
	return p->n_units + (p->draft ? 1 : 0);
}

static inline double placement_exec_s(const struct placement_problem *p, size_t unit, size_t on)
{
	return p->exec_s[unit * p->n_executors + on];
}

/** HUGE_VAL: cannot be streamed there. */
static inline double placement_fetch_s(const struct placement_problem *p, size_t unit, size_t on)
{
	if (!p->fetch_s || p->executors[on].host == PLACEMENT_NONE)
		return HUGE_VAL;
	return p->fetch_s[unit * p->n_executors + on];
}

/** Unit n_units is the draft. */
static inline bool placement_may_run(const struct placement_problem *p, size_t unit, size_t on)
{
	if (unit == p->n_units)
		return p->draft_s[on] < HUGE_VAL;
	return placement_exec_s(p, unit, on) < HUGE_VAL &&
	       (unit > 0 || p->executors[on].enter_s < HUGE_VAL) &&
	       (unit + 1 < p->n_units || p->executors[on].leave_s < HUGE_VAL);
}

static inline double placement_hop_s(const struct placement_problem *p, size_t from, size_t to)
{
	return from == to ? 0.0 : p->hop_s[from * p->n_executors + to];
}

static inline double placement_back_s(const struct placement_problem *p, size_t last, size_t first)
{
	return p->back_s ? p->back_s[last * p->n_executors + first] : 0.0;
}

static inline double placement_talk_s(const struct placement_problem *p, size_t draft, size_t first)
{
	return p->talk_s ? p->talk_s[draft * p->n_executors + first] : 0.0;
}

/** What a streamed unit makes its executor wait for. */
static inline double placement_wait_s(const struct placement_problem *p, size_t unit, size_t on)
{
	return fmax(0.0, placement_fetch_s(p, unit, on) - placement_exec_s(p, unit, on));
}

/** Is everything in @p as its header says? */
MUST_CHECK bool placement_sound(const struct placement_problem *p, struct err *err);

#endif
