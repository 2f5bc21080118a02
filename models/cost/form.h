#ifndef OFFING_MODELS_FORM_H
#define OFFING_MODELS_FORM_H

#include "models/cost/profile.h"

/**
 * The transferred form, one class of operations at a time:
 *
 *	t = t0 + cbrt((flop / (ec peak))^3 + (bytes / (eb bandwidth))^3)
 *
 * after docs/models.md, "Transferred devices"; prefill attention is
 * t0 + cycles_per_key keys / clock + flop / (ec peak).
 */

/** The rate a GPU has for @peak: int8, else fp16, else fp32. */
double form_peak_flop_per_s(const struct gpu_spec *g, enum profile_peak peak);

/** t without t0. */
double form_work_s(const struct profile_op *o, const struct gpu_spec *g, struct llm_work w);

/** One linear class of one layer, or the head, t0 included. */
double form_linear_op_s(const struct profile_form *f, const struct gpu_spec *g,
	const struct llm_shape *s, enum precision p, enum llm_op op, double rows);

/**
 * Layers of @rows tokens, launches included, and no attention but the t0 of
 * @attention, which every step pays once a layer, and @more_s of a second kind.
 */
double form_layers_s(const struct profile_form *f, const struct gpu_spec *g,
	const struct llm_shape *s, enum precision p, enum llm_op attention, double rows,
	double more_s);

/** All layers, of which one takes the device @work_s: with launches. */
double form_launched_s(
	const struct profile_form *f, const struct llm_shape *s, enum precision p, double work_s);

/** Device time of one such layer alone, before the host's launches. */
double form_layer_work_s(const struct profile_form *f, const struct gpu_spec *g,
	const struct llm_shape *s, enum precision p, enum llm_op attention, double rows);

/** Prefill attention of one layer as coefficients, t0 apart: @per_key_s for every token looked
 *  at, and @per_flop_s. A GPU without a clock has no latency part. */
void form_attention(double *per_key_s, double *per_flop_s, const struct profile_op *o,
	const struct gpu_spec *g);

#endif
