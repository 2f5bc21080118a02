#ifndef OFFING_STUDY_CAPACITY_PARTS_H
#define OFFING_STUDY_CAPACITY_PARTS_H

#include "sim/stat.h"
#include "study/capacity.h"

/** The inside of study/capacity*.c. */

struct search {
	const struct capacity_question *q;
	struct capacity_answer *out;
	double most_length; /* requests that a run can have: traces end */
	bool steady;        /* what comes is known beforehand */
};

/** Boundary of stability: *@near alone within some per cent, or all of the answer. False with
 *  ERR_STOP, and so on; *@found: it has one. */
MUST_CHECK bool capacity_near(struct search *s, double *near, bool *found, struct err *err);
MUST_CHECK bool capacity_stable(struct search *s, double near, struct err *err);

/** Where the target is met, below @near. */
MUST_CHECK bool capacity_met(struct search *s, double near, struct err *err);

void capacity_note(struct search *s, double scale, double value, size_t runs);
void capacity_count(struct search *s, uint64_t requests, size_t runs);
/** Is there something left to spend? */
bool capacity_may_go_on(const struct search *s);

/** The answer from its interval. */
void capacity_set(struct search *s, const struct stat_interval *i);
/** As exact as was asked for. */
bool capacity_is_precise(const struct search *s, const struct stat_interval *i);

/** The root of the line through (@x[0], mean of @y[0]) and (@x[1], mean of @y[1]), by jackknife
 * over @n pairs. */
struct stat_interval capacity_root(const double x[2], const double *const y[2], size_t n);

#endif
