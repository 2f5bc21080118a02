#ifndef OFFING_MODELS_WORKLOAD_PREFIXES_H
#define OFFING_MODELS_WORKLOAD_PREFIXES_H

#include "models/content.h"
#include "models/workload/spec.h"

/**
 * Beginnings that prompts share: system prompts, templates, documents. Which one a prompt has is
 * drawn from the stream "prefixes" of the group; how long each is, from the stream "prefix tokens"
 * of the set, once, so that groups that share a set agree. 16 bytes a prefix, O(log count) a draw.
 */
struct prefixes;

#define PREFIXES_MOST 1000000u
#define PREFIX_ZIPF_MAX 20.0

/** The caller owns *@out; NULL when @group has none. Fails at their place on what is out of range,
 *  and when its prompts have no tokens. */
MUST_CHECK bool prefixes_create(struct prefixes **out, const struct group_spec *group,
	uint64_t seed, uint32_t replication, struct err *err);
void prefixes_destroy(struct prefixes *p); /* NULL is taken */

/** One of them: its stream and its tokens into @c. */
void prefixes_draw(struct prefixes *p, struct content *c);

bool prefixes_drew(const struct prefixes *p); /* NULL is taken */

#endif
