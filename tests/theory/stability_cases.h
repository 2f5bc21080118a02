#ifndef OFFING_TESTS_STABILITY_CASES_H
#define OFFING_TESTS_STABILITY_CASES_H

#include "sim/drift_test.h"
#include "tests/support/world_fixture.h"

/** Systems whose capacity is known, to judge verdicts by. */
enum stability_case {
	CASE_MM1,
	CASE_MM4,
	CASE_MG1_HYPER,
	CASE_MG1_LOGNORMAL,
	CASE_TWO_CLASSES,
	CASE_RANDOM,
	CASE_LLM,
	CASES,
};

struct stability_system {
	const char *name;
	double requests; /* the default length: 8 sigma^2 / d^2 at 5 %, rounded up */
};

extern const struct stability_system stability_systems[CASES];

/** Requests a second at load 1: servers over mean service; of the LLM instance what it serves a
 *  second when it never lacks requests, from a long run. */
double stability_capacity(enum stability_case c);

/** The scenario with that many requests a second; @f is to be finished by the caller. */
void stability_make(struct fixture *f, enum stability_case c, double rate_per_s);

/** How often it was said what is not so, and nothing, over @runs. */
struct stability_tally {
	unsigned runs, wrong, undecided;
	double requests; /* simulated, mean */
};

/** Runs of @requests each from a cold start, judged at 1 % and 5 %. */
struct stability_tally stability_cold(enum stability_case c, double rate_per_s, double requests,
	unsigned runs, enum drift_verdict truth);
/** From a backlog, until certain. */
struct stability_tally stability_decided(
	enum stability_case c, double rate_per_s, unsigned runs, enum drift_verdict truth);

#endif
