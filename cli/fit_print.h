#ifndef OFFING_CLI_FIT_PRINT_H
#define OFFING_CLI_FIT_PRINT_H

#include <stdio.h>

#include "study/fit.h"

/** What a fit found: tables for people, or one JSON object. */
void fit_print(FILE *to, const struct fit_result *r, size_t n_logs);
void fit_print_json(FILE *to, const struct fit_result *r, size_t n_logs);

/** What the logs could not tell, a warning a line. */
void fit_print_notes(FILE *to, const struct fit_result *r);

#endif
