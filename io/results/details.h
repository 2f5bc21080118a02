#ifndef OFFING_IO_RESULTS_DETAILS_H
#define OFFING_IO_RESULTS_DETAILS_H

#include "io/results/results.h"

/**
 * What the tables of results say of a run beside its metrics: how it came about and what to know
 * of it. All is borrowed from the results.
 */

struct results_warning {
	const char *kind, *scope, *text;
	uint32_t times; /* rows with these */
};

struct results_input {
	const char *key, *path, *sha256;
	int64_t bytes;
};

struct results_profile {
	const char *instance, *profile, *provenance, *method, *date;
	double sigma_decode, sigma_prefill, sigma_attention;
};

struct results_details {
	const char *scenario;           /* resolved text */
	const char *host, *started_utc; /* "": not kept, as in a merged file */
	double wall_s;                  /* NaN: not known */
	uint32_t complete;              /* replications */
	double warmup_s;                /* of the first of these; NaN: there is none */
	double horizon_s;               /* the same */
	size_t n_warnings, n_inputs, n_profiles;
	const struct results_warning *warnings; /* in the order met */
	const struct results_input *inputs;     /* in order of the key */
	const struct results_profile *profiles; /* in order of the instance */
};

MUST_CHECK bool results_details(
	struct results_details *out, struct results *r, size_t run, struct err *err);

/** A leaf of a resolved scenario. */
struct results_leaf {
	const char *key, *value;
};

/** All of @run, in order of the key. */
MUST_CHECK bool results_leaves(
	size_t *n, const struct results_leaf **out, struct results *r, size_t run, struct err *err);

#endif
