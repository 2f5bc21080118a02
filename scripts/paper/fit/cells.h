#ifndef OFFING_SCRIPTS_PAPER_FIT_CELLS_H
#define OFFING_SCRIPTS_PAPER_FIT_CELLS_H

#include <stddef.h>

#include "base/err.h"
#include "base/mem.h"

/**
 * What the paper prints in Table 1, of which a fit may see edge-only and cloud-only latencies and
 * nothing else. Throughputs hang on how requests are batched, which the paper does not say, and
 * edge + cloud is what the fit is to predict.
 */

enum card { TITAN_X, RTX_4090, CARDS };
enum { CELLS_MOST = 100 };
enum paper_model { LLAMA2_7B, LLAMA2_13B, PAPER_MODELS };

extern const char *const card_names[CARDS];
extern const char *const paper_model_names[PAPER_MODELS];

struct cell {
	enum card card; /* edge-only: TITAN X, cloud-only: RTX 4090 */
	enum paper_model model;
	const char *dataset;
	double latency_s; /* per output token */
};

struct cells {
	size_t n;
	struct cell *at; /* in the order of the file */
};

/** Read the inputs of @file (scripts/paper/table1_published.csv) into @out, in @a. */
MUST_CHECK bool cells_read(struct cells *out, struct arena *a, const char *file, struct err *err);

/** "edge-only", "cloud-only". */
const char *cell_system_name(enum card card);

#endif
