#ifndef OFFING_MODELS_SERVING_SERVICE_H
#define OFFING_MODELS_SERVING_SERVICE_H

#include "base/err.h"
#include "models/serving/spec.h"

/** How long a slot of the synthetic instance @i serves a request of @g, on average; below 0: it
 *  serves none of them. Fails at the place of a law that cannot be. */
MUST_CHECK bool service_mean_s(
	double *out, const struct instance_spec *i, struct group_id g, struct err *err);

#endif
