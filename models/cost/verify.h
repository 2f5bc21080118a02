#ifndef OFFING_MODELS_COST_VERIFY_H
#define OFFING_MODELS_COST_VERIFY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "models/cost/cost.h"
#include "models/cost/profile.h"

/** What verifying drafts costs beside other work: parts of cost_step_s(). */

/** Attention of one layer over the verification in @w, without its t0: 4 H d FLOP for every key
 *  that a row looks at, keys and values of the context moved once a sequence. */
double verify_attention_s(const struct profile_op *o, const struct gpu_spec *g,
	const struct llm_shape *s, const struct cost_work *w);

/** The rows of a measured grid: times at (sequences, rows each) over contexts. */
struct verify_grid;

/** Index the rows of @p, which must outlive it; *@out is NULL when it has none. Fails at @at for
 *  rows that fall with context. */
MUST_CHECK bool verify_grid_create(
	struct verify_grid **out, const struct profile *p, struct src_pos at, struct err *err);
void verify_grid_destroy(struct verify_grid *v); /* takes NULL */

/**
 * The step of @n sequences with @rows_each rows each and @context_tok tokens between them: linear
 * in context, the outer pieces prolonged, and in the logarithms of sequences and of rows between
 * the four measured corners. False, when some corner was not measured, or @v is NULL.
 */
bool verify_grid_s(
	const struct verify_grid *v, size_t n, double rows_each, double context_tok, double *out);

#endif
