/* The pairs of Eq. 1 that can be, and the orders in which they are looked at. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "plan/optimum_parts.h"

/** Tables of covers take the square of a server's spots. */
enum { MOST_COVERED = 700 };

bool optimum_can(const struct optimum_pair *p)
{
	int64_t room_ns = p->until_ns - p->from_ns;

	return p->can && p->comp_ns <= room_ns && p->work_ns <= room_ns;
}

/** Where orders are by the spots that they stand for; qsort() takes no context. */
struct order {
	int64_t key_ns;
	size_t spot;
};

static int by_key(const void *a, const void *b)
{
	const struct order *x = a, *y = b;

	if (x->key_ns != y->key_ns)
		return x->key_ns < y->key_ns ? -1 : 1;
	return x->spot < y->spot ? -1 : x->spot > y->spot;
}

static size_t *ordered(const struct eq1 *e, uint32_t server, size_t n, bool by_until)
{
	struct order *o = mem_zalloc(n, sizeof *o);
	size_t *out = mem_zalloc(n, sizeof *out), k = 0;

	for (size_t s = 0; s < e->n_spots; s++)
		if (e->spots[s].server == server)
			o[k++] = (struct order){
				by_until ? e->spots[s].job.until_ns : e->spots[s].job.from_ns, s};
	mem_sort(o, n, sizeof *o, by_key);
	for (k = 0; k < n; k++)
		out[k] = o[k].spot;
	free(o);
	return out;
}

/** How many of the shortest of @sorted[0..@n) fit in @room_ns. */
static uint16_t fit(const int64_t *sorted, size_t n, int64_t room_ns)
{
	size_t k = 0;

	for (; k < n && sorted[k] <= room_ns; k++)
		room_ns -= sorted[k];
	return (uint16_t)k;
}

static void insert(int64_t *sorted, size_t n, int64_t x)
{
	size_t k = n;

	for (; k > 0 && sorted[k - 1] > x; k--)
		sorted[k] = sorted[k - 1];
	sorted[k] = x;
}

/** Of intervals that begin with the @k-th spot. */
static void cover(const struct eq1 *e, struct bench *b, size_t k, int64_t *sorted)
{
	int64_t from_ns = e->spots[b->by_from[k]].job.from_ns;
	size_t n = 0;

	for (size_t u = 0; u < b->n; u++) {
		const struct machine_job *j = &e->spots[b->by_until[u]].job;
		size_t last = u;

		if (j->from_ns >= from_ns)
			insert(sorted, n++, j->work_ns);
		if (u + 1 < b->n && e->spots[b->by_until[u + 1]].job.until_ns == j->until_ns)
			continue;
		for (;; last--) { /* those due together have one interval */
			b->most[k * b->n + last] = fit(sorted, n, j->until_ns - from_ns);
			if (last == 0 ||
				e->spots[b->by_until[last - 1]].job.until_ns != j->until_ns)
				break;
		}
	}
}

static void bench_init(struct bench *b, const struct eq1 *e, uint32_t server)
{
	int64_t *sorted;

	for (size_t s = 0; s < e->n_spots; s++)
		b->n += e->spots[s].server == server;
	b->by_from = ordered(e, server, b->n, false);
	b->by_until = ordered(e, server, b->n, true);
	if (b->n > MOST_COVERED)
		return;
	sorted = mem_zalloc(b->n + 1, sizeof *sorted);
	b->most = mem_zalloc(b->n * b->n, sizeof *b->most);
	for (size_t k = 0; k < b->n; k++)
		cover(e, b, k, sorted);
	free(sorted);
}

void eq1_init(struct eq1 *e, const struct optimum_problem *p, const bool *holds)
{
	*e = (struct eq1){.n_tasks = p->n_tasks, .n_servers = p->n_servers};
	e->spots = mem_zalloc(p->n_tasks * p->n_servers + 1, sizeof *e->spots);
	e->first = mem_zalloc(p->n_tasks + 1, sizeof *e->first);
	e->bench = mem_zalloc(p->n_servers, sizeof *e->bench);
	for (uint32_t i = 0; i < p->n_tasks; i++) {
		e->first[i] = e->n_spots;
		for (uint32_t j = 0; j < p->n_servers; j++) {
			const struct optimum_pair *x = &p->pairs[i * p->n_servers + j];

			if (!optimum_can(x) || (holds && !holds[j * p->n_models + p->model_of[i]]))
				continue;
			e->spots[e->n_spots++] = (struct spot){
				i, j, {x->from_ns, x->until_ns, x->work_ns}, x->trans_s};
		}
	}
	e->first[p->n_tasks] = e->n_spots;
	for (uint32_t j = 0; j < p->n_servers; j++)
		bench_init(&e->bench[j], e, j);
}

void eq1_finish(struct eq1 *e)
{
	for (size_t j = 0; e->bench && j < e->n_servers; j++) {
		free(e->bench[j].by_from);
		free(e->bench[j].by_until);
		free(e->bench[j].most);
	}
	free(e->bench);
	free(e->first);
	free(e->spots);
}
