/* The built-in data sets. The tables are counts made for this project (n = 164, 1346 and 100
 * texts); docs/workloads.md lists files, templates and tokenizer. */
#include "models/workload/dataset.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <string.h>

static double table_at(const double *q, double u)
{
	double at = u * (DATASET_QUANTILES - 1);
	size_t i = (size_t)at;

	if (i + 1 >= DATASET_QUANTILES)
		return q[DATASET_QUANTILES - 1];
	return q[i] + (at - (double)i) * (q[i + 1] - q[i]);
}

/* The area under the linear quantile function. */
static double table_mean(const double *q)
{
	double sum = 0.5 * (q[0] + q[DATASET_QUANTILES - 1]);
	size_t i;

	for (i = 1; i + 1 < DATASET_QUANTILES; i++)
		sum += q[i];
	return sum / (DATASET_QUANTILES - 1);
}

static uint32_t draw_one(const double *q, uint32_t fixed_tok, double u)
{
	return q ? (uint32_t)(table_at(q, u) + 0.5) : fixed_tok;
}

void dataset_draw(
	const struct dataset *d, struct rng *r, uint32_t *prompt_tok, uint32_t *output_tok)
{
	double z, u, v;

	if (d->rho == 0.0) {
		u = d->prompt_tok ? rng_uniform(r) : 0.0;
		v = d->output_tok ? rng_uniform(r) : 0.0;
	} else { /* the second normal leans on the first by rho */
		z = gsl_ran_gaussian_ziggurat(rng_gsl(r), 1.0);
		u = gsl_cdf_ugaussian_P(z);
		v = gsl_cdf_ugaussian_P(d->rho * z + gsl_ran_gaussian_ziggurat(rng_gsl(r),
							     sqrt(1.0 - d->rho * d->rho)));
	}
	*prompt_tok = draw_one(d->prompt_tok, d->prompt_fixed_tok, u);
	*output_tok = draw_one(d->output_tok, d->output_fixed_tok, v);
}

double dataset_prompt_mean_tok(const struct dataset *d)
{
	return d->prompt_tok ? table_mean(d->prompt_tok) : d->prompt_fixed_tok;
}

double dataset_output_mean_tok(const struct dataset *d)
{
	return d->output_tok ? table_mean(d->output_tok) : d->output_fixed_tok;
}

double dataset_output_quantile_tok(const struct dataset *d, double u)
{
	return d->output_tok ? table_at(d->output_tok, u) : d->output_fixed_tok;
}

/* openai/human-eval 6d43fb9, MIT: the raw prompts, and the canonical solutions. */
static const double humaneval_prompt[DATASET_QUANTILES] = {48, 66.15, 84, 94, 98.8, 108, 113.7,
	122.05, 127.2, 132, 136, 145.95, 160.6, 165.9, 174.3, 182.25, 194, 234.25, 261.5, 304.85,
	433};
static const double humaneval_output[DATASET_QUANTILES] = {7, 12.15, 18, 22.45, 27.6, 31, 35, 39.05,
	47, 51.35, 55, 61, 69.6, 73.95, 82, 88, 104.4, 113.55, 128.4, 152.1, 300};

/* C-Eval's validation split, all 52 subjects, in the official 0-shot template. */
static const double ceval_prompt[DATASET_QUANTILES] = {87, 107, 116, 123, 129, 134, 140, 147, 153,
	160, 169, 178, 190, 201, 217, 237, 258, 288, 320.5, 383.75, 615};

/* SummEval: 100 articles under a 17-token instruction, and their reference summaries. */
static const double summeval_prompt[DATASET_QUANTILES] = {174, 283.7, 341, 378.4, 399.6, 442.5,
	463.7, 485.95, 513.4, 547.4, 555, 571.45, 597.6, 623.35, 637.6, 649.25, 672, 686, 700.4,
	740.55, 832};
static const double summeval_output[DATASET_QUANTILES] = {29, 42.95, 49, 51, 53, 54, 56, 57, 59.6,
	61.55, 65, 67, 70, 73, 75, 77.25, 80.2, 87.3, 98.1, 114.1, 141};

static const struct dataset datasets[] = {
	{
		.name = "humaneval",
		.summary = "HumanEval: Python functions from their docstrings, 157 in / 68 out",
		.prompt_tok = humaneval_prompt,
		.output_tok = humaneval_output,
		.rho = 0.47,
	},
	{
		.name = "ceval",
		.summary = "C-Eval, 0-shot, chain of thought: Chinese exams, 200 in / 236 out",
		.prompt_tok = ceval_prompt,
		.output_fixed_tok = 236,
	},
	{
		.name = "ceval-letter",
		.summary = "C-Eval, 0-shot, the letter alone: 200 in / 2 out",
		.prompt_tok = ceval_prompt,
		.output_fixed_tok = 2,
	},
	{
		.name = "summeval",
		.summary = "SummEval: news articles to summaries, 540 in / 69 out",
		.prompt_tok = summeval_prompt,
		.output_tok = summeval_output,
		.rho = 0.38,
	},
	{
		.name = "wikitext-2",
		.summary = "WikiText-2: fixed 32 in / 96 out",
		.prompt_fixed_tok = 32,
		.output_fixed_tok = 96,
	},
};

size_t dataset_count(void)
{
	return sizeof datasets / sizeof datasets[0];
}

const struct dataset *dataset_at(size_t i)
{
	return &datasets[i];
}

const struct dataset *dataset_find(const char *name)
{
	size_t i;

	for (i = 0; i < dataset_count(); i++)
		if (strcmp(datasets[i].name, name) == 0)
			return &datasets[i];
	return NULL;
}
