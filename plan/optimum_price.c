/* The set of tasks that is worth most to a server: labels, dominance, and bounds on what is to
 * come. */
#include "plan/optimum_price.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "plan/optimum_ahead.h"
#include "plan/optimum_label.h"

static const double nothing = 1e-12; /* worth no more than this is worth nothing */

/** A task taken, after another. */
struct trace {
	size_t before, spot;
};

struct pricer {
	const struct eq1 *e;
	size_t cap, n_traces, trace_cap;
	struct label *open, *kept; /* [cap] */
	struct label_sign *signs;  /* [cap] of kept */
	struct trace *traces;
	size_t *items, *spots;
	int64_t *due_ns;
	size_t n_pairs;
	struct price_pair pairs[PRICE_PAIRS];
	uint64_t *first, *second; /* [item] pairs that it is the first, the second of */
	struct label_pairs kinds; /* that there are among the items */
	size_t *item_of;          /* [task], SIZE_MAX: none */
	struct ahead ahead;
};

struct pricer *pricer_create(const struct eq1 *e)
{
	struct pricer *p = mem_zalloc(1, sizeof *p);

	p->e = e;
	p->cap = p->trace_cap = 256;
	p->open = mem_zalloc(p->cap, sizeof *p->open);
	p->kept = mem_zalloc(p->cap, sizeof *p->kept);
	p->signs = mem_zalloc(p->cap, sizeof *p->signs);
	p->traces = mem_zalloc(p->trace_cap, sizeof *p->traces);
	p->items = mem_zalloc(e->n_tasks + 1, sizeof *p->items);
	p->spots = mem_zalloc(e->n_tasks + 1, sizeof *p->spots);
	p->due_ns = mem_zalloc(e->n_tasks + 2, sizeof *p->due_ns);
	p->item_of = mem_zalloc(e->n_tasks + 1, sizeof *p->item_of);
	p->first = mem_zalloc(e->n_tasks + 1, sizeof *p->first);
	p->second = mem_zalloc(e->n_tasks + 1, sizeof *p->second);
	ahead_init(&p->ahead, e);
	return p;
}

void pricer_destroy(struct pricer *p)
{
	if (!p)
		return;
	free(p->open);
	free(p->kept);
	free(p->signs);
	free(p->traces);
	free(p->items);
	free(p->spots);
	free(p->due_ns);
	free(p->item_of);
	free(p->first);
	free(p->second);
	ahead_finish(&p->ahead);
	free(p);
}

static const struct machine_job *job(const struct pricer *p, size_t spot)
{
	return &p->e->spots[spot].job;
}

/* The program */

static bool is_dominated(
	const struct pricer *p, const struct label *l, struct label_sign x, size_t kept)
{
	for (size_t k = 0; k < kept; k++) {
		const int64_t *y = p->signs[k].left_ns;

		if ((y[0] <= x.left_ns[0]) & (y[1] <= x.left_ns[1]) & (y[2] <= x.left_ns[2]) &
			(y[3] <= x.left_ns[3]))
			if (label_dominates(&p->kept[k], l, &p->kinds))
				return true;
	}
	return false;
}

/** What can be worth more than @least at all, and is dominated by nobody: from open to kept. Labels
 *  are in order of worth. */
static size_t filter(struct pricer *p, size_t n, int64_t by_ns, size_t item, double least)
{
	int64_t from_ns = job(p, p->items[item])->from_ns;
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		struct label *l = &p->open[i];
		struct label_sign x;

		label_advance(l, by_ns, p->due_ns[item]);
		if (l->worth + ahead_most(&p->ahead, item, l->total_ns) <= least)
			continue;
		x = label_sign(l, from_ns, p->ahead.span_ns);
		if (is_dominated(p, l, x, kept))
			continue;
		p->signs[kept] = x;
		p->kept[kept++] = *l;
	}
	return kept;
}

/** Those from @most on become one that is better than each. */
static size_t merge_rest(struct pricer *p, size_t n, size_t most)
{
	struct label *l = &p->kept[most - 1];

	for (size_t k = most; k < n; k++)
		if (p->kept[k].now_ns < l->now_ns)
			l->now_ns = p->kept[k].now_ns;
	l->total_ns = l->now_ns;
	l->n = 0;
	l->loose = l->free = true;
	return most;
}

static void make_room(struct pricer *p, size_t n)
{
	if (n > p->cap) {
		p->cap = 2 * n;
		p->open = mem_resize(p->open, p->cap, sizeof *p->open);
		p->kept = mem_resize(p->kept, p->cap, sizeof *p->kept);
		p->signs = mem_resize(p->signs, p->cap, sizeof *p->signs);
	}
}

/** Do its pairs allow it to take the item, or to leave it? */
static bool may(const struct pricer *p, struct label *l, size_t item, bool take_it)
{
	uint64_t second = p->second[item], had = l->half & second;

	if (!l->free && take_it && ((had & p->kinds.apart) || (second & ~had & p->kinds.together)))
		return false;
	if (!l->free && !take_it && (had & p->kinds.together))
		return false;
	l->half &= ~second;
	if (take_it)
		l->half |= p->first[item];
	return true;
}

/** Each of the @n kept without the task and, where it is in time, with it: to open, in order. */
static size_t branch(struct pricer *p, size_t n, size_t item, double value)
{
	size_t without = 0, with = 0, out = 0, spot = p->items[item];

	while (without < n || with < n) {
		struct label *l = &p->open[out];

		if (with == n ||
			(without < n && p->kept[without].worth > p->kept[with].worth + value)) {
			*l = p->kept[without++];
			out += may(p, l, item, false);
			continue;
		}
		*l = p->kept[with++];
		if (!may(p, l, item, true) || !label_take(l, job(p, spot), p->due_ns[item]))
			continue;
		p->traces = mem_grow(p->traces, p->n_traces, &p->trace_cap, sizeof *p->traces);
		p->traces[p->n_traces] = (struct trace){l->trace, spot};
		l->trace = p->n_traces++;
		l->worth += value;
		out++;
	}
	return out;
}

/** Who may be taken, with those that are worth it only together with others. */
static size_t choose(struct pricer *p, uint32_t server, const double *value)
{
	const struct bench *b = &p->e->bench[server];
	bool more = true;
	size_t n = 0;

	for (size_t i = 0; i < p->e->n_tasks; i++)
		p->item_of[i] = SIZE_MAX;
	for (size_t k = 0; k < b->n; k++)
		if (value[b->by_from[k]] > -HUGE_VAL)
			p->item_of[p->e->spots[b->by_from[k]].task] = 0;
	while (more) { /* whom the other of a pair keeps away */
		more = false;
		for (size_t k = 0; k < p->n_pairs; k++) {
			size_t *x = &p->item_of[p->pairs[k].task[0]];
			size_t *y = &p->item_of[p->pairs[k].task[1]];

			if (!p->pairs[k].together || *x == *y)
				continue;
			*x = *y = SIZE_MAX;
			more = true;
		}
	}
	for (size_t k = 0; k < p->n_pairs; k++) /* who may be worth it */
		for (size_t q = 0; q < 2 && p->pairs[k].together; q++)
			if (p->item_of[p->pairs[k].task[q]] == 0)
				p->item_of[p->pairs[k].task[q]] = 1;
	for (size_t k = 0; k < b->n; k++) {
		size_t spot = b->by_from[k], *of = &p->item_of[p->e->spots[spot].task];

		if (*of == SIZE_MAX)
			continue;
		if (*of == 0 && !(value[spot] > nothing)) {
			*of = SIZE_MAX;
			continue;
		}
		*of = n;
		p->items[n++] = spot;
	}
	return n;
}

/** The pairs that there are among the @n items. */
static void join(struct pricer *p, size_t n)
{
	memset(p->first, 0, n * sizeof *p->first);
	memset(p->second, 0, n * sizeof *p->second);
	p->kinds = (struct label_pairs){0, 0};
	for (size_t k = 0; k < p->n_pairs; k++) {
		size_t x = p->item_of[p->pairs[k].task[0]], y = p->item_of[p->pairs[k].task[1]];
		uint64_t bit = UINT64_C(1) << k;

		if (x == SIZE_MAX || y == SIZE_MAX)
			continue;
		p->first[x < y ? x : y] |= bit;
		p->second[x < y ? y : x] |= bit;
		*(p->pairs[k].together ? &p->kinds.together : &p->kinds.apart) |= bit;
	}
}

static size_t items(struct pricer *p, uint32_t server, const double *value)
{
	size_t n = choose(p, server, value);

	p->due_ns[n] = INT64_MAX;
	for (size_t k = n; k-- > 0;) {
		int64_t until_ns = job(p, p->items[k])->until_ns;

		p->due_ns[k] = until_ns < p->due_ns[k + 1] ? until_ns : p->due_ns[k + 1];
	}
	join(p, n);
	return n;
}

void pricer_push(struct pricer *p, const struct price_pair *pair)
{
	p->pairs[p->n_pairs++] = *pair;
}

void pricer_pop(struct pricer *p)
{
	p->n_pairs--;
}

bool pricer_is_full(const struct pricer *p)
{
	return p->n_pairs == PRICE_PAIRS;
}

static struct priced read_out(struct pricer *p, size_t n, double least, bool bounded)
{
	struct priced out = {.bound = bounded ? least : HUGE_VAL, .spots = p->spots};

	for (size_t k = 0; k < n; k++) {
		const struct label *l = &p->open[k];

		if (bounded)
			out.bound = fmax(out.bound, l->worth);
		if (l->loose)
			continue;
		out.worth = l->worth;
		for (size_t t = l->trace; t != SIZE_MAX; t = p->traces[t].before)
			out.spots[out.n++] = p->traces[t].spot;
		break;
	}
	return out;
}

struct priced pricer_best(struct pricer *p, uint32_t server, const double *value, double least,
	size_t most, bool exact)
{
	size_t n_items = items(p, server, value), n = 1;
	int64_t now_ns = n_items > 0 ? job(p, p->items[0])->from_ns : 0;
	bool bounded = true;

	ahead_look(&p->ahead, p->items, n_items, value, exact);
	p->n_traces = 0;
	p->open[0] = (struct label){.trace = SIZE_MAX};
	for (size_t k = 0; k < n_items; k++) {
		const struct machine_job *j = job(p, p->items[k]);

		n = filter(p, n, j->from_ns - now_ns, k, least);
		now_ns = j->from_ns;
		if (n > most) {
			bounded = bounded && exact;
			n = exact ? merge_rest(p, n, most) : most;
		}
		make_room(p, 2 * n + 1);
		n = branch(p, n, k, value[p->items[k]]);
	}
	return read_out(p, n, fmax(least, 0.0), bounded);
}
