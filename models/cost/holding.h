#ifndef OFFING_MODELS_COST_HOLDING_H
#define OFFING_MODELS_COST_HOLDING_H

#include "models/cost/cost.h"

/** Which layers of an instance its GPU holds, which the host, and what they take there. */

/** Layers of a stream that the GPU has room for. */
enum { OFFLOAD_BUFFERS = 2 };

/** Does it leave any to the host? @o may be NULL. */
bool offload_any(const struct offload_spec *o);

/** The CPU's layers: the first; the embedding is looked up where they are. */
struct llm_stage offload_cpu_stage(const struct offload_spec *o);

/** What @spec leaves on the GPU, streamed layers included. */
struct llm_stage offload_stage(const struct cost_spec *spec);

/** Weights of one layer. */
double offload_layer_bytes(const struct cost_spec *spec);

/** Bytes of streamed layers that have no place on the GPU: all but two. */
double offload_absent_bytes(const struct cost_spec *spec);

/** What the host holds: CPU layers and streamed ones; a token of context in the former. */
double offload_host_weight_bytes(const struct cost_spec *spec);
double offload_host_kv_bytes_per_tok(const struct cost_spec *spec);

#endif
