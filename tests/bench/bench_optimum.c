/* How long the front of Eq. 1 takes: 50 tasks on 5 servers in all points, and 500 with a gap of 1
 * %, both drawn as the testbed draws them. Seconds of the processor; fails above 10 and 60, or
 * where a point is not closed. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/mem.h"
#include "plan/optimum.h"
#include "tests/plan/draw.h"

enum { SERVERS = 5 };

static double exponential(uint64_t *r)
{
	return -log(1.0 - draw_real(r, 0.0, 1.0));
}

/** Four slow servers with users beside them, and a fast one far away: 3.2 requests a second. */
static void make(struct optimum_pair *pairs, size_t n, uint64_t seed)
{
	uint64_t r = seed;
	double at = 0.0;

	for (size_t i = 0; i < n; i++) {
		int home = draw_from(&r, 0, 3);
		double prompt = (home == 3 ? 500.0 : 140.0) * (0.4 + 0.6 * exponential(&r));
		double answer = 10.0 + 50.0 * exponential(&r), due = home == 3 ? 5.0 : 3.0;

		at += exponential(&r) / 3.2;
		for (int j = 0; j < SERVERS; j++) {
			bool far = j == SERVERS - 1;
			double way = (far                ? 0.0203
					     : j == home ? 0.0041
							 : 0.0061) +
				     (prompt + answer) * 6.4e-7;
			double work = far ? prompt * 7e-4 + answer * 2.7e-3
					  : prompt * 3.4e-3 + answer * 3e-3;
			double own = far ? prompt * 7e-4 + answer * 8.5e-3
					 : prompt * 3.4e-3 + answer * 3.3e-2;

			pairs[i * SERVERS + (size_t)j] = (struct optimum_pair){.can = true,
				.from_ns = (int64_t)((at + 0.5 * way) * 1e9),
				.until_ns = (int64_t)((at + due - 0.5 * way) * 1e9),
				.work_ns = (int64_t)(work * 1e9),
				.comp_ns = (int64_t)(own * 1e9),
				.trans_s = way};
		}
	}
}

/** False: some point is open, or it took longer than @most_s. */
static bool measure(size_t n, uint64_t seed, double gap, double most_s)
{
	struct optimum_pair *pairs = mem_zalloc(n * SERVERS, sizeof *pairs);
	uint32_t *model_of = mem_zalloc(n, sizeof *model_of);
	const struct optimum_problem p = {.n_tasks = n,
		.n_servers = SERVERS,
		.n_models = 1,
		.pairs = pairs,
		.model_of = model_of};
	const struct optimum_limits limits = {.gap = gap, .seconds = 8.0 * most_s};
	struct optimum_front f = {0};
	struct err err = {0};
	clock_t began = clock();
	size_t closed = 0;
	double s;

	make(pairs, n, seed);
	if (!optimum_solve(&f, &p, &limits, &err))
		return false;
	s = (double)(clock() - began) / CLOCKS_PER_SEC;
	for (size_t k = 0; k <= f.most; k++)
		closed += f.points[k].proved;
	printf("%4zu tasks, gap %g: %zu of %zu in time, %zu of %zu points closed, %.2f s\n", n, gap,
		f.most, n, closed, f.most + 1, s);
	free(pairs);
	free(model_of);
	s = closed == f.most + 1 && f.most == f.most_bound ? s : HUGE_VAL;
	optimum_front_finish(&f);
	return s <= most_s;
}

int main(void)
{
	bool ok = true;

	for (uint64_t seed = 1; seed <= 5; seed++)
		ok = measure(50, seed, 0.0, 10.0) && ok;
	ok = measure(500, 6, 0.01, 60.0) && ok;
	return ok ? 0 : 1;
}
