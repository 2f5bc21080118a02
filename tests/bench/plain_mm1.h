#ifndef OFFING_TESTS_BENCH_PLAIN_MM1_H
#define OFFING_TESTS_BENCH_PLAIN_MM1_H

#include <stdio.h>

#include "tests/bench/plain.h"

/** M/M/1 at rho = .9 as a bare loop, and in SimPy 3: yardsticks for whatever runs it too. */

static const double plain_mm1_arrivals_per_s = 0.9, plain_mm1_served_per_s = 1.0;

struct plain_mm1 {
	double ns; /* CPU time per event, an arrival or a departure */
	double sojourn_s;
};

/** One loop, 4-ary heap, xoshiro256++ and a sum, for @horizon_s of simulated time. */
static inline struct plain_mm1 plain_mm1(double horizon_s, uint64_t seed)
{
	enum { RING = 1 << 16, ARRIVE = 0, DEPART = 1 };
	static uint64_t came_ns[RING];
	const uint64_t until_ns = (uint64_t)(horizon_s * 1e9);
	uint64_t first = 0, last = 0, events = 0, sum_ns = 0;
	struct plain_heap h;
	struct plain_rng r;
	struct plain_key k;
	double from_s, s;

	plain_heap_init(&h, 16);
	plain_rng_init(&r, seed);
	plain_push(&h, 0, ARRIVE);
	from_s = cpu_s();
	for (k = plain_pop(&h, false); k.at_ns <= until_ns; k = plain_pop(&h, false), events++) {
		if ((k.order & 1) == ARRIVE) {
			s = plain_exponential(&r) / plain_mm1_arrivals_per_s;
			plain_push(&h, k.at_ns + (uint64_t)(s * 1e9 + 0.5), ARRIVE);
			assert(last - first < RING);
			came_ns[last++ % RING] = k.at_ns;
			if (last - first > 1)
				continue;
		} else {
			sum_ns += k.at_ns - came_ns[first++ % RING];
			if (last == first)
				continue;
		}
		s = plain_exponential(&r) / plain_mm1_served_per_s;
		plain_push(&h, k.at_ns + (uint64_t)(s * 1e9 + 0.5), DEPART);
	}
	s = cpu_s() - from_s;
	free(h.mem);
	return (struct plain_mm1){s * 1e9 / (double)events, 1e-9 * (double)sum_ns / (double)first};
}

/** ns per event of SimPy, printed by @script (bench_mm1.py); 0 when it cannot run. */
static inline double simpy_mm1_ns(const char *script)
{
	char command[1000];
	double ns = 0.0;
	FILE *from;

	if (!script)
		return 0.0;
	snprintf(command, sizeof command, "/usr/bin/python3 '%s' 2>/dev/null", script);
	from = popen(command, "r");
	if (!from)
		return 0.0;
	if (fscanf(from, "%lf", &ns) != 1)
		ns = 0.0;
	pclose(from);
	return ns;
}

#endif
