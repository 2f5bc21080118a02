#include "models/cost/das_decode.h"

#include <math.h>

/* Of a sequence, read whatever is kept. */
static const double WHOLE_TOK = 1024.0;
/* A pooled key, which has no value, for 64 keys. */
static const double POOLED = 0.5 / 64.0;

double das_decode_tok(double keep, double batch, double context_tok)
{
	double beyond = context_tok - WHOLE_TOK * batch;

	return POOLED * context_tok +
	       (beyond > 0.0 ? context_tok - beyond + keep * beyond : context_tok);
}

double das_decode_select_s(void)
{
	return 2.0 * 4e-6;
}

/** The first whole context whose reading is at least @tok. */
static uint64_t context_of(double keep, double batch, uint64_t tok)
{
	double whole = WHOLE_TOK * batch, at = (double)tok / (1.0 + POOLED);

	if (tok == UINT64_MAX)
		return UINT64_MAX;
	if (at > whole)
		at = whole + ((double)tok - (1.0 + POOLED) * whole) / (keep + POOLED);
	return at < 0x1p63 ? (uint64_t)ceil(at) : UINT64_MAX;
}

size_t das_decode_cells(struct cost_affine *out, const struct cost_affine *dense, size_t n,
	double keep, double batch, double select_s)
{
	uint64_t whole = (uint64_t)(WHOLE_TOK * batch);
	size_t m = 0;

	for (size_t i = 0; i < n; i++) {
		const struct cost_affine *d = &dense[i];
		uint64_t from = context_of(keep, batch, d->from_tok);
		uint64_t until = context_of(keep, batch, d->until_tok);
		double beyond_s = d->per_tok_s * (1.0 - keep) * (double)whole;

		if (from < whole && from < until)
			out[m++] = (struct cost_affine){
				.base_s = d->base_s + select_s,
				.per_tok_s = d->per_tok_s * (1.0 + POOLED),
				.from_tok = from,
				.until_tok = until < whole ? until : whole,
			};
		if (until > whole && from < until)
			out[m++] = (struct cost_affine){
				.base_s = d->base_s + select_s + beyond_s,
				.per_tok_s = d->per_tok_s * (keep + POOLED),
				.from_tok = from > whole ? from : whole,
				.until_tok = until,
			};
	}
	return m;
}
