#ifndef OFFING_IO_RESULTS_AXIS_H
#define OFFING_IO_RESULTS_AXIS_H

#include "base/mem.h"
#include "io/results/query.h"

/** The order of what keys can be: an axis of a query from the values of its runs. */

/** A number of the dimension that all of @values are of, in *@unit; false: they are of none. NULL
 *  among them is no value. */
bool axis_numbers(double *out, const char **unit, const char *const *values, size_t n);

/**
 * @values[run][key] of @n_runs, NULL where a run has no such key. @place[run] becomes the place of
 * a run on the axis. All of the axis is in @arena but for the texts, which are borrowed.
 */
void axis_make(struct query_axis *out, size_t *place, struct arena *arena, size_t n_keys,
	const char *const *names, size_t n_runs, const char *const *values);

#endif
