#ifndef OFFING_IO_RESULTS_SERIES_H
#define OFFING_IO_RESULTS_SERIES_H

#include "io/results/results.h"

/**
 * What series.h5 has of one replication: the queues at the end of every slot of record.queues. Of
 * one that is being written, or was killed, what all of its columns have.
 */
struct results_series;

/** ERR_INPUT where nothing was recorded of replication @number of @run, and in a build without
 * HDF5;
 *  *@out is NULL then. */
MUST_CHECK bool results_series_open(struct results_series **out, struct results *r, size_t run,
	uint32_t number, struct err *err);
void results_series_close(struct results_series *s); /* NULL is taken */

/** Slots; queues, of which the last is the scheduler's; and what they are called. */
size_t results_series_n(const struct results_series *s);
size_t results_series_width(const struct results_series *s);
const char *results_series_name(const struct results_series *s, size_t queue);

enum series_column {
	SERIES_T,     /* s of simulated time, the end of the slot */
	SERIES_L,     /* half the sum of the squared queues */
	SERIES_DRIFT, /* its change since the slot before; NaN at the first */
	SERIES_COLUMNS,
};

/** One value a slot. */
MUST_CHECK bool results_series_read(
	double *out, const struct results_series *s, enum series_column c, struct err *err);

/** The queues, slot after slot: @row is called with all of them. */
MUST_CHECK bool results_series_queues(const struct results_series *s,
	void (*row)(void *user, size_t slot, const uint32_t *queues), void *user, struct err *err);

#endif
