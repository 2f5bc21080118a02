#ifndef OFFING_STUDY_POOL_H
#define OFFING_STUDY_POOL_H

#include <stdbool.h>

#include "models/measure/drift.h"
#include "models/measure/metric.h"
#include "models/world/world.h"
#include "models/scenario.h"
#include "sim/drift_test.h"
#include "sim/stat.h"

/**
 * What replications know only together: a drift is the mean over the slots of all, not that of
 * their means. {0} when empty.
 */
struct pool {
	size_t n;                       /* replications, or pairs */
	size_t n_slots;                 /* of them those whose slots there are */
	bool paired;                    /* they are antithetic (sim/antithetic.h) */
	struct drift drift;             /* of the slots of record.queues */
	struct drift_evidence evidence; /* of stability; no runs where no verdict is to be had */
	/* Where paired: */
	uint32_t last;        /* the pair whose evidence was taken last: its other one is no more */
	uint32_t waits_for;   /* a replication; 0: none */
	struct drift waiting; /* the slots of the first of its pair */
	struct drift_question question; /* that is asked of it */
};

/** Nothing yet; the verdict is to err with the probability that @run asks for. */
void pool_begin(struct pool *p, const struct run_spec *run);

/**
 * Take what the complete replication @number adds; they come in order. Of an antithetic pair the
 * slots are put together, stretch by stretch, and left out where one of the two is not complete;
 * evidence, whose variance is of one run by itself, is that of the first that is complete.
 */
void pool_add(struct pool *p, uint32_t number, const struct world_result *r);
void pool_finish(struct pool *p);

/** The verdict of all together. False: none is to be had. */
bool pool_verdict(struct drift_answer *out, const struct pool *p);

/** Is @id one of those that are known together? Then its value and, where it has one, its
 *  interval. */
bool pool_interval(struct stat_interval *out, const struct pool *p, enum metric_id id);

/** Put them in the place of the means over replications. */
void pool_rows(struct summary_row *rows, size_t n, const struct pool *p);

#endif
