#ifndef OFFING_PLAN_UNITS_H
#define OFFING_PLAN_UNITS_H

#include "plan/devices.h"
#include "plan/subject.h"

/**
 * What the parts of a model take on each kind of device, with the prices that runs pay: a layer,
 * the head (the embedding is looked up and takes no time), the draft.
 */

/** One pass of one sequence. */
struct pass {
	double layer_s, head_s;
};

struct kind_price {
	const struct profile *profile, *cpu,
		*draft_profile;          /* NULL: there is none that covers it */
	struct err why;                  /* it cannot run there */
	struct pass gpu, host;           /* a token more; of @host only where @cpu is there */
	struct pass verify, host_verify; /* of k drafts and a token */
	double draft_s;                  /* k passes of the draft; HUGE_VAL: it cannot run there */
	double fetch_s;                  /* of one layer */
	double pcie_bytes_per_s;
	double mem_bytes, host_bytes; /* free for weights, keys and values; whole */
};

struct units {
	const struct subject *u;
	unsigned layers;
	double layer_bytes, embedding_bytes, head_bytes; /* weights, whole */
	double draft_bytes, draft_kv_bytes;
	double kv_bytes;     /* of a layer, for the room asked for */
	double hidden_bytes; /* of a row */
	double round_tok;    /* tokens a round of speculation gives; 1 without */
	size_t n_kinds;
	struct kind_price *kinds;
};

/** Fails where a profile says nothing of the model on any device: what the first one lacks. On
 *  false @to needs no units_finish(). */
MUST_CHECK bool units_init(
	struct units *to, const struct subject *u, const struct devices *d, struct err *err);
void units_finish(struct units *to);

#endif
