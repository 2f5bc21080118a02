/* Prices of memory and of entries that lift the bound: those of a fluid, and steps from there. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "plan/placement_bound.h"

enum { ROUNDS = 20, PATIENCE = 3 };
static const double work_most = 2e8; /* inner steps of all rounds */
static const double first_step = 0.1, longer = 1.5, shorter = 0.66, newest = 0.1;

/* The part of @along that is free to move: prices of 0 do not fall. */
static double square(const double *price_s, const double *along, size_t n)
{
	double sum = 0.0;

	for (size_t i = 0; i < n; i++)
		if (price_s[i] > 0.0 || along[i] > 0.0)
			sum += along[i] * along[i];
	return sum;
}

static void step(double *to, const double *from, const double *along, size_t n, double by)
{
	for (size_t i = 0; i < n; i++)
		to[i] = fmax(0.0, from[i] + by * along[i]);
}

static double product(const double *a, const double *b, size_t n)
{
	double sum = 0.0;

	for (size_t i = 0; i < n; i++)
		sum += a[i] * b[i];
	return sum;
}

/* From the highest bound known along the mean of what paths took too much, the volume algorithm
 * (Barahona, Anbil 2000). */
struct climb {
	size_t n;     /* prices: of memories, and then of entries */
	double *best; /* prices of the highest bound */
	double *mean, *newest;
	double highest_s, part;
	size_t idle;
};

static double try_step(struct bound *b, struct climb *c, double by)
{
	size_t n = b->p->n_memories, first;

	step(b->price_s, c->best, c->mean, n, by);
	step(b->entry_s, c->best + n, c->mean + n, c->n - n, by);
	first = bound_evaluate(b);
	bound_excess(b, first, c->newest, c->newest + n);
	return product(c->mean, c->newest, c->n);
}

static void remember(const struct bound *b, struct climb *c)
{
	size_t n = b->p->n_memories;

	c->highest_s = b->least_s;
	memcpy(c->best, b->price_s, n * sizeof *c->best);
	memcpy(c->best + n, b->entry_s, (c->n - n) * sizeof *c->best);
}

static void climb(struct bound *b, struct climb *c, double target_s, size_t rounds)
{
	for (size_t i = 0; i < rounds && c->highest_s < target_s; i++) {
		double all = square(c->best, c->mean, c->n), along;

		if (!(all > 0.0))
			break;
		along = try_step(b, c, c->part * (target_s - c->highest_s) / all);
		if (b->least_s > c->highest_s) {
			remember(b, c);
			c->idle = 0;
			c->part *= along > 0.0 ? longer : 1.0;
		} else if (++c->idle == PATIENCE) {
			c->part *= shorter;
			c->idle = 0;
		}
		for (size_t k = 0; k < c->n; k++)
			c->mean[k] += newest * (c->newest[k] - c->mean[k]);
	}
}

/* A way to hold units: up to so many bytes, at seconds a byte. */
struct slot {
	double rate_s, bytes;
	int memory;
	int on; /* the executor whose memory it is alone; PLACEMENT_NONE: one shared */
};

static int by_rate(const void *a, const void *b)
{
	const struct slot *x = a, *y = b;

	return x->rate_s != y->rate_s ? (x->rate_s < y->rate_s ? -1 : 1) : x->memory - y->memory;
}

static size_t users_of(const struct placement_problem *p, int memory)
{
	size_t n = 0;

	for (size_t d = 0; d < p->n_executors; d++)
		n += p->executors[d].memory == memory || p->executors[d].host == memory;
	return n;
}

/* Units on @d, resident or streamed: seconds in *@s, bytes in *@bytes. */
static void sum_units(
	const struct placement_problem *p, size_t d, bool streamed, double *s, double *bytes)
{
	*s = *bytes = 0.0;
	for (size_t u = 0; u < p->n_units; u++) {
		double exec_s = placement_exec_s(p, u, d), fetch_s = placement_fetch_s(p, u, d);

		if (!(exec_s < HUGE_VAL) || (streamed && !(fetch_s < HUGE_VAL)))
			continue;
		*s += streamed ? fmax(fetch_s, exec_s) : exec_s;
		*bytes += p->units[u].bytes + (streamed ? 0.0 : p->units[u].kv_bytes);
	}
}

static size_t find_slots(const struct bound *b, struct slot *slots)
{
	const struct placement_problem *p = b->p;
	const struct placement_unit *middle = &p->units[p->n_units / 2];
	double one = fmax(1.0, middle->bytes + middle->kv_bytes), s, bytes;
	size_t n = 0;

	for (size_t d = 0; d < p->n_executors; d++) {
		const struct placement_executor *e = &p->executors[d];
		bool alone = users_of(p, e->memory) == 1;
		double room = b->capacity[e->memory];

		sum_units(p, d, false, &s, &bytes);
		if (bytes > 0.0)
			slots[n++] =
				(struct slot){s / bytes, alone ? floor(room / one) * one : room,
					e->memory, alone ? (int)d : PLACEMENT_NONE};
		sum_units(p, d, true, &s, &bytes);
		if (bytes > 0.0)
			slots[n++] = (struct slot){
				s / bytes, b->capacity[e->host], e->host, PLACEMENT_NONE};
	}
	mem_sort(slots, n, sizeof *slots, by_rate);
	return n;
}

/* If units were a fluid, the fastest slots would be full, and what each holds worth what it saves
 * against the slowest one in use. */
static void price_fluid(struct bound *b)
{
	const struct placement_problem *p = b->p;
	struct slot *slots = mem_zalloc(2 * p->n_executors, sizeof *slots);
	bool *full = mem_zalloc(p->n_memories, sizeof *full);
	size_t n = find_slots(b, slots);
	double left = 0.0, last_s = 0.0;

	for (size_t u = 0; u < p->n_units; u++)
		left += p->units[u].bytes + p->units[u].kv_bytes;
	for (size_t i = 0; i < n && left > 0.0; i++) {
		if (full[slots[i].memory])
			continue;
		left -= slots[i].bytes;
		full[slots[i].memory] = true;
		last_s = slots[i].rate_s;
	}
	for (size_t i = 0; i < n; i++) {
		double worth = fmax(0.0, (last_s - slots[i].rate_s) * slots[i].bytes);

		if (slots[i].on != PLACEMENT_NONE)
			b->entry_s[slots[i].on] = worth;
		else
			b->price_s[slots[i].memory] = fmax(b->price_s[slots[i].memory], worth);
	}
	free(slots);
	free(full);
}

void bound_raise(struct bound *b, double target_s)
{
	const struct placement_problem *p = b->p;
	size_t n = p->n_memories, k = p->n_executors;
	double work = (double)b->n_first * (double)p->n_units * (double)k * (double)p->n_units;
	struct climb c = {.n = n + k, .part = first_step};

	if (!(b->least_s < target_s) || !(target_s < HUGE_VAL))
		return;
	c.best = mem_zalloc(c.n, sizeof *c.best);
	c.mean = mem_zalloc(c.n, sizeof *c.mean);
	c.newest = mem_zalloc(c.n, sizeof *c.newest);
	remember(b, &c);
	bound_excess(b, bound_evaluate(b), c.mean, c.mean + n);
	climb(b, &c, target_s, (size_t)fmin(ROUNDS, fmax(3.0, work_most / work)));
	memcpy(b->price_s, c.best, n * sizeof *c.best);
	memcpy(b->entry_s, c.best + n, k * sizeof *c.best);
	bound_evaluate(b);
	free(c.best);
	free(c.mean);
	free(c.newest);
}

void bound_init(struct bound *b, const struct placement_problem *p, int draft)
{
	double free_s;

	bound_allocate(b, p, draft);
	if (draft != PLACEMENT_NONE &&
		!(p->draft_s[draft] < HUGE_VAL && b->capacity[p->executors[draft].memory] >= 0.0))
		return;
	bound_evaluate(b);
	free_s = b->least_s;
	if (!(free_s < HUGE_VAL))
		return;
	price_fluid(b);
	bound_evaluate(b);
	if (b->least_s >= free_s)
		return;
	memset(b->price_s, 0, p->n_memories * sizeof *b->price_s);
	memset(b->entry_s, 0, p->n_executors * sizeof *b->entry_s);
	bound_evaluate(b);
}
