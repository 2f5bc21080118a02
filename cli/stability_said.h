#ifndef OFFING_CLI_STABILITY_SAID_H
#define OFFING_CLI_STABILITY_SAID_H

#include <stdio.h>

#include "study/pool.h"

/** What is said of a run's stability (docs/stability.md). */

/** One line: the verdict of all replications together, by how much the backlog grows or drains,
 *  and what to do where there is none. @policy goes before it, NULL: nobody. */
void stability_print(FILE *to, const char *policy, const struct pool *p, size_t width);

/** One line, where no verdict is to be had of @spec: why. */
void stability_print_none(FILE *to, const struct scenario_spec *spec, size_t width);

/** A member of JSON,
 * "stability":{"verdict","reason","error","drift","low","high","load","enough_s"}, with a comma
 *  before it: the drift in requests for each that arrives. Nothing where no verdict is to be had.
 */
void stability_json(FILE *to, const struct pool *p);

#endif
