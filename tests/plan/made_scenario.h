#ifndef OFFING_TESTS_PLAN_MADE_SCENARIO_H
#define OFFING_TESTS_PLAN_MADE_SCENARIO_H

#include <stdint.h>

struct scenario;

/** Number @seed of the random scenarios; some of them cannot be run. The caller destroys it. */
struct scenario *made_scenario(uint64_t seed);

#endif
