#ifndef OFFING_PLAN_LEAST_PARTS_H
#define OFFING_PLAN_LEAST_PARTS_H

#include <stdbool.h>

#include "models/cost/cost.h"
#include "models/cost/offload.h"
#include "plan/least.h"

/** The inside of plan/least*.c. */

/** What makes the steps of an instance, or of one of its stages. */
struct maker {
	const struct cost *gpu, *draft; /* draft NULL: none on the same device */
	const struct offload *offload;  /* NULL: all layers are there */
	uint32_t max_batch;
	uint32_t chunk_tok;  /* 0: prompts are not cut */
	uint32_t most_rows;  /* drafted tokens and one, of a sequence in a round; 1: no drafts */
	double acceptance;   /* of a drafted token */
	double room_tok;     /* of keys and values */
	double shared_tok;   /* of a sequence, in blocks that count once */
	uint32_t padded_tok; /* a prompt may be computed as if it were as long; 0: as it is */
};

/** A row of a decode step with c tokens of context is charged base_s + per_tok_s c. */
struct charge {
	double base_s, per_tok_s;
};

/** What a row is charged by pace: a convex line that falls, from corner to corner. */
struct pace {
	size_t n;
	double *step_s, *charge_s; /* of steps of so many seconds or more */
};

/** The steps of one maker, charged. */
struct charges {
	struct charge decode;       /* of work, by context */
	struct pace pace;           /* the same by pace; n 0: not known */
	struct charge decode_alone; /* of own time */
	/* by tokens of a prompt, from 1: of work, a token; of own time; and what attention takes */
	uint32_t n_prompt;
	double *prompt_s_tok, *prompt_alone_s, *attention_s;
};

void charges_make(struct charges *c, const struct maker *m, const struct least_mix *mix);
void charges_finish(struct charges *c);

/** From the shortest steps of 1, 2, ... sequences, @least_s[1..@n]. */
void pace_make(struct pace *p, const double *least_s, size_t n);
void pace_finish(struct pace *p);

/** Contexts of @n sequences between them, at most: @from, where they are that at least. */
double maker_room_tok(const struct maker *m, size_t n, double from);
/** Are @n of them ever there at once? */
bool maker_holds(const struct maker *m, size_t n, const struct least_mix *mix);
/** Of a row in steps of @step_s on average, at most. */
double pace_charge_s(const struct pace *p, double step_s);

/** The shortest decode step of @n, whatever their contexts. */
double maker_shortest_s(const struct maker *m, size_t n, const struct least_mix *mix);

/** A decode step, or without @offload what the GPU does of it: at least. @waits: that the fetches
 * of streamed layers take their time, else that they are hidden; both are bounds, affine between
 * bends. */
double maker_decode_s(const struct maker *m, size_t n, double context_tok, bool waits);

/** A step with the prompts of @tok tokens and nothing else, @n_ended of which end; without their
 *  attention. */
double maker_prompts_s(const struct maker *m, uint64_t tok, size_t n_ended);
double maker_attention_s(const struct maker *m, uint32_t tok);

/** Contexts at which a decode step of @n bends, within [@from, @to], both included: ascending,
 * *@out is the caller's. */
size_t maker_bends(const struct maker *m, size_t n, double from, double to, double **out);

/** Charges of rounds of drafts, of which each token kept is charged base_s. */
void charges_rounds(struct charges *c, const struct maker *m, const struct least_mix *mix);
/** Where prompts come in chunks, beside those who decode. */
void charges_chunks(struct charges *c, const struct maker *m, const struct least_mix *mix);
void charges_drafted_chunks(struct charges *c, const struct maker *m, const struct least_mix *mix);

#endif
