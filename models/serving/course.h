#ifndef OFFING_MODELS_SERVING_COURSE_H
#define OFFING_MODELS_SERVING_COURSE_H

#include <stddef.h>
#include <stdint.h>

#include "models/cost/cost.h"
#include "models/cost/offload.h"

/**
 * The course of a batch: N sequences that are alike begin to answer together, win their tokens in
 * rounds (acceptance.h), and leave one by one as they have them. In round r, from 0, with s the
 * probability that a sequence is not done by then,
 *
 *	any = 1 - (1 - s)^N           that somebody runs
 *	n   = N s / any               how many do, if so
 *	c   = context at the begin + the tokens that such a sequence has won
 *
 * and the round is charged with what n sequences take behind c tokens each. The times of passes
 * are known for some numbers of sequences and linear between them, which is how they nearly are.
 */

struct course {
	size_t n;         /* rounds after which nobody is left */
	double *log_done; /* [r]: the logarithm of P(a sequence is done after r rounds) */
	double *won;      /* [r]: tokens of one that is not, on average */
};

/** Of sequences that want @tok tokens; O(tok sqrt(tok)). */
void course_init(struct course *c, double acceptance, unsigned k, size_t tok);
void course_finish(struct course *c);

struct moment {
	double any, n, won;
};
struct moment course_moment(const struct course *c, size_t r, uint32_t n);

/** The same where who has ended stays in the batch, as long as he is, until all have: @n rows. */
struct moment course_static_moment(const struct course *c, size_t r, uint32_t n, double want_tok);

/** Passes of so many sequences, each behind so much context. */
enum { PASSES_MOST = 13 };

struct passes {
	size_t n_sizes;
	uint32_t size[PASSES_MOST]; /* powers of two, and the largest of all */
	double from_tok, to_tok;    /* context of each */
	struct offload_step from[PASSES_MOST], to[PASSES_MOST];
};

/** What passes are of. */
struct pass_model {
	const struct cost *cost;
	const struct offload *offload; /* NULL: the device has all layers */
};

/** Sizes up to @n; contexts from @from_tok to @to_tok, not the same. A pass verifies @k tokens of
 * each, 0: it decodes. */
void passes_init(struct passes *p, const struct pass_model *m, uint32_t n, uint32_t k,
	double from_tok, double to_tok);

/** @n sequences behind @tok each, in passes of @size and one of those that are left. */
struct offload_step passes_of(const struct passes *p, double n, uint32_t size, double tok);

/** @n prompts of @tok in passes of @size, each with its fetches. */
double passes_prefill_s(const struct pass_model *m, uint32_t n, uint32_t size, uint32_t tok);

#endif
