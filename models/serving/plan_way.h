#ifndef OFFING_MODELS_SERVING_PLAN_WAY_H
#define OFFING_MODELS_SERVING_PLAN_WAY_H

#include "models/ids.h"
#include "models/serving/spec.h"

/**
 * What goes from one device to the next while nobody else sends anything: over links as they are
 * when the run begins, or within a site, or in no time.
 */
struct net;
struct route;

struct plan_way {
	const struct net *net;
	const struct route *route; /* NULL: within a site */
	struct bus bus;            /* there; no rate: in no time */
	bool at_a_time;            /* of a bus: one after the other */
};

struct plan_trip {
	double busy_s;  /* nothing else goes meanwhile */
	double delay_s; /* and it is there so much later */
};

struct plan_trip plan_trip(const struct plan_way *w, double bytes, enum transfer_kind kind);

/** When what sets off at @at_s is there. @free_s: when what was before has left; brought up to
 *  date. */
static inline double plan_arrives_s(struct plan_trip t, double *free_s, double at_s)
{
	*free_s = (at_s > *free_s ? at_s : *free_s) + t.busy_s;
	return *free_s + t.delay_s;
}

#endif
