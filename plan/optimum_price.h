#ifndef OFFING_PLAN_OPTIMUM_PRICE_H
#define OFFING_PLAN_OPTIMUM_PRICE_H

#include "plan/optimum_parts.h"

/**
 * What a server would choose if tasks had prices: of all sets of tasks that it can do in time, the
 * one that is worth most. Tasks are looked at in the order in which they come, each is taken or
 * not, and of two choices so far that one is forgotten which is worth no more and leaves no less
 * work for any time to come (labels of a dynamic program).
 */
struct pricer;

/** The caller destroys it. @e outlives it. */
struct pricer *pricer_create(const struct eq1 *e);
void pricer_destroy(struct pricer *p);

/** Two tasks that are on one server, or on none together; or on no server both. */
struct price_pair {
	uint32_t task[2];
	bool together;
};
enum { PRICE_PAIRS = 64 };

/** What all sets have to keep to from now on, not beyond PRICE_PAIRS; the last goes first. */
void pricer_push(struct pricer *p, const struct price_pair *pair);
void pricer_pop(struct pricer *p);
bool pricer_is_full(const struct pricer *p);

struct priced {
	double worth; /* of the set found */
	double bound; /* no set is worth more; at least @worth */
	size_t n;
	size_t *spots; /* the set; the pricer's until the next call */
};

/** The best set of @server, where @value [spot] is what each is worth; what is worth nothing or
 * less stays away but for pairs; -HUGE_VAL: it may not. Sets that are worth @least or less are not
 * looked for: then @bound is at most @least, or as low as was found out. At most @most labels are
 * kept a task. @exact: where there are more the bound is a bound all the same, and else it is
 * HUGE_VAL. Linear in tasks, with @most labels each, and those squared where windows lie in one
 * another. */
struct priced pricer_best(struct pricer *p, uint32_t server, const double *value, double least,
	size_t most, bool exact);

#endif
