#ifndef OFFING_TESTS_PLAN_MADE_OPTIMUM_H
#define OFFING_TESTS_PLAN_MADE_OPTIMUM_H

#include "plan/optimum.h"

/** Problems of Eq. 1 that ask for more than there is, for tests and benchmarks: five servers. */

enum { MADE_SERVERS = 5, MADE_MODELS = 3 };

enum made_kind {
	MADE_TESTBED,   /* four slow servers that are alike, and a fast one far away */
	MADE_RANDOM,    /* every way and every work of its own */
	MADE_DEADLINES, /* from hardly enough time to plenty */
	MADE_MEMORY,    /* three models, of which a server holds one or two */
	MADE_AT_ONCE,   /* all come at once and are due together: knapsacks */
	MADE_ALIKE,     /* four kinds of tasks, each with equal times: many are twins */
	MADE_KINDS
};

struct made_optimum {
	struct optimum_problem p; /* points into what follows */
	struct optimum_pair *pairs;
	uint32_t *model_of;
	double model_bytes[MADE_MODELS], memory_bytes[MADE_SERVERS];
};

/** @n tasks, about @load times the work that the servers can do. The caller finishes it. */
void made_optimum_init(
	struct made_optimum *m, enum made_kind kind, size_t n, double load, uint64_t seed);
void made_optimum_finish(struct made_optimum *m);
const char *made_kind_name(enum made_kind kind);

#endif
