#ifndef OFFING_TESTS_SUPPORT_TINY_MODEL_H
#define OFFING_TESTS_SUPPORT_TINY_MODEL_H

#include "models/cost/llm.h"

/** A model that can be summed with a pencil. */
static const struct llm_shape tiny = {.name = "tiny",
	.hidden = 4,
	.ffn = 8,
	.layers = 3,
	.heads = 2,
	.kv_heads = 2,
	.head_dim = 2,
	.vocab = 10,
	.context = 64};

#endif
