#ifndef OFFING_TESTS_PLAN_DRAW_H
#define OFFING_TESTS_PLAN_DRAW_H

#include <stdint.h>

/** Small numbers for made-up programs: splitmix64 (Steele, Lea, Flood 2014). */
static inline uint64_t draw(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

/** A whole number from @lo to @hi. */
static inline int draw_from(uint64_t *state, int lo, int hi)
{
	return lo + (int)(draw(state) % (uint64_t)(hi - lo + 1));
}

/** Of [lo, hi). */
static inline double draw_real(uint64_t *state, double lo, double hi)
{
	return lo + (hi - lo) * (double)(draw(state) >> 11) * 0x1p-53;
}

#endif
