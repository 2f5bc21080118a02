#ifndef OFFING_PLAN_OPTIMUM_LABEL_H
#define OFFING_PLAN_OPTIMUM_LABEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plan/machine.h"

/** A choice among the tasks of a server that have come so far, for plan/optimum_price.c: what it is
 *  worth, and the work that it leaves, which the machine does in the order in which it is due. */

enum { LABEL_STEPS = 12 };

/** Work that is left of what is due by then. */
struct label_step {
	int64_t until_ns, left_ns;
};

/** A choice among the tasks so far, and what it leaves to do. */
struct label {
	double worth;
	int64_t now_ns;   /* left, and due before all that comes: nobody is preferred to it */
	int64_t total_ns; /* left of everything */
	size_t trace;     /* the last task taken; SIZE_MAX: none */
	bool loose;       /* it leaves out some of what it has to do */
	bool free;        /* and does not care for pairs */
	uint64_t half;    /* pairs of which it has the first task, and the second is to come */
	uint32_t n;
	struct label_step steps[LABEL_STEPS]; /* due later, by until_ns */
};

/** What is left of a label, of all that is due by some times and in all: none of it may be more
 * where the label dominates. Compared first. */
struct label_sign {
	int64_t left_ns[4];
};

/** Pairs of tasks that may not both be taken, and those that go together: bits of label.half. */
struct label_pairs {
	uint64_t apart, together;
};

/** @by_ns of work are done; what is due by @due_ns, before all that comes, is one. */
void label_advance(struct label *l, int64_t by_ns, int64_t due_ns);

/** Take @j, too, which comes now; false: then somebody is late, and the label is of no use. */
bool label_take(struct label *l, const struct machine_job *j, int64_t due_ns);

/** Is no more left of @a, for any time to come, than of @b, and is it bound to no more? */
bool label_dominates(const struct label *a, const struct label *b, const struct label_pairs *pairs);

/** At @from_ns, where nobody has longer than @span_ns. */
struct label_sign label_sign(const struct label *l, int64_t from_ns, int64_t span_ns);

#endif
