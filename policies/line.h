#ifndef OFFING_POLICIES_LINE_H
#define OFFING_POLICIES_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "models/offload/policy.h"

/**
 * First come, first served by one central queue over some of the tiers: what
 * fcfs, cloud-only and edge-only have in common.
 */
enum tier_set { TIERS_EDGE = 1 << TIER_EDGE, TIERS_CLOUD = 1 << TIER_CLOUD, TIERS_ALL = 3 };

/**
 * Give the oldest request to the instance of @tiers that has been empty longest,
 * then the first in the file among those that have work and room; while it fits
 * nowhere, all wait behind it. A request that no instance of @tiers can ever
 * serve is dropped when its turn comes: it would block the line for ever.
 */
bool line_next(const struct view *v, enum tier_set tiers, struct assignment *out);

/** For policy_ops.check: every group finds in @tiers an instance that can serve its shortest
 *  request. @where ends the message: "in the cloud". */
bool line_check(
	const struct view *v, enum tier_set tiers, const char *where, char *why, size_t size);

#endif
