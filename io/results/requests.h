#ifndef OFFING_IO_RESULTS_REQUESTS_H
#define OFFING_IO_RESULTS_REQUESTS_H

#include "io/results/results.h"

/** Requests of a run, one at a time, as the table `request` has them (docs/results.md). */

#define RESULTS_TIME_NONE INT64_MIN

/** Texts are borrowed until the next one; "" for what is NULL. Times in nanoseconds. */
struct results_request {
	uint32_t replication;
	uint64_t id;
	const char *group, *home, *model, *instance, *fate;
	uint32_t prompt_tok, output_tok, preemptions, cached_tok;
	/* RESULTS_TIME_NONE: not reached, or none */
	int64_t created_ns, assigned_ns, uploaded_ns, started_ns, first_token_ns, heard_ns,
		finished_ns, delivered_ns, deadline_ns;
	bool measured;
	bool content; /* the next three are known */
	uint64_t prefix, own;
	uint32_t prefix_tok;
};

struct results_requests;

/** Those of replication @replication of @run in order of creation, or, with 0, of all of them in
 *  their order. ERR_INPUT where none were kept. Close it before @r. On false *@out is NULL. */
MUST_CHECK bool results_requests_open(struct results_requests **out, struct results *r, size_t run,
	uint32_t replication, struct err *err);
/** 1: *@q is the next one; 0: the end; -1: see @err. */
int results_requests_next(struct results_requests *all, struct results_request *q, struct err *err);
void results_requests_close(struct results_requests *all); /* NULL is taken */

/** A replication of a run. */
struct results_replication {
	uint32_t number;
	double warmup_s, horizon_s; /* NaN: it did not end */
	enum run_status status;
};

/** All of @run, in order; borrowed. */
MUST_CHECK bool results_replications(size_t *n, const struct results_replication **out,
	struct results *r, size_t run, struct err *err);

/** The text of the resolved scenario of @run; borrowed. */
MUST_CHECK bool results_scenario(const char **out, struct results *r, size_t run, struct err *err);

#endif
