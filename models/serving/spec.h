#ifndef OFFING_MODELS_SERVING_SPEC_H
#define OFFING_MODELS_SERVING_SPEC_H

#include <stdbool.h>

#include "base/err.h"
#include "models/cost/das.h"
#include "models/ids.h"
#include "sim/dist.h"

/**
 * Instances as a scenario says them: plain data that io/ fills in from a file and tests write as
 * literals. SI units throughout; every part keeps the place it was written at, so that any
 * complaint can point there. Strings and arrays are borrowed from whoever filled it in.
 */

struct profile; /* models/cost/profile.h */

enum batching { BATCHING_CONTINUOUS, BATCHING_CHUNKED };
enum discipline { DISCIPLINE_FIFO, DISCIPLINE_PS };

struct instance_spec {
	const char *name;
	struct site_id site;
	bool synthetic;

	/* LLM */
	struct model_id model;
	const struct profile *profile;
	const char *runtime;
	enum batching batching;
	enum attention attention; /* of prompts; decoding is dense */
	unsigned max_batch;
	unsigned chunk_tok;   /* chunked: rows in a step, at least max_batch */
	unsigned block_tok;   /* tokens in one KV block */
	double reserve_bytes; /* kept free of weights and KV */
	struct src_pos max_batch_at, reserve_at, chunk_at;

	/* synthetic: @model is NO_ID when it serves every group */
	unsigned slots;
	unsigned capacity; /* most in system, 0: no limit; the overflow is dropped */
	enum discipline discipline;
	struct dist_spec service;

	unsigned ahead; /* assigned beyond the batch (or the slots) while still called free */
	struct src_pos at;
};

#endif
