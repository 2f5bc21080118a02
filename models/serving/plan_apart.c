/* Plans where drafts are made elsewhere: all sizes of prefill passes and of a drafter's steps, and
 * every k; how many are verified together comes of them (plan_sides.h). */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "models/serving/plan_parts.h"
#include "models/serving/plan_sides.h"

/* Of what is reckoned to be the least: steps are not quite lines. */
static const double nearly = 0.95;

/* A candidate */

static double of_round(double sum_s, double rounds)
{
	return rounds > 0.0 ? sum_s / rounds : 0.0;
}

static void add_rounds(const struct moments *m, struct plan *c)
{
	double draft_s = 0.0, verify_s = 0.0, link_s = 0.0, was_s = c->prefill_s;

	c->total_s = c->prefill_s;
	for (size_t i = 0; i < m->n; i++) {
		double next = i + 1 < m->n ? m->at[i + 1].any : 0.0;

		c->total_s += m->at[i].weight * (m->at[i].end_s - was_s) +
			      (m->at[i].any - next) * (m->at[i].last_s - m->at[i].end_s);
		draft_s += m->at[i].weight * m->at[i].draft_s;
		verify_s += m->at[i].weight * m->at[i].verify_s;
		link_s += m->at[i].weight * m->at[i].link_s;
		was_s = m->at[i].end_s;
	}
	c->rounds = m->rounds;
	c->draft_s = of_round(draft_s, m->rounds);
	c->verify_s = of_round(verify_s, m->rounds);
	c->link_s = of_round(link_s, m->rounds);
	c->round_s = of_round(c->total_s - c->prefill_s, m->rounds);
}

/** The drafter has room for all, and for two drafts of each; of the two devices the fuller counts.
 */
static void add_memory(const struct planner *p, const struct plan_answer *a, struct plan *c)
{
	double tok = (double)a->prompt_tok + a->output_tok + 2.0 * c->k + 1.0, bytes;

	c->memory_bytes = plan_memory_bytes(p, a, c);
	c->room_bytes = p->spec.room_bytes;
	if (c->k == 0)
		return;
	bytes = p->draft_weight_bytes + a->n * tok * p->draft_kv_bytes_tok;
	if (bytes * c->room_bytes <= c->memory_bytes * p->spec.apart->room_bytes)
		return;
	c->memory_bytes = bytes;
	c->room_bytes = p->spec.apart->room_bytes;
}

/** Drafts of k tokens in steps of up to @b, behind prefill passes of @m prompts. */
static struct plan drafted(const struct planner *p, struct sides *s, uint32_t m, uint32_t b)
{
	struct plan c = {.prefill_batch = m, .draft_batch = b, .k = s->k};
	struct sides x = *s;

	c.prefill_s = sides_follow(&x, &p->spec, m, b);
	c.decode_batch = x.most > 0.0 ? (uint32_t)round(x.most) : x.a->n;
	add_rounds(&x.m, &c);
	add_memory(p, x.a, &c);
	return c;
}

/** Rounds of parts of up to @b take no less than the drafter or the model has to do, nor than a
 *  sequence that waits for nobody takes: as nearly as a step is a line in its sequences. */
static double least_s(const struct sides *s, uint32_t b)
{
	uint32_t all = s->a->n;
	double sum = 0.0, ways_s = sides_letter_s(&s->up, 1.0) + sides_letter_s(&s->down, 1.0);

	for (size_t i = 0; i < s->m.n; i++) {
		double n = s->m.at[i].share * all, tok = s->m.at[i].tok, some = n < b ? n : b;
		double draft_s = s->k * sides_step_s(s, &s->draft, some, tok) * n / some;
		double verify_s = sides_step_s(s, &s->verify, n, tok), one_s;

		one_s = s->k * sides_step_s(s, &s->draft, 1.0, tok) + ways_s +
			sides_step_s(s, &s->verify, 1.0, tok);
		one_s = one_s > verify_s ? one_s : verify_s;
		sum += s->m.at[i].weight * (one_s > draft_s ? one_s : draft_s);
	}
	return nearly * sum;
}

/** Nobody drafts: all decode a token a step, together. */
static struct plan plain(const struct planner *p, const struct sides *s, uint32_t m)
{
	const struct pass_model model = {p->spec.cost, NULL};
	struct plan c = {.prefill_batch = m, .decode_batch = s->a->n, .rounds = s->m.rounds};

	for (size_t i = 0; i < s->m.n; i++)
		c.round_s +=
			s->m.at[i].weight * sides_step_s(s, &s->verify, s->a->n, s->m.at[i].tok);
	c.round_s = c.verify_s = of_round(c.round_s, c.rounds);
	c.prefill_s = passes_prefill_s(&model, s->a->n, m, s->a->prompt_tok);
	c.total_s = c.prefill_s + c.rounds * c.round_s;
	add_memory(p, s->a, &c);
	return c;
}

/* All of them */

/** One that is not among the best, if rounds take @least_s, is not looked at more closely. */
static void look_at_drafted(const struct planner *p, struct plan_answer *a, struct sides *s,
	uint32_t m, uint32_t b, double least_s)
{
	const struct pass_model model = {p->spec.cost, NULL};
	struct plan c = {.prefill_batch = m, .decode_batch = a->n, .draft_batch = b, .k = s->k};

	c.total_s = passes_prefill_s(&model, a->n, m, a->prompt_tok) + least_s;
	if (a->n_best < PLAN_BEST || c.total_s < a->best[PLAN_BEST - 1].total_s)
		c = drafted(p, s, m, b);
	else
		add_memory(p, a, &c);
	plan_look_at(a, &c);
}

/** The largest first: they are the cheapest to follow, and mostly the best. */
static void look_at_k(const struct planner *p, struct plan_answer *a, struct sides *s)
{
	const uint32_t *size = s->verify.size;

	for (size_t b = s->k > 0 ? s->verify.n_sizes : 1; b-- > 0;) {
		double rounds_s = s->k > 0 ? least_s(s, size[b]) : 0.0;

		for (size_t m = s->verify.n_sizes; m-- > 0;) {
			struct plan c;

			if (s->k > 0) {
				look_at_drafted(p, a, s, size[m], size[b], rounds_s);
				continue;
			}
			c = plain(p, s, size[m]);
			plan_look_at(a, &c);
		}
	}
}

static enum plan_bound binds(const struct plan_answer *a)
{
	const struct plan *c = &a->best[0];
	enum plan_bound outside;

	if (plan_binds_outside(&outside, a))
		return outside;
	if (c->link_s > c->draft_s && c->link_s > c->verify_s)
		return PLAN_LINK;
	return c->draft_s > c->verify_s ? PLAN_DRAFT : PLAN_VERIFY;
}

static double least_of_k(const struct sides *s)
{
	return s->k > 0 ? least_s(s, s->a->n) : 0.0;
}

/** Those that promise most come first: others need no closer look then. */
static void order(struct sides **all, size_t n)
{
	for (size_t i = 1; i < n; i++)
		for (size_t j = i; j > 0 && least_of_k(all[j]) < least_of_k(all[j - 1]); j--) {
			struct sides *x = all[j];

			all[j] = all[j - 1];
			all[j - 1] = x;
		}
}

void plan_apart_search(const struct planner *p, struct plan_answer *a)
{
	struct sides *of_k = mem_zalloc(PLAN_K_MOST + 1, sizeof *of_k), *all[PLAN_K_MOST + 1];

	for (uint32_t k = 0; k <= PLAN_K_MOST; k++) {
		all[k] = &of_k[k];
		sides_init(all[k], &p->spec, a, k);
	}
	order(all, PLAN_K_MOST + 1);
	for (uint32_t k = 0; k <= PLAN_K_MOST; k++)
		look_at_k(p, a, all[k]);
	free(of_k);
	if (a->n_best == 0)
		return;
	a->binds = binds(a);
	a->room_bytes = a->best[0].room_bytes;
}
