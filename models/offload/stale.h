#ifndef OFFING_MODELS_OFFLOAD_STALE_H
#define OFFING_MODELS_OFFLOAD_STALE_H

#include <stdint.h>

#include "models/offload/policy.h"
#include "models/serving/instance.h"

/**
 * State that is old (run.state_delay). Whenever the load or the room of an instance changes it
 * reports both, with how full its KV memory is, and the report takes the delay to get here. What a
 * policy is shown of it is the last report that is here and what the scheduler itself has
 * assigned since that was sent: so what others see late, that work has ended, it sees late, and
 * its own decisions at once. Room that is shown is there, since it can only have grown; memory
 * need not be, as answers grow unseen: then what is assigned waits at the instance.
 *
 * Policies are shown a scheduler of their own, a copy in which these things are old. What is true
 * stays where it was: Definition 2, overflow and deadlines go by that.
 */
struct scheduler;
struct stale;

/** What is known of an instance. */
struct aged {
	struct load load;
	double kv_fill;
	uint32_t kv_blocks; /* in all; 0: no memory is looked at */
};

/** Once everything is in place but the policy; @delay_s > 0. Memory from the arena of @s. */
void stale_create(struct scheduler *s, double delay_s);
void stale_finish(struct stale *st); /* takes NULL */

/** What policies are shown, where state is old, brought up to date. */
struct scheduler *stale_view(struct scheduler *s);

/** The request that is assigned next has a prompt of @prompt_tok. */
void stale_taken(struct stale *st, uint32_t prompt_tok);

/** The room or the load of @i has changed: it reports. */
void stale_touch(struct scheduler *s, struct instance_id i);

/** What a prompt and its first token take, of an instance that runs a model. */
static inline uint32_t aged_blocks(const struct instance *i, uint32_t prompt_tok)
{
	return i->spec->block_tok > 0 ? prompt_tok / i->spec->block_tok + 1 : 0;
}

#endif
