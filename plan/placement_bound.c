/* A bound below all placements: shortest paths with prices for memory and for entries. */
#include "plan/placement_bound.h"

#include <stdlib.h>

#include "base/mem.h"

enum {
	FIRST_MOST = 16, /* executors: up to here the way back is looked at one by one */
};

/* Units that follow each other in one visit. */
struct visit {
	const struct bound *b;
	size_t on;
	double exec_s, kv_bytes, bytes;
	double streamable_bytes, largest_bytes, least_wait_s;
	double streamed_bytes; /* at the least cost */
	bool streams;
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

/* Waits for @bytes streamed, all but one; to the next whole unit, or less. */
static double waits_s(const struct visit *v, double bytes, bool whole)
{
	double n = v->largest_bytes > 0.0 ? bytes / v->largest_bytes : 0.0;

	return fmax(0.0, (whole ? ceil(n) : n) - 1.0) * v->least_wait_s;
}

/* The bytes to stream, from @least to @most, where one more than @slope_s each is gained. */
static double best_streamed(const struct visit *v, double least, double most, double slope_s)
{
	double one = fmin(most, fmax(least, v->largest_bytes)), best = least;

	if (waits_s(v, one, false) + slope_s * one < waits_s(v, best, false) + slope_s * best)
		best = one;
	if (waits_s(v, most, false) + slope_s * most < waits_s(v, best, false) + slope_s * best)
		best = most;
	return best;
}

/* With something streamed: at least the bytes that have no room beside the buffer. */
static double streamed_s(struct visit *v)
{
	const struct bound *b = v->b;
	const struct placement_executor *e = &b->p->executors[v->on];
	double least, most, slope_s;

	if (!(v->least_wait_s < HUGE_VAL))
		return HUGE_VAL;
	least = fmax(0.0, v->kv_bytes + v->bytes + e->buffer_bytes - b->capacity[e->memory]);
	most = fmin(v->streamable_bytes, b->capacity[e->host]);
	if (least > most)
		return HUGE_VAL;
	slope_s = bound_byte_s(b, e->host) - bound_byte_s(b, e->memory);
	v->streamed_bytes = slope_s < 0.0 ? best_streamed(v, least, most, slope_s) : least;
	return v->exec_s + waits_s(v, v->streamed_bytes, slope_s >= 0.0) +
	       bound_byte_s(b, e->memory) * (v->kv_bytes + v->bytes) + slope_s * v->streamed_bytes;
}

static double buffer_s(const struct bound *b, size_t on)
{
	const struct placement_executor *e = &b->p->executors[on];

	return bound_byte_s(b, e->memory) * e->buffer_bytes;
}

/* The least of a visit with the units so far; HUGE_VAL: they have no room, nor have more. In
 * @going_s the least where the buffer has its price already. */
static double visit_s(struct visit *v, double *going_s)
{
	const struct bound *b = v->b;
	int memory = b->p->executors[v->on].memory;
	double streamed = streamed_s(v), resident = HUGE_VAL;

	if (v->kv_bytes + v->bytes <= b->capacity[memory])
		resident = v->exec_s + bound_byte_s(b, memory) * (v->kv_bytes + v->bytes);
	*going_s = fmin(streamed, resident);
	streamed += buffer_s(b, v->on);
	v->streams = streamed < resident;
	if (v->streams)
		return streamed;
	v->streamed_bytes = 0.0;
	return resident;
}

static double lesser(double a, double b)
{
	return a < b ? a : b;
}

/* Units from @unit on in one visit of @on, to every end; for all that may have been first. */
static void fill_visits(struct bound *b, size_t unit, size_t on)
{
	double *begin = &b->begin[bound_at(b, 0, unit, on)];
	double *going = &b->going[bound_at(b, 0, unit, on)];
	struct visit v;

	visit_begin(&v, b, on);
	for (size_t f = 0; f < b->n_first; f++)
		begin[f] = going[f] = HUGE_VAL;
	for (size_t u = unit; u < b->p->n_units; u++) {
		const double *next = &b->next[bound_at(b, 0, u + 1, on)];
		double s, going_s;

		visit_add(&v, u);
		s = visit_s(&v, &going_s);
		if (!(going_s < HUGE_VAL))
			break;
		for (size_t f = 0; f < b->n_first; f++) {
			begin[f] = lesser(begin[f], s + next[f]);
			going[f] = lesser(going[f], going_s + next[f]);
		}
	}
}

static void fill_hops(struct bound *b, size_t unit, size_t from)
{
	size_t at = bound_at(b, 0, unit, from);

	for (size_t f = 0; f < b->n_first; f++)
		b->next[at + f] = HUGE_VAL;
	for (size_t e = 0; e < b->p->n_executors; e++) {
		const double *begin = &b->begin[bound_at(b, 0, unit, e)];
		double s = placement_hop_s(b->p, from, e) + b->entry_s[e];

		for (size_t f = 0; e != from && f < b->n_first; f++)
			b->next[at + f] = lesser(b->next[at + f], s + begin[f]);
	}
	for (size_t f = 0; f < b->n_first; f++) {
		b->rest[at + f] = lesser(b->next[at + f], b->begin[at + f]);
		b->going[at + f] = lesser(b->next[at + f], b->going[at + f]);
	}
}

/* Who is cheap to enter comes first: the rest cannot make up for it. */
struct entry {
	double s;
	size_t on;
};

static int by_entry(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return x->s != y->s ? (x->s < y->s ? -1 : 1) : (x->on > y->on) - (x->on < y->on);
}

static void sort_entries(const struct bound *b, size_t unit, struct entry *entries)
{
	size_t n = b->p->n_executors;

	for (size_t e = 0; e < n; e++)
		entries[e] = (struct entry){b->entry_s[e] + b->begin[bound_at(b, 0, unit, e)], e};
	mem_sort(entries, n, sizeof *entries, by_entry);
}

/* The same where what was first makes no difference, as among many. */
static void fill_hop(struct bound *b, size_t unit, size_t from, const struct entry *entries)
{
	size_t at = bound_at(b, 0, unit, from);
	double least = HUGE_VAL;

	for (size_t i = 0; i < b->p->n_executors && entries[i].s < least; i++)
		if (entries[i].on != from)
			least = lesser(
				least, entries[i].s + placement_hop_s(b->p, from, entries[i].on));
	b->next[at] = least;
	b->rest[at] = lesser(least, b->begin[at]);
	b->going[at] = lesser(least, b->going[at]);
}

static void fill_ends(struct bound *b)
{
	for (size_t d = 0; d < b->p->n_executors; d++)
		for (size_t f = 0; f < b->n_first; f++) {
			size_t at = bound_at(b, f, b->p->n_units, d);

			b->begin[at] = HUGE_VAL;
			b->next[at] = b->rest[at] = b->going[at] = b->home_s[d * b->n_first + f];
		}
}

static void fill(struct bound *b)
{
	size_t n = b->p->n_executors;
	struct entry *entries = mem_zalloc(n, sizeof *entries);

	fill_ends(b);
	for (size_t u = b->p->n_units; u-- > 0;) {
		for (size_t d = 0; d < n; d++)
			fill_visits(b, u, d);
		if (b->n_first == 1)
			sort_entries(b, u, entries);
		for (size_t d = 0; d < n; d++)
			if (b->n_first == 1)
				fill_hop(b, u, d, entries);
			else
				fill_hops(b, u, d);
	}
	free(entries);
}

double bound_enter_s(const struct bound *b, size_t on)
{
	double talk =
		b->draft == PLACEMENT_NONE ? 0.0 : placement_talk_s(b->p, (size_t)b->draft, on);

	return talk + b->p->executors[on].enter_s;
}

size_t bound_evaluate(struct bound *b)
{
	const struct placement_problem *p = b->p;
	size_t best = 0;

	b->fixed_s = b->draft == PLACEMENT_NONE ? 0.0 : p->draft_s[b->draft];
	for (size_t m = 0; m < p->n_memories; m++)
		b->fixed_s -= b->price_s[m];
	for (size_t d = 0; d < p->n_executors; d++)
		b->fixed_s -= b->entry_s[d];
	fill(b);
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

/* From the last, back to the first and to the users; where nobody asks which was first, the least.
 */
static void find_ways_home(struct bound *b)
{
	const struct placement_problem *p = b->p;

	for (size_t d = 0; d < p->n_executors; d++)
		for (size_t f = 0; f < p->n_executors; f++) {
			double s = p->executors[d].leave_s + placement_back_s(p, d, f);
			double *at = &b->home_s[d * b->n_first + (b->n_first == 1 ? 0 : f)];

			*at = b->n_first > 1 || f == 0 ? s : lesser(*at, s);
		}
}

void bound_allocate(struct bound *b, const struct placement_problem *p, int draft)
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
	b->going = mem_zalloc(cells, sizeof *b->going);
	b->next = mem_zalloc(cells, sizeof *b->next);
	b->begin = mem_zalloc(cells, sizeof *b->begin);
	b->home_s = mem_zalloc(b->n_first * n, sizeof *b->home_s);
	find_ways_home(b);
	b->least_s = HUGE_VAL;
}

void bound_finish(struct bound *b)
{
	free(b->capacity);
	free(b->price_s);
	free(b->entry_s);
	free(b->rest);
	free(b->going);
	free(b->next);
	free(b->begin);
	free(b->home_s);
}

/* The end of the best visit of @on from @unit on. */
static size_t follow_visit(
	const struct bound *b, size_t first, size_t unit, size_t on, struct visit *best)
{
	struct visit v;
	double least = HUGE_VAL, going_s;
	size_t end = b->p->n_units;

	visit_begin(&v, b, on);
	for (size_t u = unit; u < b->p->n_units; u++) {
		double s;

		visit_add(&v, u);
		s = visit_s(&v, &going_s) + b->next[bound_at(b, first, u + 1, on)];
		if (!(going_s < HUGE_VAL))
			break;
		if (s < least) {
			least = s;
			end = u + 1;
			*best = v;
		}
	}
	return end;
}

static size_t follow_hop(const struct bound *b, size_t first, size_t unit, size_t from)
{
	double least = HUGE_VAL;
	size_t to = from;

	for (size_t e = 0; e < b->p->n_executors; e++) {
		double s = placement_hop_s(b->p, from, e) + b->entry_s[e] +
			   b->begin[bound_at(b, first, unit, e)];

		if (e != from && s < least) {
			least = s;
			to = e;
		}
	}
	return to;
}

void bound_excess(const struct bound *b, size_t on, double *memory, double *entry)
{
	const struct placement_problem *p = b->p;
	size_t first = on, unit = 0;

	for (size_t m = 0; m < p->n_memories; m++)
		memory[m] = -1.0;
	for (size_t d = 0; d < p->n_executors; d++)
		entry[d] = -1.0;
	while (unit < p->n_units) {
		const struct placement_executor *e = &p->executors[on];
		struct visit v = {0};
		double own_bytes;

		unit = follow_visit(b, first, unit, on, &v);
		own_bytes = v.kv_bytes + v.bytes - v.streamed_bytes +
			    (v.streams ? e->buffer_bytes : 0.0);
		entry[on] += 1.0;
		if (b->capacity[e->memory] > 0.0)
			memory[e->memory] += own_bytes / b->capacity[e->memory];
		if (e->host != PLACEMENT_NONE && b->capacity[e->host] > 0.0)
			memory[e->host] += v.streamed_bytes / b->capacity[e->host];
		if (unit < p->n_units)
			on = follow_hop(b, first, unit, on);
	}
}
