#ifndef OFFING_MODELS_SERVING_BATCH_PARTS_H
#define OFFING_MODELS_SERVING_BATCH_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/cost/cost.h"
#include "models/serving/batching.h"
#include "models/serving/decoder.h"
#include "models/serving/executor.h"
#include "models/serving/instance_ops.h"
#include "models/serving/kvcache.h"
#include "sim/waitline.h"

/**
 * The inside of an LLM instance, between batch.c and the files it is made of: who is in the next
 * step (batching), what runs it (executor), what a round gives (decoder); the sequences that
 * decode (running), the run of steps in flight (jump), memory (admission, preempt).
 */

enum batch_activity {
	BATCH_IDLE,
	BATCH_BOUNDARY, /* between two steps: what arrives now may join the next */
	BATCH_PREFILL,  /* a step with prompts in it */
	BATCH_DECODE,
};

struct member {
	uint64_t last_step; /* the count of decode steps at which it is done */
	uint64_t order;     /* of joining, for ties; the largest is the youngest */
	uint32_t seq;
};

/** Those that decode, a heap: first to finish first. */
struct running {
	struct member *heap;
	size_t n;
	size_t rows; /* in a step: of a static batch, those that have finished too */
	uint64_t joined;
	double context_tok; /* their sum at the next step */
};

/** The decode steps in flight, as one event. */
struct jump {
	int64_t from_ns;        /* of a step with prompts, too */
	uint64_t k;             /* steps to its end */
	double first_s, more_s; /* its first step; what each takes more than the one before */
	double lead_s;          /* before the first: swapping, a fetch */
	struct event_id end;
	/* step by step: those made, their sum, where the one in flight began */
	uint64_t stepped;
	double stepped_s;
	int64_t step_from_ns;
};

/** A batch that is formed once and runs to its end. */
struct static_batch {
	int64_t wait_ns; /* for others, after the first has come */
	bool waits;      /* for others; @until is posted */
	struct event_id until;
	bool as_one;          /* all leave with the last */
	uint64_t longest_tok; /* answer in it */
};

/** Sequences whose blocks are in the host's memory. */
struct swap {
	double s_per_block;   /* either way */
	uint64_t room_blocks; /* left there */
	double due_s;         /* of copies before the next step */
};

/** Of layers that are fetched: the last step made. */
struct stream {
	bool began; /* there was one */
	int64_t end_ns;
	double tail_s; /* before its end its last streamed layer, and the next fetch, began */
};

/** What was computed before (prefix.h). */
struct prefix {
	struct prefix_tree *tree;        /* NULL: none */
	uint64_t prompt_tok, cached_tok; /* of those that started since instance_measure() */
	uint64_t evicted;                /* blocks, before that */
};

struct batch {
	struct instance *i;
	const struct batching_ops *batching;
	const struct executor_ops *executor;
	const struct decoder_ops *decoder;

	const struct cost *cost;
	struct speculation *speculation; /* NULL: it makes one token a round */
	uint32_t places;                 /* sequences that may have blocks set aside */
	uint32_t max_batch;
	uint32_t chunk_tok;       /* chunked: rows in a step */
	uint64_t prefill_cap_tok; /* new tokens in one prefill step, unless one prompt alone has
				     more */
	uint32_t prefill_limit;   /* prompts in one */
	uint64_t pass_tok;        /* static: of its passes, as prefill_cap_tok; 0: it has but one */
	double block_bytes;       /* on each device */
	double kv_block_bytes;    /* on all, the host's memory included */
	const struct offload *offload; /* NULL: the device has all layers */
	struct stream stream;
	double most_tok; /* of a sequence, prompt and answer: by the cache and by max_len */
	bool step_by_step;
	bool tells;    /* its host of every token */
	bool full;     /* when that was asked last */
	bool overlaps; /* and of prompts while they are computed */
	double n_layers;

	struct kvcache kv;
	uint64_t watermark_blocks;
	struct swap swap;
	struct static_batch together;
	struct prefix prefix;
	struct waitline line;   /* prompts here, oldest first */
	size_t n_preempted;     /* of them, those that were in the batch before */
	size_t n_bare;          /* assigned, never in the batch, and no blocks set aside */
	struct waitline claims; /* of them, those whose KV waits elsewhere for blocks here */
	size_t n_parked;   /* prompts computed here whose KV is still here and goes on elsewhere */
	uint32_t *prefill; /* sequences in the prefill step */
	size_t n_prefill;
	uint64_t prefill_tok; /* their new tokens in it */
	size_t n_begun;       /* those of them that were in no step before */
	bool mixed;           /* those that decode take part */
	struct running running;
	size_t n_away;      /* in the batch, waiting for drafts from elsewhere */
	int64_t stalled_ns; /* in all, that those who decode were held up by prompts of others */
	enum batch_activity activity;
	struct jump jump;
};

static inline struct sequence *batch_sequence(const struct batch *b, uint32_t seq)
{
	return instance_sequence(b->i, seq);
}

static inline int64_t batch_now_ns(const struct batch *b)
{
	return engine_now_ns(b->i->engine);
}

/** Tokens of a sequence that waits, padding included: its next prefill computes them all. */
static inline uint64_t batch_stored_tok(const struct sequence *q)
{
	return (uint64_t)q->pad_tok + q->prompt_tok + q->emitted_tok;
}

/** Is its prompt computed when the step in flight is over? */
static inline bool batch_ends(const struct sequence *q)
{
	return (uint64_t)q->computed_tok + q->chunk_tok == batch_stored_tok(q);
}

/** Seconds of the copies that are due before the coming step, which pays for them. */
static inline double batch_swapping_s(struct batch *b)
{
	double s = b->swap.due_s;

	b->swap.due_s = 0.0;
	return s;
}

/** In the coming step and in the batch. */
static inline size_t batch_size(const struct batch *b)
{
	return b->running.rows + b->n_prefill + b->n_away;
}

#endif
