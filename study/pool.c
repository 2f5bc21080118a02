#include "study/pool.h"

#include <math.h>

#include "sim/antithetic.h"

void pool_begin(struct pool *p, const struct run_spec *run)
{
	*p = (struct pool){.paired = run->antithetic,
		.question = {.error = DRIFT_ERROR, .indifference = DRIFT_INDIFFERENCE}};
	for (size_t i = 0; i < run->n_goals; i++)
		if (run->goals[i].id == METRIC_LYAPUNOV_VERDICT) {
			p->question.error = run->goals[i].relative;
			p->question.sequential = true;
		}
}

static void add_slots(struct pool *p, uint32_t number, const struct drift *slots)
{
	const bool is_second = number == p->waits_for;

	if (is_second) {
		drift_beside(&p->waiting, slots);
		drift_merge(&p->drift, &p->waiting);
		p->n_slots++;
	}
	drift_finish(&p->waiting);
	p->waits_for = 0;
	if (is_second || number % 2 == 0)
		return;
	drift_merge(&p->waiting, slots);
	p->waiting.full = slots->full;
	p->waits_for = number + 1;
}

static void add_pairwise(struct pool *p, uint32_t number, const struct world_result *r)
{
	add_slots(p, number, &r->drift);
	if (antithetic_pair(number) == p->last)
		return;
	p->last = antithetic_pair(number);
	p->n++;
	drift_evidence_add(&p->evidence, &r->evidence);
}

void pool_add(struct pool *p, uint32_t number, const struct world_result *r)
{
	if (p->paired && r->random) {
		add_pairwise(p, number, r);
		return;
	}
	p->n++;
	p->n_slots++;
	if (!r->random && p->n > 1)
		return; /* what is alike adds nothing */
	drift_merge(&p->drift, &r->drift);
	drift_evidence_add(&p->evidence, &r->evidence);
}

void pool_finish(struct pool *p)
{
	drift_finish(&p->drift);
	drift_finish(&p->waiting);
}

static struct stat_interval interval_of(const struct drift_mean *m, size_t n)
{
	const double none = (double)NAN, mean = isnan(m->half) ? none : m->mean;

	return (struct stat_interval){
		mean, none, mean - m->half, mean + m->half, isnan(mean) ? 0 : n};
}

bool pool_verdict(struct drift_answer *out, const struct pool *p)
{
	if (p->evidence.runs == 0)
		return false;
	*out = drift_judge(&p->evidence, &p->question);
	return true;
}

static struct stat_interval verdict_of(const struct pool *p)
{
	const double none = (double)NAN;
	struct drift_answer a;
	bool any = pool_verdict(&a, p);

	return (struct stat_interval){any ? a.verdict : none, none, none, none, any ? p->n : 0};
}

bool pool_interval(struct stat_interval *out, const struct pool *p, enum metric_id id)
{
	struct drift_fit f;

	if (id == METRIC_LYAPUNOV_VERDICT) {
		*out = verdict_of(p);
		return true;
	}
	if (id != METRIC_LYAPUNOV_EPSILON && id != METRIC_LYAPUNOV_B)
		return false;
	f = drift_fit(&p->drift);
	*out = interval_of(id == METRIC_LYAPUNOV_B ? &f.B : &f.epsilon, p->n_slots);
	return true;
}

void pool_rows(struct summary_row *rows, size_t n, const struct pool *p)
{
	struct stat_interval c;

	for (size_t i = 0; i < n; i++) {
		if (*rows[i].scope || !pool_interval(&c, p, rows[i].id))
			continue;
		rows[i].mean = c.mean;
		rows[i].ci_low = c.lo;
		rows[i].ci_high = c.hi;
		rows[i].n = c.n;
	}
}
