/* Which table serves what a scenario says of an instance. */

#include "models/serving/instance_ops.h"

const struct instance_ops *instance_kind(const struct instance_spec *spec)
{
	if (spec->synthetic)
		return &instance_station;
	return spec->n_stages > 0 ? &instance_pipeline : &instance_batch;
}
