#ifndef OFFING_MODELS_SERVING_SEQUENCE_H
#define OFFING_MODELS_SERVING_SEQUENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A request as an instance sees it. One array beside the world's requests, the same slot. */
struct sequence {
	uint32_t prompt_tok, output_tok; /* what is asked; not written here */
	uint32_t emitted_tok;            /* made so far */
	uint32_t preemptions;
	int64_t started_ns, first_token_ns; /* TIME_NONE: not yet */

	/* of the instance that holds it */
	double expected_tok;      /* its share of the expected context there */
	uint64_t joined_step;     /* decode steps the batch had made */
	uint32_t reserved_blocks; /* of KV, set aside before it joins */
	/* while its prompt, and what it emitted before, are computed */
	uint32_t computed_tok, chunk_tok; /* in earlier steps, and in the one in flight */
	bool again;                       /* it was in the batch before, and was preempted */
};

struct sequences {
	struct sequence *at;
	size_t n, cap;
};

#endif
