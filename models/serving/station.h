#ifndef OFFING_MODELS_STATION_H
#define OFFING_MODELS_STATION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "models/serving/spec.h"

/**
 * A synthetic instance, for checks against queueing theory: service times come
 * from a distribution. `fifo`: @slots servers, one line. `ps`: @slots servers
 * shared equally, each request at rate min(1, slots / n); one pending event
 * however many share (attained service in virtual time).
 */
struct station;
struct world;
struct instance_host;

MUST_CHECK bool station_create(struct station **out, struct world *w,
	const struct instance_host *host, struct instance_id id, const struct instance_spec *spec,
	struct err *err);
void station_destroy(struct station *s);
void station_enqueue(struct station *s, uint32_t request);
/** EV_SERVED; @request is NO_ID under processor sharing. */
void station_served(struct station *s, uint32_t request);
double station_mean_s(const struct station *s);

#endif
