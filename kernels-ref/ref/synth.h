#ifndef OFFING_KERNELS_REF_SYNTH_H
#define OFFING_KERNELS_REF_SYNTH_H

#include <stddef.h>
#include <stdint.h>

#include "kernels-ref/ref/attn.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * SYNTHETIC Q, K, V with a stated structure: local + sink + recall + noise. Nothing
 * here was fitted to a language model; sparsity measured on it says how a mask rule
 * behaves on this structure, and nothing about Llama2.
 *
 * Per head, u_i is a stationary random path of unit mean square length whose correlation
 * falls as e^(-|i-j|/local_tok), b a fixed random vector, e the last basis vector, to which all
 * others are orthogonal, r(i) <= i a place that query i recalls, moving along with i inside a
 * stretch of recall_tok queries:
 *	k_i = u_i + [i < sink_tok] e + key_bias b + noise g_i
 *	q_i = sqrt(dim) (local_nats u_i + recall_nats u_r(i) + sink_nats e + noise g'_i)
 *	v_i = g''_i
 * (g, b: normal, unit mean square length; v: unit variance an element). So with scale
 * 1/sqrt(dim) the score of (i, j) is, about, in nats
 *	local_nats e^(-|i-j|/local_tok) + recall_nats e^(-|r(i)-j|/local_tok)
 *		+ sink_nats [j < sink_tok] + (a constant of the row) + noise
 * local_nats and recall_nats of a head are the values below times a factor drawn uniformly
 * from 1 - spread .. 1 + spread. dim > 1.
 */
struct synth_params {
	double local_tok;   /* 256: correlation length, > 0 */
	double local_nats;  /* 10 */
	size_t sink_tok;    /* 4 */
	double sink_nats;   /* 7 */
	size_t recall_tok;  /* 256: stretch of queries that recall one passage, >= 1 */
	double recall_nats; /* 8 */
	double noise;       /* 0.3 */
	double key_bias;    /* 4: length of the offset all keys share */
	double spread;      /* 0.3: of heads; 0..1 */
};

struct synth_params synth_params_default(void);

/** Fill q, k, v of shape @s; query row i stands at token i + n_k_tok - n_q_tok. Query heads that
 *  share a kv head share its path u and differ in factor, recalled places and noise. */
void synth_qkv(float *q, float *k, float *v, const struct attn_shape *s,
	const struct synth_params *p, uint64_t seed);

/** Plain independent normals, variance 1 an element: no structure at all. */
void synth_normal(float *q, float *k, float *v, const struct attn_shape *s, uint64_t seed);

#ifdef __cplusplus
}
#endif
#endif
