/* Tasks that are counted together. */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "plan/optimum_parts.h"

static bool is_nearest(const struct eq1 *e, size_t spot)
{
	uint32_t i = e->spots[spot].task;

	for (size_t s = e->first[i]; s < e->first[i + 1]; s++)
		if (e->spots[s].trans_s < e->spots[spot].trans_s)
			return false;
	return true;
}

/** Of the servers in @server; only the nearest, or whatever. */
static void add_tally(struct tree *t, const bool *server, bool nearest)
{
	struct tally *y = &t->tallies[t->n_tallies];
	double *one = mem_zalloc(t->e->n_spots + 1, sizeof *one);

	*y = (struct tally){.lo = 0.0, .hi = (double)t->e->n_tasks};
	y->spots = mem_zalloc(t->e->n_spots + 1, sizeof *y->spots);
	for (size_t s = 0; s < t->e->n_spots; s++) {
		if (!server[t->e->spots[s].server] || (nearest && !is_nearest(t->e, s)))
			continue;
		one[y->n] = 1.0;
		y->spots[y->n++] = s;
	}
	y->row = lp_row(t->l, y->lo, y->hi, y->n, y->spots, one);
	t->n_tallies++;
	free(one);
}

/** The server with the least T on average of those not in @in yet. */
static uint32_t next_nearest(const struct eq1 *e, const bool *in)
{
	double least = HUGE_VAL;
	uint32_t best = NOBODY;

	for (uint32_t j = 0; j < e->n_servers; j++) {
		double sum = 0.0;

		for (size_t k = 0; k < e->bench[j].n; k++)
			sum += e->spots[e->bench[j].by_from[k]].trans_s;
		if (!in[j] && (best == NOBODY || sum / (double)e->bench[j].n < least)) {
			least = sum / (double)e->bench[j].n;
			best = j;
		}
	}
	return best;
}

void tallies_add(struct tree *t)
{
	size_t m = t->e->n_servers;
	bool *in = mem_zalloc(m + 1, sizeof *in);

	t->tallies = mem_zalloc(3 * m + 1, sizeof *t->tallies);
	for (uint32_t j = 0; j < m; j++)
		in[j] = true;
	add_tally(t, in, true);
	for (uint32_t j = 0; j < m; j++)
		in[j] = false;
	for (size_t k = 0; k + 1 < m; k++) {
		in[next_nearest(t->e, in)] = true;
		if (k > 0)
			add_tally(t, in, false);
	}
	for (uint32_t j = 0; j < m; j++) {
		for (uint32_t k = 0; k < m; k++)
			in[k] = j == k;
		add_tally(t, in, true);
		add_tally(t, in, false);
	}
	free(in);
}

void tallies_finish(struct tree *t)
{
	for (size_t k = 0; k < t->n_tallies; k++)
		free(t->tallies[k].spots);
	free(t->tallies);
}
