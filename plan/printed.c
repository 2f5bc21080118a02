/* Eq. 2 as printed: what is asked for, which method, what is told. */
#include "plan/printed.h"

#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "plan/printed_parts.h"

enum { DEVICES_MOST = 1000, TENSORS_MOST = 100000, COUNTS_MOST = 20000 };
static const double tolerance = 1e-9;

static bool whole(double bytes)
{
	return bytes >= 0.0 && bytes <= 0x1p53 && floor(bytes) == bytes;
}

static bool links_sound(const struct printed_problem *p, struct err *err)
{
	for (size_t d = 0; d < p->n_devices; d++)
		for (size_t e = 0; e < p->n_devices; e++)
			if (d != e && !(p->bytes_per_s[d * p->n_devices + e] > 0.0))
				return err_input(err, "'%s': from '%s' to '%s' go %g bytes/s",
					p->name, p->devices[d].name, p->devices[e].name,
					p->bytes_per_s[d * p->n_devices + e]);
	return true;
}

static bool sound(
	const struct printed_problem *p, const struct placement_limits *limits, struct err *err)
{
	if (p->n_devices < 1 || p->n_devices > DEVICES_MOST || p->n_tensors > TENSORS_MOST)
		return err_input(err,
			"'%s' has %zu tensors and %zu devices; up to %d on 1 to %d can be placed",
			p->name, p->n_tensors, p->n_devices, TENSORS_MOST, DEVICES_MOST);
	for (size_t t = 0; t < p->n_tensors; t++)
		if (!whole(p->tensors[t].bytes) || !(p->accesses[t] >= 0.0) ||
			!(p->accesses[t] < HUGE_VAL))
			return err_input(err, "'%s': tensor '%s' has %.17g bytes and %g accesses",
				p->name, p->tensors[t].name, p->tensors[t].bytes, p->accesses[t]);
	for (size_t d = 0; d < p->n_devices; d++)
		if (!whole(p->devices[d].bytes))
			return err_input(err, "'%s': '%s' has %.17g bytes", p->name,
				p->devices[d].name, p->devices[d].bytes);
	if (!(limits->gap >= 0.0 && limits->gap < 1.0) || !(limits->seconds >= 0.0))
		return err_input(err, "'%s': a gap of %g and %g s cannot be asked for", p->name,
			limits->gap, limits->seconds);
	if (limits->method == PLACEMENT_DYNAMIC || (unsigned)limits->method > PLACEMENT_HEURISTIC)
		return err_input(
			err, "'%s': tensors one by one are placed by milp or heuristic", p->name);
	return links_sound(p, err);
}

struct found {
	size_t *counts; /* [class][device] */
	double objective, bound_s;
	bool timed_out;
	enum placement_method method;
};

static bool run(const struct printed *s, const struct placement_limits *limits, struct found *f,
	struct err *err)
{
	double counts = (double)s->n_classes * (double)s->p->n_devices;
	bool proved;

	f->method = PLACEMENT_HEURISTIC;
	f->bound_s = printed_relax(s, f->counts);
	if (f->bound_s < HUGE_VAL)
		f->objective = printed_round(s, f->counts);
	proved = !(f->bound_s < HUGE_VAL);
	if (f->objective < HUGE_VAL)
		proved = f->objective - f->bound_s <= fmax(limits->gap, tolerance) * f->objective;
	if (limits->method == PLACEMENT_HEURISTIC || (limits->method == PLACEMENT_AUTO && proved))
		return true;
	if (counts > COUNTS_MOST && limits->method == PLACEMENT_MILP)
		return err_input(err,
			"'%s' has %zu kinds of tensors on %zu devices, too many for method milp, "
			"which "
			"takes up to %d counts; method heuristic takes all",
			s->p->name, s->n_classes, s->p->n_devices, COUNTS_MOST);
	if (counts > COUNTS_MOST)
		return true;
	f->method = PLACEMENT_MILP;
	return printed_milp(s, limits, f->counts, &f->objective, &f->bound_s, &f->timed_out, err);
}

static void answer(struct placement_answer *out, const struct printed *s, const struct found *f,
	double begin_s)
{
	out->n_homes = s->p->n_tensors;
	out->homes = mem_zalloc(out->n_homes, sizeof *out->homes);
	printed_deal(s, f->counts, out->homes);
	out->objective = out->terms.token_s = printed_sum_s(s, f->counts);
	out->bound = fmin(f->bound_s, out->objective);
	if (out->objective - out->bound <= tolerance * out->objective)
		out->bound = out->objective;
	out->gap = out->objective > out->bound ? 1.0 - out->bound / out->objective : 0.0;
	out->status = out->gap > 0.0 ? PLACEMENT_FEASIBLE : PLACEMENT_OPTIMAL;
	out->timed_out = f->timed_out;
	out->method = f->method;
	out->seconds = clock_s() - begin_s;
}

bool printed_solve(struct placement_answer *out, const struct printed_problem *p,
	const struct placement_limits *limits, struct err *err)
{
	double begin_s = clock_s();
	struct found f = {.objective = HUGE_VAL};
	struct printed s;
	bool ok;

	*out = (struct placement_answer){.method = limits->method};
	if (!sound(p, limits, err))
		return false;
	printed_init(&s, p, limits);
	f.counts = mem_zalloc(s.n_classes * p->n_devices, sizeof *f.counts);
	ok = run(&s, limits, &f, err);
	if (ok && limits->stop && atomic_load(limits->stop))
		ok = err_stop(err);
	if (ok && f.objective < HUGE_VAL)
		answer(out, &s, &f, begin_s);
	else if (ok && f.timed_out)
		ok = err_run(
			err, "'%s': no placement was found within %g s", p->name, limits->seconds);
	else if (ok && f.bound_s < HUGE_VAL)
		ok = err_run(err,
			"'%s': the heuristic found no placement of %zu tensors on %zu devices, and "
			"does not prove that there is none",
			p->name, p->n_tensors, p->n_devices);
	else if (ok)
		ok = printed_conflict(&s, err);
	free(f.counts);
	printed_finish(&s);
	return ok;
}
