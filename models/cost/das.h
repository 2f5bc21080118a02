#ifndef OFFING_MODELS_DAS_H
#define OFFING_MODELS_DAS_H

/**
 * Dynamic attention sparsification as the simulator sees it: what share of the
 * causal blocks of a prompt is skipped, and what finding them costs. A prompt
 * of fewer than 128 tokens is dense, and so is decoding.
 */

/** How attention is computed. The three sparse ones differ in what they assume is skipped. */
enum attention {
	ATTENTION_FULL,
	ATTENTION_DAS,            /* published shares: nothing up to 4096 tokens */
	ATTENTION_DAS_OPTIMISTIC, /* half of the ceiling */
	ATTENTION_DAS_CEILING,    /* all that a causal 128 x 64 mask can skip */
	ATTENTIONS,
};
/** The words for them in scenarios; ends with NULL. */
extern const char *const attention_names[ATTENTIONS + 1];

/**
 * Share of causal blocks skipped at @tok tokens, 0 to 1.
 *
 * ATTENTION_DAS: SpargeAttn (arXiv 2502.18137, Table 7) on Llama-3.1-8B: 6.8 % at 8K, 26.4 % at
 * 16K, 35.7 % at 24K, 49.8 % at 48K, 54 % at 128K, linear in log2 of the length between them and
 * down to 0 at 4096 tokens.
 * ATTENTION_DAS_CEILING: blocks of 128 queries x 64 keys; kept are those that touch the diagonal
 * and the first column.
 */
double das_sparsity(enum attention a, double tok);

/**
 * Time to predict the mask over that of dense attention: 3.78 % at 8K falling to 0.52 % at
 * 128K (Table 3 there), a power law between; below 8K as 1 / tok, since pooling is linear in
 * length and attention quadratic. 0 below 128 tokens.
 */
double das_prediction_share(double tok);

/** Least time that the extra launches of the prediction take in one layer: three of 4 us
 *  (assumed). 0 below 128 tokens. */
double das_prediction_floor_s(double tok);

#endif
