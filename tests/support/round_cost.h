#ifndef OFFING_TESTS_SUPPORT_ROUND_COST_H
#define OFFING_TESTS_SUPPORT_ROUND_COST_H

#include "models/cost/spec.h"
#include "tests/support/tiny_model.h"

/** A device, for that model, in numbers so round that steps can be priced with a pencil;
 *  test_cost.c has the sums. */

static const struct gpu_spec gpu = {.name = "round",
	.fp32_flop_per_s = 1e12,
	.bytes_per_s = 1e9,
	.mem_bytes = 1e6,
	.clock_hz = 1e9,
	.cc = 9.0};

#endif
