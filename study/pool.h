#ifndef OFFING_STUDY_POOL_H
#define OFFING_STUDY_POOL_H

#include <stdbool.h>

#include "models/measure/drift.h"
#include "models/measure/metric.h"
#include "models/world/world.h"
#include "sim/stat.h"

/**
 * What replications know only together: a drift is the mean over the slots of all, not that of
 * their means. {0} when empty.
 */
struct pool {
	size_t n;           /* replications */
	struct drift drift; /* of the slots of record.queues */
};

/** Take what a complete replication adds. */
void pool_add(struct pool *p, const struct world_result *r);
void pool_finish(struct pool *p);

/** Is @id one of those that are known together? Then its value and, where it has one, its
 *  interval. */
bool pool_interval(struct stat_interval *out, const struct pool *p, enum metric_id id);

/** Put them in the place of the means over replications. */
void pool_rows(struct summary_row *rows, size_t n, const struct pool *p);

#endif
