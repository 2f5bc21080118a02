#ifndef OFFING_KERNELS_DAS_JOB_H
#define OFFING_KERNELS_DAS_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "kernels-ref/ref/das.h"

/** What the command line of offing-das asks for. Strings are borrowed from argv. */
struct das_job {
	struct attn_shape s;
	struct das_params p;
	const char *file[3]; /* q, k, v */
	const char *picture;
	size_t lengths[32], n_lengths;
	uint64_t seed;
	bool normal; /* generate without structure */
	bool help;
	bool decode;    /* show das-decode of the last query */
	double tune_l1; /* 0: do not tune */
	size_t head, cell;
	float *q, *k, *v; /* filled by the program, which frees them */
};

/** The text of --help. */
extern const char das_help[];

/** Read the options; fails on an unknown one, a value out of range, or a contradiction. */
MUST_CHECK bool das_job_parse(struct das_job *j, int argc, char **argv, struct err *err);

#endif
