#ifndef OFFING_MODELS_SERVING_ACCEPTANCE_H
#define OFFING_MODELS_SERVING_ACCEPTANCE_H

#include <stdbool.h>
#include <stddef.h>

/**
 * Laws of rounds of speculation. A draft of k tokens is verified; each is accepted with probability
 * alpha, independently, up to the first that is not, and the target adds one of its own
 * (Leviathan et al., "Fast inference from transformers via speculative decoding", ICML 2023): a
 * round gives min(L, k) + 1 tokens, P(L >= j) = alpha^j.
 *
 * @alpha from 0 to 1 throughout.
 */

/** Mean tokens a round: (1 - alpha^(k + 1)) / (1 - alpha), k + 1 where alpha is 1. */
double acceptance_mean_tok(double alpha, unsigned k);

/** P(a sequence needs at most r rounds for @tok tokens) into @out[r], r from 0 to @tok, which
 *  always suffice: exact, by convolution. O(tok^2 k). */
void acceptance_rounds(double *out, double alpha, unsigned k, size_t tok);

/** What one sequence goes through that wants @tok tokens: P(it has not got them after r rounds)
 * into
 * @more[r], and the tokens that it has on average if so into @won[r]; room for @tok each. Returns
 * the rounds after which it has them, but for a probability of 1e-20. As acceptance_rounds() has it
 * up to 512 tokens, about O(tok sqrt(tok)) whatever k; beyond, by the normal law with skewness,
 * O(tok), with the rounds of the slowest of 64 to 0.2 %. */
size_t acceptance_course(double *more, double *won, double alpha, unsigned k, size_t tok);

/** Expected rounds until the slowest of @n such sequences has its tokens; 0 of none. */
double acceptance_slowest_rounds(double alpha, unsigned k, size_t tok, size_t n);

/** Assumed where a scenario gives no acceptance: by data set, and by the size of the draft, of
 * which
 *  @draft_params is the number of weights. False: nothing is assumed of @dataset. */
bool acceptance_assumed(double *out, const char *dataset, double draft_params);

#endif
