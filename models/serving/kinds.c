/* Which table serves what a scenario says of an instance. */

#include "models/serving/instance_ops.h"

const struct instance_ops *instance_kind(const struct instance_spec *spec)
{
	return spec->synthetic ? &instance_station : &instance_batch;
}
