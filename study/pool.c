#include "study/pool.h"

#include <math.h>

void pool_begin(struct pool *p, const struct run_spec *run)
{
	*p = (struct pool){.question = {.error = DRIFT_ERROR, .indifference = DRIFT_INDIFFERENCE}};
	for (size_t i = 0; i < run->n_goals; i++)
		if (run->goals[i].id == METRIC_LYAPUNOV_VERDICT) {
			p->question.error = run->goals[i].relative;
			p->question.sequential = true;
		}
}

void pool_add(struct pool *p, const struct world_result *r)
{
	p->n++;
	if (!r->random && p->n > 1)
		return; /* what is alike adds nothing */
	drift_merge(&p->drift, &r->drift);
	drift_evidence_add(&p->evidence, &r->evidence);
}

void pool_finish(struct pool *p)
{
	drift_finish(&p->drift);
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
	*out = interval_of(id == METRIC_LYAPUNOV_B ? &f.B : &f.epsilon, p->n);
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
