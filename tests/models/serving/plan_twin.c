#include "tests/models/serving/plan_twin.h"

#include <math.h>
#include <string.h>

void twin_law(struct twin_law *l, double alpha, unsigned k, unsigned tok)
{
	double has[TWIN_TOK_MOST] = {1.0}, next[TWIN_TOK_MOST], p[40];

	for (unsigned g = 1; g <= k + 1; g++)
		p[g] = pow(alpha, g - 1.0) - (g <= k ? pow(alpha, g) : 0.0);
	for (l->n = 0; l->n < tok; l->n++) {
		double below = 0.0, sum = 0.0;

		for (unsigned t = 0; t < tok; t++) {
			below += has[t];
			sum += t * has[t];
		}
		if (below < 1e-19)
			break;
		l->more[l->n] = below;
		l->won[l->n] = sum / below;
		memset(next, 0, sizeof next);
		for (unsigned t = 0; t < tok; t++)
			for (unsigned g = 1; g <= k + 1 && t + g < tok; g++)
				next[t + g] += has[t] * p[g];
		memcpy(has, next, sizeof has);
	}
}

static double exactly(const struct twin_line *l, unsigned n, double tok)
{
	struct cost_work w = {0};

	for (unsigned i = 0; i < n && l->k > 0; i++)
		cost_work_verify(&w, l->k, tok);
	if (l->k == 0)
		w = (struct cost_work){.n_decode = n, .decode_context_tok = n * tok};
	return cost_step_s(l->cost, &w);
}

static double between(double x, double x0, double x1, double y0, double y1)
{
	return y0 + (x - x0) / (x1 - x0) * (y1 - y0);
}

static double behind(const struct twin_line *l, unsigned n, double tok)
{
	return between(
		tok, l->from_tok, l->to_tok, exactly(l, n, l->from_tok), exactly(l, n, l->to_tok));
}

static double one_pass(const struct twin_line *l, double n, double tok)
{
	unsigned low = 1, high = l->n;

	if (l->n == 1)
		return behind(l, 1, tok);
	while (2 * low <= n && 2 * low < l->n)
		low *= 2;
	if (2 * low < l->n)
		high = 2 * low;
	return between(n, low, high, behind(l, low, tok), behind(l, high, tok));
}

double twin_passes_s(const struct twin_line *l, double n, unsigned size, double tok)
{
	double full = floor(n / size), left = n - full * size;
	double s = full > 0.0 ? full * one_pass(l, size, tok) : 0.0;

	if (left >= 1.0)
		s += one_pass(l, left, tok);
	else if (left > 0.0)
		s += left * one_pass(l, 1.0, tok);
	return s;
}

unsigned twin_rounded(double x, double per, double most)
{
	double low = 1.0, step;

	x = x < 1.0 ? 1.0 : x > most ? most : x;
	while (2.0 * low <= x)
		low *= 2.0;
	step = low / per;
	low += floor((x - low) / step) * step;
	return (unsigned)floor(low + 0.5 * step);
}

static double planned_s(const struct cost *model, const struct cost *draft, unsigned n, unsigned k,
	unsigned tok, unsigned want, bool keeps, const struct twin_law *law)
{
	double to_tok = (double)tok + want, sum = 0.0;
	struct twin_line verify = {model, n, k, tok, to_tok}, drafts = {draft, n, 0, tok, to_tok};

	for (unsigned r = 0; r < law->n; r++) {
		double any = 1.0 - pow(1.0 - law->more[r], n), m = n * law->more[r] / any;
		double at = tok + law->won[r];

		if (keeps) { /* all rows, those that have ended with all that they wanted */
			m = n;
			at = tok + law->more[r] * law->won[r] + (1.0 - law->more[r]) * want;
		}
		if (any < 1e-13)
			break;
		sum += any * twin_passes_s(&verify, m, n, at);
		if (k > 0)
			sum += any * k * twin_passes_s(&drafts, m, n, at + (k - 1.0) / 2.0);
	}
	return sum;
}

unsigned twin_planned_k(const struct cost *model, const struct cost *draft, unsigned n,
	unsigned tok, unsigned want, unsigned percent, bool keeps)
{
	double least = HUGE_VAL;
	unsigned best = 0;

	for (unsigned k = 0; k <= 8; k++) {
		struct twin_law law;
		double s;

		twin_law(&law, percent / 100.0, k, want);
		s = planned_s(model, draft, n, k, tok, want, keeps, &law);
		if (s < least) {
			least = s;
			best = k;
		}
	}
	return best;
}
