#ifndef OFFING_KERNELS_REF_MEASURE_CUH
#define OFFING_KERNELS_REF_MEASURE_CUH

#include <string>

#include "kernels-ref/measure/harness.cuh"
#include "kernels-ref/cuda/llama_q8.cuh"
#include "kernels-ref/cuda/sparse_attn.cuh"

/**
 * The measurements, each of one thing at one size. Weights and caches of a whole model are many
 * times the L2 cache; where a single kernel is timed, buffers rotate.
 */

/** Data-sheet rates of a GPU, dense; efficiencies in profiles are relative to them. */
struct gpu_sheet {
	const char *in_name; /* part of what the driver calls it */
	const char *device;  /* what profiles and scenarios call it */
	double bytes_per_s, int8_op_per_s;
};

/** What the driver calls the GPU here. */
std::string gpu_name(void);
/** NULL if no sheet is known. */
const gpu_sheet *gpu_sheet_of(const std::string &name);

/** Choose how steps of up to STEP_FEW_ROWS rows are carried out, by trying with contexts as
 *  served, of 512 tokens on average or what a cache of @room tokens holds. */
void tune_steps(const gpu_llama *m, gpu_state *s, size_t room);

/** One decode step of @batch sequences, each attending to @context tokens, its own included. */
timing measure_decode(const gpu_llama *m, gpu_state *s, size_t batch, size_t context);

/** Contexts of a batch, @batch x @context tokens in all, none longer than @most, ascending:
 * quantiles of the sum of two exponential times (deviation .7 of the mean, the longest of 32 three
 * times it).
 */
std::vector<size_t> served_contexts(size_t batch, size_t context, size_t most);

/** The same with contexts of @context on average that are spread as served ones; tokens chosen. */
timing measure_served(const gpu_llama *m, gpu_state *s, size_t batch, size_t context, size_t most);

/** A step that verifies: @rows tokens each of @batch sequences; contexts of @context cached tokens
 * on average, none longer than @most with the rows, spread as served ones. */
struct verify_size {
	size_t batch, rows, context, most;
};

/** Such a step, the model's own tokens chosen. Contexts that are all alike would not do: rows of
 *  different sequences then take turns at the cache, and none finds what another has fetched. */
timing measure_verify(const gpu_llama *m, gpu_state *s, const verify_size &x);

/** One kernel of such a step, per layer; and the head. Back to back, so that they overlap. */
timing measure_step_part(
	const gpu_llama *m, gpu_state *s, enum step_part part, size_t batch, size_t context);
timing measure_head(const gpu_llama *m, gpu_state *s, size_t batch);

/** Prefill of @n tokens after @context, as a graph, up to 64 tokens by the faster of the two ways.
 */
timing measure_prefill(const gpu_llama *m, gpu_state *s, gpu_prefill *p, size_t n, size_t context);

/** Attention of one layer at a forced share of skipped blocks; @*got is what the mask has. */
timing measure_attention(unsigned heads, unsigned tokens, double sparsity, double *got, bool wgmma);

/** Of one layer, medians: Q, K and V of a prompt written; the same with pooling, and then the mask;
 *  the mask alone of what was pooled, and of what was not. */
struct predict_times {
	double store_s, pooled_s, tasks_s, alone_s;

	/** What a prompt's step takes longer for its mask. */
	double added_s(void) const
	{
		return pooled_s - store_s;
	}
};
predict_times measure_predict(unsigned heads, unsigned tokens);

/** The four int8 GEMMs of a layer at @n tokens, one after another. */
timing measure_layer_gemm(const gpu_llama *m, gpu_prefill *p, size_t n);

/** t = t0 + bytes / rate, least squares of the relative error. */
struct size_fit {
	double t0_s, bytes_per_s, worst; /* worst relative error of the fit */
};

/** Sweep of the rows of an int8 matrix of @cols columns at one row of activations. */
size_fit measure_linear_sweep(size_t cols);

/** Sweep of the context of decode attention at batch @batch. */
size_fit measure_attention_sweep(const gpu_llama *m, gpu_state *s, size_t batch);

/** An empty kernel: launched alone, and as one more node of a graph. */
void measure_launch(double *stream_s, double *graph_node_s, double *graph_s);

#endif
