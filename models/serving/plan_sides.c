#include "models/serving/plan_sides.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* What things take */

static struct letters letters_of(const struct plan_way *w, double bytes, uint32_t n)
{
	struct plan_trip one = plan_trip(w, bytes, TRANSFER_DRAFT);
	struct plan_trip all = plan_trip(w, n * bytes, TRANSFER_DRAFT);
	double more = n > 1 ? 1.0 / (n - 1.0) : 0.0;

	return (struct letters){
		one, {(all.busy_s - one.busy_s) * more, (all.delay_s - one.delay_s) * more}, 0.0};
}

static struct plan_trip letter(const struct letters *l, double n)
{
	double more = n > 1.0 ? n - 1.0 : 0.0;

	return (struct plan_trip){
		l->one.busy_s + more * l->more.busy_s, l->one.delay_s + more * l->more.delay_s};
}

double sides_letter_s(const struct letters *l, double n)
{
	struct plan_trip t = letter(l, n);

	return t.busy_s + t.delay_s;
}

/** How often there is a step of @n sequences on average. */
static double below_one(double n)
{
	return n < 1.0 ? n : 1.0;
}

/** Seconds of a step of @n, at least one of them: below one it is as often. */
double sides_step_s(const struct sides *s, const struct passes *p, double n, double tok)
{
	return passes_of(p, n > 1.0 ? n : 1.0, s->a->n, tok).gpu_s;
}

/* Moments */

/** Of the probability that who ended by the end of @round had ended before. */
static double log_others(const struct course *c, size_t round)
{
	double after = round + 1 < c->n ? c->log_done[round + 1] : 0.0;

	return after > -HUGE_VAL ? c->log_done[round] - after : 0.0;
}

static void add_moment(struct moments *m, const struct course *c, const struct plan_answer *a,
	size_t round, size_t width)
{
	size_t middle = round + (width - 1) / 2;
	struct moment x = course_moment(c, middle, a->n);

	m->at[m->n].share = x.n / a->n;
	m->at[m->n].any = course_moment(c, round, a->n).any;
	m->at[m->n].log_others = log_others(c, middle);
	m->at[m->n].tok = a->prompt_tok + 1.0 + x.won;
	for (size_t r = round; r < round + width; r++)
		m->at[m->n].weight += course_moment(c, r, a->n).any;
	m->rounds += m->at[m->n].weight;
	m->n++;
}

static void moments_fill(
	struct moments *m, const struct planner_spec *p, const struct plan_answer *a, uint32_t k)
{
	size_t left, stride;
	struct course c;

	*m = (struct moments){0};
	course_init(&c, p->acceptance, k, a->output_tok - 1);
	left = c.n > MOMENTS_FIRST ? c.n - MOMENTS_FIRST : 0;
	stride = (left + MOMENTS_MOST - 1) / MOMENTS_MOST;
	for (size_t r = 0, width; r < c.n; r += width) {
		width = r < MOMENTS_FIRST ? 1 : c.n - r < stride ? c.n - r : stride;
		add_moment(m, &c, a, r, width);
	}
	course_finish(&c);
}

static double running(const struct sides *s, const struct part *x)
{
	return x->n * s->m.at[x->moment].share;
}

/* The drafter */

/** Of part @at only @running sequences are taken: the others are a part of their own behind it. */
static void split(struct sides *s, size_t at, double running)
{
	struct part *x = &s->part[at];
	double n = running / s->m.at[x->moment].share;

	memmove(x + 1, x, (s->n++ - at) * sizeof *x);
	x[1].n -= n;
	x[0].n = n;
}

/** Those that are taken come first in @taken: who wants a token by @at_s, in order, as far as a
 * step has room. *@next_s: when another could join. */
static size_t take_wishes(
	struct sides *s, double at_s, size_t *taken, double *n, double *tok, double *next_s)
{
	size_t count = 0;

	*n = *tok = 0.0;
	*next_s = HUGE_VAL;
	for (size_t i = 0; i < s->n; i++) {
		const struct part *x = &s->part[i];
		double more = running(s, x), room = s->draft_batch * (1.0 + 1e-9) - *n;

		if (x->drafted)
			continue;
		if (room < more && (room < 1.0 || s->n == s->cap))
			break;
		if (x->there_s > at_s) {
			*next_s = x->there_s;
			break;
		}
		if (room < more) {
			split(s, i, room);
			more = room;
		}
		*n += more;
		*tok += more * (s->m.at[x->moment].tok + x->made);
		taken[count++] = i;
	}
	*tok /= *n;
	return count;
}

static void send_drafts(struct sides *s, const size_t *taken, size_t count)
{
	double n = 0.0, there_s, took_s;

	for (size_t i = 0; i < count; i++)
		if (s->part[taken[i]].made == s->k)
			n += running(s, &s->part[taken[i]]);
	if (!(n > 0.0))
		return;
	took_s = sides_letter_s(&s->up, n);
	there_s = plan_arrives_s(letter(&s->up, n), &s->up.free_s, s->drafter_free_s);
	for (size_t i = 0; i < count; i++) {
		struct part *x = &s->part[taken[i]];

		if (x->made < s->k)
			continue;
		x->drafted = true;
		x->there_s = there_s;
		s->m.at[x->moment].link_s += took_s * x->n / s->a->n;
	}
}

/** Steps from @at_s on until somebody has his draft or another joins. */
static void draft(struct sides *s, double at_s, size_t *taken)
{
	double n, tok, next_s, one_s;
	size_t count = take_wishes(s, at_s, taken, &n, &tok, &next_s);
	uint32_t steps = s->k;

	for (size_t i = 0; i < count; i++) {
		uint32_t left = s->k - s->part[taken[i]].made;

		steps = left < steps ? left : steps;
	}
	one_s = sides_step_s(s, &s->draft, n, tok + 0.5 * (steps - 1.0));
	if (next_s - at_s < steps * one_s)
		steps = (uint32_t)fmin(steps, fmax(1.0, ceil((next_s - at_s) / one_s)));
	s->drafter_free_s = at_s + steps * one_s;
	s->m.at[s->part[taken[0]].moment].draft_s += steps * one_s * below_one(n);
	for (size_t i = 0; i < count; i++)
		s->part[taken[i]].made += steps;
	send_drafts(s, taken, count);
	s->drafter_free_s -= steps * one_s * (1.0 - below_one(n));
}

/* The model */

/** Behind all others: the next round of @x, with those who were told in the same letter as far as
 *  they are drafted together. */
static void tell(struct sides *s, size_t kept, struct part x)
{
	struct part *last = s->n > kept ? &s->part[s->n - 1] : NULL;

	x.made = 0;
	x.drafted = false;
	if (last && last->moment == x.moment && last->n + x.n <= s->draft_batch)
		last->n += x.n;
	else
		s->part[s->n++] = x;
}

static double there(const struct sides *s, double at_s, double *tok)
{
	double n = 0.0;

	*tok = 0.0;
	for (size_t i = 0; i < s->n; i++) {
		const struct part *x = &s->part[i];
		double more = running(s, x);

		if (!x->drafted || x->there_s > at_s)
			continue;
		n += more;
		*tok += more * s->m.at[x->moment].tok;
	}
	*tok /= n;
	return n;
}

/** What the model has to say of @n parts at @at_s. */
static void tell_all(struct sides *s, double at_s, const struct part *of, size_t n)
{
	double sum = 0.0, there_s, took_s;
	size_t kept = s->n;

	for (size_t i = 0; i < n; i++)
		sum += running(s, &of[i]);
	if (n == 0)
		return;
	took_s = sides_letter_s(&s->down, sum);
	there_s = plan_arrives_s(letter(&s->down, sum), &s->down.free_s, at_s);
	for (size_t i = 0; i < n; i++) {
		struct part x = of[i];

		s->m.at[x.moment].link_s += took_s * x.n / s->a->n;
		x.there_s = there_s;
		tell(s, kept, x);
	}
}

static double nobody(double log_others, double n)
{
	return n > 1e-9 ? exp(n * log_others) : 1.0; /* of parts that were split */
}

/** Parts end a round one after the other: the last of all sequences, if it ends in this round, does
 *  so with @x if it is in it and nobody of those behind ends with them. */
static void add_end(struct sides *s, const struct part *x, double end_s)
{
	double n = s->a->n, lo = s->m.at[x->moment].log_others, seen = s->m.at[x->moment].seen;
	double share = x->n / n;

	if (lo < -1e-12)
		share = (nobody(lo, n - seen - x->n) - nobody(lo, n - seen)) / -expm1(n * lo);
	s->m.at[x->moment].seen += x->n;
	s->m.at[x->moment].end_s += end_s * x->n / n;
	s->m.at[x->moment].last_s += end_s * share;
}

/** All whose drafts are there are verified from @at_s on. */
static void verify(struct sides *s, double at_s, struct part *told)
{
	double tok, n = there(s, at_s, &tok), all = 0.0;
	double took_s = sides_step_s(s, &s->verify, n, tok), end_s = at_s + took_s;
	size_t kept = 0, n_told = 0;

	for (size_t i = 0; i < s->n; i++) {
		struct part x = s->part[i];

		if (!x.drafted || x.there_s > at_s) {
			s->part[kept++] = x;
			continue;
		}
		all += x.n;
		add_end(s, &x, end_s);
		s->m.at[x.moment].verify_s += took_s * below_one(n) * running(s, &x) / n;
		x.moment++;
		if (x.moment < s->m.n)
			told[n_told++] = x;
	}
	s->n = kept;
	s->most = fmax(s->most, all);
	s->model_free_s = at_s + took_s * below_one(n);
	tell_all(s, end_s, told, n_told);
}

/* Both together */

/** Who begins first, the drafter or the model? */
static void follow(struct sides *s)
{
	size_t *taken = mem_zalloc(s->cap, sizeof *taken);
	struct part *told = mem_zalloc(s->cap, sizeof *told);

	while (s->n > 0) {
		double wish_s = HUGE_VAL, draft_s = HUGE_VAL;

		for (size_t i = 0; i < s->n; i++) {
			double *first = s->part[i].drafted ? &draft_s : &wish_s;

			if (s->part[i].there_s < *first)
				*first = s->part[i].there_s;
		}
		wish_s = fmax(wish_s, s->drafter_free_s);
		draft_s = fmax(draft_s, s->model_free_s);
		if (wish_s < draft_s)
			draft(s, wish_s, taken);
		else
			verify(s, draft_s, told);
	}
	free(taken);
	free(told);
}

/** The prompts of a pass are told together; the drafter has computed them all before it drafts. */
static void begin(struct sides *s, const struct planner_spec *p, uint32_t prefill_batch)
{
	const struct pass_model model = {p->cost, NULL}, drafter = {p->draft_cost, NULL};
	struct part *some = mem_zalloc(s->a->n, sizeof *some);

	for (uint32_t done = 0, n; done < s->a->n; done += n) {
		size_t parts = 0;

		n = s->a->n - done < prefill_batch ? s->a->n - done : prefill_batch;
		s->model_free_s += passes_prefill_s(&model, n, n, s->a->prompt_tok);
		for (uint32_t left = n, one; left > 0; left -= one) {
			one = left < s->draft_batch ? left : s->draft_batch;
			some[parts++] = (struct part){.n = one};
		}
		tell_all(s, s->model_free_s, some, parts);
	}
	s->drafter_free_s = passes_prefill_s(&drafter, s->a->n, s->draft_batch, s->a->prompt_tok);
	free(some);
}

void sides_init(
	struct sides *s, const struct planner_spec *p, const struct plan_answer *a, uint32_t k)
{
	const struct pass_model model = {p->cost, NULL}, drafter = {p->draft_cost, NULL};
	double first_tok = a->prompt_tok + 1.0;

	*s = (struct sides){.a = a,
		.k = k,
		.up = letters_of(&p->apart->up, k * p->apart->tok_bytes, a->n),
		.down = letters_of(&p->apart->down, p->apart->verdict_bytes, a->n)};
	passes_init(&s->verify, &model, a->n, k, first_tok, first_tok + a->output_tok);
	passes_init(&s->draft, &drafter, a->n, 0, first_tok, first_tok + a->output_tok);
	moments_fill(&s->m, p, a, k);
}

double sides_follow(
	struct sides *s, const struct planner_spec *p, uint32_t prefill_batch, uint32_t draft_batch)
{
	double prefill_s;

	s->draft_batch = draft_batch;
	s->cap = 2 * (size_t)s->a->n;
	s->part = mem_zalloc(s->cap, sizeof *s->part);
	begin(s, p, prefill_batch);
	prefill_s = s->model_free_s;
	if (s->m.n > 0)
		follow(s);
	free(s->part);
	return prefill_s;
}
