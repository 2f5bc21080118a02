/* What is charged for steps of more than one kind: rounds of drafts, and prompts in chunks beside
 * those who decode. */
#include <math.h>
#include <stdlib.h>

#include "plan/least_parts.h"

static const double safe = 1.0 - 1e-12;

/* Rounds */

/** Of @n sequences, @rows in all, without the drafts; @undrafted of them have one row. */
static double verify_s(
	const struct maker *m, size_t n, uint64_t rows, size_t undrafted, double context_tok)
{
	double verified = (double)(n - undrafted), own_tok = context_tok / (double)n;
	double each = (double)(rows - undrafted) / verified;
	const struct cost_work w = {.n_decode = undrafted,
		.decode_context_tok = own_tok * (double)undrafted,
		.n_verify = n - undrafted,
		.verify_rows = rows - undrafted,
		.verify_context_tok = own_tok * verified,
		.verify_keys = each * verified * (own_tok + 0.5 * (each - 1.0))};

	return cost_step_s(m->gpu, &w);
}

/** A round of @n with @k drafted tokens each, on the same device. */
static double drafted_s(const struct maker *m, size_t n, uint32_t k, const struct least_mix *mix)
{
	struct maker draft = {
		.gpu = m->draft, .room_tok = m->room_tok, .shared_tok = m->shared_tok};

	return k * maker_shortest_s(&draft, n, mix) +
	       verify_s(m, n, n * (k + 1), 0, (double)n * mix->least_prompt_tok);
}

/** Of @rows of a sequence those that are kept, all of them where all drafts are accepted; concave,
 * so that even shares keep most. */
static double kept(const struct maker *m, double rows)
{
	if (m->acceptance >= 1.0)
		return rows;
	return (1.0 - pow(m->acceptance, rows)) / (1.0 - m->acceptance);
}

/** A round gives @tok, and one sequence @of_one of them. */
static void note(struct charges *c, double round_s, double tok, double of_one)
{
	c->decode.base_s = fmin(c->decode.base_s, round_s / tok * safe);
	c->decode_alone.base_s = fmin(c->decode_alone.base_s, round_s / of_one * safe);
}

/** Drafts come from elsewhere, for some, of as many tokens as there was room for. */
static void rounds_of_others(
	struct charges *c, const struct maker *m, size_t n, const struct least_mix *mix)
{
	double context_tok = (double)n * mix->least_prompt_tok;

	for (uint64_t rows = n + 1; rows <= n * m->most_rows; rows++)
		for (size_t undrafted = 0; undrafted < (n > 1 ? 2 : 1); undrafted++) {
			double others = (double)(n - undrafted);

			note(c, verify_s(m, n, rows, undrafted, context_tok),
				(double)undrafted +
					others * kept(m, (double)(rows - undrafted) / others),
				kept(m, m->most_rows));
		}
}

void charges_rounds(struct charges *c, const struct maker *m, const struct least_mix *mix)
{
	c->decode.base_s = c->decode_alone.base_s = HUGE_VAL;
	for (size_t n = 1; n <= m->max_batch; n++) {
		note(c, maker_shortest_s(m, n, mix), (double)n, 1.0);
		for (uint32_t k = 1; m->draft && k < m->most_rows; k++)
			note(c, drafted_s(m, n, k, mix), (double)n * kept(m, k + 1),
				kept(m, k + 1));
		if (!m->draft)
			rounds_of_others(c, m, n, mix);
	}
}

/* Chunks */

enum { BLENDS = 11 };

/**
 * A step of @n who decode and a prompt's @tok in it takes more than either alone, not their sum. It
 * pays x of what decoding is charged alone and 1 - x of what prompts are; @room [blend]: by how
 * much that may grow, or has to shrink, for x of 0, 0.1, ..., 1.
 */
static void look(double *room, double step_s, double decode_s, double prompt_s)
{
	for (int k = 0; k < BLENDS; k++) {
		double x = (double)k / (BLENDS - 1), paid = x * decode_s + (1.0 - x) * prompt_s;

		if (paid > 0.0)
			room[k] = fmin(room[k], step_s / paid);
	}
}

/** Of rows, at least: decode and prompt by themselves, in any step, and own time. */
struct rows {
	double decode_s, prompt_s, decode_alone_s, prompt_alone_s;
};

static double mixed_s(const struct maker *m, size_t n, uint64_t tok, const struct least_mix *mix)
{
	struct cost_work w = {.n_decode = n,
		.decode_context_tok = (double)n * mix->least_prompt_tok,
		.prompt_tok = tok};

	if (tok == 0)
		return maker_shortest_s(m, n, mix);
	return n > 0 ? cost_step_s(m->gpu, &w) : maker_prompts_s(m, tok, 0);
}

static struct rows rows_of(const struct maker *m, const struct least_mix *mix)
{
	struct rows r = {HUGE_VAL, HUGE_VAL, HUGE_VAL, HUGE_VAL};

	for (size_t n = 1; n <= m->max_batch; n++)
		r.decode_s = fmin(r.decode_s, mixed_s(m, n, 0, mix) / (double)n);
	for (uint64_t tok = 1; tok <= m->chunk_tok; tok++)
		r.prompt_s = fmin(r.prompt_s, mixed_s(m, 0, tok, mix) / (double)tok);
	return r;
}

/** A step with both takes no less than either part alone: all of it is charged to those who decode,
 * or all to prompts, whichever comes to more. */
static void charge_either(struct charges *c, const struct rows *r, const struct least_mix *mix)
{
	bool decodes = c->decode.base_s * mix->decode_tok > r->prompt_s * mix->prompt_tok;

	if (decodes)
		return;
	c->decode = (struct charge){0};
	for (uint32_t tok = 1; tok <= c->n_prompt; tok++)
		c->prompt_s_tok[tok] = r->prompt_s * safe;
}

void charges_drafted_chunks(struct charges *c, const struct maker *m, const struct least_mix *mix)
{
	struct rows r = rows_of(m, mix);

	charges_rounds(c, m, mix);
	charge_either(c, &r, mix);
}

void charges_chunks(struct charges *c, const struct maker *m, const struct least_mix *mix)
{
	struct rows r = rows_of(m, mix);
	double room[BLENDS], most = -1.0, x = 0.0, grow = 0.0;

	for (int k = 0; k < BLENDS; k++)
		room[k] = HUGE_VAL;
	for (size_t n = 0; n <= m->max_batch; n++)
		for (uint64_t tok = n == 0; n + tok <= m->chunk_tok; tok++) {
			double s = mixed_s(m, n, tok, mix);

			look(room, s, (double)n * r.decode_s, (double)tok * r.prompt_s);
			if (n > 0)
				r.decode_alone_s = fmin(r.decode_alone_s, s);
			if (tok > 0)
				r.prompt_alone_s = fmin(r.prompt_alone_s, s / (double)tok);
		}
	for (int k = 0; k < BLENDS; k++) {
		double part = (double)k / (BLENDS - 1);
		double paid = room[k] * (part * r.decode_s * mix->decode_tok +
						(1.0 - part) * r.prompt_s * mix->prompt_tok);

		if (paid > most) {
			most = paid;
			x = part;
			grow = room[k];
		}
	}
	c->decode = (struct charge){.base_s = grow * x * r.decode_s * safe};
	c->decode_alone = (struct charge){.base_s = r.decode_alone_s * safe};
	for (uint32_t tok = 1; tok <= c->n_prompt; tok++) {
		c->prompt_s_tok[tok] = grow * (1.0 - x) * r.prompt_s * safe;
		c->prompt_alone_s[tok] = tok * r.prompt_alone_s * safe;
	}
}
