#include "models/serving/service.h"

bool service_mean_s(double *out, const struct instance_spec *i, struct group_id g, struct err *err)
{
	const struct dist_spec *law = instance_service(i, g);
	struct dist *d;

	*out = -1.0;
	if (!law)
		return true;
	if (!dist_create(&d, law, err))
		return false;
	*out = dist_mean(d);
	dist_destroy(d);
	return true;
}
