#ifndef OFFING_CLI_CAPACITY_TARGET_H
#define OFFING_CLI_CAPACITY_TARGET_H

#include "base/err.h"
#include "base/mem.h"
#include "models/scenario.h"
#include "study/capacity.h"

/**
 * Read "ttft.p95 <= 2 s", "qos.share >= 95 %", "group:campus e2e.mean <= 4 s": a metric of the
 * system, or of a group of users, with or without the unit in its name, and a bound with its unit.
 * On false @err names what is wrong, with the nearest name. The scope is in @a.
 */
MUST_CHECK bool capacity_target_read(struct capacity_target *out, const char *text,
	const struct scenario_spec *s, struct arena *a, struct err *err);

#endif
