#ifndef OFFING_CLI_PLACED_H
#define OFFING_CLI_PLACED_H

#include <stdio.h>

#include "cli/run_job.h"

/** Where `instances: auto` has put what, and how long a token takes there: foretold of a request
 *  that is alone, and in the first replication of each policy. */
void placed_print(FILE *to, const struct run_job *j);

#endif
