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
	/** Optional: what the first step of a run takes beyond the line of decode(), @line, on
	 * account of what ran before. */
	double (*lead_s)(const struct batch *b, struct cost_affine line);
	/** Optional: @decodes steps of those that run, or 0: the one with prompts, are over now,
	 * and not counted yet. */
	void (*ended)(struct batch *b, uint64_t decodes);
	/** Expected seconds of a step of one prompt of @new_tok tokens alone. */
	double (*prompt_s)(const struct batch *b, uint32_t new_tok);
	/** Post the end of what is in flight; @seq stands for those in it. */
	struct event_id (*launch)(struct batch *b, int64_t end_ns, uint32_t seq);
	/** Optional, of those that do not jump as jump.h says: what jump_steps_begun() and
	 *  jump_shorten() do. */
	uint64_t (*begun)(const struct batch *b);
	void (*shorten)(struct batch *b);
	bool tells; /* of its steps itself */
};

extern const struct executor_ops executor_device, executor_stream;

/* For executors */

/** The step with prompts in it, on a device by itself. */
double executor_price_s(const struct batch *b, const struct cost *c);
struct event_id executor_launch(struct batch *b, int64_t end_ns, uint32_t seq);

#endif
