#ifndef OFFING_MODELS_SERVING_SPAN_H
#define OFFING_MODELS_SERVING_SPAN_H

#include "models/serving/batch_parts.h"

/** What is in flight, @steps steps of it; when it was is not said. */
struct step_span span_of(const struct batch *b, uint64_t steps);

/** Tell of what is in flight and over by now, @steps steps, before they are accounted for. */
void span_tell(const struct batch *b, uint64_t steps);

static inline void span_end(const struct batch *b, uint64_t steps)
{
	if (b->i->tells_steps)
		span_tell(b, steps);
}

#endif
