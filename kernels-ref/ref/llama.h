#ifndef OFFING_KERNELS_REF_LLAMA_H
#define OFFING_KERNELS_REF_LLAMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels-ref/ref/das.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Llama2 with int8 linear layers: weights int8 with one scale per output channel,
 * embedding, head and norms in half precision, KV cache in half precision, activations
 * float, sums double. Truth for the GPU kernels, and counter of FLOPs and bytes.
 *
 * A layer, on x [n][hidden]:
 *	x += Wo attention(rope(Wqkv rmsnorm(x)))
 *	x += Wdown (silu(gate) * up),  [gate; up] = Wgu rmsnorm(x)
 */

struct llama_shape {
	const char *name;
	size_t hidden, ffn, n_layers, n_heads, n_kv_heads, dim, vocab;
	double rope_base; /* 1e4 */
	double norm_eps;  /* 1e-5 */
};

extern const struct llama_shape llama_7b;  /* 4096, 11008, 32 layers, 32 x 128, 32000 */
extern const struct llama_shape llama_13b; /* 5120, 13824, 40 layers, 40 x 128, 32000 */
/* 768, 3072, 2 layers, 6 x 128, 32000: a draft. Released with 12 x 64: as many weights, keys and
 * values. */
extern const struct llama_shape llama_68m;
extern const struct llama_shape llama_small; /* 64, 176, 2 layers, 4 x 16 (2 kv), 96: for tests */

/** y = diag(scale) w x: @rows outputs, @cols inputs, row-major. */
struct q8_matrix {
	size_t rows, cols;
	int8_t *w;    /* [rows][cols] */
	float *scale; /* [rows] */
};

struct llama_layer {
	struct q8_matrix qkv; /* rows: queries n_heads dim, then keys, then values n_kv_heads dim */
	struct q8_matrix o;   /* [hidden][n_heads dim] */
	struct q8_matrix gu;  /* [2 ffn][hidden]: gate rows, then up rows */
	struct q8_matrix down; /* [hidden][ffn] */
	uint16_t *norm_attn;   /* [hidden] half */
	uint16_t *norm_ffn;    /* [hidden] half */
};

struct llama_model {
	struct llama_shape shape;
	struct llama_layer *layers; /* [n_layers] */
	uint16_t *embed;            /* [vocab][hidden] half */
	uint16_t *head;             /* [vocab][hidden] half */
	uint16_t *norm_out;         /* [hidden] half */
	size_t n_own;               /* layers with weights of their own; layer i uses i % n_own */
};

/** KV cache of one sequence, keys after RoPE: [n_layers][n_kv_heads][cap_tok][dim], half. */
struct llama_kv {
	size_t n_tok, cap_tok;
	uint16_t *k, *v;
};

enum llama_path {
	LLAMA_W8A16, /* weights to real numbers, activations as they are: decode */
	LLAMA_W8A8,  /* activations to int8, one scale a token, integer sums: prefill */
};

/** How linear layers are computed: q8_gemv() and q8_gemm(), or what stands in for them. */
struct llama_linear {
	void (*gemv)(float *y, const struct q8_matrix *w, const float *x);
	void (*gemm)(float *y, const struct q8_matrix *w, const float *x, size_t n);
};

/** How to run a step. */
struct llama_run {
	enum llama_path path;
	const struct das_params *das; /* NULL: dense attention. Else prefill by das_attn(), and */
	bool das_decode;              /* single tokens by das-decode, if this is set too */
	const struct llama_linear *linear; /* NULL: q8_gemv(), q8_gemm() */
};

/** Work of a step; closed form by llama_cost(), counted by llama_step(). */
struct llama_count {
	uint64_t flop_linear;    /* 2 n W over the int8 matrices */
	uint64_t flop_attn;      /* 4 dim heads per visible pair and layer; of what was computed */
	uint64_t flop_head;      /* 2 hidden vocab: the last token only */
	uint64_t bytes_weight;   /* int8 matrices, their scales, half norms and head, read once */
	uint64_t bytes_kv_read;  /* half, each cached key and value once a step and kv head */
	uint64_t bytes_kv_write; /* half, the new tokens */
};

/* --- the operations, each on plain arrays --------------------------------------------- */

/** W8A16: y[rows] = diag(scale) w x. */
void q8_gemv(float *y, const struct q8_matrix *w, const float *x);

/** W8A8: y[n][rows] from x[n][cols], x in int8 by token (q8_quantise), int32 sums. */
void q8_gemm(float *y, const struct q8_matrix *w, const float *x, size_t n);

/** y = x / sqrt(mean(x^2) + eps) * gain (half); y may be x. */
void rmsnorm(float *y, const float *x, const uint16_t *gain, size_t n, double eps);

/** Rotate pairs (2i, 2i+1) of one head's vector by pos * base^(-2i/dim), as in Llama's release. */
void rope(float *x, size_t dim, size_t pos, double base);

/** y = silu(gate) * up, silu(g) = g / (1 + e^-g); y may be gate. */
void swiglu(float *y, const float *gate, const float *up, size_t n);

/* --- the model -------------------------------------------------------------------------- */

/**
 * Random weights, the same for any maker: element i of the matrix with stream s is
 *	int8  (rand_bits(s, i) % 255) - 127,   scale of row r: c (0.5 + rand_uniform(s + 1, r)),
 * c = 1 / (73.6 sqrt(cols)), which keeps unit variance about unit (73.6 = rms of -127..127);
 * half tensors: rand_normal(s, i) * 0.02 (embedding, head), 1 + 0.1 rand_normal (norms).
 * Streams: seed * 1000 + 20 layer + {0 qkv, 2 o, 4 gu, 6 down, 8 norm_attn, 9 norm_ffn},
 * layer = n_layers for {0 embed, 1 head, 2 norm_out}.
 * @n_own < n_layers shares the first n_own layers' weights round-robin (a 7B-shaped step
 * then fits a small machine); n_layers for none shared. Free with llama_destroy().
 */
struct llama_model *llama_create_random(
	const struct llama_shape *shape, uint64_t seed, size_t n_own);
void llama_destroy(struct llama_model *m);

struct llama_kv *llama_kv_create(const struct llama_shape *shape, size_t cap_tok);
void llama_kv_destroy(struct llama_kv *kv);

/** One layer in place on x [n][hidden], whose first token sits at position @kv->n_tok. Writes
 *  the cache but leaves kv->n_tok to the caller. @count may be NULL, else added to. */
void llama_layer_forward(float *x, size_t n, const struct llama_shape *shape,
	const struct llama_layer *layer, size_t layer_index, struct llama_kv *kv,
	const struct llama_run *run, struct llama_count *count);

/** @n tokens (< vocab) after those cached: prefill, or decode with n = 1. @logits [vocab] of
 *  the last. Advances the cache; kv->n_tok + n <= cap_tok. @count may be NULL, else added to. */
void llama_step(float *logits, const struct llama_model *m, struct llama_kv *kv,
	const uint32_t *tokens, size_t n, const struct llama_run *run, struct llama_count *count);

/** Closed form (kernels report, section 4) of a dense step of @n tokens after @context. */
struct llama_count llama_cost(const struct llama_shape *s, size_t n, size_t context);

/** Weights in int8 with half embedding, head and norms, scales left out. */
uint64_t llama_weight_bytes(const struct llama_shape *s);
uint64_t llama_param_count(const struct llama_shape *s);
uint64_t llama_kv_bytes_per_tok(const struct llama_shape *s);

#ifdef __cplusplus
}
#endif
#endif
