#ifndef OFFING_MODELS_MIXED_H
#define OFFING_MODELS_MIXED_H

#include "base/err.h"
#include "models/cost/grid.h"
#include "models/cost/profile.h"

/**
 * Measured steps of decodes and prompts together: what n sequences that decode add to a prefill of
 * as many rows. Of each measured row that is
 *
 *	added = step - linear(all rows) - attention(the chunk, its context),
 *
 * the mean of those that differ in the chunk's context alone. Between them it is linear in
 * the context of those that decode, and in the logarithms of all rows and of n; flat outside of
 * the measured rows and n, prolonged in context, never falling with it and never below 0.
 */
struct mixed;

/** From the rows of @p, whose grid @g is; the caller owns *@out, NULL where @p has none. Fails at
 * @at where rows have one context only, of which nothing can be told of another. */
MUST_CHECK bool mixed_create(struct mixed **out, const struct profile *p, const struct grid *g,
	struct src_pos at, struct err *err);
void mixed_destroy(struct mixed *m);

/** @n sequences with @context_tok tokens between them, in a step of @rows rows, theirs included. */
double mixed_added_s(const struct mixed *m, double n, double context_tok, double rows);

#endif
