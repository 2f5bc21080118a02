#ifndef OFFING_POLICIES_HOME_H
#define OFFING_POLICIES_HOME_H

#include <stdbool.h>
#include <stddef.h>

#include "models/offload/policy.h"

/** One line for each home: the oldest request whose home has room goes there, to the instance empty
 *  longest. A request that its home can never serve is dropped when it is the oldest there.
 *  O(requests that wait x instances). */
bool home_next(const struct view *v, struct assignment *out);

/** For policy_ops.check: every group has a home of @tier whose instances can serve it. */
bool home_check(const struct view *v, enum tier tier, char *why, size_t size);

#endif
