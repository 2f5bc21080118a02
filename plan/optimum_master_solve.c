/* Eq. 1 over whole sets: its prices, the sets that come of them, and the relaxation. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "plan/optimum_master_parts.h"

enum { PIVOTS = 100000, ROUNDS = 2000 };
/* That the pricer keeps: at first, for a bound, and where all depends on it. */
enum { FEW_LABELS = 60, LABELS = 400, MOST_LABELS = 4000000 };

static const double little = 1e-6; /* what a part of a task, or a bound, may be off */
static const double broken = 1e-9; /* by how much a set has to be worth more than is charged */
static const double last_box = 2048.0;
static const double smoothing = 0.7; /* of the prices that gave the best bound so far */

/* Prices */

/** What spots are worth at the prices @y. */
static void find_values(struct master *m, const double *y)
{
	for (size_t s = 0; s < m->e->n_spots; s++) {
		double v = y[of_count(m)] - y[m->e->spots[s].task] - m->cost[s];

		for (size_t k = 0; k < m->t->n_tallies; k++)
			if (m->in[k * m->e->n_spots + s])
				v += y[of_tally(m, k) + 1] - y[of_tally(m, k)];
		m->value[s] = m->shut[s] > 0 ? -HUGE_VAL : v;
	}
}

/** What the prices @y say but for the servers. */
static double fixed_part(const struct master *m, const double *y)
{
	double sum = (double)m->n * y[of_count(m)];

	for (size_t i = 0; i < m->e->n_tasks; i++)
		sum -= y[i];
	for (size_t k = 0; k < m->t->n_tallies; k++)
		sum += m->t->tallies[k].lo * y[of_tally(m, k) + 1] -
		       m->t->tallies[k].hi * y[of_tally(m, k)];
	return sum;
}

/** By how much @x is worth more than the program charges its server for. */
static double excess(const struct master *m, uint32_t server, const struct priced *x)
{
	double sum = -m->at[of_server(m, server)];

	for (size_t q = 0; q < x->n; q++) {
		size_t s = x->spots[q];

		sum += m->at[of_count(m)] - m->at[m->e->spots[s].task] - m->cost[s];
		for (size_t k = 0; k < m->t->n_tallies; k++)
			if (m->in[k * m->e->n_spots + s])
				sum += m->at[of_tally(m, k) + 1] - m->at[of_tally(m, k)];
	}
	return sum;
}

/** Ask every server at the prices @y for a set that is worth more than it is charged, and be
 * content with a good one: new ones become rows. Their number. */
static size_t ask_quickly(struct master *m, const double *y)
{
	size_t added = 0;

	find_values(m, y);
	for (uint32_t j = 0; j < m->e->n_servers; j++) {
		struct priced x =
			pricer_best(m->pricer, j, m->value, y[of_server(m, j)], FEW_LABELS, false);

		m->good[j] = x.worth;
		if (x.n > 0 && excess(m, j, &x) > broken * m->box) {
			master_add(m, j, &x);
			added++;
		}
	}
	return added;
}

/** The same after that, to the end: *@bound is what @y says, who is charged what that takes. */
static size_t ask_exactly(struct master *m, double *y, double *bound)
{
	double v = fixed_part(m, y);
	size_t added = 0;

	for (uint32_t j = 0; j < m->e->n_servers; j++) {
		double *charged = &y[of_server(m, j)];
		struct priced x = pricer_best(
			m->pricer, j, m->value, fmax(*charged, m->good[j]), m->labels, true);

		v -= x.bound;
		*charged = x.bound;
		if (x.n > 0 && excess(m, j, &x) > broken * m->box) {
			master_add(m, j, &x);
			added++;
		}
	}
	*bound = fmax(*bound, v);
	if (v > m->line) {
		m->line = v;
		m->slope = y[of_count(m)];
		memmove(m->best, y, m->n_prices * sizeof *m->best);
		m->has_best = true;
	}
	return added;
}

/** Between the program's prices and those of the best bound; then at the program's. */
static size_t ask(struct master *m, double *bound)
{
	size_t added = 0;

	if (m->has_best) {
		for (size_t c = 0; c < m->n_prices; c++)
			m->y[c] = smoothing * m->best[c] + (1.0 - smoothing) * m->at[c];
		added = ask_quickly(m, m->y);
		if (added == 0)
			added = ask_exactly(m, m->y, bound);
	}
	if (added > 0)
		return added;
	memcpy(m->y, m->at, m->n_prices * sizeof *m->y);
	added = ask_quickly(m, m->y);
	return added > 0 ? added : ask_exactly(m, m->y, bound);
}

/* The relaxation */

static void read_out(struct master *m, double *x)
{
	for (size_t s = 0; s < m->e->n_spots; s++)
		x[s] = 0.0;
	for (size_t k = 0; k < m->n_sets; k++) {
		struct set *s = &m->sets[k];

		s->part = fmax(lp_value(m->l, first_set(m) + k), 0.0);
		for (size_t q = 0; q < s->n; q++)
			x[s->spots[q]] += s->part;
	}
}

bool master_is_short(const struct master *m, const double *x)
{
	double n = 0.0;

	for (size_t i = 0; i < m->e->n_tasks; i++) {
		double of = 0.0;

		for (size_t s = m->e->first[i]; s < m->e->first[i + 1]; s++)
			of += x[s];
		if (of > 1.0 + little || (m->wanted[i] > 0 && of < 1.0 - little))
			return true;
		n += of;
	}
	for (size_t k = 0; k < m->t->n_tallies; k++) {
		const struct tally *y = &m->t->tallies[k];
		double of = 0.0;

		for (size_t q = 0; q < y->n; q++)
			of += x[y->spots[q]];
		if (of > y->hi + little || of < y->lo - little)
			return true;
	}
	return n < (double)m->n - little;
}

static void read_prices(struct master *m)
{
	for (size_t i = 0; i < m->e->n_tasks; i++)
		m->at[i] = -lp_dual(m->l, i);
	m->at[of_count(m)] = fmax(lp_dual(m->l, of_count(m)), 0.0);
	for (uint32_t j = 0; j < m->e->n_servers; j++)
		m->at[of_server(m, j)] = fmax(-lp_dual(m->l, of_server(m, j)), 0.0);
	for (size_t k = 0; k < m->t->n_tallies; k++) {
		double y = lp_dual(m->l, row_of_tally(m, k));

		m->at[of_tally(m, k)] = fmax(-y, 0.0);
		m->at[of_tally(m, k) + 1] = fmax(y, 0.0);
	}
	for (size_t i = 0; i < m->e->n_tasks; i++)
		if (m->wanted[i] == 0)
			m->at[i] = fmax(m->at[i], 0.0);
}

/** The bound of the prices of before, which may be as good for what is asked now. */
static void begin(struct master *m, double *bound)
{
	master_set_rows(m);
	m->labels = LABELS;
	if (!m->has_best)
		return;
	for (uint32_t j = 0; j < m->e->n_servers; j++)
		m->best[of_server(m, j)] = 0.0;
	for (size_t k = 0; k < m->t->n_tallies; k++) {
		if (!(m->t->tallies[k].lo > 0.0))
			m->best[of_tally(m, k) + 1] = 0.0;
		if (!(m->t->tallies[k].hi < (double)m->e->n_tasks))
			m->best[of_tally(m, k)] = 0.0;
	}
	for (size_t i = 0; i < m->e->n_tasks; i++)
		if (m->wanted[i] == 0)
			m->best[i] = fmax(m->best[i], 0.0);
	ask_quickly(m, m->best);
	ask_exactly(m, m->best, bound);
}

bool master_find_pair(const struct master *m, uint32_t task[2], double *at)
{
	size_t n = m->e->n_tasks;
	double *both = mem_zalloc(n * n + 1, sizeof *both), most = little;

	for (size_t k = 0; k < m->n_sets; k++) {
		const struct set *s = &m->sets[k];

		for (size_t a = 0; s->part > 0.0 && a < s->n; a++)
			for (size_t b = 0; b < s->n; b++)
				both[m->e->spots[s->spots[a]].task * n +
					m->e->spots[s->spots[b]].task] += s->part;
	}
	for (uint32_t a = 0; a < n; a++)
		for (uint32_t b = 0; b < a; b++) {
			double x = both[a * n + b], part = fmin(x, 1.0 - x);

			if (part <= most)
				continue;
			most = part;
			task[0] = b;
			task[1] = a;
			*at = x;
		}
	free(both);
	return most > little;
}

void master_prefer(const struct master *m, double *weight)
{
	size_t *most = mem_zalloc(m->e->n_servers + 1, sizeof *most);

	for (size_t j = 0; j < m->e->n_servers; j++)
		most[j] = SIZE_MAX;
	for (size_t k = 0; k < m->n_sets; k++) {
		size_t *of = &most[m->sets[k].server];

		if (*of == SIZE_MAX || m->sets[k].part > m->sets[*of].part)
			*of = k;
	}
	for (size_t j = 0; j < m->e->n_servers; j++)
		for (size_t q = 0; most[j] != SIZE_MAX && q < m->sets[most[j]].n; q++)
			weight[m->sets[most[j]].spots[q]] += 1.0 + m->sets[most[j]].part;
	free(most);
}

static bool is_whole(const struct master *m, const double *x)
{
	for (size_t s = 0; s < m->e->n_spots; s++)
		if (x[s] > little && x[s] < 1.0 - little)
			return false;
	return true;
}

static enum master_status solve(struct master *m, double cutoff, double end_s,
	const atomic_bool *stop, double *bound, double *x)
{
	double v;

	for (int round = 0; round < ROUNDS; round++) {
		if (*bound >= cutoff)
			return MASTER_ABOVE;
		if (clock_s() >= end_s || (stop && atomic_load(stop)))
			return MASTER_GAVE_UP;
		if ((round == 0 ? lp_solve(m->l, HUGE_VAL, PIVOTS, &v)
				: lp_solve_primal(m->l, PIVOTS, &v)) != LP_OPTIMAL)
			return MASTER_GAVE_UP;
		read_prices(m);
		if (ask(m, bound) > 0)
			continue;
		if (*bound >= cutoff)
			return MASTER_ABOVE;
		read_out(m, x);
		if (v - *bound > little * fmax(1.0, fabs(v)) && is_whole(m, x) &&
			m->labels < MOST_LABELS) {
			m->labels *= 4;
			continue;
		}
		master_drop(m);
		if (m->box >= last_box || !master_is_short(m, x))
			return MASTER_DONE;
		m->box *= 8.0;
		master_set_rows(m);
	}
	return MASTER_GAVE_UP;
}

enum master_status master_solve(struct master *m, size_t n, double cutoff, double end_s,
	const atomic_bool *stop, double *bound, double *x)
{
	double worst = (double)m->e->n_tasks + 1.0; /* no solution costs more */

	m->n = n;
	m->box = first_box;
	m->line = -HUGE_VAL;
	m->slope = 0.0;
	begin(m, bound);
	return solve(m, fmin(cutoff, worst), end_s, stop, bound, x);
}

void master_line(const struct master *m, double *at, double *slope)
{
	*at = m->line;
	*slope = m->slope;
}
