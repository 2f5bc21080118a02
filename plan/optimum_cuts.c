/*
 * Rows that are added when a solution of the relaxation breaks them. Of a server and an interval,
 * over the tasks that can run there in it alone: together they need no more time than the interval
 * is long; and no more of them can be than the shortest of them fit (a cover, lifted to all).
 */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "plan/optimum_parts.h"

/* By how much a row has to be broken, as a part of its right side. */
static const double broken = 1e-6;
enum { ROWS_A_ROUND = 40 }; /* for a server */

/** An interval that is broken most for its beginning. */
struct breach {
	double by;
	size_t from, until; /* places in the bench's orders */
	bool cover;
};

static const struct machine_job *job(const struct eq1 *e, size_t spot)
{
	return &e->spots[spot].job;
}

static size_t gather(
	const struct eq1 *e, const struct bench *b, const struct breach *at, size_t *spots)
{
	int64_t from_ns = job(e, b->by_from[at->from])->from_ns;
	int64_t until_ns = job(e, b->by_until[at->until])->until_ns;
	size_t n = 0;

	for (size_t k = 0; k < b->n; k++) {
		const struct machine_job *x = job(e, b->by_until[k]);

		if (x->until_ns > until_ns)
			break;
		if (x->from_ns >= from_ns)
			spots[n++] = b->by_until[k];
	}
	return n;
}

static void add(struct lp *l, const struct eq1 *e, const struct bench *b, const struct breach *at)
{
	size_t *spots = mem_zalloc(b->n, sizeof *spots), n = gather(e, b, at, spots);
	double *factor = mem_zalloc(b->n, sizeof *factor);
	double length_ns = (double)(job(e, b->by_until[at->until])->until_ns -
				    job(e, b->by_from[at->from])->from_ns);

	for (size_t k = 0; k < n; k++)
		factor[k] = at->cover ? 1.0 : (double)job(e, spots[k])->work_ns / length_ns;
	lp_row(l, -HUGE_VAL, at->cover ? (double)b->most[at->from * b->n + at->until] : 1.0, n,
		spots, factor);
	free(spots);
	free(factor);
}

/* Covers: of tasks that do not all fit in an interval, one stays away; and so it is with those that
 * need as much as the longest of them beside them. */

struct member {
	size_t spot;
	double absent; /* 1 - x */
	int64_t work_ns;
};

/** Those who count most for a cover come first. */
static int by_worth(const void *a, const void *b)
{
	const struct member *x = a, *y = b;
	double l = x->absent * (double)y->work_ns, r = y->absent * (double)x->work_ns;

	if (l != r)
		return l < r ? -1 : 1;
	return x->spot < y->spot ? -1 : x->spot > y->spot;
}

/** A cover of @m[0..@n), sorted, moved to the front: how many, and by how much it is broken. */
static size_t find_cover(struct member *m, size_t n, int64_t room_ns, double *by)
{
	int64_t sum_ns = 0;
	size_t in = 0;

	while (in < n && sum_ns <= room_ns)
		sum_ns += m[in++].work_ns;
	*by = -1.0;
	if (sum_ns <= room_ns)
		return 0;
	for (size_t k = in; k-- > 0;) /* as few as will do */
		if (sum_ns - m[k].work_ns > room_ns) {
			struct member out = m[k];

			sum_ns -= out.work_ns;
			m[k] = m[--in];
			m[in] = out;
		}
	*by = 1.0;
	for (size_t k = 0; k < in; k++)
		*by -= m[k].absent;
	return in;
}

static bool add_cover_of(
	struct lp *l, const struct eq1 *e, const struct bench *b, const double *x, struct breach at)
{
	size_t *spots = mem_zalloc(b->n, sizeof *spots), n = gather(e, b, &at, spots), in, m = 0;
	struct member *of = mem_zalloc(b->n, sizeof *of);
	double *factor = mem_zalloc(b->n, sizeof *factor), by;
	int64_t longest_ns = 0;

	for (size_t k = 0; k < n; k++)
		of[k] = (struct member){spots[k], 1.0 - x[spots[k]], job(e, spots[k])->work_ns};
	mem_sort(of, n, sizeof *of, by_worth);
	in = find_cover(of, n,
		job(e, b->by_until[at.until])->until_ns - job(e, b->by_from[at.from])->from_ns,
		&by);
	for (size_t k = 0; k < in; k++)
		longest_ns = of[k].work_ns > longest_ns ? of[k].work_ns : longest_ns;
	for (size_t k = 0; k < n; k++)
		if (k < in || of[k].work_ns >= longest_ns) {
			by += k < in ? 0.0 : 1.0 - of[k].absent;
			factor[m] = 1.0;
			spots[m++] = of[k].spot;
		}
	if (in > 0 && by > broken * (double)in)
		lp_row(l, -HUGE_VAL, (double)in - 1.0, m, spots, factor);
	free(spots);
	free(of);
	free(factor);
	return in > 0 && by > broken * (double)in;
}

/** The worst of each kind that begins with the @k-th; *@fullest: where a cover is likeliest. */
static void look(const struct eq1 *e, const struct bench *b, const double *x, size_t k,
	struct breach *time, struct breach *cover, struct breach *fullest)
{
	int64_t from_ns = job(e, b->by_from[k])->from_ns;
	double work_ns = 0.0, n = 0.0;

	*time = *cover = *fullest = (struct breach){.by = broken, .from = k, .until = SIZE_MAX};
	cover->cover = true;
	fullest->by = 0.8;
	for (size_t u = 0; u < b->n; u++) {
		const struct machine_job *j = job(e, b->by_until[u]);
		double v = x[b->by_until[u]], length_ns;

		if (j->from_ns < from_ns || !(v > 0.0))
			continue;
		work_ns += v * (double)j->work_ns;
		n += v;
		length_ns = (double)(j->until_ns - from_ns);
		if (work_ns / length_ns > fullest->by) {
			fullest->by = work_ns / length_ns;
			fullest->until = u;
		}
		if (b->most && n / b->most[k * b->n + u] - 1.0 > cover->by) {
			cover->by = n / b->most[k * b->n + u] - 1.0;
			cover->until = u;
		}
	}
	if (fullest->by - 1.0 > broken) {
		time->by = fullest->by - 1.0;
		time->until = fullest->until;
	}
}

static int by_breach(const void *a, const void *b)
{
	const struct breach *x = a, *y = b;

	if (x->by != y->by)
		return x->by > y->by ? -1 : 1;
	return x->from < y->from ? -1 : x->from > y->from;
}

static size_t add_of(struct lp *l, const struct eq1 *e, const struct bench *b, const double *x)
{
	struct breach *found = mem_zalloc(2 * b->n, sizeof *found), *full;
	size_t n = 0, n_full = 0, added;

	full = mem_zalloc(b->n, sizeof *full);
	for (size_t k = 0; k < b->n; k++) {
		struct breach time, cover, fullest;

		if (k > 0 && job(e, b->by_from[k])->from_ns == job(e, b->by_from[k - 1])->from_ns)
			continue;
		look(e, b, x, k, &time, &cover, &fullest);
		if (time.until != SIZE_MAX)
			found[n++] = time;
		if (cover.until != SIZE_MAX)
			found[n++] = cover;
		if (fullest.until != SIZE_MAX)
			full[n_full++] = fullest;
	}
	mem_sort(found, n, sizeof *found, by_breach);
	mem_sort(full, n_full, sizeof *full, by_breach);
	n = n < ROWS_A_ROUND ? n : ROWS_A_ROUND;
	for (size_t k = 0; k < n; k++)
		add(l, e, b, &found[k]);
	added = n;
	for (size_t k = 0; k < n_full && k < ROWS_A_ROUND; k++)
		added += add_cover_of(l, e, b, x, full[k]);
	free(found);
	free(full);
	return added;
}

size_t cuts_add(struct lp *l, const struct eq1 *e, const double *x)
{
	size_t n = 0;

	for (size_t j = 0; j < e->n_servers; j++)
		n += add_of(l, e, &e->bench[j], x);
	return n;
}
