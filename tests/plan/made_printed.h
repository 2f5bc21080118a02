#ifndef OFFING_TESTS_PLAN_MADE_PRINTED_H
#define OFFING_TESTS_PLAN_MADE_PRINTED_H

#include <stdint.h>

#include "plan/printed.h"

/** A problem of Eq. 2 as printed. Freed with made_printed_finish(). */
struct made_printed {
	struct printed_problem p;
	struct placement_memory *devices;
	struct placement_unit *tensors;
	double *accesses, *bytes_per_s;
};

/** Up to @tensors tensors on up to @devices devices, of any size. */
void made_printed_wild(struct made_printed *m, uint64_t *state, int tensors, int devices);

/** Llama-2-7B and a draft of 1.1B parameters in 22 layers, int8, as 492 tensors; four TITAN X, a
 *  4090 and four hosts, their memory in all @room times what these take. */
void made_printed_llama(struct made_printed *m, double room, bool all_pairs);
void made_printed_finish(struct made_printed *m);

#endif
