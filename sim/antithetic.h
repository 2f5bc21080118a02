#ifndef OFFING_SIM_ANTITHETIC_H
#define OFFING_SIM_ANTITHETIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * Antithetic replications: 2k - 1 and 2k are pair k, of which one draws 1 - u where the other draws
 * u. They depend on each other, and pairs do not: the mean of a pair is one value of a sample, and
 * no interval is made of the two of a pair (Law, "Simulation Modeling and Analysis", 5th ed.,
 * 11.3). Whatever has replications makes its sample here.
 */

/** The pair of replication @number, from 1. */
static inline uint32_t antithetic_pair(uint32_t number)
{
	return (number + 1) / 2;
}

/** What replication @number draws from, for rng_init(). */
uint32_t antithetic_stream(uint32_t number);

/** Are the two a pair whose first is @first? */
static inline bool antithetic_are_pair(uint32_t first, uint32_t second)
{
	return first % 2 == 1 && second == first + 1;
}

/**
 * @x of the replications @numbers, which ascend, become the means of the pairs of which both are
 * there, and @numbers those of these pairs. NaN where one of the two is. How many; the other @n
 * less twice that are left out.
 */
size_t antithetic_means(double *x, uint32_t *numbers, size_t n);

#endif
