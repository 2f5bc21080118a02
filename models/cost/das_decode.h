#ifndef OFFING_MODELS_DAS_DECODE_H
#define OFFING_MODELS_DAS_DECODE_H

#include "models/cost/cost.h"

/**
 * Decoding that reads only some of the keys and values: of each block of 64 keys one pooled key is
 * kept, the query is held against all of those, and of the blocks the best are read, as Quest
 * does (arXiv 2406.10774). Nothing of DAS covers decoding; all of this is assumed. A sequence
 * reads all of its first 1024 tokens and the share @keep of what it has beyond, and a pooled key
 * of half a token for each 64. Selecting takes two launches of 4 us a layer.
 */

/** Tokens that @batch sequences with @context_tok together read. */
double das_decode_tok(double keep, double batch, double context_tok);

/** Seconds of the selection in one layer. */
double das_decode_select_s(void);

/** The decode steps of @batch as @dense[0..n) has them, with @select_s more and only so much read,
 *  to @out: at most 2 n cells; returns how many. Cells part at whole tokens, so that they may
 *  miss each other there by what a token takes. */
size_t das_decode_cells(struct cost_affine *out, const struct cost_affine *dense, size_t n,
	double keep, double batch, double select_s);

#endif
