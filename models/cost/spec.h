#ifndef OFFING_MODELS_COST_SPEC_H
#define OFFING_MODELS_COST_SPEC_H

#include <math.h>
#include <stdbool.h>

#include "base/err.h"

/**
 * Devices and models as a scenario says them: plain data that io/ fills in from a file and tests
 * write as literals. SI units throughout; every part keeps the place it was written at, so that any
 * complaint can point there. Strings and arrays are borrowed from whoever filled it in.
 */

/** A device. Peaks are data-sheet dense rates; 0 where the device has no such path. */
struct gpu_spec {
	const char *name;
	double fp32_flop_per_s;
	double fp16_flop_per_s; /* tensor cores, fp32 accumulate; 0: computed as fp32 */
	double int8_op_per_s;   /* tensor cores or dp4a; 0: none */
	double bytes_per_s;     /* device memory, data sheet */
	double mem_bytes;       /* usable */
	double pcie_bytes_per_s;
	double clock_hz;
	double tdp_w;
	double usd_per_h; /* 0: not known */
	double cc;        /* compute capability, 8.9; 0: not known */
	struct src_pos at;
};

enum precision {
	PRECISION_FP16,
	PRECISION_INT8, /* servers call it W8A8 where activations are int8, too */
	PRECISION_Q8_0,
	PRECISION_Q4_0,
	PRECISION_FP8,
	PRECISION_W8A16, /* weights alone: int8, */
	PRECISION_W4A16, /* or 4 bits and a scale in fp16 for each 128 */
};

/** A decoder of the Llama family; sizes in elements. */
struct llm_shape {
	const char *name;
	unsigned hidden, ffn, layers, heads, kv_heads, head_dim, vocab, context;
	bool tied_embeddings; /* the head is the embedding: one matrix in memory */
	bool qkv_bias;        /* queries, keys and values have a bias each */
};

struct model_spec {
	const char *name;
	struct llm_shape shape;
	enum precision precision;
	const struct model_spec *draft; /* that drafts for it; NULL: none */
	struct src_pos at;
};

/** How devices that share a model add up what each has of a layer's sums. */
enum all_reduce { ALL_REDUCE_AUTO, ALL_REDUCE_RING, ALL_REDUCE_ONE_SHOT, ALL_REDUCES };

/** Between the devices of a site, from each to each. */
struct interconnect_spec {
	double bytes_per_s; /* each way; 0: there is none */
	double latency_s;   /* of one message, from kernel to kernel */
	enum all_reduce algorithm;
	struct src_pos at;
};

struct profile; /* models/cost/profile.h */

/** Layers that are not on the GPU, and what has them. */
struct offload_spec {
	unsigned cpu_layers;       /* the first ones, fewer than all */
	unsigned streamed_layers;  /* the next, in the host's memory, fetched for every step */
	struct gpu_spec host;      /* memory, bandwidth and rate of its CPU; pcie 0: the GPU's */
	const struct profile *cpu; /* the CPU's, where it has layers */
	struct src_pos at, cpu_at, streamed_at;
};

enum profile_quantile { PROFILE_LOW, PROFILE_MEDIAN, PROFILE_HIGH };

/** What the program around a model takes beside the device. All zero: nothing. */
struct host_time {
	double step_s;     /* of every step, before the next can begin */
	double sequence_s; /* the same, for every sequence that gets a token in the step */
	double prefill_s;  /* of every step with prompts in it, more than @step_s */
	double prompt_s;   /* the same, for every prompt that begins in it */
	double request_s;  /* of a request, while others are served */
	bool ahead;        /* steps are made up while the one before runs: who comes misses one */
	bool late;         /* tokens are told of while the step behind theirs runs */
	double sigma;      /* of the log of the first four */
};

#endif
