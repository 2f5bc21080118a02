/* The front of Eq. 1 and where policies stand, as text. */
#include "cli/optimum_print.h"

#include <math.h>

enum { LINES = 14 }; /* of the front, about so many */

static void print_tasks(FILE *to, const struct optimum_report *r)
{
	const struct tasks *t = r->tasks;

	fprintf(to, "%s: %zu tasks of %zu %s, ", r->spec->name, t->n, t->n_groups,
		t->n_groups == 1 ? "group" : "groups");
	if (t->to_s < HUGE_VAL)
		fprintf(to, "from %g s to %g s", t->from_s, t->to_s);
	else
		fprintf(to, "the first, up to %.6g s", 1e-9 * (double)t->at[t->n - 1].at_ns);
	fprintf(to, ", on %zu %s (seed %ju, replication %u)\n", r->spec->n_instances,
		r->spec->n_instances == 1 ? "instance" : "instances", (uintmax_t)r->spec->run.seed,
		r->replication);
	if (!t->deadlines)
		fputs("no task has a deadline: whoever is served is in time, so S says nothing; "
		      "the "
		      "least T is that of the nearest instances\n",
			to);
}

/** Of Eq. 1; none in time is 0, not -0. */
double optimum_S(const struct optimum_report *r, size_t n)
{
	return n > 0 ? -(double)n / r->span_s : 0.0;
}

static double gap_of(const struct optimum_point *x)
{
	return x->trans_s > 0.0 ? (x->trans_s - x->bound_s) / x->trans_s : 0.0;
}

static void print_summary(FILE *to, const struct optimum_report *r)
{
	const struct optimum_front *f = r->front;
	size_t proved = 0;
	double worst = 0.0;

	for (size_t n = 0; n <= f->most; n++) {
		proved += f->points[n].proved;
		if (f->points[n].trans_s < HUGE_VAL)
			worst = fmax(worst, gap_of(&f->points[n]));
	}
	fprintf(to, "at most %zu in time", f->most);
	if (f->most_bound > f->most)
		fprintf(to, " found, no more than %zu possible (gap %.2f %%)", f->most_bound,
			100.0 * (double)(f->most_bound - f->most) / (double)f->most_bound);
	else
		fputs(", proved", to);
	fprintf(to, "; the relaxation says %.2f\n", f->relaxed_most);
	fprintf(to, "least T: %zu of %zu points proved, the largest gap %.3g %%; %s, %.2f s%s\n",
		proved, f->most + 1, 100.0 * worst, r->solver, f->seconds,
		f->timed_out ? ", the time limit" : "");
}

static void print_printed(FILE *to, const struct optimum_report *r)
{
	const struct optimum_conflict *c = r->printed;

	fputs("as printed, with = in (1a), all tasks have to be in time: ", to);
	if (!c->known)
		fputs("whether they can is not known, time ran out\n", to);
	else if (c->feasible)
		fputs("they can, as the front's last point\n", to);
	else
		fprintf(to, "infeasible%s", c->n == 0 ? "\n" : ", because of\n");
	for (size_t k = 0; k < c->n; k++)
		fprintf(to, "    %s\n", c->parts[k]);
	if (c->known && !c->feasible && c->n > 0)
		fputs(c->irreducible ? "without any one of these there is a solution to the rest\n"
				     : "perhaps not all of these are needed: time ran out\n",
			to);
}

/** Is the point worth a line? The ends, where policies stand, and some between. */
static bool is_shown(const struct optimum_report *r, size_t n)
{
	const struct optimum_front *f = r->front;
	size_t every = f->most / LINES + 1;

	if (f->points[n].beaten)
		return false;
	for (size_t k = 0; k < r->n_policies; k++)
		if (r->policies[k].run.in_time == n)
			return true;
	return n == f->most || (f->most - n) % every == 0;
}

static void print_points(FILE *to, const struct optimum_report *r)
{
	const struct optimum_front *f = r->front;
	size_t shown = 0, of = 0;

	fputs("\nin time   S [1/s]     T [ms]  bound [ms]  gap [%]\n", to);
	for (size_t n = f->most + 1; n-- > 0;) {
		const struct optimum_point *x = &f->points[n];

		of += !x->beaten;
		if (!is_shown(r, n))
			continue;
		shown++;
		fprintf(to, "%7zu %9.4f %10.3f  %10.3f  %7.3g%s\n", n, optimum_S(r, n),
			1e3 * x->trans_s, 1e3 * x->bound_s, 100.0 * gap_of(x),
			x->proved ? "" : "  not proved");
	}
	if (of > shown)
		fprintf(to, "(%zu of %zu points; -o DIR and --json have all)\n", shown, of);
}

static int width_of(const struct optimum_report *r)
{
	size_t most = 6, n;

	for (size_t k = 0; k < r->n_policies; k++) {
		n = 0;
		while (r->policies[k].label[n] && n < 40)
			n++;
		most = n > most ? n : most;
	}
	return (int)most;
}

static void print_policy(FILE *to, const struct optimum_report *r, size_t k, int width)
{
	const struct optimum_standing *p = &r->policies[k];

	fprintf(to, "%-*s %7zu %9.4f %10.3f", width, p->label, p->run.in_time,
		optimum_S(r, p->run.in_time), 1e3 * p->run.trans_s);
	if (p->run.failed) {
		fprintf(to, "  failed: %s\n", p->run.failure);
		return;
	}
	fprintf(to, " %6zu %8.0f %11.3f %9.3f", p->run.done - p->run.in_time, p->place.missing,
		1e3 * p->place.excess_s, p->place.distance);
	if (p->run.apart > 0)
		fprintf(to, "  (%zu on two instances each)", p->run.apart);
	fputc('\n', to);
}

static void print_policies(FILE *to, const struct optimum_report *r)
{
	int width = width_of(r);

	fprintf(to, "\n%-*s in time   S [1/s]     T [ms]   late  missing excess T [ms]  distance\n",
		width, "policy");
	for (size_t k = 0; k < r->n_policies; k++)
		print_policy(to, r, k, width);
	fputs("T is of those in time. missing: tasks that the front has more with no more T; "
	      "excess: T above "
	      "the least\nwith as many; distance: the part of both ranges that it is away from the "
	      "front. The front ignores queues.\n",
		to);
}

void optimum_print(FILE *to, const struct optimum_report *r)
{
	print_tasks(to, r);
	print_summary(to, r);
	print_printed(to, r);
	print_points(to, r);
	if (r->n_policies > 0)
		print_policies(to, r);
}
