#include "models/serving/planned.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "models/serving/course.h"
#include "models/serving/planner.h"

enum { N_STEPS = 97 }; /* eight an octave, up to 4096 */

/** Of all sequences with as much to win, at one acceptance. */
struct courses {
	uint32_t want_tok, percent;
	struct course of[PLAN_K_MOST + 1];
};

struct planned {
	struct pass_model model, draft;
	uint32_t max_batch;
	bool keeps_rows;
	struct planned_row *rows[N_STEPS];
	struct courses **courses;
	size_t n_courses, cap_courses;
};

struct planned *planned_create(
	const struct cost *model, const struct cost *draft, uint32_t max_batch, bool keeps_rows)
{
	struct planned *p = mem_zalloc(1, sizeof *p);

	p->model.cost = model;
	p->draft.cost = draft;
	p->keeps_rows = keeps_rows;
	p->max_batch = max_batch < PLAN_MOST_N ? max_batch : PLAN_MOST_N;
	return p;
}

static void rows_free(struct planned_row *r)
{
	while (r) {
		struct planned_row *next = r->next;

		free(r);
		r = next;
	}
}

void planned_destroy(struct planned *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < N_STEPS; i++)
		rows_free(p->rows[i]);
	for (size_t i = 0; i < p->n_courses; i++) {
		for (size_t k = 0; k <= PLAN_K_MOST; k++)
			course_finish(&p->courses[i]->of[k]);
		free(p->courses[i]);
	}
	free(p->courses);
	free(p);
}

/** Of @sum / @n, below 1 as of 1: so many steps each time it doubles, 1 << @digits; the last is
 * any. In whole numbers, without a division: it is asked at nearly every round of small batches. */
static inline uint32_t step_of(uint64_t sum, uint32_t n, unsigned digits, uint32_t n_steps)
{
	uint64_t all = n;
	uint32_t step, doubled;

	if (sum < n)
		return 0;
	doubled = (uint32_t)(__builtin_clzll(all) - __builtin_clzll(sum));
	if (all << doubled > sum)
		doubled--;
	all <<= doubled;
	step = doubled << digits;
	for (uint64_t more = 1; more < (uint64_t)1 << digits; more++)
		step += (sum << digits) >= all * (((uint64_t)1 << digits) + more);
	return step < n_steps ? step : n_steps - 1;
}

/** The first digits of where @step begins: that is what comes of it, << (step >> digits) >> digits.
 */
static inline uint64_t digits_of(uint32_t step, unsigned digits)
{
	uint32_t base = 1U << digits;

	return base + (step & (base - 1));
}

/** What @step stands for: the whole number at the middle of its values, or just below. */
static uint32_t value_of(uint32_t step, unsigned digits)
{
	uint64_t twice = (2 * digits_of(step, digits) + 1) << (step >> digits);

	return (uint32_t)(twice >> (digits + 1));
}

struct planned_row *planned_row(struct planned *p, uint32_t n, uint32_t percent)
{
	uint32_t step = step_of(n, 1, 3, N_STEPS);
	struct planned_row *r = p->rows[step];

	while (r && r->percent != percent)
		r = r->next;
	if (r)
		return r;
	r = mem_zalloc(1, sizeof *r);
	r->next = p->rows[step];
	r->percent = percent;
	r->n = value_of(step, 3);
	if (r->n > p->max_batch)
		r->n = p->max_batch;
	p->rows[step] = r;
	return r;
}

static const struct courses *courses_of(struct planned *p, uint32_t want_tok, uint32_t percent)
{
	struct courses *c;

	for (size_t i = 0; i < p->n_courses; i++)
		if (p->courses[i]->want_tok == want_tok && p->courses[i]->percent == percent)
			return p->courses[i];
	c = mem_zalloc(1, sizeof *c);
	c->want_tok = want_tok;
	c->percent = percent;
	for (uint32_t k = 0; k <= PLAN_K_MOST; k++)
		course_init(&c->of[k], percent / 100.0, k, want_tok);
	p->courses = mem_grow(p->courses, p->n_courses, &p->cap_courses, sizeof(*p->courses));
	p->courses[p->n_courses++] = c;
	return c;
}

/** All rounds of @n sequences that draft @k tokens, each behind @context_tok at first. */
static double rounds_s(const struct planned *p, const struct courses *all, uint32_t n, uint32_t k,
	double context_tok)
{
	const struct course *c = &all->of[k];
	double last_tok = context_tok + all->want_tok, s = 0.0;
	struct passes verify, draft;

	passes_init(&verify, &p->model, n, k, context_tok, last_tok);
	if (k > 0)
		passes_init(&draft, &p->draft, n, 0, context_tok, last_tok);
	for (size_t r = 0; r < c->n; r++) {
		struct moment m = p->keeps_rows ? course_static_moment(c, r, n, all->want_tok)
						: course_moment(c, r, n);
		double tok = context_tok + m.won;

		s += m.any * passes_of(&verify, m.n, n, tok).gpu_s;
		if (k > 0)
			s += m.any * k * passes_of(&draft, m.n, n, tok + 0.5 * (k - 1.0)).gpu_s;
	}
	return s;
}

static uint32_t work_out(
	struct planned *p, const struct planned_row *row, uint32_t context_step, uint32_t want_step)
{
	const struct courses *c = courses_of(p, value_of(want_step, 2), row->percent);
	uint32_t context_tok = value_of(context_step, 1), best = 0;
	double least_s = HUGE_VAL;

	for (uint32_t k = 0; k <= PLAN_K_MOST; k++) {
		double s = rounds_s(p, c, row->n, k, context_tok);

		if (s < least_s) {
			least_s = s;
			best = k;
		}
	}
	return best;
}

/** The least sum of @n of which all are in @step or beyond. */
static inline uint64_t at_least(uint32_t n, uint32_t step, unsigned digits)
{
	uint64_t sum = (n * digits_of(step, digits)) << (step >> digits);

	return (sum + ((uint64_t)1 << digits) - 1) >> digits;
}

/** The step from which on it is known to be the same. */
static uint32_t same_from(struct planned_row *row, uint32_t c, uint32_t w)
{
	uint32_t from = row->at[c][w].from;

	if (from > 0 && row->at[c][from - 1].k == row->at[c][w].k)
		from = row->at[c][w].from = row->at[c][from - 1].from;
	return from;
}

struct planned_answer planned_look(
	struct planned *p, struct planned_row *row, const struct planned_sums *all)
{
	uint32_t c = step_of(all->context_tok, all->rows, 1, PLANNED_CONTEXT_STEPS), from;
	uint32_t w = step_of(all->want_tok, all->n_want, 2, PLANNED_WANT_STEPS);

	if (row->at[c][w].k == 0) {
		row->at[c][w].k = (uint8_t)(work_out(p, row, c, w) + 1);
		row->at[c][w].from = (uint8_t)w;
	}
	from = same_from(row, c, w);
	return (struct planned_answer){
		.k = row->at[c][w].k - 1u,
		.until_tok =
			c + 1 < PLANNED_CONTEXT_STEPS ? at_least(all->rows, c + 1, 1) : UINT64_MAX,
		.from_want_tok = from > 0 ? at_least(all->n_want, from, 2) : 0,
	};
}

uint64_t planned_rows(const struct llm_shape *s, double room_bytes)
{
	double rows = floor(room_bytes / (4.0 * ((double)s->hidden + s->ffn)));

	return rows > 1.0 ? (uint64_t)fmin(rows, 1e15) : 1;
}
