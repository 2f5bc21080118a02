#include "models/serving/acceptance.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

double acceptance_mean_tok(double alpha, unsigned k)
{
	double sum = 0.0, p = 1.0;

	for (unsigned j = 0; j <= k; j++, p *= alpha)
		sum += p;
	return sum;
}

/** P(a round gives @t tokens), t from 1 to k + 1. */
static double gives(double alpha, unsigned k, unsigned t)
{
	double reach = pow(alpha, t - 1.0);

	return t <= k ? reach * (1.0 - alpha) : reach;
}

/** @has[t]: the probability of t tokens, t < @tok, after some rounds: after one more. Returns
 *  that of fewer than @tok. */
static double another(double *has, size_t tok, const double *p, unsigned k)
{
	double below = 0.0;

	for (size_t t = tok; t-- > 0;) {
		double sum = 0.0;

		for (size_t g = 1; g <= k + 1 && g <= t; g++)
			sum += has[t - g] * p[g];
		has[t] = sum;
		below += sum;
	}
	return below;
}

void acceptance_rounds(double *out, double alpha, unsigned k, size_t tok)
{
	double *has = mem_zalloc(tok + 1, sizeof *has), *p = mem_zalloc(k + 2, sizeof *p);

	for (unsigned t = 1; t <= k + 1; t++)
		p[t] = gives(alpha, k, t);
	has[0] = 1.0;
	out[0] = tok == 0;
	for (size_t r = 1; r <= tok; r++)
		out[r] = 1.0 - another(has, tok, p, k);
	free(has);
	free(p);
}

/** Probabilities of so many tokens after some rounds; none outside [from, until). */
struct window {
	double *p;
	size_t from, until;
};

static double at(const struct window *w, size_t t)
{
	return t >= w->from && t < w->until ? w->p[t] : 0.0;
}

/** Below this a probability adds nothing that a double could hold. */
static const double nothing = 1e-22;

static void trim(struct window *w)
{
	while (w->from < w->until && w->p[w->from] < nothing)
		w->from++;
	while (w->from < w->until && w->p[w->until - 1] < nothing)
		w->until--;
}

/** @to: @w after one round more, below @tok. The sum over the tokens of a round moves on by a term
 *  in and a term out. Returns the probability of fewer than @tok. */
static double next_round(
	struct window *to, const struct window *w, double alpha, unsigned k, size_t tok)
{
	double all = pow(alpha, k), sum = 0.0, below = 0.0;

	to->from = w->from + 1;
	to->until = w->until + k + 1 < tok ? w->until + k + 1 : tok;
	for (size_t t = to->from; t < to->until; t++) {
		double last = t > k ? at(w, t - k - 1) : 0.0;

		if (k > 0)
			sum = alpha * sum + at(w, t - 1) - all * last;
		to->p[t] = fmax((1.0 - alpha) * sum + all * last, 0.0);
		below += to->p[t];
	}
	trim(to);
	return fmin(below, 1.0);
}

static double mean_tok(const struct window *w)
{
	double sum = 0.0, all = 0.0;

	for (size_t t = w->from; t < w->until; t++) {
		all += w->p[t];
		sum += w->p[t] * (double)t;
	}
	return sum / all;
}

/** By convolution. */
static size_t exact_course(double *more, double *won, double alpha, unsigned k, size_t tok)
{
	double *both = mem_zalloc(2 * tok + 1, sizeof *both), below = 1.0;
	struct window w = {both, 0, 1}, next = {both + tok, 0, 0};
	size_t r = 0;

	w.p[0] = 1.0;
	for (; r < tok && below > 1e-20 && w.from < w.until; r++) {
		struct window had = w;

		more[r] = below;
		won[r] = mean_tok(&w);
		below = next_round(&next, &w, alpha, k, tok);
		w = next;
		next = had;
	}
	free(both);
	return r;
}

/** Tokens of one round. */
struct round_law {
	double mean, sd, skew;
};

static struct round_law round_law(double alpha, unsigned k)
{
	struct round_law l = {.mean = acceptance_mean_tok(alpha, k)};
	double second = 0.0, third = 0.0;

	for (unsigned t = 1; t <= k + 1; t++) {
		double p = gives(alpha, k, t), d = t - l.mean;

		second += p * d * d;
		third += p * d * d * d;
	}
	l.sd = sqrt(second);
	l.skew = l.sd > 0.0 ? third / (second * l.sd) : 0.0;
	return l;
}

/** P(fewer than @tok tokens in @r rounds), by the normal law and what skewness adds to it; *@won:
 * how many, if so. */
static double fewer(double *won, const struct round_law *l, double r, double tok)
{
	double sd = l->sd * sqrt(r), z, p, density;

	*won = r * l->mean;
	if (!(sd > 0.0))
		return *won < tok;
	z = (tok - 0.5 - *won) / sd;
	p = 0.5 * erfc(-z * M_SQRT1_2);
	density = exp(-0.5 * z * z) / sqrt(2.0 * M_PI);
	*won = fmax(fmin(*won - (p > 0.0 ? sd * density / p : 0.0), tok - 1.0), r);
	p -= l->skew / (6.0 * sqrt(r)) * (z * z - 1.0) * density;
	return fmin(fmax(p, 0.0), 1.0);
}

/** Of many tokens. */
static size_t long_course(double *more, double *won, double alpha, unsigned k, size_t tok)
{
	struct round_law l = round_law(alpha, k);
	size_t r = 1;

	more[0] = 1.0;
	won[0] = 0.0;
	for (; r < tok; r++) {
		more[r] = fmin(fewer(&won[r], &l, (double)r, (double)tok), more[r - 1]);
		if (more[r] < 1e-20)
			break;
	}
	return r;
}

/* Beyond that the sum of so many rounds is as good as normal: rounds to 0.1 %. */
enum { EXACT_MOST = 512 };

size_t acceptance_course(double *more, double *won, double alpha, unsigned k, size_t tok)
{
	if (tok > EXACT_MOST)
		return long_course(more, won, alpha, k, tok);
	return exact_course(more, won, alpha, k, tok);
}

double acceptance_slowest_rounds(double alpha, unsigned k, size_t tok, size_t n)
{
	double *more = mem_zalloc(2 * tok + 1, sizeof *more), sum = 0.0;
	size_t rounds = n > 0 ? acceptance_course(more, more + tok, alpha, k, tok) : 0;

	for (size_t r = 0; r < rounds; r++)
		sum += -expm1((double)n * log1p(-more[r]));
	free(more);
	return sum;
}

/* For drafts of the class of 68 M weights; docs/serving.md, "Speculation". */
static const struct {
	const char *dataset;
	double acceptance;
} assumed[] = {
	{"humaneval", 0.65},
	{"summeval", 0.60},
	{"wikitext-2", 0.55},
	{"ceval", 0.45},
	{"ceval-letter", 0.45},
};
static const double large_params = 0.5e9, large_more = 0.10;

bool acceptance_assumed(double *out, const char *dataset, double draft_params)
{
	for (size_t i = 0; i < sizeof assumed / sizeof assumed[0]; i++)
		if (strcmp(assumed[i].dataset, dataset) == 0) {
			*out = assumed[i].acceptance +
			       (draft_params >= large_params ? large_more : 0.0);
			return true;
		}
	return false;
}
