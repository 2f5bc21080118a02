#ifndef OFFING_MODELS_SERVING_BATCHING_H
#define OFFING_MODELS_SERVING_BATCHING_H

#include <stdbool.h>
#include <stdint.h>

struct batch;

/** Who is in the next step. */
struct batching_ops {
	const char *name; /* as in scenarios */
	bool sets_aside;  /* memory for those on their way and in line (admission.h) */
	bool mixes;       /* prompts with those that decode */
	bool keeps_rows;  /* of those that have finished: all end together, and free their memory */
	/** At a boundary: move who joins from the line into the prefill (admission_admit()). */
	void (*form)(struct batch *b);
	/** Would the first in line join if a boundary came now? Then it cuts a jump. */
	bool (*admits)(const struct batch *b);
	/** Optional. Expected seconds in line behind @n others, for a service of @service_s. */
	double (*wait_s)(const struct batch *b, uint32_t n, double service_s);
};

extern const struct batching_ops batching_continuous, batching_chunked, batching_static;

#endif
