#ifndef OFFING_CLI_ROUTES_H
#define OFFING_CLI_ROUTES_H

#include <stdio.h>

#include "base/err.h"
#include "models/scenario.h"

/** Every route between users and instances as a line: its ends, delay and slowest rate, then its
 *  hops with theirs. A way back that differs has a line of its own. Fails as world_check() does. */
MUST_CHECK bool routes_print(FILE *to, const struct scenario_spec *spec, struct err *err);

#endif
