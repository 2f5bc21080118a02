#ifndef OFFING_MODELS_DATASET_H
#define OFFING_MODELS_DATASET_H

#include <stddef.h>
#include <stdint.h>

#include "sim/rng.h"

enum { DATASET_QUANTILES = 21 }; /* at 0, 5, ..., 100 % */

/**
 * Lengths of the paper's four data sets, built in: quantile tables in Llama-2
 * tokens (one BOS in a prompt, one EOS in an output), linear in between.
 * docs/workloads.md says from which texts and templates they were counted.
 */
struct dataset {
	const char *name;         /* as in scenarios */
	const char *summary;      /* one line, for `offing list datasets` */
	const double *prompt_tok; /* DATASET_QUANTILES of them; NULL: @prompt_fixed_tok */
	const double *output_tok;
	uint32_t prompt_fixed_tok, output_fixed_tok;
	/* Of the Gaussian copula that joins prompt and output; 0: independent. */
	double rho;
};

/** The data sets in the order of the list, @i < dataset_count(). */
size_t dataset_count(void);
const struct dataset *dataset_at(size_t i);

/** NULL when there is none of this name. */
const struct dataset *dataset_find(const char *name);

/** One request's lengths, rounded to whole tokens. */
void dataset_draw(
	const struct dataset *d, struct rng *r, uint32_t *prompt_tok, uint32_t *output_tok);

/** Of the interpolated table, before rounding. */
double dataset_prompt_mean_tok(const struct dataset *d);
double dataset_output_mean_tok(const struct dataset *d);
/** @u from 0 to 1. */
double dataset_output_quantile_tok(const struct dataset *d, double u);

#endif
