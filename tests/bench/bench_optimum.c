/* How long the front of Eq. 1 takes: 50 tasks on 5 servers in all points, and 500 with a gap of 1
 * %, of several kinds of problems, from less than the servers can do to far more. Seconds of the
 * processor; a star where a point is open or it took more than 10 and 60. Fails where that is so of
 * 50 tasks of the testbed that ask for less than there is. A kind, a number, a load and a seed as
 * arguments: that one alone. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "plan/optimum.h"
#include "tests/plan/made_optimum.h"

/** False: some point is open, or it took longer than @most_s. */
static bool measure(
	enum made_kind kind, size_t n, double load, uint64_t seed, double gap, double most_s)
{
	const struct optimum_limits limits = {.gap = gap, .seconds = 6.0 * most_s};
	struct optimum_front f = {0};
	struct made_optimum m;
	struct err err = {0};
	clock_t began = clock();
	size_t closed = 0;
	double s, worst = 0.0;
	bool ok;

	made_optimum_init(&m, kind, n, load, seed);
	if (!optimum_solve(&f, &m.p, &limits, &err)) {
		fprintf(stderr, "%s\n", err.msg);
		made_optimum_finish(&m);
		return false;
	}
	s = (double)(clock() - began) / CLOCKS_PER_SEC;
	for (size_t k = 0; k <= f.most; k++) {
		closed += f.points[k].proved;
		if (f.points[k].trans_s > 0.0)
			worst = fmax(worst, 1.0 - f.points[k].bound_s / f.points[k].trans_s);
	}
	ok = closed == f.most + 1 && f.most == f.most_bound && s <= most_s;
	printf("%-9s %4zu tasks, load %.1f, seed %ju: %zu of at most %zu in time, %zu of %zu "
	       "points "
	       "closed, largest gap %.3g %%, %.2f s, %ju nodes%s\n",
		made_kind_name(kind), n, load, (uintmax_t)seed, f.most, f.most_bound, closed,
		f.most + 1, 1e2 * worst, s, (uintmax_t)f.nodes, ok ? "" : " *");
	fflush(stdout);
	optimum_front_finish(&f);
	made_optimum_finish(&m);
	return ok;
}

static bool measure_size(size_t n, double gap, double most_s)
{
	static const double loads[] = {0.8, 1.6, 2.4};
	bool ok = true;

	for (int kind = 0; kind < MADE_KINDS; kind++)
		for (size_t l = 0; l < sizeof loads / sizeof *loads; l++)
			if (!measure((enum made_kind)kind, n, loads[l], 1 + l, gap, most_s) &&
				kind == MADE_TESTBED && l == 0 && n == 50)
				ok = false;
	return ok;
}

int main(int argc, char **argv)
{
	bool ok;

	if (argc == 5) {
		size_t n = strtoul(argv[2], NULL, 10);

		for (int kind = 0; kind < MADE_KINDS; kind++)
			if (!strcmp(argv[1], made_kind_name((enum made_kind)kind)))
				return !measure((enum made_kind)kind, n, strtod(argv[3], NULL),
					strtoull(argv[4], NULL, 10), n > 100 ? 0.01 : 0.0,
					n > 100 ? 60.0 : 10.0);
		return 1;
	}
	ok = measure_size(50, 0.0, 10.0);
	ok = measure_size(500, 0.01, 60.0) && ok;
	return ok ? 0 : 1;
}
