#ifndef OFFING_MODELS_RECORD_H
#define OFFING_MODELS_RECORD_H

#include <stddef.h>
#include <stdint.h>

/**
 * What a replication tells the outside while it runs and when it ends.
 * models/ owns the shapes, io/ implements the sink.
 */

enum fate { FATE_IN_SYSTEM, FATE_DONE, FATE_REJECTED, FATE_DROPPED, FATES };

/** Not reached, or not known. */
#define TIME_NONE INT64_MIN

/** One request at its end. Indexes are those of the scenario; NO_ID: none. */
struct request_row {
	uint64_t id;
	uint32_t group, model, instance;
	uint32_t prompt_tok, output_tok; /* 0 where only synthetic instances serve */
	uint32_t preemptions;
	enum fate fate;
	int64_t created_ns, assigned_ns, uploaded_ns, started_ns, first_token_ns, finished_ns,
		delivered_ns, deadline_ns;
};

/** The state of the queues at the end of a slot. */
struct queue_sample {
	double t_s;
	size_t n;          /* instances + 1 */
	const uint32_t *q; /* per instance, the scheduler's own queue last; borrowed */
	double L, drift;   /* Eq. 20, and L(t + slot) - L(t) ending here (NaN at the first) */
};

struct sink_state; /* whoever implements a sink defines it: no cast */

/** One per replication, used by one thread. Either function may be NULL. */
struct record_sink {
	struct sink_state *state;
	void (*request)(struct record_sink *s, const struct request_row *row);
	void (*queues)(struct record_sink *s, const struct queue_sample *sample);
};

#endif
