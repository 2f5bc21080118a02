#ifndef OFFING_KERNELS_REF_ATTN_H
#define OFFING_KERNELS_REF_ATTN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Attention as it is defined: O = softmax(Q K' * scale) V per head, by the online
 * softmax (Milakov and Gimelshein 2018) over tiles of keys, sums in double. This is
 * the truth that every fast kernel is compared with.
 *
 * Layout, everywhere in this folder: row-major, head first.
 *	q, out   [n_heads][n_q_tok][dim]
 *	k, v     [n_kv_heads][n_k_tok][dim]
 * Query head h reads K and V of head h / (n_heads / n_kv_heads).
 */

struct attn_shape {
	size_t n_heads;    /* query heads, >= 1 */
	size_t n_kv_heads; /* divides n_heads */
	size_t n_q_tok;    /* >= 1 */
	size_t n_k_tok;    /* >= 1; causal: >= n_q_tok */
	size_t dim;        /* of a head, >= 1 */
	bool causal;       /* query i sees keys 0 .. i + n_k_tok - n_q_tok */
	double scale;      /* of the scores; 0 stands for 1/sqrt(dim) */
};

/**
 * What was computed, counted exactly. A pair is one (query, key) the mask of
 * causality allows; a block is a tile of the score matrix with at least one pair.
 */
struct attn_count {
	uint64_t blocks;    /* what dense attention computes */
	uint64_t blocks_qk; /* of them, those whose scores were computed */
	uint64_t groups;    /* row groups, with a pair, of the blocks_qk */
	uint64_t groups_pv; /* of them, those multiplied with V */
	uint64_t pairs;     /* visible pairs, all, ... */
	uint64_t pairs_qk;  /* ... with a score, ... */
	uint64_t pairs_pv;  /* ... multiplied with V */
	uint64_t flop; /* 2 dim (pairs_qk + pairs_pv): a tile on the diagonal counts by its pairs */
	uint64_t bytes; /* Q and O once; K, V tiles once per row of blocks that uses them */
};

/** Number of keys that query row @i may see. */
size_t attn_visible(const struct attn_shape *s, size_t i);

/** s->scale, or 1/sqrt(dim) where that is 0. */
double attn_scale(const struct attn_shape *s);

/** Share of the dense work (Q K' and P V alike) that was not done: 0 is dense. */
double attn_sparsity(const struct attn_count *c);

/** *@to += *@c, field by field. */
void attn_count_add(struct attn_count *to, const struct attn_count *c);

/** Dense attention, in key tiles of 64. @count may be NULL, else it is added to
 *  (4 bytes an element, blocks of 128 x 64). O(n_q n_k dim) per head. */
void attn_dense(float *out, const struct attn_shape *s, const float *q, const float *k,
	const float *v, struct attn_count *count);

/** The probabilities of one query row of one head: @p[n_k_tok], zero where causality
 *  hides the key, summing to 1. For error measurements, not for speed. */
void attn_row_probs(double *p, const struct attn_shape *s, const float *q, const float *k,
	size_t head, size_t row);

#ifdef __cplusplus
}
#endif
#endif
