/* How many tensors of each class go to each device, as a program; and why there is no room. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "plan/milp.h"
#include "plan/printed_parts.h"

enum { TRIES = 5 };
static const double margin = 2e-7, conflict_seconds = 10.0;

struct counts {
	const struct printed *s;
	struct milp *program;
	double scale_s;
	bool tight;    /* counts are limited by memories, too */
	double shrink; /* of memories: the solver takes 1e-7 more for kept */
};

static size_t column(const struct counts *c, size_t class, size_t device)
{
	return class * c->s->p->n_devices + device;
}

static void group(struct counts *c, char kind, size_t index)
{
	char name[40];

	snprintf(name, sizeof name, "%c%zu", kind, index);
	milp_group(c->program, name);
}

static void make_columns(struct counts *c)
{
	const struct printed *s = c->s;
	char name[60];

	for (size_t k = 0; k < s->n_classes; k++)
		for (size_t d = 0; d < s->p->n_devices; d++) {
			const struct printed_class *class = &s->classes[k];
			double most = (double)class->n, room = s->p->devices[d].bytes;

			if (c->tight && class->bytes > 0.0)
				most = fmin(most, floor(room / class->bytes));
			snprintf(name, sizeof name, "n[%zu,%zu]", k, d);
			milp_column(c->program, name, 0.0, most, MILP_WHOLE,
				class->bytes * class->accesses * s->rate_s[d] / c->scale_s);
		}
}

static void make_rows(struct counts *c)
{
	const struct printed *s = c->s;

	for (size_t k = 0; k < s->n_classes; k++) {
		group(c, 't', k);
		milp_row(c->program, "all", (double)s->classes[k].n, (double)s->classes[k].n);
		for (size_t d = 0; d < s->p->n_devices; d++)
			milp_add(c->program, column(c, k, d), 1.0);
	}
	for (size_t d = 0; d < s->p->n_devices; d++) {
		double one = fmax(1.0, s->p->devices[d].bytes);

		group(c, 'm', d);
		milp_row(c->program, "memory", -HUGE_VAL,
			s->p->devices[d].bytes / one * (1.0 - c->shrink));
		for (size_t k = 0; k < s->n_classes; k++)
			milp_add(c->program, column(c, k, d), s->classes[k].bytes / one);
	}
}

static void make(struct counts *c)
{
	c->program = milp_create(c->s->p->name);
	make_columns(c);
	make_rows(c);
}

static void start(struct counts *c, const size_t *counts)
{
	size_t n = milp_n_columns(c->program);
	double *x = mem_zalloc(n, sizeof *x);

	for (size_t i = 0; i < n; i++)
		x[i] = (double)counts[i];
	milp_start(c->program, x);
	free(x);
}

/* To the byte. */
static bool keeps_memories(const struct printed *s, const size_t *counts)
{
	for (size_t d = 0; d < s->p->n_devices; d++) {
		double sum = 0.0;

		for (size_t k = 0; k < s->n_classes; k++)
			sum += s->classes[k].bytes * (double)counts[k * s->p->n_devices + d];
		if (sum > s->p->devices[d].bytes)
			return false;
	}
	return true;
}

static bool solve(struct counts *c, const struct placement_limits *limits, struct milp_answer *a,
	struct err *err)
{
	struct milp_limits of = {.gap = limits->gap,
		.stop = limits->stop,
		.solver = limits->use_cbc ? MILP_CBC : MILP_GLPK};

	if (c->s->end_s < HUGE_VAL)
		of.seconds = fmax(1e-3, c->s->end_s - clock_s());
	return milp_solve(c->program, &of, a, err);
}

/* Take what was found if it keeps the rules. */
static bool take(const struct counts *c, size_t *counts, double *objective)
{
	size_t n = milp_n_columns(c->program);
	size_t *found = mem_zalloc(n, sizeof *found);
	bool ok;
	double sum;

	for (size_t i = 0; i < n; i++)
		found[i] = (size_t)(milp_value(c->program, i) + 0.5);
	ok = keeps_memories(c->s, found);
	sum = printed_sum_s(c->s, found);
	if (ok && sum < *objective) {
		*objective = sum;
		memcpy(counts, found, n * sizeof *found);
	}
	free(found);
	return ok;
}

bool printed_milp(const struct printed *s, const struct placement_limits *limits, size_t *counts,
	double *objective, double *bound_s, bool *timed_out, struct err *err)
{
	struct counts c = {.s = s, .scale_s = 1.0, .tight = true};
	struct milp_answer a;
	bool done = false, ok = true;

	if (*objective > 0.0 && *objective < HUGE_VAL)
		c.scale_s = *objective;
	for (size_t i = 0; ok && !done && i < TRIES; i++, c.shrink += margin) {
		make(&c);
		if (*objective < HUGE_VAL)
			start(&c, counts);
		ok = solve(&c, limits, &a, err);
		if (ok && i == 0) /* of the whole memories */
			*bound_s = fmax(*bound_s,
				a.status == MILP_INFEASIBLE ? HUGE_VAL : a.bound * c.scale_s);
		if (ok) {
			*timed_out = *timed_out || a.timed_out;
			done = !(a.objective < HUGE_VAL) || take(&c, counts, objective);
		}
		milp_destroy(c.program);
	}
	return ok;
}

static bool fits_nowhere(const struct printed_problem *p, size_t tensor)
{
	for (size_t d = 0; d < p->n_devices; d++)
		if (p->tensors[tensor].bytes <= p->devices[d].bytes)
			return false;
	return true;
}

static bool say(const struct printed *s, const char *const *names, size_t n, struct err *err)
{
	const struct printed_problem *p = s->p;
	double bytes = 0.0, room = 0.0;
	size_t tensors = 0, devices = 0, first = 0, device = 0;

	for (size_t i = 0; i < n; i++) {
		size_t at = strtoul(names[i] + 1, NULL, 10);

		if (names[i][0] == 't') {
			first = tensors == 0 ? s->order[s->classes[at].first] : first;
			tensors += s->classes[at].n;
			bytes += s->classes[at].bytes * (double)s->classes[at].n;
		} else {
			device = devices == 0 ? at : device;
			devices++;
			room += p->devices[at].bytes;
		}
	}
	if (fits_nowhere(p, first))
		return err_input(err,
			"no placement of '%s': tensor '%s' (%.4g GB) fits on no device", p->name,
			p->tensors[first].name, p->tensors[first].bytes / 1e9);
	return err_input(err,
		"no placement of '%s': '%s' with what is like it, %zu tensors (%.4g GB), has no "
		"room "
		"in '%s' with %zu others (%.4g GB)",
		p->name, p->tensors[first].name, tensors, bytes / 1e9, p->devices[device].name,
		devices - 1, room / 1e9);
}

bool printed_conflict(const struct printed *s, struct err *err)
{
	struct counts c = {.s = s, .scale_s = 1.0};
	struct milp_limits limits = {.seconds = conflict_seconds, .stop = s->stop};
	const char *const *names;
	bool irreducible;
	size_t n;

	make(&c);
	if (milp_conflict(c.program, &limits, &names, &n, &irreducible, err)) {
		if (n > 0)
			say(s, names, n, err);
		else
			err_input(err, "no placement of '%s': a tensor fits on no device",
				s->p->name);
		free((void *)names);
	}
	milp_destroy(c.program);
	return false;
}
