/* Sparsity and prediction cost by length; docs/models.md, "Sparse attention". */
#include "models/cost/das.h"

#include <math.h>
#include <stddef.h>

const char *const attention_names[ATTENTIONS + 1] = {
	[ATTENTION_FULL] = "full",
	[ATTENTION_DAS] = "das",
	[ATTENTION_DAS_OPTIMISTIC] = "das-optimistic",
	[ATTENTION_DAS_CEILING] = "das-ceiling",
	NULL,
};

enum { BLOCK_Q = 128, BLOCK_K = 64 };

struct point {
	double tok, y;
};

static const struct point sparsity_points[] = {
	{4096, 0.0}, {8192, 0.068}, {16384, 0.264}, {24576, 0.357}, {49152, 0.498}, {131072, 0.54}};
static const struct point prediction_points[] = {
	{8192, 0.0378}, {16384, 0.0182}, {32768, 0.00911}, {65536, 0.00612}, {131072, 0.00516}};

/* The piece [i, i + 1] of @p that holds @tok, and how far into it by logarithm. */
static size_t piece(double *part, const struct point *p, size_t n, double tok)
{
	size_t i = 0;

	while (i + 2 < n && p[i + 1].tok <= tok)
		i++;
	*part = log(tok / p[i].tok) / log(p[i + 1].tok / p[i].tok);
	return i;
}

static double published_sparsity(double tok)
{
	const size_t n = sizeof sparsity_points / sizeof sparsity_points[0];
	const struct point *p = sparsity_points;
	double part;
	size_t i;

	if (tok <= p[0].tok)
		return 0.0;
	if (tok >= p[n - 1].tok)
		return p[n - 1].y;
	i = piece(&part, p, n, tok);
	return p[i].y + part * (p[i + 1].y - p[i].y);
}

/*
 * Row block i, from 0, sees ceil(min(128 (i + 1), tok) / 64) key blocks. From block 2 i on they
 * touch the diagonal; of the 2 i before it all but the first may go. Over r row blocks that is
 * (r - 1)^2 blocks skipped, of r (r - 1) seen by the whole ones and those of the last.
 */
static double ceiling_sparsity(double tok)
{
	double r = ceil(tok / BLOCK_Q);

	return (r - 1.0) * (r - 1.0) / (r * (r - 1.0) + ceil(tok / BLOCK_K));
}

double das_sparsity(enum attention a, double tok)
{
	if (tok < BLOCK_Q)
		return 0.0;
	switch (a) {
	case ATTENTION_DAS:
		return published_sparsity(tok);
	case ATTENTION_DAS_OPTIMISTIC:
		return 0.5 * ceiling_sparsity(tok);
	case ATTENTION_DAS_CEILING:
		return ceiling_sparsity(tok);
	case ATTENTION_FULL:
	case ATTENTIONS:
		break;
	}
	return 0.0;
}

double das_prediction_share(double tok)
{
	const size_t n = sizeof prediction_points / sizeof prediction_points[0];
	const struct point *p = prediction_points;
	double part;
	size_t i;

	if (tok < BLOCK_Q)
		return 0.0;
	if (tok <= p[0].tok)
		return p[0].y * p[0].tok / tok;
	if (tok >= p[n - 1].tok)
		return p[n - 1].y;
	i = piece(&part, p, n, tok);
	return p[i].y * exp(part * log(p[i + 1].y / p[i].y));
}

double das_prediction_floor_s(double tok)
{
	return tok < BLOCK_Q ? 0.0 : 3.0 * 4e-6;
}
