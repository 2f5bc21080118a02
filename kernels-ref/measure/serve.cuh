#ifndef OFFING_KERNELS_REF_SERVE_CUH
#define OFFING_KERNELS_REF_SERVE_CUH

#include <string>

#include "kernels-ref/measure/serve_device.cuh"

/** A server on this machine's GPU; sizes of 0 are chosen. */
struct serve_spec {
	const llama_shape *shape;
	std::string arrivals, out; /* files: `serve_batch.cuh` says how they look */
	size_t max_batch;          /* at most STEP_MAX_ROWS; default 32 */
	size_t blocks;             /* of 16 tokens; default: what the memory holds */
	bool graphs;               /* decode steps as CUDA graphs */
	size_t chunk_tok;          /* rows in a step, max_batch to SERVE_MAX_TOK; 0: not chunked */
	std::string tuned;         /* of serve_device_create() */
};

/** Of one request, and in one step. */
#define SERVE_MAX_TOK 4096

/**
 * Replay the arrivals in real time through the int8 Llama2 step, with continuous or chunked
 * batching, greedy decoding of random weights, and the KV cache in blocks. A chunked step with
 * prompts is a gpu_mixed_step(), one without a gpu_step(). Writes to @out a row a request, to
 * @out with ".steps" a row a step: when the host began and ended it, what was in it, and how
 * long the GPU worked. False where the arrivals are malformed or do not fit, with a message.
 */
bool serve(const serve_spec &spec);

/** What a step costs beside the GPU's time, from when the host begins it to when it begins the
 *  next: means and standard deviations, over 128 requests that come together. */
struct host_times {
	double decode_s, decode_sd_s, prefill_s, prefill_sd_s;
};
host_times measure_host(serve_device *d);

#endif
