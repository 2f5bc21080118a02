#ifndef OFFING_PLAN_PRINTED_SCENARIO_H
#define OFFING_PLAN_PRINTED_SCENARIO_H

#include "plan/printed.h"
#include "plan/units.h"

/**
 * Eq. 2 as the paper prints it (plan/printed.h) on the devices of a scenario: the tensors of a
 * model one by one, and of its draft where it has one beside it, over the gpus in order of the file
 * and then their hosts.
 */
struct printed_scene {
	struct printed_problem problem;
	struct arena arena;
};

/** What a pair of devices without any way between them is taken to have, as Eq. 2 divides by it. */
enum { PRINTED_NO_WAY_BYTES_PER_S = 1 };

/** @devices, @n of them, may be used. Free with printed_scene_finish(). */
void printed_scene_init(struct printed_scene *to, const struct units *t, const struct devices *d,
	const size_t *devices, size_t n, bool drafted);
void printed_scene_finish(struct printed_scene *s);

#endif
