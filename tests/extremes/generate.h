#ifndef OFFING_TESTS_GENERATE_H
#define OFFING_TESTS_GENERATE_H

#include <stdint.h>

#include "base/str.h"

/** Add to @to a scenario that nobody wrote but that should run: some tiers, links of any kind,
 *  queues or models, every arrival process, several policies. The same for the same @seed. */
void generate_scenario(struct buf *to, uint64_t seed);

#endif
