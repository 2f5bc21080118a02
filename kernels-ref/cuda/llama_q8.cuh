#ifndef OFFING_KERNELS_REF_LLAMA_Q8_CUH
#define OFFING_KERNELS_REF_LLAMA_Q8_CUH

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <vector>

#include "kernels-ref/cuda/cuda_common.cuh"
#include "kernels-ref/ref/llama.h"

/**
 * An int8 Llama2 on a GPU; ref/llama.h is its truth and names its shapes. Head dim 128, as
 * many KV heads as heads, hidden and ffn multiples of 64, vocab of 8.
 *
 * A matrix is kept twice: @packed for decode (W8A16) in the order in which the tensor cores'
 * fragments want it, bytes w + 128; @natural for prefill (W8A8, cuBLASLt), row-major. Either
 * may be absent. In @packed, gate and up rows alternate.
 */
struct gpu_matrix {
	/* [cols / 64][rows / 8][32 lanes][16]: lane 4g+t holds row g, columns 16t to 16t + 15. What
	 * a warp multiplies next, some tiles of 8 rows by 64 columns, lies in one piece. */
	uint8_t *packed;
	int8_t *natural; /* [rows][cols] */
	float *scale;    /* [rows], in the reference's row order */
	size_t rows, cols;
};

struct gpu_layer {
	gpu_matrix qkv, o, gu, down;
	half *norm_attn, *norm_ffn;
};

struct gpu_llama {
	llama_shape shape;
	gpu_layer *layers, *layers_on_device; /* the same, in either memory */
	half *embed;                          /* [vocab][hidden] */
	half *head;     /* packed as above, but for two pieces: [2][32 lanes][8] */
	half *norm_out; /* [hidden] */
	float2 *rope;   /* [max_tok][64] cos, sin */
	size_t max_tok;
};

enum gpu_weights {
	GPU_PACKED = 1,
	GPU_NATURAL = 2,
};

/** A matrix of its own, as llama_create_random() makes them from @stream. */
gpu_matrix gpu_matrix_random(size_t rows, size_t cols, uint64_t stream, bool pairs, int keep);
void gpu_matrix_destroy(gpu_matrix *m);

/** @keep: which of enum gpu_weights to make. Same weights as llama_create_random(). */
void gpu_llama_create(
	gpu_llama *m, const llama_shape *shape, uint64_t seed, int keep, size_t max_tok);
/** The same from the host's model: bit for bit. */
void gpu_llama_upload(gpu_llama *m, const llama_model *host, int keep, size_t max_tok);
void gpu_llama_drop(gpu_llama *m, int which);
void gpu_llama_destroy(gpu_llama *m);

#define STEP_MAX_ROWS 64
#define STEP_MAX_SPLITS 64
#define STEP_FEW_ROWS 8
#define STEP_MAX_SLOTS (2 * STEP_MAX_ROWS)
#define STEP_ROW_WORDS (4 * STEP_MAX_ROWS + STEP_MAX_SLOTS)

/** How a step of up to STEP_FEW_ROWS rows is carried out, as one kernel or as five a layer; which
 * is faster depends on the model's shape (measure.cuh: tune_steps()). More rows are the latter. */
enum step_way { STEP_ONE_KERNEL, STEP_LAYER_KERNELS, STEP_WAYS };

/**
 * Everything a step needs besides weights. KV cache: [layer][sequence][head][cap_tok][128].
 * A row is one new token of one sequence: sequence, position, and how many tokens of that
 * sequence were cached before this step.
 */
struct gpu_state {
	float *x;      /* [64][hidden] residual stream */
	half *xn;      /* packed: x times the norm's gain; the norm's factor is applied later */
	half *q;       /* [64][hidden] */
	half *att;     /* packed */
	half *act;     /* packed */
	float *logits; /* [64][vocab] */
	float *sumsq;  /* [2 layers + 1][64] of x, for the norms */
	float *part;   /* split attention: [64 heads][STEP_MAX_SPLITS][132] */
	uint32_t *arrived;
	float2 *share;       /* of sums, where blocks share the inputs: gemv.cuh */
	uint32_t *shares_in; /* a word for 8 outputs */
	uint32_t *meetings;  /* of all blocks; zero before and after */
	uint32_t *token, *pos, *cached, *seq; /* [64] each, one after another */
	uint32_t *slot;                       /* [STEP_MAX_SLOTS] behind them: row_attn.cuh */
	enum step_way way[STEP_FEW_ROWS + 1]; /* by rows; one kernel, unless changed */
	bool warpgroups; /* products of more than 16 rows by them; if the device has them, unless changed */
	bool spread; /* long contexts are dealt out to more blocks; true, unless changed */
	half *k, *v;
	size_t n_seq, cap_tok;
};

/** @kv_tok: tokens over all sequences the cache has room for. */
void gpu_state_create(gpu_state *s, const llama_shape *shape, size_t kv_tok);
void gpu_state_destroy(gpu_state *s);
/** Lay the cache out for @n_seq sequences of @cap_tok tokens; product at most kv_tok. */
void gpu_state_shape(gpu_state *s, size_t n_seq, size_t cap_tok);

/** Rows of a step: host arrays of @n. */
void gpu_state_rows(gpu_state *s, size_t n, const uint32_t *token, const uint32_t *pos,
	const uint32_t *cached, const uint32_t *seq);

/** The same without waiting: @rows is [4][STEP_MAX_ROWS], tokens, positions, cached, sequences, and
 *  behind them room for STEP_MAX_SLOTS words that this fills; in pinned memory that stays as it is
 *  until @stream has read it. */
void gpu_state_rows_async(gpu_state *s, size_t n, uint32_t *rows, cudaStream_t stream);

/** The largest of each row's logits, @n rows, to @token on the device: greedy decoding. */
void gpu_greedy(
	const gpu_llama *m, const gpu_state *s, size_t n, uint32_t *token, cudaStream_t stream);

/**
 * One step of @n <= 64 rows (decode of n sequences, or n tokens of one, or any mix): W8A16.
 * Logits of all rows. @max_tok: longest context among the rows. Only launches.
 */
void gpu_step(const gpu_llama *m, gpu_state *s, size_t n, size_t max_tok, cudaStream_t stream);

/** Longest contexts rounded up as far as hardly matters, so that a few graphs serve all. */
size_t gpu_step_class(size_t n, size_t max_tok);

/**
 * All of a step of at most 8 rows but the embedding in one kernel, whose blocks stay on their
 * multiprocessors; false if it does not fit the device. @s->x, xn and sumsq as they leave it.
 */
bool gpu_step_few(const gpu_llama *m, gpu_state *s, size_t n, size_t max_tok, cudaStream_t stream);

/** The kernels of a layer, in order. */
enum step_part { STEP_QKV, STEP_ATTENTION, STEP_OUT, STEP_GATE_UP, STEP_DOWN };
constexpr enum step_part step_parts[] = {
	STEP_QKV, STEP_ATTENTION, STEP_OUT, STEP_GATE_UP, STEP_DOWN};

/** One of them alone. */
void gpu_step_part(const gpu_llama *m, gpu_state *s, size_t layer, enum step_part part, size_t n,
	size_t max_tok, cudaStream_t stream);

/** One linear layer as o and down are: s->x [n][w->rows] += w x, for timing by itself. */
void gpu_linear(const gpu_matrix *w, const half *gain, const half *x, gpu_state *s, size_t n,
	cudaStream_t stream);

/** Attention of @n rows over layer @layer's cache alone. */
void gpu_row_attn(const gpu_llama *m, gpu_state *s, size_t layer, size_t n, size_t max_tok,
	cudaStream_t stream);

/** The same for queries and outputs elsewhere, both [n][hidden]. */
struct row_io {
	const half *q;
	half *out;
};
void gpu_row_attn_of(const gpu_llama *m, gpu_state *s, size_t layer, size_t n, size_t max_tok,
	const row_io &io, cudaStream_t stream);

/** Its last part: logits of the first @n rows from s->xn and the last norm's s->sumsq. */
void gpu_head(const gpu_llama *m, gpu_state *s, size_t n, cudaStream_t stream);

/** Buffers and chosen algorithms of a prefill of up to @max_tok tokens. */
struct gpu_prefill;

gpu_prefill *gpu_prefill_create(const llama_shape *shape, size_t max_tok);
void gpu_prefill_destroy(gpu_prefill *p);

/** Stage 1 of DAS with the crossing block, and stage 2; as das_params of ref/das.h. */
struct gpu_das {
	float theta, tau, lambda_nats;
};

/** From now on prompts of two tokens and more attend under DAS's mask, as long as they and what is
 *  cached of them come to at most max_tok; NULL: densely, as at first. */
void gpu_prefill_sparse(gpu_prefill *p, const gpu_das *das);

/** Choose the GEMM algorithms for @n tokens by trying them. */
void gpu_prefill_tune(gpu_prefill *p, const gpu_llama *m, size_t n);

/** The sizes that a server tunes, up to @most, ascending: filling up to the next costs an eighth of
 *  all but small ones. */
std::vector<size_t> gpu_prefill_sizes(size_t most);
void gpu_prefill_tune_all(gpu_prefill *p, const gpu_llama *m, size_t most);

/** What was chosen, for another process on the same GPU: tried anew, choices differ. Reading is
 *  false where @from is of another library or is none. */
void gpu_prefill_write_tuning(const gpu_prefill *p, FILE *to);
bool gpu_prefill_read_tuning(gpu_prefill *p, FILE *from);

/**
 * Prefill @n new tokens of sequence 0 after @context cached ones: W8A8, flash attention,
 * head for the last token, whose logits land in row 0 of s->logits. @token on the device.
 */
void gpu_prefill_run(gpu_prefill *p, const gpu_llama *m, gpu_state *s, const uint32_t *token,
	size_t n, size_t context, cudaStream_t stream);

/** A prompt, or a chunk of one: @n new tokens of sequence @seq after @context cached ones. */
struct gpu_prompt {
	size_t seq, n, context;
	bool cut = false; /* the rest comes in a later step: no logits */
};

/**
 * Several prompts in one prefill, at most STEP_MAX_ROWS: their tokens, one after another in
 * @token, meet in the linear layers; attention is each prompt's own. Logits of the last tokens of
 * those that are not cut in rows 0, 1, ... of s->logits. The GEMMs run at the next size that was
 * tuned.
 */
void gpu_prefill_prompts(gpu_prefill *p, const gpu_llama *m, gpu_state *s, const uint32_t *token,
	const gpu_prompt *prompts, size_t n_prompts, cudaStream_t stream);

/** A step of rows that decode and of prompts. */
struct gpu_mix {
	size_t n_rows;  /* of as many sequences, as gpu_state_rows() has set them */
	size_t max_tok; /* longest context among them */
	const gpu_prompt *prompts;
	size_t n_prompts;
	/* called when the keys and values of a layer have been launched; may be empty */
	std::function<void(size_t layer)> stored = nullptr;
};

/**
 * All of @x in one step: W8A8, the rows and then the prompts in the linear layers together;
 * attention of the rows over their caches as in gpu_step(), of each prompt as in a prefill. Logits
 * of the rows, then of the prompts that are not cut, at most STEP_MAX_ROWS in all; returns how
 * many. @token on the device: of the rows, then of the prompts, one after another; s->token is not
 * read.
 */
size_t gpu_mixed_step(gpu_prefill *p, const gpu_llama *m, gpu_state *s, const uint32_t *token,
	const gpu_mix &x, cudaStream_t stream);

/** Where keys and values lie in a cache. */
struct kv_place {
	size_t layer, seq;
};

/** The halves of the cache before those of token @tok of the first head there. */
size_t gpu_kv_at(const llama_shape *shape, const gpu_state *s, const kv_place &at, size_t tok);

struct kv_extent {
	size_t n_layers, from_tok, n_tok;
};

/** Keys and values of @what from @here in one cache to @there in another, which may be another
 *  device's whose memory this one may use. One kernel. */
void gpu_kv_copy(const llama_shape *shape, gpu_state *to, const kv_place &there,
	const gpu_state *from, const kv_place &here, const kv_extent &what, cudaStream_t stream);

/** One int8 GEMM as a prefill runs it, int32 out; for timing a layer by itself. */
void gpu_prefill_gemm(gpu_prefill *p, const gpu_matrix *w, size_t n, cudaStream_t stream);

#endif
