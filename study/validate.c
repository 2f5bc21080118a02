#include "study/validate.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "sim/replicate.h"

struct replicate_work {
	const struct validate_case *c;
	const struct validate_setting *setting;
	uint64_t customers; /* a replication */
	double theory;
	double *x; /* of the replications handed over and those ahead, by number */
	size_t n;
};

void validate_judge(
	struct validate_verdict *out, double theory, const double *x, size_t n, double precision)
{
	out->theory = theory;
	stat_interval(&out->ci95, x, n, 0.95);
	stat_interval(&out->ci999, x, n, 0.999);
	out->precise = n >= VALIDATE_LEAST &&
		       out->ci95.hi - out->ci95.mean < precision * fabs(out->ci95.mean);
	out->agrees = out->ci999.lo <= theory && theory <= out->ci999.hi;
}

static bool run_one(struct replicate_work *w, size_t number, struct err *err)
{
	/* ten times over, what is left of the start is e^-10 of it */
	struct validate_job job = {
		.seed = w->setting->seed,
		.replication = (uint32_t)number + 1,
		.customers = w->customers,
		.warmup_s = 10.0 * w->c->kind->relax_s(w->c),
		.stop = w->setting->stop,
		.fcfs = w->setting->fcfs,
	};

	return w->c->kind->measure(&w->x[number], w->c, &job, err);
}

static enum replicate_next take(struct replicate_work *w, size_t number, struct err *err)
{
	struct validate_verdict v;

	(void)err;
	w->n = number + 1;
	validate_judge(&v, w->theory, w->x, w->n, w->setting->precision);
	return v.precise ? REPLICATE_ENOUGH : REPLICATE_MORE;
}

/** So many that VALIDATE_LEAST replications are mostly, not always, enough. */
static uint64_t customers_of(const struct validate_case *c, double precision)
{
	const double z = 1.96, margin = 1.2;
	double n = margin * z * z * c->kind->spread(c) / (precision * precision) / VALIDATE_LEAST;

	return (uint64_t)fmax(n, 100.0);
}

bool validate_run(struct validate_verdict *out, const struct validate_case *c,
	const struct validate_setting *s, struct err *err)
{
	static const struct replicate_ops ops = {.run = run_one, .done = take};
	struct replicate_work w = {
		.c = c,
		.setting = s,
		.customers = customers_of(c, s->precision),
		.theory = c->kind->theory(c),
		.x = mem_zalloc(VALIDATE_MOST, sizeof *w.x),
	};
	size_t n;
	bool ok;

	*out = (struct validate_verdict){0};
	ok = replicate_run(&ops, &w, VALIDATE_MOST, s->n_threads, s->stop, &n, err);
	validate_judge(out, w.theory, w.x, w.n, s->precision);
	out->customers = w.customers * w.n;
	out->stopped = s->stop && atomic_load(s->stop);
	free(w.x);
	return ok;
}
