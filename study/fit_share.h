#ifndef OFFING_STUDY_FIT_SHARE_H
#define OFFING_STUDY_FIT_SHARE_H

#include "models/cost/cost.h"
#include "models/probe.h"
#include "models/scenario.h"
#include "study/fit_constants.h"

/**
 * What a stretch of time owes to each constant while the batches stay as they are: the integral of
 * d(step) / d(constant) over the steps in it, each by its length. A step is told with its length
 * and rows; what context or attention has of it is what its other parts leave.
 */
struct shares;

/** What the steps of the one instance cost with @p. */
struct cost_spec fit_price(const struct scenario_spec *s, const struct profile *p);

/** Constants in coordinates: profile 0 is where they are now, profile k + 1 has constant k moved by
 *  @by. Borrowed for the call. */
struct shares_spec {
	const struct scenario_spec *scenario;
	const struct profile *const *profiles;
	size_t n; /* constants */
	double by;
};

MUST_CHECK bool shares_create(struct shares **out, const struct shares_spec *s, struct err *err);
void shares_destroy(struct shares *s); /* takes NULL */

/** Who listens to a run; of the latest one. */
struct probe shares_probe(struct shares *s);
void shares_clear(struct shares *s);

/** Of constant @k, over [@from_ns, @to_ns) of the run. */
double shares_between(const struct shares *s, size_t k, int64_t from_ns, int64_t to_ns);

#endif
