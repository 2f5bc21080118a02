#ifndef OFFING_MODELS_SERVING_PLANNER_H
#define OFFING_MODELS_SERVING_PLANNER_H

#include <stddef.h>
#include <stdint.h>

#include "models/cost/cost.h"
#include "models/cost/offload.h"
#include "models/serving/plan_way.h"

/**
 * How to run one batch (docs/planning.md): N prompts of L tokens, G tokens each to answer. Chosen
 *are the prompts in a prefill pass, the sequences in a pass of the model and in one of the draft,
 *and the tokens drafted a round, so that the whole takes least:
 *
 *	total = prefill + the sum over rounds of P(somebody runs) (draft + verify + wait)
 *
 * with as many sequences in a round as still run (course.h), in full passes and one of those that
 * are left, and with the waits for streamed layers as runs have them. Every combination of powers
 * of two below N and of N itself, and every k, is looked at.
 *
 * A pipeline has micro-batches in place of passes, which follow one another through its stages
 * (plan_stages.c); where drafts are made elsewhere, drafting, verifying and what goes over links
 * overlap as far as the batch is cut into parts (plan_apart.c). Both are followed from begin to
 * end, as runs do it.
 */

enum { PLAN_K_MOST = 8, PLAN_BEST = 6, PLAN_MOST_N = 4096 };

struct plan {
	uint32_t prefill_batch, decode_batch;
	uint32_t draft_batch; /* 0: nobody drafts */
	uint32_t k;
	uint32_t micro_batches; /* of a pipeline, as even as they go; else 0 */
	double prefill_s;
	/* in a round, on average. Of a pipeline the work of its slowest stage is verify_s */
	double draft_s, verify_s, wait_s; /* the last: for streamed layers */
	double link_s;                    /* of what goes together, from one device to the next */
	double link_busy_s;               /* sending, of the link that is busiest */
	double round_s;         /* the sum, but where devices or stages work side by side */
	double rounds, total_s; /* expected rounds; prefill_s + rounds round_s */
	double memory_bytes;    /* with the reserve, or the activations where they take more; of the
				   fullest device */
	double room_bytes;      /* there */
};

/** What stands in the way of a shorter total. */
enum plan_bound {
	PLAN_MEMORY,  /* a candidate that does not fit would take less */
	PLAN_PREFILL, /* longer than all rounds */
	PLAN_PCIE,    /* the round waits for layers */
	PLAN_DRAFT,   /* the larger part of a round; elsewhere the largest */
	PLAN_VERIFY,  /* of a pipeline: its slowest stage, which nearly always works */
	PLAN_LINK,    /* what goes from one device to the next */
	PLAN_BUBBLE,  /* stages that wait for other stages */
	PLAN_BOUNDS
};

extern const char *const plan_bound_names[PLAN_BOUNDS];

struct plan_answer {
	uint32_t n, prompt_tok, output_tok;
	size_t n_best; /* 0: none fits */
	struct plan best[PLAN_BEST];
	enum plan_bound binds;
	size_t n_candidates, n_fit;
	double room_bytes;  /* of the device; of several: of the best plan's fullest */
	double unlimited_s; /* the least total if memory were no limit */
	double fetch_s;     /* of streamed layers, each round */
};

/** Layers on a device of their own. */
struct plan_stage {
	const struct cost *cost;
	struct cost_spec what;
	double room_bytes;
	struct plan_way next; /* to the next stage; of the last: back to the first */
};

/** A device of its own that drafts. */
struct plan_drafter {
	const char *site;
	struct plan_way up, down; /* to who verifies, and back */
	double tok_bytes, verdict_bytes;
	double room_bytes; /* for weights, keys and values */
};

struct planner_spec {
	const char *name; /* in messages */
	/* the model, for at least max_n sequences */
	const struct cost *cost;
	const struct offload *offload; /* NULL: the device has all layers */
	struct cost_spec what;
	const struct cost *draft_cost; /* NULL: none, so that k is 0 */
	struct cost_spec draft;
	const struct plan_drafter *apart; /* NULL: drafts are made on the same device */
	size_t n_stages;                  /* of a pipeline; else 0 */
	const struct plan_stage *stages;  /* cost and what are those of the first */
	double acceptance;                /* of a drafted token */
	bool keeps_rows;                  /* who ends stays in the step until all have */
	double room_bytes;                /* of the device, for all of it; of each of several */
	double host_bytes;    /* for layers that are not there, and the CPU's keys and values */
	double reserve_bytes; /* set aside, for activations too */
	uint32_t max_n;       /* up to PLAN_MOST_N */
	struct src_pos at;
};

struct planner;

/** What @spec points to must stay while the planner lives. */
struct planner *planner_create(const struct planner_spec *spec);
void planner_destroy(struct planner *p); /* takes NULL */

/**
 * The best plans for @n requests of @prompt_tok and @output_tok tokens, all at least 1; kept, so
 * that asking again costs a look. *@out stays until another is asked for. False, with the
 * constraint and the place of the instance, when there is none: @n beyond max_n, more tokens than
 * the context or max_len, no room.
 */
MUST_CHECK bool planner_best(const struct plan_answer **out, struct planner *p, uint32_t n,
	uint32_t prompt_tok, uint32_t output_tok, struct err *err);

#endif
