#include "models/workload/lengths.h"

#include <math.h>

#include "models/workload/dataset.h"

static bool law(double *mean, double *most, const struct dist_spec *s, struct err *err)
{
	struct dist *d;

	if (!dist_create(&d, s, err))
		return false;
	*mean = dist_mean(d);
	*most = s->kind == DIST_CONSTANT ? s->mean : s->max;
	if (s->kind == DIST_EMPIRICAL)
		*most = fmin(s->max, s->quantiles[s->n_quantiles - 1]);
	dist_destroy(d);
	return true;
}

static double last(const double *quantiles, uint32_t fixed)
{
	return quantiles ? quantiles[DATASET_QUANTILES - 1] : fixed;
}

bool workload_lengths(struct workload_lengths *out, const struct workload_spec *w, struct err *err)
{
	const struct dataset *d = w->dataset;

	*out = (struct workload_lengths){
		.known = w->kind == WORKLOAD_DISTS || w->kind == WORKLOAD_DATASET};
	if (w->kind == WORKLOAD_DISTS)
		return law(&out->prompt_mean_tok, &out->prompt_most_tok, &w->prompt_tok, err) &&
		       law(&out->output_mean_tok, &out->output_most_tok, &w->output_tok, err);
	if (w->kind != WORKLOAD_DATASET)
		return true;
	out->prompt_mean_tok = dataset_prompt_mean_tok(d);
	out->output_mean_tok = dataset_output_mean_tok(d);
	out->prompt_most_tok = last(d->prompt_tok, d->prompt_fixed_tok);
	out->output_most_tok = last(d->output_tok, d->output_fixed_tok);
	return true;
}
