#ifndef OFFING_KERNELS_REF_DAS_H
#define OFFING_KERNELS_REF_DAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels-ref/ref/attn.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Dynamic Attention Sparsification, Section 3.2 of the paper, with the repairs listed in
 * kernels-ref/README.md. The method is SpargeAttn's (arXiv 2502.18137).
 *
 * Stage 1 (Eq. 4, 5): cut Q into blocks of rows and K into blocks of columns, pool
 * each into its mean, and predict from the pooled map which blocks matter:
 *	kbar = mean of all keys of the head; everything below uses K - kbar
 *	sim(X) = |mean of the block's rows, each divided by its norm|^2,
 *		which is the mean cosine over all pairs of rows; a zero row counts as 0
 *	S[i][j] = scale * mean(Q_i) . mean(K_j),  -inf where causality hides all of it
 *		or sim(K_j) <= theta
 *	P = softmax of each row of S
 * A block is computed when (flags of enum das_why)
 *	its row's rule selects it from P (largest first, ties to the lower column),
 *	sim(Q_i) <= theta or sim(K_j) <= theta,
 *	it touches the causal diagonal: else a row could be left without any key, or
 *	the keys are fewer than dense_below_tok.
 * A last, shorter block is pooled over the rows that exist.
 *
 * Stage 2 (Eq. 6): in the online softmax, over a row's blocks from left to right, a
 * group of rows skips its product with V when
 *	max over the group's rows of (m_block - m_running) < lambda.
 */

enum das_rule {
	DAS_TOP_CDF,        /* until the sum reaches tau, the crossing block included */
	DAS_TOP_CDF_BEFORE, /* stop before the sum exceeds tau; at least one: breaks Eq. 15 */
	DAS_TOP_K,          /* ceil(topk_share * candidates) of the row, at least one */
};

enum das_denominator {
	DAS_SUM_KEPT, /* skipped by stage 2: out of numerator and denominator (renormalises) */
	DAS_SUM_ALL,  /* as the paper has it: the row sum is updated before the test */
};

enum das_scores {
	DAS_SCORES_EXACT, /* products of the float inputs */
	DAS_SCORES_INT8,  /* Q and K - kbar in int8, one scale a block, integer sums */
};

/** Why a block is computed; 0 when it is not. Any non-zero byte means: compute it. */
enum das_why {
	DAS_SKIP = 0,
	DAS_BY_MAP = 1,
	DAS_BY_SIM_Q = 2,
	DAS_BY_SIM_K = 4,
	DAS_BY_DIAGONAL = 8,
	DAS_BY_LENGTH = 16, /* too short for DAS: dense */
};

struct das_params {
	size_t q_block_tok;     /* 128 */
	size_t k_block_tok;     /* 64 */
	size_t group_tok;       /* 32: rows of one stage-2 decision; divides q_block_tok */
	size_t dense_below_tok; /* 128: with fewer keys, plain dense attention */
	double theta;           /* 0.6; sim lies in 0..1: 1 fixes all blocks, < 0 none */
	double tau;             /* 0.98; >= 1 keeps all blocks */
	double topk_share;      /* 0.5; for DAS_TOP_K */
	double lambda_nats;     /* -34.7; < 0; -HUGE_VAL switches stage 2 off */
	enum das_rule rule;
	enum das_denominator denominator;
	enum das_scores scores;
};

/** The released defaults of SpargeAttn (theta 0.6, tau 0.98, pv 50 = -50 ln 2 nats), with
 *  our top-cdf, exact scores and the renormalising denominator. */
struct das_params das_params_default(void);

/** M_g of all heads, with the figures it came from. Owned by whoever created it. */
struct das_mask {
	size_t n_heads, n_rows, n_cols; /* in blocks: ceil(tokens / block) */
	size_t q_block_tok, k_block_tok;
	uint8_t *why;  /* [n_heads][n_rows][n_cols] of enum das_why */
	double *map;   /* [n_heads][n_rows][n_cols] compressed map P */
	double *sim_q; /* [n_heads][n_rows] */
	double *sim_k; /* [n_heads][n_cols], of the head's K */
};

/** Room for the mask of shape @s under @p, all DAS_SKIP. Free with das_mask_destroy(). */
struct das_mask *das_mask_create(const struct attn_shape *s, const struct das_params *p);
void das_mask_destroy(struct das_mask *m);

/** Stage 1 for all heads. O((n_q + n_k) dim) plus O(rows cols (dim + log cols)) a head. */
void das_predict(struct das_mask *m, const struct attn_shape *s, const struct das_params *p,
	const float *q, const float *k);

/** Does block (@row, @col) hold a pair that causality allows? */
bool das_visible(const struct attn_shape *s, const struct das_mask *m, size_t row, size_t col);

/** Visible blocks not computed, as a share of the visible blocks of @head. */
double das_block_sparsity(const struct attn_shape *s, const struct das_mask *m, size_t head);

/** Mass of the compressed map on computed blocks of a row; 1 where the map is empty (all fixed). */
double das_kept_mass(const struct das_mask *m, size_t head, size_t row);

/**
 * Attention under the mask @m (made for the same shape and parameters).
 * @pv may be NULL, else uint8_t [n_heads][ceil(n_q_tok / group_tok)][n_cols]: 1 where the
 * group's product with V was done. @count may be NULL, else it is added to; Q and K count 1
 * byte an element under DAS_SCORES_INT8, all else 4. A row whose kept blocks hold no key it
 * may see (only possible in a mask das_predict() did not make) is 0.
 */
void das_attn(float *out, uint8_t *pv, const struct attn_shape *s, const struct das_params *p,
	const struct das_mask *m, const float *q, const float *k, const float *v,
	struct attn_count *count);

/**
 * das-decode: one query row per head (n_q_tok 1) over a KV cache. The method covers no such
 * case; this selects blocks of k_block_tok keys as Quest and top-k page selection do, by
 *	P = softmax over blocks of scale * q . mean(K_j)
 * with the same rules; the last block is always read, and below dense_below_tok all are. Only
 * the *reading* of K and V is saved, so the figure of merit is bytes.
 */

/** Mean key of each block: @pooled [n_kv_heads][ceil(n_k_tok / block)][dim]. */
void das_pool_keys(float *pooled, const struct attn_shape *s, size_t k_block_tok, const float *k);

/** Selection: @keep [n_heads][ceil(n_k_tok / block)] of enum das_why. */
void das_decode_select(uint8_t *keep, const struct attn_shape *s, const struct das_params *p,
	const float *q, const float *pooled);

/** Attention of the one row over the blocks of @keep. Bytes: pooled keys + the K, V read. */
void das_decode_attn(float *out, const struct attn_shape *s, const struct das_params *p,
	const uint8_t *keep, const float *q, const float *k, const float *v,
	struct attn_count *count);

#ifdef __cplusplus
}
#endif
#endif
