#ifndef OFFING_MODELS_CATALOG_H
#define OFFING_MODELS_CATALOG_H

#include <stdbool.h>
#include <stddef.h>

#include "models/cost/spec.h"

/**
 * What a scenario may call by name: GPUs, models, runtimes, interconnects. Constant tables;
 * `offing list` prints them. The finders return NULL for an unknown name.
 */

struct catalog_gpu {
	struct gpu_spec spec; /* at is empty */
	double list_usd; /* what card or kit was first sold for, in @list_year; 0: not listed */
	unsigned list_year;
	const char *summary;
};

struct catalog_model {
	struct llm_shape shape;
	const char *summary;
};

struct catalog_runtime {
	const char *name, *summary;
	struct host_time host;  /* of a host like those it was fitted on; all zero: none */
	const char *provenance; /* of that, or of all that it takes; NULL: as its profiles say */
};

/** Between the GPUs of one machine. */
struct catalog_interconnect {
	const char *name;
	double bytes_per_s, latency_s; /* reached each way by a GPU; of a message in a ring */
	const char *summary;
};

extern const struct catalog_gpu catalog_gpus[];
extern const size_t catalog_n_gpus;
extern const struct catalog_model catalog_models[];
extern const size_t catalog_n_models;
extern const struct catalog_runtime catalog_runtimes[];
extern const size_t catalog_n_runtimes;
extern const struct catalog_interconnect catalog_interconnects[];
extern const size_t catalog_n_interconnects;

const struct catalog_gpu *catalog_find_gpu(const char *name);
const struct catalog_model *catalog_find_model(const char *name);
const struct catalog_runtime *catalog_find_runtime(const char *name);
const struct catalog_interconnect *catalog_find_interconnect(const char *name);

#endif
