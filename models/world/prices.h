#ifndef OFFING_MODELS_PRICES_H
#define OFFING_MODELS_PRICES_H

#include "models/cost/cost.h"
#include "models/scenario.h"

/**
 * What the steps of an instance are priced by. Runs and whoever foretells them take the prices
 * from here, so that they are the same.
 */

/** What all parts of an instance have in common, on @gpu: without profile, reserve, and what is of
 *  one site or stage. */
struct cost_spec price_bare(
	const struct scenario_spec *s, const struct instance_spec *i, const struct gpu_spec *gpu);

/** Of an instance that one site has, draft aside; the reserve is what is neither weights nor
 *  blocks. What it points to is @s's. */
struct cost_spec price_of(const struct scenario_spec *s, const struct instance_spec *i);

/** Of stage @k of a pipeline, from 0. */
struct cost_spec price_of_stage(
	const struct scenario_spec *s, const struct instance_spec *i, size_t k);

/** Of the draft beside the model that @what is the price of. */
struct cost_spec price_of_draft(
	const struct scenario_spec *s, const struct instance_spec *i, const struct cost_spec *what);

/** Of a draft that is made at @at, on a device of its own. */
struct cost_spec price_of_drafter(
	const struct scenario_spec *s, const struct instance_spec *i, const struct draft_site *at);

#endif
