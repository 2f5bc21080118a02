#ifndef OFFING_KERNELS_REF_SERVE_DEVICE_CUH
#define OFFING_KERNELS_REF_SERVE_DEVICE_CUH

#include <map>
#include <string>
#include <vector>

#include "kernels-ref/cuda/llama_q8.cuh"
#include "kernels-ref/measure/serve_batch.cuh"

/**
 * A GPU as a server uses it: an int8 model, its cache, and steps from pinned rows to tokens, decode
 * steps as graphs. All calls of one are made with its GPU as the device in use.
 */
struct serve_device {
	gpu_llama model;
	gpu_state state;
	gpu_prefill *prefill;
	cudaStream_t stream;
	cudaEvent_t from, to; /* around the GPU's part of a step */
	std::map<std::pair<size_t, size_t>, cudaGraphExec_t>
		graphs; /* by rows and longest context */
	/* pinned, and the device's side of it */
	uint32_t *rows, *prompt, *token;
	uint32_t *device_prompt, *device_token;
	std::string tuned; /* file, or empty */
	bool ways_known;   /* how steps of few rows are carried out */
};

/**
 * Weights, streams and buffers; prompts of up to @max_tok tokens, GEMMs tuned for steps of up to
 * @tuned_tok; with 0 it computes none. @tuned: with "-MODEL" behind it a file in which an earlier
 * process on this GPU has left what it had found by trying, so that both do the same; written where
 * there is none of this GPU, library and version of the kernels.
 */
void serve_device_create(serve_device *d, const llama_shape *shape, size_t max_tok,
	size_t tuned_tok, const std::string &tuned = "");
void serve_device_destroy(serve_device *d);

/** Tokens of keys and values for which there is memory left. */
size_t serve_device_room_tok(const llama_shape *shape);

/** The cache: @n_seq sequences of @cap_tok tokens; then the ways of small steps are chosen, if they
 *  have not been. Again after gpu_state_destroy() for another size. */
void serve_device_cache(serve_device *d, size_t n_seq, size_t cap_tok);

/** As gpu_state_shape(); graphs that were made for another shape are forgotten. */
void serve_device_shape(serve_device *d, size_t n_seq, size_t cap_tok);

/** The graph of a step of @n rows and its tokens, captured when it is first asked for. */
cudaGraphExec_t serve_device_graph(serve_device *d, size_t n, size_t max_tok);

/** Every graph of up to @most rows whose contexts are up to @longest, each run once; with 0 there
 * is none, but @most rows are set. */
void serve_device_warm(serve_device *d, size_t most, size_t longest);

/** The rows in @d->rows, @n of them, to the device. */
void serve_device_rows(serve_device *d, size_t n);

/** A step of @n rows set before, the longest of context @longest; their tokens to @d->token. */
void serve_device_decode(serve_device *d, size_t n, size_t longest, bool graph);

/** Rows that decode and prompts, whose @tok tokens are in @d->prompt; what comes of it to
 *  @d->token. */
void serve_device_prompts(serve_device *d, const gpu_mix &x, size_t tok);

/** Of the step that was made last. */
double serve_device_gpu_s(const serve_device *d);

/** A step, as its server tells of it. */
enum step_kind { STEP_DECODE, STEP_PREFILL, STEP_MIXED, STEP_VERIFY, STEP_DRAFT };
struct step_log {
	enum step_kind kind;
	double from_s, to_s, gpu_s;
	size_t rows, context_tok;   /* sequences that decode */
	size_t prompts, prompt_tok; /* and new tokens of prompts, or of chunks */
};

/** The next token of each that runs in @b, to the device; @log counts them. The longest context. */
size_t serve_device_running(serve_device *d, const serve_batch &b, step_log *log);

/** A row a step to @file; false after a message. */
bool write_steps(const std::string &file, const std::vector<step_log> &log);

/** A token of a prompt: drawn, as weights are. */
uint32_t prompt_token(const llama_shape *shape, size_t request, size_t k);

/** @n zeros in pinned memory. */
uint32_t *pinned_words(size_t n);

#endif
