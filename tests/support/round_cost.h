#ifndef OFFING_TESTS_SUPPORT_ROUND_COST_H
#define OFFING_TESTS_SUPPORT_ROUND_COST_H

#include "models/cost/llm.h"
#include "models/cost/spec.h"

/** A device and a model in numbers so round that steps can be priced with a pencil; test_cost.c
 *  has the sums. */

static const struct gpu_spec gpu = {.name = "round",
	.fp32_flop_per_s = 1e12,
	.bytes_per_s = 1e9,
	.mem_bytes = 1e6,
	.clock_hz = 1e9,
	.cc = 9.0};
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
