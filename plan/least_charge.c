/* Steps shared out among those in them: what each is charged at least. */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "plan/least_parts.h"

/* A sum of charges is below the steps by more than rounding. */
static const double safe = 1.0 - 1e-12;

/* Decode: the best line under all steps */

/** A step of n sequences with C tokens: heads a + context b <= step_s. */
struct step {
	double heads, context_tok, step_s;
};

struct steps {
	struct step *at;
	size_t n, cap;
};

/** The corners of what can be: every n, and C where the step bends. */
static void gather(struct steps *s, const struct maker *m, const struct least_mix *mix, bool waits)
{
	for (size_t n = 1; n <= m->max_batch; n++) {
		double from = (double)n * mix->least_prompt_tok, *c;
		size_t k;

		if (!maker_holds(m, n, mix))
			return;
		k = maker_bends(m, n, from, maker_room_tok(m, n, from), &c);
		for (size_t i = 0; i < k; i++) {
			s->at = mem_grow(s->at, s->n, &s->cap, sizeof *s->at);
			s->at[s->n++] =
				(struct step){(double)n, c[i], maker_decode_s(m, n, c[i], waits)};
		}
		free(c);
	}
}

/** The largest a for @b. */
static double base_of(const struct steps *s, double b, bool alone)
{
	double least = HUGE_VAL;

	for (size_t i = 0; i < s->n; i++)
		least = fmin(least, (s->at[i].step_s - b * s->at[i].context_tok) /
					    (alone ? 1.0 : s->at[i].heads));
	return least;
}

/** That which charges most: the sum is concave in b. */
static struct charge best_line(const struct steps *s, const struct least_mix *mix, bool alone)
{
	double lo = 0.0, hi = HUGE_VAL, a;

	for (size_t i = 0; i < s->n; i++)
		hi = fmin(hi, s->at[i].step_s / fmax(s->at[i].context_tok, 1.0));
	for (int k = 0; k < 100; k++) {
		double x = lo + (hi - lo) / 3.0, y = hi - (hi - lo) / 3.0;

		if (mix->decode_tok * base_of(s, x, alone) + mix->context_tok * x <
			mix->decode_tok * base_of(s, y, alone) + mix->context_tok * y)
			lo = x;
		else
			hi = y;
	}
	a = base_of(s, lo, alone);
	return (struct charge){fmax(a, 0.0) * safe, a > 0.0 ? lo * safe : 0.0};
}

static double charged_s(const struct charge *c, const struct least_mix *mix)
{
	return c->base_s * mix->decode_tok + c->per_tok_s * mix->context_tok;
}

static struct charge decode_charge(const struct maker *m, const struct least_mix *mix, bool alone)
{
	struct charge best = {0};

	for (int waits = 0; waits < (m->offload && m->offload->streamed > 1 ? 2 : 1); waits++) {
		struct steps s = {0};
		struct charge c;

		gather(&s, m, mix, waits);
		c = best_line(&s, mix, alone);
		if (charged_s(&c, mix) > charged_s(&best, mix))
			best = c;
		free(s.at);
	}
	return best;
}

/** Every number of sequences that the memory holds. */
static void pace_of(struct pace *p, const struct maker *m, const struct least_mix *mix)
{
	double *least_s = mem_zalloc(m->max_batch + 1, sizeof *least_s);
	size_t n = 0;

	while (n < m->max_batch && maker_holds(m, n + 1, mix)) {
		n++;
		least_s[n] = maker_shortest_s(m, n, mix) * safe;
	}
	pace_make(p, least_s, n);
	free(least_s);
}

/* Prompts */

/** Of a prompt of p tokens: its part of the cheapest step that it fits in, and the shortest. */
static void prompt_charges(struct charges *c, const struct maker *m, const struct least_mix *mix)
{
	uint64_t most = (uint64_t)m->max_batch * mix->most_tok;
	double share_s = HUGE_VAL, step_s = HUGE_VAL, attention_s = HUGE_VAL;

	for (uint64_t tok = most; tok > c->n_prompt; tok--) {
		double s = maker_prompts_s(m, tok, 1);

		share_s = fmin(share_s, s / (double)tok);
		step_s = fmin(step_s, s);
	}
	for (uint32_t tok = c->n_prompt; tok > 0; tok--) {
		double s = maker_prompts_s(m, tok, 1), alone_s = maker_attention_s(m, tok);

		share_s = fmin(share_s, s / tok);
		step_s = fmin(step_s, s);
		attention_s = m->padded_tok > 0 ? fmin(attention_s, alone_s) : alone_s;
		c->prompt_s_tok[tok] = share_s * safe;
		c->prompt_alone_s[tok] = step_s * safe;
		c->attention_s[tok] = attention_s * safe;
	}
}

void charges_make(struct charges *c, const struct maker *m, const struct least_mix *mix)
{
	*c = (struct charges){.n_prompt = mix->most_tok};
	c->prompt_s_tok = mem_zalloc(c->n_prompt + 1, sizeof *c->prompt_s_tok);
	c->prompt_alone_s = mem_zalloc(c->n_prompt + 1, sizeof *c->prompt_alone_s);
	c->attention_s = mem_zalloc(c->n_prompt + 1, sizeof *c->attention_s);
	if (m->chunk_tok > 0) {
		if (m->most_rows == 1)
			charges_chunks(c, m, mix);
		else
			charges_drafted_chunks(c, m, mix);
		return;
	}
	prompt_charges(c, m, mix);
	if (m->most_rows > 1) {
		charges_rounds(c, m, mix);
		return;
	}
	c->decode = decode_charge(m, mix, false);
	c->decode_alone = decode_charge(m, mix, true);
	pace_of(&c->pace, m, mix);
}

void charges_finish(struct charges *c)
{
	pace_finish(&c->pace);
	free(c->prompt_s_tok);
	free(c->prompt_alone_s);
	free(c->attention_s);
}
