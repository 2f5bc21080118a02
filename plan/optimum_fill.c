/* Solutions built and bettered by hand: where the bounds of the tree come from. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "plan/optimum_parts.h"

void fill_init(struct fill *f, const struct eq1 *e)
{
	*f = (struct fill){.e = e, .end_s = HUGE_VAL};
	f->spot_of = mem_zalloc(e->n_tasks, sizeof *f->spot_of);
	f->at = mem_zalloc(e->n_servers, sizeof *f->at);
	f->heap = mem_zalloc(e->n_tasks + 1, sizeof *f->heap);
	f->trial = mem_zalloc(e->n_tasks + 1, sizeof *f->trial);
	for (size_t j = 0; j < e->n_servers; j++) {
		f->at[j].spots = mem_zalloc(e->bench[j].n + 1, sizeof *f->at[j].spots);
		f->at[j].jobs = mem_zalloc(e->bench[j].n + 1, sizeof *f->at[j].jobs);
	}
	fill_clear(f);
}

void fill_finish(struct fill *f)
{
	for (size_t j = 0; f->at && j < f->e->n_servers; j++) {
		free(f->at[j].spots);
		free(f->at[j].jobs);
	}
	free(f->at);
	free(f->spot_of);
	free(f->heap);
	free(f->trial);
}

void fill_clear(struct fill *f)
{
	for (size_t i = 0; i < f->e->n_tasks; i++)
		f->spot_of[i] = SIZE_MAX;
	for (size_t j = 0; j < f->e->n_servers; j++)
		f->at[j].n = 0;
	f->n = 0;
	f->trans_s = 0.0;
}

void fill_copy(struct fill *to, const struct fill *from)
{
	memcpy(to->spot_of, from->spot_of, from->e->n_tasks * sizeof *to->spot_of);
	for (size_t j = 0; j < from->e->n_servers; j++) {
		const struct crowd *c = &from->at[j];

		to->at[j].n = c->n;
		memcpy(to->at[j].spots, c->spots, c->n * sizeof *c->spots);
		memcpy(to->at[j].jobs, c->jobs, c->n * sizeof *c->jobs);
	}
	to->n = from->n;
	to->trans_s = from->trans_s;
}

/** Its T anew: sums of what was added and taken off drift. */
static void sum(struct fill *f)
{
	f->trans_s = 0.0;
	for (size_t i = 0; i < f->e->n_tasks; i++)
		if (f->spot_of[i] != SIZE_MAX)
			f->trans_s += f->e->spots[f->spot_of[i]].trans_s;
}

bool fill_fits(struct fill *f, size_t spot, uint32_t without)
{
	const struct spot *s = &f->e->spots[spot];
	const struct crowd *c = &f->at[s->server];
	size_t n = 0, k;

	for (k = 0; k < c->n && c->jobs[k].from_ns <= s->job.from_ns; k++)
		if (f->e->spots[c->spots[k]].task != without)
			f->trial[n++] = c->jobs[k];
	f->trial[n++] = s->job;
	for (; k < c->n; k++)
		if (f->e->spots[c->spots[k]].task != without)
			f->trial[n++] = c->jobs[k];
	return machine_fits(f->trial, n, f->heap);
}

void fill_put(struct fill *f, size_t spot)
{
	const struct spot *s = &f->e->spots[spot];
	struct crowd *c = &f->at[s->server];
	size_t k = c->n;

	for (; k > 0 && c->jobs[k - 1].from_ns > s->job.from_ns; k--) {
		c->jobs[k] = c->jobs[k - 1];
		c->spots[k] = c->spots[k - 1];
	}
	c->jobs[k] = s->job;
	c->spots[k] = spot;
	c->n++;
	f->spot_of[s->task] = spot;
	f->n++;
	f->trans_s += s->trans_s;
}

void fill_take(struct fill *f, uint32_t task)
{
	const struct spot *s = &f->e->spots[f->spot_of[task]];
	struct crowd *c = &f->at[s->server];
	size_t k = 0;

	while (c->spots[k] != f->spot_of[task])
		k++;
	for (c->n--; k < c->n; k++) {
		c->jobs[k] = c->jobs[k + 1];
		c->spots[k] = c->spots[k + 1];
	}
	f->spot_of[task] = SIZE_MAX;
	f->n--;
	f->trans_s -= s->trans_s;
}

void fill_load(struct fill *f, const uint32_t *server_of)
{
	fill_clear(f);
	for (size_t s = 0; s < f->e->n_spots; s++)
		if (server_of[f->e->spots[s].task] == f->e->spots[s].server)
			fill_put(f, s);
	sum(f);
}

/* Rounding */

struct ranked {
	double weight, trans_s;
	size_t spot;
};

static int by_rank(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->weight != y->weight)
		return x->weight > y->weight ? -1 : 1;
	if (x->trans_s != y->trans_s)
		return x->trans_s < y->trans_s ? -1 : 1;
	return x->spot < y->spot ? -1 : x->spot > y->spot;
}

void fill_round(struct fill *f, const double *weight)
{
	const struct eq1 *e = f->e;
	struct ranked *order = mem_zalloc(e->n_spots, sizeof *order);

	fill_clear(f);
	for (size_t s = 0; s < e->n_spots; s++)
		order[s] = (struct ranked){weight[s], e->spots[s].trans_s, s};
	mem_sort(order, e->n_spots, sizeof *order, by_rank);
	for (size_t k = 0; k < e->n_spots; k++)
		if (f->spot_of[e->spots[order[k].spot].task] == SIZE_MAX &&
			fill_fits(f, order[k].spot, NOBODY))
			fill_put(f, order[k].spot);
	free(order);
	sum(f);
}

/* More tasks */

/** Where @task fits for the least T; SIZE_MAX: nowhere. */
static size_t cheapest(struct fill *f, uint32_t task, size_t but)
{
	const struct eq1 *e = f->e;
	size_t best = SIZE_MAX;

	for (size_t s = e->first[task]; s < e->first[task + 1]; s++)
		if (s != but &&
			(best == SIZE_MAX || e->spots[s].trans_s < e->spots[best].trans_s) &&
			fill_fits(f, s, NOBODY))
			best = s;
	return best;
}

/** Put @task where somebody can make room by going elsewhere. */
static bool push_aside(struct fill *f, uint32_t task)
{
	const struct eq1 *e = f->e;

	for (size_t s = e->first[task]; s < e->first[task + 1]; s++) {
		const struct crowd *c = &f->at[e->spots[s].server];

		for (size_t k = 0; k < c->n; k++) {
			size_t old = c->spots[k], other;
			uint32_t who = e->spots[old].task;

			if (e->first[who + 1] - e->first[who] < 2 || !fill_fits(f, s, who))
				continue;
			other = cheapest(f, who, old);
			if (other == SIZE_MAX || e->spots[other].server == e->spots[s].server)
				continue;
			fill_take(f, who);
			fill_put(f, other);
			fill_put(f, s);
			return true;
		}
	}
	return false;
}

void fill_raise(struct fill *f, size_t n)
{
	bool more = true;

	for (uint32_t i = 0; i < f->e->n_tasks && f->n < n; i++) {
		size_t s = f->spot_of[i] == SIZE_MAX ? cheapest(f, i, SIZE_MAX) : SIZE_MAX;

		if (s != SIZE_MAX)
			fill_put(f, s);
	}
	while (more && f->n < n) {
		more = false;
		for (uint32_t i = 0; i < f->e->n_tasks && f->n < n && clock_s() < f->end_s; i++)
			if (f->spot_of[i] == SIZE_MAX)
				more |= push_aside(f, i);
	}
	sum(f);
}

/* Less T */

void fill_drop(struct fill *f, size_t n)
{
	while (f->n > n) {
		uint32_t dearest = NOBODY;
		double most_s = -1.0;

		for (uint32_t i = 0; i < f->e->n_tasks; i++)
			if (f->spot_of[i] != SIZE_MAX &&
				f->e->spots[f->spot_of[i]].trans_s > most_s) {
				most_s = f->e->spots[f->spot_of[i]].trans_s;
				dearest = i;
			}
		fill_take(f, dearest);
	}
	sum(f);
}

void fill_trim(struct fill *f, size_t n)
{
	fill_drop(f, n);
	fill_improve(f);
}

/** Go where it is cheaper. */
static bool move(struct fill *f, uint32_t i)
{
	const struct eq1 *e = f->e;
	size_t now = f->spot_of[i];

	for (size_t s = e->first[i]; s < e->first[i + 1]; s++)
		if (s != now && e->spots[s].trans_s < e->spots[now].trans_s &&
			fill_fits(f, s, NOBODY)) {
			fill_take(f, i);
			fill_put(f, s);
			return true;
		}
	return false;
}

/** Serve @i, who is left out, and leave out somebody dearer: on its server, or wherever. */
static bool replace(struct fill *f, uint32_t i)
{
	const struct eq1 *e = f->e;

	for (size_t s = e->first[i]; s < e->first[i + 1]; s++) {
		uint32_t dearest = NOBODY;
		double most_s = e->spots[s].trans_s;
		bool free = fill_fits(f, s, NOBODY);

		for (uint32_t k = 0; k < e->n_tasks; k++) {
			size_t at = f->spot_of[k];

			if (at == SIZE_MAX || !(e->spots[at].trans_s > most_s))
				continue;
			if (!free &&
				(e->spots[at].server != e->spots[s].server || !fill_fits(f, s, k)))
				continue;
			dearest = k;
			most_s = e->spots[at].trans_s;
		}
		if (dearest == NOBODY)
			continue;
		fill_take(f, dearest);
		fill_put(f, s);
		return true;
	}
	return false;
}

/** Go to @s, which is too full, where @k makes room by going elsewhere, if that is cheaper. */
static bool push_out(struct fill *f, uint32_t i, size_t s, uint32_t k)
{
	const struct eq1 *e = f->e;
	size_t from = f->spot_of[i], old = f->spot_of[k];
	double gain_s = e->spots[from].trans_s - e->spots[s].trans_s + e->spots[old].trans_s;

	if (!fill_fits(f, s, k))
		return false;
	fill_take(f, i);
	fill_take(f, k);
	fill_put(f, s);
	for (size_t to = e->first[k]; to < e->first[k + 1]; to++)
		if (to != old && e->spots[to].trans_s < gain_s && fill_fits(f, to, NOBODY)) {
			fill_put(f, to);
			return true;
		}
	fill_take(f, i);
	fill_put(f, from);
	fill_put(f, old);
	return false;
}

static bool exchange(struct fill *f, uint32_t i)
{
	const struct eq1 *e = f->e;

	for (size_t s = e->first[i]; s < e->first[i + 1]; s++) {
		const struct crowd *c = &f->at[e->spots[s].server];

		for (size_t k = 0; s != f->spot_of[i] && k < c->n; k++)
			if (push_out(f, i, s, e->spots[c->spots[k]].task))
				return true;
	}
	return false;
}

void fill_improve(struct fill *f)
{
	bool better = true;

	for (int round = 0; better && round < 50; round++) {
		better = false;
		for (uint32_t i = 0; i < f->e->n_tasks && clock_s() < f->end_s; i++)
			better |= f->spot_of[i] == SIZE_MAX ? replace(f, i)
							    : move(f, i) || exchange(f, i);
	}
	sum(f);
}
