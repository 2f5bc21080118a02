/* A bound below all placements: shortest paths with prices for memory and for entries. */
#include "plan/placement_bound.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum {
	FIRST_MOST = 16, /* executors: up to here the way back is looked at one by one */
	ROUNDS = 60,
	PATIENCE = 4,
};
static const double work_most = 2e8; /* inner steps of all rounds */

/* Units that follow each other in one visit. */
struct visit {
	const struct bound *b;
	size_t on;
	double exec_s, kv_bytes, bytes;
	double streamable_bytes, largest_bytes, least_wait_s;
	double streamed_bytes; /* at the least cost */
};

static void visit_begin(struct visit *v, const struct bound *b, size_t on)
{
	*v = (struct visit){.b = b, .on = on, .least_wait_s = HUGE_VAL};
}

static void visit_add(struct visit *v, size_t unit)
{
	const struct placement_problem *p = v->b->p;
	const struct placement_unit *u = &p->units[unit];

	v->exec_s += placement_exec_s(p, unit, v->on);
	v->kv_bytes += u->kv_bytes;
	v->bytes += u->bytes;
	if (placement_fetch_s(p, unit, v->on) < HUGE_VAL) {
		v->streamable_bytes += u->bytes;
		v->largest_bytes = fmax(v->largest_bytes, u->bytes);
		v->least_wait_s = fmin(v->least_wait_s, placement_wait_s(p, unit, v->on));
	}
}

/* With something streamed: at least the bytes that have no room. The price of the buffer, which a
 * visit that goes on has paid, is left out. */
static double streamed_s(struct visit *v)
{
	const struct bound *b = v->b;
	const struct placement_executor *e = &b->p->executors[v->on];
	double least, most, slope_s, n;

	if (!(v->least_wait_s < HUGE_VAL))
		return HUGE_VAL;
	least = fmax(0.0, v->kv_bytes + v->bytes + e->buffer_bytes - b->capacity[e->memory]);
	most = fmin(v->streamable_bytes, b->capacity[e->host]);
	if (least > most)
		return HUGE_VAL;
	slope_s = bound_byte_s(b, e->host) - bound_byte_s(b, e->memory);
	v->streamed_bytes = slope_s < 0.0 ? most : least;
	n = v->largest_bytes > 0.0 ? ceil(least / v->largest_bytes) : 0.0;
	return v->exec_s + fmax(0.0, n - 1.0) * v->least_wait_s +
	       bound_byte_s(b, e->memory) * (v->kv_bytes + v->bytes) + slope_s * v->streamed_bytes;
}

/* The least of a visit with the units so far; HUGE_VAL: they have no room, nor have more. */
static double visit_s(struct visit *v)
{
	const struct bound *b = v->b;
	int memory = b->p->executors[v->on].memory;
	double streamed = streamed_s(v), resident = HUGE_VAL;

	if (v->kv_bytes + v->bytes <= b->capacity[memory])
		resident = v->exec_s + bound_byte_s(b, memory) * (v->kv_bytes + v->bytes);
	if (resident > streamed)
		return streamed;
	v->streamed_bytes = 0.0;
	return resident;
}

/* The best end of a visit of @on from @unit on: its cost with all that follows. */
static double best_visit(const struct bound *b, size_t first, size_t unit, size_t on,
	struct visit *best, size_t *end)
{
	struct visit v;
	double least = HUGE_VAL;

	visit_begin(&v, b, on);
	for (size_t u = unit; u < b->p->n_units; u++) {
		double s;

		visit_add(&v, u);
		s = visit_s(&v);
		if (!(s < HUGE_VAL))
			break;
		s += b->next[bound_at(b, first, u + 1, on)];
		if (s < least) {
			least = s;
			*end = u + 1;
			*best = v;
		}
	}
	return least;
}

static double hop_on(const struct bound *b, size_t first, size_t unit, size_t from, size_t *to)
{
	double least = HUGE_VAL;

	for (size_t e = 0; e < b->p->n_executors; e++) {
		double s;

		if (e == from)
			continue;
		s = placement_hop_s(b->p, from, e) + b->entry_s[e] +
		    b->begin[bound_at(b, first, unit, e)];
		if (s < least) {
			least = s;
			*to = e;
		}
	}
	return least;
}

static double home_s(const struct bound *b, size_t first, size_t last)
{
	const struct placement_problem *p = b->p;
	double back = HUGE_VAL;

	for (size_t f = 0; f < p->n_executors; f++)
		if (b->n_first == 1 || f == first)
			back = fmin(back, placement_back_s(p, last, f));
	return p->executors[last].leave_s + back;
}

static void fill(struct bound *b, size_t first)
{
	const struct placement_problem *p = b->p;
	struct visit v;
	size_t to;

	for (size_t d = 0; d < p->n_executors; d++) {
		size_t at = bound_at(b, first, p->n_units, d);

		b->begin[at] = HUGE_VAL;
		b->next[at] = b->rest[at] = home_s(b, first, d);
	}
	for (size_t u = p->n_units; u-- > 0;) {
		for (size_t d = 0; d < p->n_executors; d++)
			b->begin[bound_at(b, first, u, d)] = best_visit(b, first, u, d, &v, &to);
		for (size_t d = 0; d < p->n_executors; d++) {
			size_t at = bound_at(b, first, u, d);

			b->next[at] = hop_on(b, first, u, d, &to);
			b->rest[at] = fmin(b->next[at], b->begin[at]);
		}
	}
}

double bound_enter_s(const struct bound *b, size_t on)
{
	double talk =
		b->draft == PLACEMENT_NONE ? 0.0 : placement_talk_s(b->p, (size_t)b->draft, on);

	return talk + b->p->executors[on].enter_s;
}

/* All tables at the prices as they are; the first executor of the shortest path. */
static size_t evaluate(struct bound *b)
{
	const struct placement_problem *p = b->p;
	size_t best = 0;

	b->fixed_s = b->draft == PLACEMENT_NONE ? 0.0 : p->draft_s[b->draft];
	for (size_t m = 0; m < p->n_memories; m++)
		b->fixed_s -= b->price_s[m];
	for (size_t d = 0; d < p->n_executors; d++)
		b->fixed_s -= b->entry_s[d];
	for (size_t f = 0; f < b->n_first; f++)
		fill(b, f);
	b->least_s = HUGE_VAL;
	for (size_t d = 0; d < p->n_executors; d++) {
		double s = b->fixed_s + bound_enter_s(b, d) + b->entry_s[d] +
			   b->begin[bound_at(b, d, 0, d)];

		if (s < b->least_s) {
			b->least_s = s;
			best = d;
		}
	}
	return best;
}

void bound_init(struct bound *b, const struct placement_problem *p, int draft)
{
	size_t n = p->n_executors, cells;

	*b = (struct bound){
		.p = p, .draft = draft, .n_first = p->back_s && n <= FIRST_MOST ? n : 1};
	cells = b->n_first * (p->n_units + 1) * n;
	b->capacity = mem_zalloc(p->n_memories, sizeof *b->capacity);
	for (size_t m = 0; m < p->n_memories; m++)
		b->capacity[m] = p->memories[m].bytes;
	if (draft != PLACEMENT_NONE)
		b->capacity[p->executors[draft].memory] -= p->draft->bytes + p->draft->kv_bytes;
	b->price_s = mem_zalloc(p->n_memories, sizeof *b->price_s);
	b->entry_s = mem_zalloc(n, sizeof *b->entry_s);
	b->rest = mem_zalloc(cells, sizeof *b->rest);
	b->next = mem_zalloc(cells, sizeof *b->next);
	b->begin = mem_zalloc(cells, sizeof *b->begin);
	b->least_s = HUGE_VAL;
	if (draft == PLACEMENT_NONE ||
		(p->draft_s[draft] < HUGE_VAL && b->capacity[p->executors[draft].memory] >= 0.0))
		evaluate(b);
}

void bound_finish(struct bound *b)
{
	free(b->capacity);
	free(b->price_s);
	free(b->entry_s);
	free(b->rest);
	free(b->next);
	free(b->begin);
}

/* By how much the shortest path from @on takes more than there is, as a part of it. */
static void excess(const struct bound *b, size_t on, double *memory, double *entry)
{
	const struct placement_problem *p = b->p;
	size_t first = on, unit = 0, end = p->n_units;
	struct visit v;

	for (size_t m = 0; m < p->n_memories; m++)
		memory[m] = -1.0;
	for (size_t d = 0; d < p->n_executors; d++)
		entry[d] = -1.0;
	while (unit < p->n_units) {
		const struct placement_executor *e = &p->executors[on];

		best_visit(b, first, unit, on, &v, &end);
		entry[on] += 1.0;
		if (b->capacity[e->memory] > 0.0)
			memory[e->memory] +=
				(v.kv_bytes + v.bytes - v.streamed_bytes) / b->capacity[e->memory];
		if (e->host != PLACEMENT_NONE && b->capacity[e->host] > 0.0)
			memory[e->host] += v.streamed_bytes / b->capacity[e->host];
		unit = end;
		if (unit < p->n_units)
			hop_on(b, first, unit, on, &on);
	}
}

/* Prices of 0 that would fall stay out of it. */
static double square(const double *price_s, double *excess_of, size_t n)
{
	double sum = 0.0;

	for (size_t i = 0; i < n; i++) {
		if (price_s[i] <= 0.0 && excess_of[i] < 0.0)
			excess_of[i] = 0.0;
		sum += excess_of[i] * excess_of[i];
	}
	return sum;
}

static void move(double *price_s, const double *excess_of, size_t n, double step_s)
{
	for (size_t i = 0; i < n; i++)
		price_s[i] = fmax(0.0, price_s[i] + step_s * excess_of[i]);
}

/* Subgradient steps as Polyak has them; @best is the prices of the highest bound. */
static void climb(struct bound *b, double target_s, size_t rounds, double *best, double *steps)
{
	size_t n = b->p->n_memories, k = b->p->n_executors, idle = 0, first = evaluate(b);
	double highest = b->least_s, part = 1.0;

	for (size_t i = 0; i < rounds && b->least_s < target_s; i++) {
		double all;

		excess(b, first, steps, steps + n);
		all = square(b->price_s, steps, n) + square(b->entry_s, steps + n, k);
		if (!(all > 0.0))
			break;
		move(b->price_s, steps, n, part * (target_s - b->least_s) / all);
		move(b->entry_s, steps + n, k, part * (target_s - b->least_s) / all);
		first = evaluate(b);
		if (b->least_s > highest) {
			highest = b->least_s;
			memcpy(best, b->price_s, n * sizeof *best);
			memcpy(best + n, b->entry_s, k * sizeof *best);
			idle = 0;
		} else if (++idle == PATIENCE) {
			part *= 0.5;
			idle = 0;
		}
	}
}

void bound_raise(struct bound *b, double target_s)
{
	const struct placement_problem *p = b->p;
	size_t n = p->n_memories, k = p->n_executors;
	double work = (double)b->n_first * (double)p->n_units * (double)k *
		      ((double)k + 0.5 * (double)p->n_units);
	double *best, *steps;

	if (!(b->least_s < target_s) || !(target_s < HUGE_VAL))
		return;
	best = mem_zalloc(n + k, sizeof *best);
	steps = mem_zalloc(n + k, sizeof *steps);
	memcpy(best, b->price_s, n * sizeof *best);
	memcpy(best + n, b->entry_s, k * sizeof *best);
	climb(b, target_s, (size_t)fmin(ROUNDS, fmax(3.0, work_most / work)), best, steps);
	memcpy(b->price_s, best, n * sizeof *best);
	memcpy(b->entry_s, best + n, k * sizeof *best);
	evaluate(b);
	free(best);
	free(steps);
}
