#ifndef OFFING_TESTS_SEEDS_H
#define OFFING_TESTS_SEEDS_H

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

/** Which random systems a test makes: as many as it likes to, or `FIRST LAST` of its arguments. */
struct seeds {
	uint64_t first, last;
};

static inline struct seeds seeds_of(int argc, char **argv, uint64_t n)
{
	struct seeds s = {1, n};

	if (argc == 3)
		s = (struct seeds){strtoull(argv[1], NULL, 10), strtoull(argv[2], NULL, 10)};
	return s;
}

/** splitmix64: the next number of the stream @x. */
static inline uint64_t seeds_next(uint64_t *x)
{
	*x += 0x9e3779b97f4a7c15u;
	uint64_t z = (*x ^ (*x >> 30)) * 0xbf58476d1ce4e5b9u;

	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

/** From @least to @most, every factor as likely as another of its size. */
static inline double seeds_log_uniform(uint64_t *x, double least, double most)
{
	double u = (double)(seeds_next(x) >> 11) * 0x1p-53;

	return least * pow(most / least, u);
}

#endif
