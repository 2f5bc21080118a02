#ifndef OFFING_MODELS_SERVING_EXECUTOR_H
#define OFFING_MODELS_SERVING_EXECUTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/cost/cost.h"
#include "sim/event.h"

struct batch;

/** What runs a step, and what it costs. */
struct executor_ops {
	const char *name;
	/** Seconds of the step of @b that has prompts in it. */
	double (*step_s)(const struct batch *b);
	/** A step of @n running sequences as a line in their context: what a jump needs. */
	struct cost_affine (*decode)(const struct batch *b, size_t n, double context_tok);
	/** Post the end of what is in flight; @seq stands for those in it. */
	struct event_id (*launch)(struct batch *b, int64_t end_ns, uint32_t seq);
	/** Optional, of those that do not jump as jump.h says: what jump_steps_begun() and
	 *  jump_shorten() do. */
	uint64_t (*begun)(const struct batch *b);
	void (*shorten)(struct batch *b);
	bool tells; /* of its steps itself */
};

extern const struct executor_ops executor_device;

#endif
