#ifndef OFFING_MODELS_COST_OFFLOAD_H
#define OFFING_MODELS_COST_OFFLOAD_H

#include "models/cost/cost.h"
#include "models/cost/holding.h"

/**
 * A model of which a GPU holds only a part (docs/serving.md, "Offload"). Its first layers, with the
 * embedding, may be the CPU's, which holds and computes them; the next may lie in the host's memory
 * and be fetched over PCIe for every step, into two buffers in turn, one layer ahead of the
 * arithmetic.
 *
 * A step is what the CPU takes and hands over, and then what the GPU takes with its waits: the
 * fetch of a streamed layer begins when the layer before it does, that of the first when the last
 * streamed one of the step before did.
 */
struct offload {
	struct cost *cpu;   /* of its layers; NULL: it has none */
	struct cost *layer; /* of one streamed layer on the GPU; NULL: there is none */
	unsigned streamed;
	double fetch_s;        /* of one layer's weights */
	double handover_s_row; /* hidden values of one row, from CPU to GPU */
};

/** The caller owns *@out, NULL where @spec keeps all on the GPU; the cost of that is
 *  cost_create()'s. */
MUST_CHECK bool offload_create(struct offload **out, const struct cost_spec *spec, struct err *err);
void offload_destroy(struct offload *o);

/** One step by where its time passes. */
struct offload_step {
	double before_s; /* on the CPU, and the hand-over */
	double layer_s;  /* the arithmetic of a streamed layer */
	double gpu_s;    /* the GPU's arithmetic, streamed layers included */
};

/** Its waits for fetches, when that of the first layer began @hidden_s before it. */
double offload_wait_s(const struct offload *o, const struct offload_step *s, double hidden_s);

/** From the beginning of the last streamed layer to the end of the step. */
double offload_tail_s(const struct offload *o, const struct offload_step *s);

/**
 * A decode step of @batch sequences among its like: the step before had @batch tokens of context
 * less. Affine between bends, as cost_decode() is; the GPU's part is that of @gpu.
 */
struct cost_affine offload_decode(
	const struct offload *o, const struct cost *gpu, size_t batch, double context_tok);

#endif
