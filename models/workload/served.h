#ifndef OFFING_MODELS_SERVED_H
#define OFFING_MODELS_SERVED_H

#include <stddef.h>
#include <stdint.h>

/**
 * What a server did, as its own log has it: io/log reads it, study/fit.h learns a profile from it.
 */

/** Times in nanoseconds since the first arrival of the log. */
struct served_request {
	int64_t arrival_ns, first_ns, end_ns; /* arrival < first <= end */
	uint32_t prompt_tok, output_tok;      /* each at least 1 */
	unsigned line, col;                   /* where the log has it */
};

struct served_log {
	const char *file;
	size_t n;
	const struct served_request *at; /* in order of arrival, equal ones as written */
	uint64_t n_unanswered;           /* rows left out: no answer, or no tokens in it */
};

#endif
