#ifndef OFFING_POLICIES_ABLE_H
#define OFFING_POLICIES_ABLE_H

#include <stddef.h>

#include "models/offload/policy.h"

/** How many instances can ever serve @w, with room or without; O(classes). */
size_t able_count(const struct view *v, const struct waiting *w);

/** The @nth of them, class by class; @nth < able_count(). O(classes) */
struct instance_id able_nth(const struct view *v, const struct waiting *w, size_t nth);

#endif
