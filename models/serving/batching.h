#ifndef OFFING_MODELS_SERVING_BATCHING_H
#define OFFING_MODELS_SERVING_BATCHING_H

#include <stdbool.h>
#include <stdint.h>

struct batch;

/** Who is in the next step. */
struct batching_ops {
	const char *name; /* as in scenarios */
	/** At a boundary: move who joins from the line into the prefill (admission_admit()). */
	void (*form)(struct batch *b);
	/** Would the first in line join if a boundary came now? Then it cuts a jump. */
	bool (*admits)(const struct batch *b);
};

extern const struct batching_ops batching_continuous, batching_chunked;

#endif
