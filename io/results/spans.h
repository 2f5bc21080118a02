#ifndef OFFING_IO_RESULTS_SPANS_H
#define OFFING_IO_RESULTS_SPANS_H

#include "io/results/results.h"

/** A request at an instance, of a run with record.requests. Where its phases were apart it is at
 *  two, one after the other. Seconds of simulated time; NaN: not reached. */
struct results_span {
	const char *instance; /* borrowed from the results */
	uint64_t id;
	double arrived_s, started_s; /* at the instance: there, and out of its line */
	double first_token_s;        /* where it computes no prompt, when it begins to decode */
	double left_s;
	bool tokens; /* of a model; else it is in service */
};

/** The first @most of each instance in replication @number of @run, in order of the instance's name
 *  and of their arrival: *@n in *@out, to be freed by the caller. ERR_INPUT where there is none. */
MUST_CHECK bool results_spans(size_t *n, struct results_span **out, struct results *r, size_t run,
	uint32_t number, size_t most, struct err *err);

#endif
