#ifndef OFFING_TESTS_PRIORITY_NETWORK_H
#define OFFING_TESTS_PRIORITY_NETWORK_H

#include <stddef.h>
#include <stdint.h>

#include "sim/drift_test.h"

/**
 * Two stations and four classes of jobs with preemptive priorities, Poisson arrivals, exponential
 * services: networks that are unstable although each station has more capacity than work.
 *
 * Lu and Kumar, "Distributed scheduling based on due dates and buffer priorities", IEEE Trans.
 * Autom. Control 36 (1991): each job visits A, B, B, A as classes 1 to 4; 4 goes before 1 and 2
 * before 3. Rybko and Stolyar, "Ergodicity of stochastic processes describing the operation of open
 * queueing networks", Probl. Inf. Transm. 28 (1992): half of the jobs visit A then B (classes 1 and
 * 2), the others B then A (3 and 4); 4 goes before 1, 2 before 3. Classes 2 and 4 are never served
 * at one time once they are many, as if by one server: with arrivals of rate lambda (of each kind)
 * and mean services m both are unstable where lambda (m2 + m4) > 1, and stable where all loads are
 * below 1.
 */
enum priority_kind { LU_KUMAR, RYBKO_STOLYAR };

struct priority_network {
	enum priority_kind kind;
	double rate_per_s;   /* lambda */
	double service_s[4]; /* m1 to m4 */
	uint64_t seed;
	uint32_t replication;
	uint64_t backlog;     /* at the start, in the classes that jobs come as; 0: none */
	uint64_t least, most; /* where a run with a backlog ends */
	double arrivals;      /* expected, when a run ends that has not */
};

/** What drift_watch sees of the number of jobs. */
void priority_network_run(const struct priority_network *n, struct drift_evidence *out);

#endif
