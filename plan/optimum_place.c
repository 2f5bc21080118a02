/* Where somebody stands against a front, and whether something is a solution at all. */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "plan/optimum_parts.h"

static const double rounding = 1e-6;

struct optimum_place optimum_place(const struct optimum_front *f, size_t n, double trans_s)
{
	const struct optimum_point *end = &f->points[f->most];
	double n_range = f->most > 0 ? (double)f->most : 1.0;
	double s_range = end->trans_s > 0.0 ? end->trans_s : 1.0;
	struct optimum_place at = {.distance = HUGE_VAL};
	size_t best = 0;

	for (size_t k = 0; k <= f->most; k++) {
		const struct optimum_point *x = &f->points[k];
		double fewer = ((double)k - (double)n) / n_range;
		double later = (trans_s - x->trans_s) / s_range;

		if (x->trans_s == HUGE_VAL)
			continue;
		if (x->trans_s <= trans_s * (1.0 + rounding))
			best = k;
		at.distance = fmin(at.distance, fmax(fmax(fewer, later), 0.0));
	}
	at.missing = best > n ? (double)(best - n) : 0.0;
	if (n <= f->most && f->points[n].trans_s < HUGE_VAL)
		at.excess_s = fmax(trans_s - f->points[n].trans_s, 0.0);
	at.beyond = n > f->most_bound ||
		    trans_s < f->points[n].bound_s - rounding * (f->points[n].bound_s + 1e-6);
	return at;
}

static bool server_holds(const struct optimum_problem *p, const uint32_t *server_of, uint32_t j)
{
	struct machine_job *jobs = mem_zalloc(p->n_tasks + 1, sizeof *jobs);
	struct machine_job *heap = mem_zalloc(p->n_tasks + 1, sizeof *heap);
	double bytes = 0.0;
	uint64_t models = 0;
	size_t n = 0;
	bool ok = true;

	for (size_t i = 0; i < p->n_tasks; i++) {
		const struct optimum_pair *x = &p->pairs[i * p->n_servers + j];
		size_t k = n;

		if (server_of[i] != j)
			continue;
		ok = ok && optimum_can(x);
		if (p->model_bytes && !(models >> p->model_of[i] & 1))
			bytes += p->model_bytes[p->model_of[i]];
		models |= p->model_bytes ? UINT64_C(1) << p->model_of[i] : 0;
		for (n++; k > 0 && jobs[k - 1].from_ns > x->from_ns; k--)
			jobs[k] = jobs[k - 1];
		jobs[k] = (struct machine_job){x->from_ns, x->until_ns, x->work_ns};
	}
	ok = ok && machine_fits(jobs, n, heap) && (!p->model_bytes || bytes <= p->memory_bytes[j]);
	free(jobs);
	free(heap);
	return ok;
}

bool optimum_holds(const struct optimum_problem *p, const uint32_t *server_of)
{
	for (uint32_t j = 0; j < p->n_servers; j++)
		if (!server_holds(p, server_of, j))
			return false;
	return true;
}
