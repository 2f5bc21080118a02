#ifndef OFFING_MODELS_WORKLOAD_SESSIONS_H
#define OFFING_MODELS_WORKLOAD_SESSIONS_H

#include "models/workload/spec.h"
#include "sim/rng.h"

/**
 * Conversations of a group: how many turns each has, how long its user thinks between two. Every
 * turn draws from a stream of its own, a number of the stream "turns" of the group, so that a
 * session is the same whatever the system does to it and to others.
 */
struct sessions;

/** The caller owns *@out; NULL when the group has none. Fails at the place of what is out of
 *  range, and when the lengths come with the arrivals. */
MUST_CHECK bool sessions_create(struct sessions **out, const struct group_spec *group,
	uint64_t seed, uint32_t replication, struct err *err);
void sessions_destroy(struct sessions *s); /* NULL is taken */

/** Turns of session number @n, at least 1. */
uint32_t sessions_turns(struct sessions *s, uint64_t n);

/** Its turn @k, from 2: what its user thinks before; what is new in it is drawn from the result. */
struct rng sessions_turn(struct sessions *s, uint64_t n, uint32_t k, double *think_s);

bool sessions_drew(const struct sessions *s); /* NULL is taken */

#endif
