#ifndef OFFING_MODELS_PLACING_H
#define OFFING_MODELS_PLACING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"
#include "models/ids.h"

/**
 * Between who reads a scenario and who decides where its models go: `instances: auto`,
 * `offload: auto`. Neither sees the other; whoever joins them hands over a table.
 */

struct instance_spec; /* models/serving/spec.h */
struct profile;       /* models/cost/profile.h */
struct scenario_spec; /* models/scenario.h */

/** Whether a model's draft is to be beside it. */
enum drafting { DRAFTING_NEVER, DRAFTING_MAY, DRAFTING_MUST };

/** What an instance is to be like, wherever it goes. */
struct placing_like {
	const struct instance_spec *like;      /* its model, runtime, batch, memory; no site */
	const struct profile *const *profiles; /* to choose from where @like names none */
	size_t n_profiles;
	enum drafting drafting;
};

/** Where one instance is. Of each gpu at most one instance has anything. */
struct deployment {
	struct model_id model;
	size_t n_stages; /* 1: one gpu, with what its host has of the model */
	struct deployed_stage {
		struct site_id site;
		unsigned layers;
	} * stages;
	unsigned micro_batches;               /* of a pipeline */
	unsigned cpu_layers, streamed_layers; /* of one gpu */
	bool drafted;                         /* the model's draft is beside it */
	double token_s;                       /* expected, of an answer that is alone there */
};

struct placer {
	/**
	 * Deploy models as often as they fit, in turn: @likes has @n, one a model; *@out is in @a.
	 * The instances of @s are not looked at. False when a model fits nowhere: which constraint
	 * makes it so, at @at.
	 */
	bool (*deploy)(struct deployment **out, size_t *n_out, struct arena *a,
		const struct scenario_spec *s, const struct placing_like *likes, size_t n,
		struct src_pos at, struct err *err);
	/** How many layers of @like->like, which has a site, are its host's. False as above. */
	bool (*offload)(struct deployment *out, const struct scenario_spec *s,
		const struct placing_like *like, struct src_pos at, struct err *err);
};

#endif
