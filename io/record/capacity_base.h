#ifndef OFFING_IO_RECORD_CAPACITY_BASE_H
#define OFFING_IO_RECORD_CAPACITY_BASE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/** The tables `capacity` and `capacity_point` of an SQLite file; a NaN is NULL there. */

struct capacity_entry {
	const char *policy, *status, *rule; /* NULL: none */
	double scale, low, high, requests_per_s;
	double of_bound, of_bound_low, of_bound_high;
	double dropped;
	uint64_t requests, runs;
	size_t n_points;
	const struct capacity_seen {
		double scale, value;
		size_t runs;
	} * points;
};

struct capacity_base {
	const char *scenario, *target; /* target NULL: stability */
	double precision, bound, bound_error;
	const char *bound_words;
	bool bound_exact;
	uint64_t seed;
	size_t n;
	const struct capacity_entry *entries;
};

/** Make @path, which is not there. ERR_RUN when it cannot be written. */
MUST_CHECK bool capacity_base_write(
	const char *path, const struct capacity_base *b, struct err *err);

#endif
