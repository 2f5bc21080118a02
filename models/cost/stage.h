#ifndef OFFING_MODELS_STAGE_H
#define OFFING_MODELS_STAGE_H

#include <stdbool.h>

#include "models/cost/spec.h"

struct profile_grid; /* models/cost/profile.h */

/**
 * Some layers of a model, as one device of several holds them. What they cost is cost_create()
 * with cost_spec.stage; here is what they take of memory. Stages that hold every layer once, the
 * first with the embedding and the last with the head, add up to the model: in memory exactly
 * (but that of a tied matrix each end has a copy), in time within rounding.
 */

/** n_layers 0: the whole model, whatever the rest says. */
struct llm_stage {
	unsigned first_layer, n_layers; /* first_layer + n_layers <= shape.layers */
	bool embedding, head;
};

bool stage_is_whole(const struct llm_stage *g, const struct llm_shape *s);
bool stage_has_head(const struct llm_stage *g);

/** The shape of a model of just these layers. */
struct llm_shape stage_shape(const struct llm_stage *g, const struct llm_shape *s);

/** Weights in memory; the whole is llm_weight_bytes(), to the bit. */
double stage_weight_bytes(const struct llm_stage *g, const struct llm_shape *s, enum precision p);

/** Keys and values of one token in these layers. */
double stage_kv_bytes_per_tok(const struct llm_stage *g, const struct llm_shape *s);

/**
 * What a grid of whole steps has for these layers, and for each of @ranks devices that share them
 * (docs/serving.md): of its times the head is taken off, and what is left goes to the layers in
 * equal parts; of each what its kernels take on nothing, as the rows of [t0] say, stays with every
 * rank, and the rest is divided.
 */
struct stage_share {
	bool whole, head;
	unsigned ranks;
	double layers;    /* share of the model's layers */
	double attention; /* of the attention of prompts */
	double head_s;    /* of the device's time of every step, whatever its rows */
	double fixed_s;   /* of a step that is the same on every rank */
};

/** @least_s: the shortest step measured, of one sequence without context. */
struct stage_share stage_share(const struct llm_stage *g, const struct llm_shape *s,
	enum precision p, double least_s, unsigned ranks, const struct profile_grid *rows);

/** Device time of a whole step, or of its linear layers, to that of these layers. */
double stage_step_s(const struct stage_share *g, double whole_s);

#endif
