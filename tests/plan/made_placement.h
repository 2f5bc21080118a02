#ifndef OFFING_TESTS_PLAN_MADE_PLACEMENT_H
#define OFFING_TESTS_PLAN_MADE_PLACEMENT_H

#include <stdint.h>

#include "plan/placement.h"

enum { MADE_UNITS = 80, MADE_EXECUTORS = 1000 };

/** A random problem of Eq. 2, repaired. Freed with made_finish(). */
struct made_placement {
	struct placement_problem p;
	struct placement_memory *memories;
	struct placement_executor *executors;
	struct placement_unit *units;
	struct placement_unit draft;
	double *exec_s, *fetch_s, *hop_s, *back_s, *draft_s, *talk_s;
};

/** Up to @units units on up to @executors executors, anything allowed: units of any size, memories
 *  of several, ways that are not there, equal executors, memory that is not enough. */
void made_wild(struct made_placement *m, uint64_t *state, int units, int executors);

/** As scenarios have it: layers all alike between an embedding and a head, hosts with a CPU and
 *  GPUs of a few kinds, on sites, streaming over PCIe; memory @room times what the units take. */
void made_cluster(
	struct made_placement *m, uint64_t *state, int layers, int executors, double room);
void made_finish(struct made_placement *m);

/** The least objective of all assignments, each priced from the header's formula by code of its
 *  own; HUGE_VAL: there is none. */
double made_least(const struct made_placement *m);

#endif
