#ifndef OFFING_SCRIPTS_PAPER_FIT_PRINT_H
#define OFFING_SCRIPTS_PAPER_FIT_PRINT_H

#include <stdio.h>

#include "scripts/paper/fit/solve.h"

/**
 * What a fit comes to. As rows form,card,item,of,with,value:
 *
 *	constant, standard_error (relative)    of the constant
 *	covariance                             of the logarithms of two constants
 *	printed_ms, foretold_ms, residual      of a model, with a data set
 *	cells, constants, sigma, aicc
 */
void print_head(FILE *to);
void print_fit(FILE *to, const struct solution *s, const struct cells *cells);

/** The profile of the card of @s with @m, as text; @others: further models it stands for, or "". */
void print_profile(FILE *to, const struct solution *s, enum paper_model m, const char *others);

#endif
