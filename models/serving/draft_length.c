/* How many tokens a round drafts, where that is chosen. */
#include <math.h>

#include "models/serving/acceptance.h"
#include "models/serving/speculative.h"

/* What was assumed counts as one round of those looked at: adaptive. */
static const double assumed_weight = 1.0;

/* Plans */

/** The plans for so many, at the mean of their acceptances in whole per cent. */
static struct planned_row *plans(struct speculation *s, size_t n, size_t rows, double percents)
{
	return planned_row(s->planned, (uint32_t)rows, (uint32_t)round(percents / (double)n));
}

static double percent_of(double acceptance)
{
	return round(100.0 * acceptance);
}

static void find_plans(struct speculation *s)
{
	double percents = 0.0;

	for (size_t i = 0; i < s->n; i++)
		percents += percent_of(s->ahead[i].acceptance);
	s->plans = plans(s, s->n, s->rows, percents);
}

/* A usual answer, for who cannot know how much all want. */
static const uint64_t foreseen_tok = 128;

/** What a plan would say for @n sequences of which nothing else is known. */
static uint32_t foreseen_k(struct speculation *s, size_t n, double context_tok)
{
	struct planned_row *row = plans(s, n, n, (double)n * percent_of(s->outlook.acceptance));
	const struct planned_sums all = {
		(uint32_t)n, (uint32_t)n, (uint64_t)context_tok, n * foreseen_tok};

	return planned_look(s->planned, row, &all).k;
}

double speculation_token_s(const struct batch *b, size_t n, double context_tok)
{
	struct speculation *s = b->speculation;
	uint32_t k = s->planned ? foreseen_k(s, n, context_tok) : s->draft->k;
	double tok = acceptance_mean_tok(s->outlook.acceptance, k);
	struct cost_work w = {0};

	if (s->cost)
		return speculation_round_s(b, n, context_tok, k) / tok;
	for (size_t i = 0; i < n; i++)
		cost_work_verify(&w, s->draft->k, context_tok / (double)n);
	return (s->outlook.away_s + cost_step_s(b->cost, &w)) / tok;
}

/** Of a token of @a, as its last rounds show, and what was assumed as long as they show little. */
static double seems(const struct ahead *a)
{
	return (a->won + assumed_weight * a->acceptance) / (a->tried + assumed_weight);
}

/** The k that wins most tokens a second, as it seems. */
static __attribute__((noinline)) uint32_t adapted(const struct batch *b)
{
	const struct speculation *s = b->speculation;
	double best = 0.0;
	uint32_t k = 0;

	for (uint32_t j = 0; j <= s->draft->k; j++) {
		double tok = 0.0;

		if (j > 0 && speculation_need(b, j) > kvcache_free(&b->kv))
			break;
		for (size_t i = 0; i < s->n; i++)
			if (s->ahead[i].left > 0)
				tok += acceptance_mean_tok(seems(&s->ahead[i]), j);
		tok /= speculation_round_s(b, s->rows, (double)(s->stored + s->ended_tok), j);
		if (tok > best) {
			best = tok;
			k = j;
		}
	}
	return k;
}

static struct planned_answer look(const struct speculation *s)
{
	const struct planned_sums all = {
		(uint32_t)s->rows, (uint32_t)s->n_want, s->stored + s->ended_tok, s->want};
	struct planned_answer a = planned_look(s->planned, s->plans, &all);

	a.until_tok -= a.until_tok < UINT64_MAX ? s->ended_tok : 0;
	return a;
}

static uint32_t held(const struct batch *b, uint32_t k)
{
	while (k > 0 && speculation_need(b, k) > kvcache_free(&b->kv))
		k--;
	return k;
}

/** That of a new plan, or as many as there are blocks for. Not inlined: every round asks. */
static __attribute__((noinline)) uint32_t planned(const struct batch *b)
{
	struct speculation *s = b->speculation;

	if (!s->plans)
		find_plans(s);
	s->plan = look(s);
	return held(b, s->plan.k);
}

uint32_t speculation_k(const struct batch *b)
{
	const struct speculation *s = b->speculation;

	if (!s->planned)
		return s->draft->adaptive ? adapted(b) : s->draft->k;
	if (s->stored < s->plan.until_tok && s->want >= s->plan.from_want_tok)
		return held(b, s->plan.k); /* nearly always */
	return planned(b);
}
