/* Eq. 1 over whole sets: the program, its sets, and what they have to keep to. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "plan/optimum_master_parts.h"

enum { SETS_A_ROW = 16 };

void master_set_rows(struct master *m)
{
	for (size_t c = 0; c < first_set(m); c++)
		lp_cost(m->l, c, m->box);
	for (size_t i = 0; i < m->e->n_tasks; i++) {
		lp_row_bounds(m->l, i, m->wanted[i] > 0 ? 1.0 : -HUGE_VAL, 1.0);
		lp_bounds(m->l, i, 0.0, m->wanted[i] > 0 ? 1.0 : 0.0);
	}
	lp_row_bounds(m->l, of_count(m), m->n > 0 ? (double)m->n : -HUGE_VAL, HUGE_VAL);
	for (size_t k = 0; k < m->t->n_tallies; k++) {
		const struct tally *y = &m->t->tallies[k];
		bool most = y->hi<(double)m->e->n_tasks, least = y->lo> 0.0;

		lp_row_bounds(m->l, row_of_tally(m, k), least ? y->lo : -HUGE_VAL,
			most ? y->hi : HUGE_VAL);
		lp_bounds(m->l, lack_of_tally(m, k), 0.0, most ? (double)m->e->n_tasks : 0.0);
		lp_bounds(m->l, lack_of_tally(m, k) + 1, 0.0, least ? (double)m->e->n_tasks : 0.0);
	}
}

/** The rows, and the columns of what they lack. */
static void create_rows(struct master *m)
{
	size_t n_rows = row_of_tally(m, m->t->n_tallies), row;

	for (row = 0; row < n_rows; row++)
		lp_row(m->l, -HUGE_VAL, row < m->e->n_tasks ? 1.0 : HUGE_VAL, 0, NULL, NULL);
	for (row = 0; row <= m->e->n_tasks; row++)
		lp_column(m->l, row == m->e->n_tasks ? (double)m->e->n_tasks : 0.0, 0.0, 1, &row,
			&(double){1.0});
	for (uint32_t j = 0; j < m->e->n_servers; j++)
		lp_row_bounds(m->l, of_server(m, j), -HUGE_VAL, 1.0);
	for (size_t k = 0; k < m->t->n_tallies; k++) {
		row = row_of_tally(m, k);
		lp_column(m->l, 0.0, 0.0, 1, &row, &(double){-1.0});
		lp_column(m->l, 0.0, 0.0, 1, &row, &(double){1.0});
	}
}

struct master *master_create(const struct tree *t)
{
	struct master *m = mem_zalloc(1, sizeof *m);
	const struct eq1 *e = t->e;

	m->e = e;
	m->t = t;
	m->pricer = pricer_create(e);
	m->n_prices = e->n_tasks + 1 + e->n_servers + 2 * t->n_tallies;
	m->l = lp_create(0);
	create_rows(m);
	m->cost = mem_zalloc(e->n_spots + 1, sizeof *m->cost);
	m->value = mem_zalloc(e->n_spots + 1, sizeof *m->value);
	m->good = mem_zalloc(e->n_servers + 1, sizeof *m->good);
	m->shut = mem_zalloc(e->n_spots + 1, sizeof *m->shut);
	m->put = mem_zalloc(e->n_spots + 1, sizeof *m->put);
	m->wanted = mem_zalloc(e->n_tasks + 1, sizeof *m->wanted);
	m->in = mem_zalloc(t->n_tallies * e->n_spots + 1, sizeof *m->in);
	m->at = mem_zalloc(m->n_prices, sizeof *m->at);
	m->best = mem_zalloc(m->n_prices, sizeof *m->best);
	m->y = mem_zalloc(m->n_prices, sizeof *m->y);
	m->rows = mem_zalloc(m->n_prices, sizeof *m->rows);
	m->factor = mem_zalloc(m->n_prices, sizeof *m->factor);
	for (size_t k = 0; k < t->n_tallies; k++)
		for (size_t s = 0; s < t->tallies[k].n; s++)
			m->in[k * e->n_spots + t->tallies[k].spots[s]] = true;
	m->box = first_box;
	return m;
}

void master_destroy(struct master *m)
{
	if (!m)
		return;
	for (size_t k = 0; k < m->n_sets; k++)
		free(m->sets[k].spots);
	free(m->sets);
	lp_destroy(m->l);
	pricer_destroy(m->pricer);
	free(m->cost);
	free(m->value);
	free(m->good);
	free(m->shut);
	free(m->put);
	free(m->wanted);
	free(m->in);
	free(m->at);
	free(m->best);
	free(m->y);
	free(m->rows);
	free(m->factor);
	free(m);
}

/* Sets */

static void set_column(struct master *m, size_t k)
{
	lp_bounds(m->l, first_set(m) + k, 0.0, m->sets[k].out > 0 ? 0.0 : 1.0);
}

static void price_sets(struct master *m)
{
	for (size_t k = 0; k < m->n_sets; k++) {
		double cost = 0.0;

		for (size_t q = 0; q < m->sets[k].n; q++)
			cost += m->cost[m->sets[k].spots[q]];
		lp_cost(m->l, first_set(m) + k, cost);
	}
}

void master_costs(struct master *m, const double *cost)
{
	memcpy(m->cost, cost, m->e->n_spots * sizeof *cost);
	m->has_best = false;
	price_sets(m);
}

/** @spot is forbidden once more, or once less. */
static void shut(struct master *m, size_t spot, bool on)
{
	m->shut[spot] += on ? 1 : UINT32_MAX;
	if (m->shut[spot] != (on ? 1 : 0))
		return;
	for (size_t k = 0; k < m->n_sets; k++) {
		struct set *s = &m->sets[k];

		if (s->server != m->e->spots[spot].server)
			continue;
		for (size_t q = 0; q < s->n; q++)
			if (s->spots[q] == spot) {
				s->out += on ? 1 : UINT32_MAX;
				set_column(m, k);
				break;
			}
	}
}

void master_spot(struct master *m, size_t spot, enum master_side side, bool on)
{
	uint32_t i = m->e->spots[spot].task;

	if (side == MASTER_OUT) {
		shut(m, spot, on);
		return;
	}
	m->put[spot] = on;
	m->wanted[i] += on ? 1 : UINT32_MAX;
	for (size_t s = m->e->first[i]; s < m->e->first[i + 1]; s++)
		if (s != spot)
			shut(m, s, on);
}

bool master_is_free(const struct master *m, size_t spot)
{
	return m->shut[spot] == 0 && !m->put[spot];
}

void master_task(struct master *m, uint32_t task, enum master_side side, bool on)
{
	if (side == MASTER_IN) {
		m->wanted[task] += on ? 1 : UINT32_MAX;
		return;
	}
	for (size_t s = m->e->first[task]; s < m->e->first[task + 1]; s++)
		shut(m, s, on);
}

/** Does it break the pair? */
static bool is_broken(const struct master *m, const struct set *s, const struct price_pair *pair)
{
	bool has[2] = {false, false};

	for (size_t q = 0; q < s->n; q++)
		for (size_t k = 0; k < 2; k++)
			has[k] = has[k] || m->e->spots[s->spots[q]].task == pair->task[k];
	return pair->together ? has[0] != has[1] : has[0] && has[1];
}

void master_pair(struct master *m, const struct price_pair *pair, bool on)
{
	if (on)
		pricer_push(m->pricer, pair);
	else
		pricer_pop(m->pricer);
	for (size_t k = 0; k < m->n_sets; k++)
		if (is_broken(m, &m->sets[k], pair)) {
			m->sets[k].out += on ? 1 : UINT32_MAX;
			set_column(m, k);
		}
}

bool master_has_pairs(const struct master *m)
{
	return !pricer_is_full(m->pricer);
}

void master_add(struct master *m, uint32_t server, const struct priced *x)
{
	double cost = 0.0;
	size_t n = 0;
	struct set *s;

	m->sets = mem_grow(m->sets, m->n_sets, &m->set_cap, sizeof *m->sets);
	s = &m->sets[m->n_sets++];
	*s = (struct set){.server = server, .n = x->n};
	s->spots = mem_zalloc(x->n + 1, sizeof *s->spots);
	for (size_t q = 0; q < x->n; q++) {
		s->spots[q] = x->spots[q];
		cost += m->cost[x->spots[q]];
		m->rows[n] = m->e->spots[x->spots[q]].task;
		m->factor[n++] = 1.0;
	}
	m->rows[n] = of_count(m);
	m->factor[n++] = (double)x->n;
	m->rows[n] = of_server(m, server);
	m->factor[n++] = 1.0;
	for (size_t k = 0; k < m->t->n_tallies; k++) {
		double of = 0.0;

		for (size_t q = 0; q < x->n; q++)
			of += m->in[k * m->e->n_spots + x->spots[q]];
		if (of > 0.0) {
			m->rows[n] = row_of_tally(m, k);
			m->factor[n++] = of;
		}
	}
	lp_column(m->l, 1.0, cost, n, m->rows, m->factor);
}

/** How many sets are farther than that from being of use; in @gone, if it is there. */
static size_t far_sets(const struct master *m, double far, size_t *gone)
{
	size_t n = 0;

	for (size_t k = 0; k < m->n_sets; k++) {
		size_t c = first_set(m) + k;

		if (m->sets[k].out > 0 || !(lp_reduced_cost(m->l, c) > far))
			continue;
		if (gone)
			gone[n] = c;
		n++;
	}
	return n;
}

void master_drop(struct master *m)
{
	size_t most = SETS_A_ROW * (m->e->n_tasks + m->e->n_servers) + 100, *gone, n, kept = 0;
	size_t at = 0;
	double far = 2.0;

	if (m->n_sets < most)
		return;
	while (far > 1e-3 && far_sets(m, far, NULL) < most / 2)
		far *= 0.7;
	gone = mem_zalloc(m->n_sets, sizeof *gone);
	n = far_sets(m, far, gone);
	lp_drop_columns(m->l, n, gone);
	for (size_t k = 0; k < m->n_sets; k++)
		if (at < n && gone[at] == first_set(m) + k) {
			free(m->sets[k].spots);
			at++;
		} else {
			m->sets[kept++] = m->sets[k];
		}
	m->n_sets = kept;
	free(gone);
}
