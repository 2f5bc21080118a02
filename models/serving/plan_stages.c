/*
 * Plans of a pipeline. The batch is dealt to micro-batches, as even as they go, and each of their
 * steps passes the stages as it does in runs (pipeline_ahead.c):
 *
 *	start(j, s) = max(end(j, s - 1) + hop(j, s), end(the one before j, s))
 *
 * Nothing is left to luck, for nobody drafts: all steps are followed, from the first prompts to the
 * last tokens. Of long answers each round that is followed stands for some.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "models/serving/plan_parts.h"

/* The first rounds are followed one by one, of those behind them some in a row for all. */
enum { ROUNDS_FIRST = 256, ROUNDS_MOST = 512, IN_A_ROW = 8, POWERS_MOST = 14 };

/** What a step of a micro-batch takes at a stage, and on its way to the next. */
struct step {
	double s, per_round_s; /* more with every round before it */
	struct plan_trip trip;
};

enum { FULL, REST, DECODE, STEP_KINDS };

/** Micro-batches of so many sequences. */
struct lanes {
	uint32_t n, passes; /* of prompts, until all are computed */
	struct step *at[STEP_KINDS];
};

struct flow {
	const struct planner_spec *p;
	uint32_t n_lanes, n_large, prefill_batch, rounds;
	struct lanes large, small;
	double *ready_s, *free_s, *link_s; /* by micro-batch, by stage, by link to the next */
	double prefill_s;
};

/* Steps */

static double prompts_s(const struct cost *c, uint32_t n, uint32_t tok)
{
	return cost_prefill_s(c, (uint64_t)n * tok, n) + n * cost_prefill_attention_s(c, tok, 0);
}

/** Of @rows, of which @tokens come out. */
static struct plan_trip trip_of(const struct planner_spec *p, size_t k, double rows, double tokens)
{
	double bytes = k + 1 < p->n_stages ? rows * llm_hidden_bytes(p->what.shape)
					   : tokens * LLM_TOKEN_ID_BYTES;

	return plan_trip(&p->stages[k].next, bytes, TRANSFER_HIDDEN);
}

static void fill_prompts(
	struct step *to, const struct planner_spec *p, uint32_t n, uint32_t prompt_tok)
{
	for (size_t k = 0; n > 0 && k < p->n_stages; k++)
		to[k] = (struct step){prompts_s(p->stages[k].cost, n, prompt_tok), 0.0,
			trip_of(p, k, (double)n * prompt_tok, n)};
}

static void fill_decode(
	struct step *to, const struct planner_spec *p, uint32_t n, const struct plan_answer *a)
{
	double first_tok = a->prompt_tok + 1.0, rounds = a->output_tok;

	for (size_t k = 0; k < p->n_stages; k++) {
		double s = cost_decode_s(p->stages[k].cost, n, n * first_tok);
		double last_s = cost_decode_s(p->stages[k].cost, n, n * (first_tok + rounds));

		to[k] = (struct step){s, (last_s - s) / rounds, trip_of(p, k, n, n)};
	}
}

static void lanes_init(
	struct lanes *l, const struct flow *f, uint32_t n, const struct plan_answer *a)
{
	l->n = n;
	l->passes = (n + f->prefill_batch - 1) / f->prefill_batch;
	for (size_t i = 0; i < STEP_KINDS; i++)
		l->at[i] = mem_zalloc(f->p->n_stages, sizeof *l->at[i]);
	fill_prompts(l->at[FULL], f->p, f->prefill_batch, a->prompt_tok);
	fill_prompts(l->at[REST], f->p, n % f->prefill_batch, a->prompt_tok);
	fill_decode(l->at[DECODE], f->p, n, a);
}

static void lanes_finish(struct lanes *l)
{
	for (size_t i = 0; i < STEP_KINDS; i++)
		free(l->at[i]);
}

/* Following them */

static void step(struct flow *f, uint32_t lane, const struct step *at, double round)
{
	double s = f->ready_s[lane];

	for (size_t k = 0; k < f->p->n_stages; k++) {
		s = fmax(s, f->free_s[k]) + at[k].s + round * at[k].per_round_s;
		f->free_s[k] = s;
		s = plan_arrives_s(at[k].trip, &f->link_s[k], s);
	}
	f->ready_s[lane] = s;
}

/** Micro-batch @l makes its step @i: of prompts, or a round, as @later ones take. */
static void lane_step(struct flow *f, uint32_t l, uint32_t i, double later)
{
	const struct lanes *of = l < f->n_large ? &f->large : &f->small;
	bool rest = i + 1 == of->passes && of->n % f->prefill_batch > 0;

	if (i < of->passes)
		step(f, l, of->at[rest ? REST : FULL], 0.0);
	else if (i - of->passes < f->rounds)
		step(f, l, of->at[DECODE], i - of->passes + later);
	if (i + 1 == of->passes)
		f->prefill_s = fmax(f->prefill_s, f->ready_s[l]);
}

/** All is as it was, @by_s later. */
static void shift(struct flow *f, double by_s)
{
	for (uint32_t l = 0; l < f->n_lanes; l++)
		f->ready_s[l] += by_s;
	for (size_t k = 0; k < f->p->n_stages; k++) {
		f->free_s[k] += by_s;
		f->link_s[k] += by_s;
	}
}

static double end_s(const struct flow *f)
{
	double s = 0.0;

	for (uint32_t l = 0; l < f->n_lanes; l++)
		s = fmax(s, f->ready_s[l]);
	return s;
}

/** @n steps from @from on, each for @width. */
static void stretch(struct flow *f, uint32_t from, uint32_t n, uint32_t width)
{
	double was_s = f->ready_s[0];

	for (uint32_t i = from; i < from + n; i++)
		for (uint32_t l = 0; l < f->n_lanes; l++)
			lane_step(f, l, i, 0.5 * n * (width - 1.0));
	shift(f, (width - 1.0) * (f->ready_s[0] - was_s));
}

static void follow(struct flow *f)
{
	uint32_t all = f->large.passes + f->rounds, i = f->large.passes, width;

	i += f->rounds < ROUNDS_FIRST ? f->rounds : ROUNDS_FIRST;
	stretch(f, 0, i, 1);
	width = 1 + (all - i) / (ROUNDS_MOST - ROUNDS_FIRST);
	for (; all - i >= IN_A_ROW * width; i += IN_A_ROW * width)
		stretch(f, i, IN_A_ROW, width);
	stretch(f, i, all - i, 1);
}

/* A candidate */

/** Of a round in the middle, all micro-batches together. */
static void add_parts(const struct flow *f, struct plan *c)
{
	double large = f->n_large, small = f->n_lanes - f->n_large,
	       middle = 0.5 * (f->rounds - 1.0);

	for (size_t k = 0; k < f->p->n_stages && f->rounds > 0; k++) {
		const struct step *x = &f->large.at[DECODE][k], *y = &f->small.at[DECODE][k];

		c->verify_s = fmax(c->verify_s, large * (x->s + middle * x->per_round_s) +
							small * (y->s + middle * y->per_round_s));
		c->link_busy_s =
			fmax(c->link_busy_s, large * x->trip.busy_s + small * y->trip.busy_s);
		c->link_s += x->trip.busy_s + x->trip.delay_s;
	}
}

/** Of the fullest stage. Blocks are dealt evenly, so the largest micro-batch counts. */
static void add_memory(const struct flow *f, const struct plan_answer *a, struct plan *c)
{
	double tok = (double)c->decode_batch * c->micro_batches * (a->prompt_tok + a->output_tok);
	double fullest = 0.0;

	for (size_t k = 0; k < f->p->n_stages; k++) {
		const struct plan_stage *s = &f->p->stages[k];
		double bytes = cost_weight_bytes(&s->what) + tok * cost_kv_bytes_per_tok(&s->what) +
			       fmax(f->p->reserve_bytes,
				       plan_activation_bytes(s->what.shape, c, a->prompt_tok));

		if (bytes / s->room_bytes <= fullest)
			continue;
		fullest = bytes / s->room_bytes;
		c->memory_bytes = bytes;
		c->room_bytes = s->room_bytes;
	}
}

static void flow_init(struct flow *f, const struct planner_spec *p, const struct plan_answer *a,
	const struct plan *c)
{
	size_t most = c->micro_batches + 2 * p->n_stages;

	*f = (struct flow){.p = p,
		.n_lanes = c->micro_batches,
		.n_large = a->n % c->micro_batches > 0 ? a->n % c->micro_batches : c->micro_batches,
		.prefill_batch = c->prefill_batch,
		.rounds = a->output_tok - 1};
	f->ready_s = mem_zalloc(most, sizeof *f->ready_s);
	f->free_s = f->ready_s + c->micro_batches;
	f->link_s = f->free_s + p->n_stages;
	lanes_init(&f->large, f, c->decode_batch, a);
	lanes_init(&f->small, f, a->n / c->micro_batches, a);
}

static void flow_finish(struct flow *f)
{
	lanes_finish(&f->large);
	lanes_finish(&f->small);
	free(f->ready_s);
}

/** What all micro-batches of a kind take at stage @k, rounds as that in the middle. */
static double work_s(const struct flow *f, const struct lanes *l, size_t k)
{
	const struct step *x = &l->at[DECODE][k];

	return (l->n / f->prefill_batch) * l->at[FULL][k].s + l->at[REST][k].s +
	       f->rounds * (x->s + 0.5 * (f->rounds - 1.0) * x->per_round_s);
}

/** No total is less than the work of a stage. */
static double least_s(const struct flow *f)
{
	double s = 0.0;

	for (size_t k = 0; k < f->p->n_stages; k++)
		s = fmax(s, f->n_large * work_s(f, &f->large, k) +
				    (f->n_lanes - f->n_large) * work_s(f, &f->small, k));
	return s;
}

/** Is it known not to be among the best? */
static bool is_beaten(const struct plan_answer *a, double least_s)
{
	return a->n_best == PLAN_BEST && least_s > a->best[PLAN_BEST - 1].total_s;
}

/** Micro-batches of @decode_batch or one less. One that is beaten has no more than its least total.
 */
static struct plan candidate(const struct planner_spec *p, const struct plan_answer *a,
	uint32_t prefill_batch, uint32_t decode_batch)
{
	struct plan c = {.prefill_batch = prefill_batch,
		.decode_batch = decode_batch,
		.micro_batches = (a->n + decode_batch - 1) / decode_batch,
		.rounds = a->output_tok - 1.0};
	struct flow f;

	flow_init(&f, p, a, &c);
	add_memory(&f, a, &c);
	c.total_s = least_s(&f);
	if (!is_beaten(a, c.total_s)) {
		follow(&f);
		c.prefill_s = f.prefill_s;
		c.total_s = end_s(&f);
		c.round_s = c.rounds > 0.0 ? (c.total_s - c.prefill_s) / c.rounds : 0.0;
		add_parts(&f, &c);
	}
	flow_finish(&f);
	return c;
}

/* All of them */

static const double nearly_all = 0.9;

static enum plan_bound binds(const struct plan_answer *a)
{
	const struct plan *c = &a->best[0];
	enum plan_bound outside;

	if (plan_binds_outside(&outside, a))
		return outside;
	if (c->link_busy_s > c->verify_s && c->link_busy_s >= nearly_all * c->round_s)
		return PLAN_LINK;
	if (c->verify_s >= nearly_all * c->round_s)
		return PLAN_VERIFY;
	return c->link_s > 0.5 * c->round_s ? PLAN_LINK : PLAN_BUBBLE;
}

static void add_size(uint32_t *size, size_t *n, uint32_t all, uint32_t micro_batches)
{
	uint32_t new = (all + micro_batches - 1) / micro_batches;

	for (size_t i = 0; i < *n; i++)
		if (size[i] == new)
			return;
	size[(*n)++] = new;
}

/** Of micro-batches: what comes of powers of two, and of as many as twice the stages or fewer. */
static size_t sizes_of(uint32_t *size, const struct planner_spec *p, uint32_t all)
{
	size_t n = 0;

	for (uint32_t many = 1; many <= all && many <= 2 * p->n_stages; many++)
		add_size(size, &n, all, many);
	for (uint64_t s = 1; s < all; s *= 2)
		add_size(size, &n, all, (all + (uint32_t)s - 1) / (uint32_t)s);
	return n;
}

void plan_stages_search(const struct planner *p, struct plan_answer *a)
{
	uint32_t *size = mem_zalloc(2 * p->spec.n_stages + POWERS_MOST, sizeof *size);
	size_t n = sizes_of(size, &p->spec, a->n);

	for (size_t d = 0; d < n; d++)
		for (uint64_t m = 1;; m = 2 * m < size[d] ? 2 * m : size[d]) {
			struct plan c = candidate(&p->spec, a, (uint32_t)m, size[d]);

			plan_look_at(a, &c);
			if (m == size[d])
				break;
		}
	free(size);
	if (a->n_best == 0)
		return;
	a->binds = binds(a);
	a->room_bytes = a->best[0].room_bytes;
}
