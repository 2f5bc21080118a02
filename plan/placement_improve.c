/* Orders of executors, the best split of the chain along one, and orders near to it. */
#include "plan/placement_improve.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum {
	ORDER_MOST = 24, /* executors in an order */
	PASSES = 12,
	KICKS = 6,
	CHANGES = 3, /* in a kick */
};
static const double missing_s = 1e12; /* a unit without a home */
static const size_t steps_most = 40000000;

/* A split of the first units, the last of them on one executor of the order. */
struct split {
	double s;
	int16_t before, begin, first; /* in the order; of its units; in the order */
};

struct improver {
	const struct bound *b;
	const struct placement_problem *p;
	double **visit_s;     /* [executor] [from * (n_units + 1) + to], NaN: not known yet */
	size_t *sorted;       /* units, by what streaming a byte of them costs */
	struct split *splits; /* [position * (n_units + 1) + units] */
	size_t order[ORDER_MOST], best_order[ORDER_MOST], n;
	double order_s; /* of the order */
	uint64_t state; /* of random changes */
	size_t steps;   /* taken so far */
	struct placement_home *homes;
	double objective; /* of homes */
	struct placement_home *trial;
	size_t best_end; /* position */
};

/* By waits a byte; ties as they run. */
static void sort_units(struct improver *m, size_t on, size_t from, size_t to)
{
	for (size_t n = 0; n < to - from; n++) {
		size_t u = from + n, i = n;
		double key = placement_wait_s(m->p, u, on) / fmax(1.0, m->p->units[u].bytes);

		for (; i > 0; i--) {
			size_t v = m->sorted[i - 1];

			if (placement_wait_s(m->p, v, on) / fmax(1.0, m->p->units[v].bytes) <= key)
				break;
			m->sorted[i] = v;
		}
		m->sorted[i] = u;
	}
}

/* Stream what costs least until the rest has room; what is streamed goes to @homes if it is there.
 * What the executor waits for; HUGE_VAL: there is no room all the same. */
static double stream(struct improver *m, size_t on, size_t from, size_t to, double over_bytes,
	struct placement_home *homes)
{
	const struct placement_executor *e = &m->p->executors[on];
	double sum = 0.0, most = 0.0, bytes = 0.0;

	if (!m->p->fetch_s || e->host == PLACEMENT_NONE)
		return HUGE_VAL;
	sort_units(m, on, from, to);
	over_bytes += e->buffer_bytes;
	for (size_t i = 0; i < to - from && bytes < over_bytes; i++) {
		size_t u = m->sorted[i];
		double wait_s = placement_wait_s(m->p, u, on);

		if (!(placement_fetch_s(m->p, u, on) < HUGE_VAL))
			continue;
		bytes += m->p->units[u].bytes;
		sum += wait_s;
		most = fmax(most, wait_s);
		if (homes)
			homes[u].streamed = true;
	}
	if (bytes < over_bytes || bytes > m->b->capacity[e->host])
		return HUGE_VAL;
	return sum - most;
}

static double visit_of(
	struct improver *m, size_t on, size_t from, size_t to, struct placement_home *homes)
{
	double s = 0.0, bytes = 0.0, room = m->b->capacity[m->p->executors[on].memory];

	for (size_t u = from; u < to; u++) {
		s += placement_exec_s(m->p, u, on);
		bytes += m->p->units[u].bytes + m->p->units[u].kv_bytes;
		if (homes)
			homes[u] = (struct placement_home){(int)on, false};
	}
	if (bytes > room && s < HUGE_VAL)
		s += stream(m, on, from, to, bytes - room, homes);
	return s;
}

static double visit_s(struct improver *m, size_t on, size_t from, size_t to)
{
	size_t n = m->p->n_units + 1;
	double *at;

	if (!m->visit_s[on]) {
		m->visit_s[on] = mem_zalloc(n * n, sizeof *m->visit_s[on]);
		for (size_t i = 0; i < n * n; i++)
			m->visit_s[on][i] = -1.0;
	}
	at = &m->visit_s[on][from * n + to];
	if (*at < 0.0)
		*at = visit_of(m, on, from, to, NULL);
	return *at;
}

static struct split *split_at(const struct improver *m, size_t position, size_t units)
{
	return &m->splits[position * (m->p->n_units + 1) + units];
}

/* The best way to have @units behind and come to the executor at @position. */
static struct split arrive(struct improver *m, size_t position, size_t units)
{
	size_t on = m->order[position];
	struct split best = {HUGE_VAL, -1, (int16_t)units, (int16_t)position};

	if (units == 0) {
		best.s = bound_enter_s(m->b, on);
		return best;
	}
	m->steps += position;
	for (size_t j = 0; j < position; j++) {
		const struct split *from = split_at(m, j, units);
		double s = from->s + placement_hop_s(m->p, m->order[j], on);

		if (s < best.s)
			best = (struct split){s, (int16_t)j, (int16_t)units, from->first};
	}
	return best;
}

/* What the best split along the order takes, without the draft; where it has no room for all,
 * missing_s for each unit that is left. */
static double price_order(struct improver *m)
{
	size_t n = m->p->n_units;
	double least = HUGE_VAL;
	size_t reached = 0;

	for (size_t i = 0; i < m->n; i++) {
		const struct split *end = split_at(m, i, n);
		size_t on = m->order[i];
		double s;

		for (size_t u = 0; u <= n; u++)
			split_at(m, i, u)->s = HUGE_VAL;
		for (size_t from = 0; from < n; from++) {
			struct split one = arrive(m, i, from);

			for (size_t to = from + 1; one.s < HUGE_VAL && to <= n; to++) {
				double visit = visit_s(m, on, from, to);

				m->steps++;
				if (!(visit < HUGE_VAL))
					break;
				if (one.s + visit < split_at(m, i, to)->s) {
					*split_at(m, i, to) = one;
					reached = to > reached ? to : reached;
					split_at(m, i, to)->s += visit;
				}
			}
		}
		if (!(end->s < HUGE_VAL))
			continue;
		reached = n;
		s = end->s + m->p->executors[on].leave_s +
		    placement_back_s(m->p, on, m->order[end->first]);
		if (s < least) {
			least = s;
			m->best_end = i;
		}
	}
	return least < HUGE_VAL ? least : missing_s * (double)(n - reached + 1);
}

/* The placement of the best split, and what it costs with everything looked at. */
static double price_trial(struct improver *m)
{
	struct placement_terms terms;
	struct err err = {0};
	size_t position = m->best_end, to = m->p->n_units;

	while (to > 0) {
		const struct split *s = split_at(m, position, to);
		size_t from = (size_t)s->begin;

		visit_of(m, m->order[position], from, to, m->trial);
		to = from;
		if (to > 0)
			position = (size_t)s->before;
	}
	return placement_price(&terms, m->p, m->trial, &err) ? terms.token_s : HUGE_VAL;
}

static void take_elsewhere(struct improver *m, size_t from, size_t to)
{
	size_t on = m->order[from];

	if (from < to)
		memmove(&m->order[from], &m->order[from + 1], (to - from) * sizeof *m->order);
	else
		memmove(&m->order[to + 1], &m->order[to], (from - to) * sizeof *m->order);
	m->order[to] = on;
}

static void turn_round(struct improver *m, size_t from, size_t to)
{
	for (; from < to; from++, to--) {
		size_t on = m->order[from];

		m->order[from] = m->order[to];
		m->order[to] = on;
	}
}

/* Take the best split along the order as it is, if it takes less and keeps all the rules. */
static bool accept(struct improver *m)
{
	double s = price_order(m), all;

	if (!(s < m->order_s * (1.0 - placement_tolerance)))
		return false;
	if (s >= missing_s) { /* a unit, and not all of them yet */
		m->order_s = s;
		return true;
	}
	all = price_trial(m);
	if (!(all < HUGE_VAL))
		return false;
	m->order_s = s;
	if (all < m->objective) {
		m->objective = all;
		memcpy(m->homes, m->trial, placement_n_homes(m->p) * sizeof *m->homes);
		memcpy(m->best_order, m->order, sizeof m->order);
	}
	return true;
}

/* Each executor to each other position, each part of the order the other way round; what is better
 * is taken at once. */
static bool pass(struct improver *m)
{
	bool better = false;

	for (size_t from = 0; from < m->n; from++)
		for (size_t to = 0; to < m->n; to++) {
			if (m->steps > steps_most)
				return false;
			if (from == to || from == to + 1)
				continue;
			take_elsewhere(m, from, to);
			if (accept(m))
				better = true;
			else
				take_elsewhere(m, to, from);
			if (to < from + 2)
				continue;
			turn_round(m, from, to);
			if (accept(m))
				better = true;
			else
				turn_round(m, from, to);
		}
	return better;
}

static void descend(struct improver *m)
{
	m->order_s = HUGE_VAL;
	accept(m);
	for (size_t i = 0; i < PASSES && pass(m); i++)
		;
}

static size_t draw(struct improver *m, size_t n)
{
	m->state = m->state * 6364136223846793005 + 1442695040888963407;
	return (size_t)(m->state >> 33) % n;
}

/* From an order a few random changes away from the best one. */
static void kick(struct improver *m)
{
	memcpy(m->order, m->best_order, sizeof m->order);
	for (size_t i = 0; i < CHANGES; i++)
		take_elsewhere(m, draw(m, m->n), draw(m, m->n));
	descend(m);
}

/* Of those that are not in it the one nearest to any that is. */
static bool append_nearest(struct improver *m, bool *in)
{
	size_t n = m->p->n_executors, best = n;
	double least = HUGE_VAL;

	for (size_t i = 0; i < m->n; i++)
		for (size_t d = 0; d < n; d++) {
			double s = placement_hop_s(m->p, m->order[i], d) +
				   placement_exec_s(m->p, m->p->n_units / 2, d);

			if (!in[d] && s < least) {
				least = s;
				best = d;
			}
		}
	if (best == n)
		return false;
	in[best] = true;
	m->order[m->n++] = best;
	return true;
}

/* With nothing to begin from, the executor that is fastest in the middle of the chain. */
static void append_fastest(struct improver *m, bool *in)
{
	size_t middle = m->p->n_units / 2, best = 0;

	for (size_t d = 1; d < m->p->n_executors; d++)
		if (placement_exec_s(m->p, middle, d) < placement_exec_s(m->p, middle, best))
			best = d;
	in[best] = true;
	m->order[m->n++] = best;
}

static void begin_order(struct improver *m)
{
	bool *in = mem_zalloc(m->p->n_executors, sizeof *in);

	for (size_t u = 0; m->objective < HUGE_VAL && u < m->p->n_units; u++) {
		size_t d = (size_t)m->homes[u].executor;

		if (in[d] || m->n == ORDER_MOST)
			continue;
		in[d] = true;
		m->order[m->n++] = d;
	}
	if (m->n == 0)
		append_fastest(m, in);
	while (m->n < ORDER_MOST && append_nearest(m, in))
		;
	memcpy(m->best_order, m->order, sizeof m->order);
	free(in);
}

void improve(const struct bound *b, struct placement_home *homes, double *objective)
{
	const struct placement_problem *p = b->p;
	size_t n = placement_n_homes(p);
	struct improver m = {.b = b, .p = p, .homes = homes, .objective = *objective, .state = 1};

	m.visit_s = mem_zalloc(p->n_executors, sizeof *m.visit_s);
	m.sorted = mem_zalloc(p->n_units, sizeof *m.sorted);
	m.splits = mem_zalloc(ORDER_MOST * (p->n_units + 1), sizeof *m.splits);
	m.trial = mem_zalloc(n, sizeof *m.trial);
	if (p->draft)
		m.trial[p->n_units] = (struct placement_home){b->draft, false};
	begin_order(&m);
	descend(&m);
	for (size_t i = 0; m.n > 2 && i < KICKS && m.steps < steps_most; i++)
		kick(&m);
	*objective = m.objective;
	for (size_t d = 0; d < p->n_executors; d++)
		free(m.visit_s[d]);
	free(m.visit_s);
	free(m.sorted);
	free(m.splits);
	free(m.trial);
}
