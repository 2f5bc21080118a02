#ifndef OFFING_TESTS_NAIVE_SERVER_H
#define OFFING_TESTS_NAIVE_SERVER_H

#include <gsl/gsl_rng.h>

#include "base/mem.h"
#include "models/cost/cost.h"
#include "models/workload/served.h"

/**
 * A server with a batch, step by step and without the simulator: those that wait are computed
 * first, all that fit, then every sequence gets a token. Each step takes its price times a
 * log-normal factor of mean 1, and a client's clock reads late or early.
 */
struct naive_server {
	const struct cost *cost; /* of its steps, host included */
	unsigned max_batch;
	uint64_t cap_tok;           /* of prompts in a step */
	double request_s;           /* before a prompt stands in line */
	double step_sigma, clock_s; /* of the factor; half a range of the clock */
	double spread;              /* of the logarithm of lengths; 0: all alike */
};

/** @n requests a log: Poisson arrivals at @rate_per_s, lengths log-normal about @prompt_tok and
 *  @output_tok. In @a. */
struct served_log naive_log(const struct naive_server *s, struct arena *a, gsl_rng *r, size_t n,
	double rate_per_s, double prompt_tok, double output_tok);

#endif
