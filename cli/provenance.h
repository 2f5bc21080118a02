#ifndef OFFING_CLI_PROVENANCE_H
#define OFFING_CLI_PROVENANCE_H

#include <stdio.h>

#include "models/scenario.h"

/**
 * Whose device times a scenario uses, how they came about and how sure they are: a line a
 * profile with its instances, each line starting with @prefix and within @width columns.
 * Nothing where no instance runs a model.
 */
void provenance_print(FILE *to, const struct scenario_spec *s, const char *prefix, size_t width);

#endif
