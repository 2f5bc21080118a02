/* Bounds on what is to come. */
#include "plan/optimum_ahead.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"

void ahead_init(struct ahead *a, const struct eq1 *e)
{
	*a = (struct ahead){.e = e};
	a->by_density = mem_zalloc(e->n_tasks + 1, sizeof *a->by_density);
	a->rest = mem_zalloc(e->n_tasks + 2, sizeof *a->rest);
	a->to_come = mem_zalloc((e->n_tasks + 1) * (AHEAD_GRID + 1), sizeof *a->to_come);
}

void ahead_finish(struct ahead *a)
{
	free(a->by_density);
	free(a->rest);
	free(a->to_come);
}

static const struct machine_job *job(const struct ahead *a, size_t spot)
{
	return &a->e->spots[spot].job;
}

/* What is to come: as much of the densest as there is time for, one of them in part. */

struct dense {
	double density;
	size_t item;
};

static int by_density(const void *a, const void *b)
{
	const struct dense *x = a, *y = b;

	if (x->density != y->density)
		return x->density > y->density ? -1 : 1;
	return x->item < y->item ? -1 : x->item > y->item;
}

static struct ahead_rest rest_of(const struct ahead *a, const size_t *items, const double *value,
	size_t from, size_t n, double room_ns)
{
	struct ahead_rest r = {0.0, 0.0};

	for (size_t k = 0; k < n; k++) {
		size_t item = a->by_density[k], spot = items[item];
		double work_ns = (double)job(a, spot)->work_ns;

		if (item < from)
			continue;
		if (value[spot] <= 0.0)
			return r;
		if (work_ns >= room_ns) {
			r.slope = work_ns > 0.0 ? value[spot] / work_ns : 0.0;
			r.base += r.slope * room_ns;
			return r;
		}
		r.base += value[spot];
		room_ns -= work_ns;
	}
	return r;
}

static void rests(struct ahead *a, const size_t *items, const double *value, size_t n)
{
	struct dense *order = mem_zalloc(n + 1, sizeof *order);
	int64_t last_ns = INT64_MIN; /* work that is left may be due after all that comes */

	for (size_t k = 0; k < n; k++) {
		const struct machine_job *j = job(a, items[k]);

		last_ns = j->until_ns > last_ns ? j->until_ns : last_ns;
		order[k] = (struct dense){value[items[k]] / fmax((double)j->work_ns, 1e-3), k};
	}
	mem_sort(order, n, sizeof *order, by_density);
	for (size_t k = 0; k < n; k++)
		a->by_density[k] = order[k].item;
	a->rest[n] = (struct ahead_rest){0.0, 0.0};
	for (size_t k = n; k-- > 0;) {
		double room_ns = (double)(last_ns - job(a, items[k])->from_ns);

		a->rest[k] = rest_of(a, items, value, k, n, room_ns);
	}
	free(order);
}

/** The longest time that anybody before the end of each item has: room for all that is left. */
static int64_t longest_ns(const struct ahead *a, const size_t *items, size_t n)
{
	int64_t due_ns = INT64_MIN, most_ns = 1, sum_ns = 1;

	for (size_t k = 0; k < n; k++) {
		const struct machine_job *j = job(a, items[k]);

		due_ns = j->until_ns > due_ns ? j->until_ns : due_ns;
		most_ns = due_ns - j->from_ns > most_ns ? due_ns - j->from_ns : most_ns;
		sum_ns += j->work_ns;
	}
	return sum_ns < most_ns ? sum_ns : most_ns;
}

/** One item: of what is left, all is due by @due_ns. */
static void come_before(struct ahead *a, const size_t *items, const double *value, size_t k,
	int64_t due_ns, int64_t until_next_ns)
{
	const struct machine_job *j = job(a, items[k]);
	const double *after = a->to_come + (k + 1) * (AHEAD_GRID + 1);
	double *now = a->to_come + k * (AHEAD_GRID + 1), v = value[items[k]];
	int64_t room_ns = due_ns - j->from_ns - j->work_ns;
	int64_t with_ns = j->work_ns - until_next_ns, left_ns = 0;

	for (size_t g = 0; g <= AHEAD_GRID; g++, left_ns += INT64_C(1) << a->grid_bits) {
		int64_t without = left_ns - until_next_ns, with = left_ns + with_ns;
		double best = after[without > 0 ? without >> a->grid_bits : 0];

		if (left_ns <= room_ns) {
			int64_t to = with > 0 ? with >> a->grid_bits : 0;
			double x = v + after[to < AHEAD_GRID ? to : AHEAD_GRID];

			best = x > best ? x : best;
		}
		now[g] = best;
	}
}

/** What is to come if all that is left were due last: a table, with less left than there is. */
static void make_table(struct ahead *a, const size_t *items, const double *value, size_t n)
{
	int64_t *due_ns = mem_zalloc(n + 1, sizeof *due_ns), last_ns = INT64_MIN;

	a->grid_bits = 0;
	while (a->span_ns >> a->grid_bits > AHEAD_GRID)
		a->grid_bits++;
	for (size_t k = 0; k < n; k++) {
		int64_t until_ns = job(a, items[k])->until_ns;

		due_ns[k] = last_ns = until_ns > last_ns ? until_ns : last_ns;
	}
	for (size_t g = 0; g <= AHEAD_GRID; g++)
		a->to_come[n * (AHEAD_GRID + 1) + g] = 0.0;
	for (size_t k = n; k-- > 0;)
		come_before(a, items, value, k, due_ns[k],
			k + 1 < n ? job(a, items[k + 1])->from_ns - job(a, items[k])->from_ns : 0);
	free(due_ns);
}

void ahead_look(struct ahead *a, const size_t *items, size_t n, const double *value, bool table)
{
	a->span_ns = longest_ns(a, items, n);
	rests(a, items, value, n);
	a->has_table = table;
	if (table)
		make_table(a, items, value, n);
}

double ahead_most(const struct ahead *a, size_t item, int64_t left_ns)
{
	const struct ahead_rest *r = &a->rest[item];
	int64_t g = left_ns >> a->grid_bits;
	double most = r->base - r->slope * (double)left_ns, x;

	if (!a->has_table)
		return most;
	x = a->to_come[item * (AHEAD_GRID + 1) + (size_t)(g < AHEAD_GRID ? g : AHEAD_GRID)];
	return x < most ? x : most;
}
