#ifndef OFFING_PLAN_MILP_MPS_H
#define OFFING_PLAN_MILP_MPS_H

#include "plan/milp_parts.h"

/** As milp_write_mps(), costs times @factor; @m is sound. */
MUST_CHECK bool milp_put_mps(
	const struct milp *m, const char *file, double factor, struct err *err);

#endif
