#ifndef OFFING_MODELS_MEASURE_ANSWER_H
#define OFFING_MODELS_MEASURE_ANSWER_H

#include <stdint.h>

#include "models/probe.h"
#include "sim/event.h"

/** The times of a request that was answered, as docs/results.md defines them. */
static inline int64_t answer_e2e_ns(const struct request_row *r)
{
	return r->delivered_ns - r->created_ns;
}

static inline int64_t answer_wait_ns(const struct request_row *r)
{
	return r->started_ns - r->created_ns - (r->uploaded_ns - r->assigned_ns);
}

static inline int64_t answer_network_ns(const struct request_row *r)
{
	return r->uploaded_ns - r->assigned_ns + r->delivered_ns - r->finished_ns;
}

/** Of one with tokens. */
static inline int64_t answer_ttft_ns(const struct request_row *r)
{
	return r->heard_ns - r->created_ns;
}

static inline double answer_ms_per_tok(const struct request_row *r)
{
	return s_of_ns(answer_e2e_ns(r)) * 1e3 / r->output_tok;
}

/** Of one with two or more. */
static inline int64_t answer_tpot_ns(const struct request_row *r)
{
	return (r->finished_ns - r->first_token_ns) / (r->output_tok - 1);
}

#endif
