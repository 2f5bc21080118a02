#ifndef OFFING_STUDY_DESIGN_H
#define OFFING_STUDY_DESIGN_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/**
 * Where to look in a space of several dimensions: designs of experiments. A
 * design of N points is an array u[point * dims + dimension] of numbers in
 * (0, 1), each the share of its dimension that lies below the point.
 */

/** The most dimensions of a Sobol sequence that GSL has numbers for. */
#define DESIGN_SOBOL_DIMS 40
#define DESIGN_MOST_POINTS 100000

/**
 * Points 0 .. @n - 1 of the Sobol sequence (Sobol, USSR Comp. Math. 7, 1967;
 * direction numbers of gsl_qrng_sobol), the origin among them, each dimension
 * scrambled by one digital shift drawn from @seed (Owen, "Monte Carlo theory,
 * methods and examples", 17.6), which keeps what makes it a net: of 2^k points
 * each of the 2^k parts of a dimension has one.
 */
MUST_CHECK bool design_sobol(double *u, size_t n, size_t dims, uint64_t seed, struct err *err);

/**
 * A Latin hypercube (McKay, Beckman, Conover, Technometrics 21(2), 1979): each
 * of the @n parts of each dimension has one point, anywhere in it. Dimensions
 * have streams of their own: one more at the end moves none before it.
 */
void design_latin(double *u, size_t n, size_t dims, uint64_t seed);

/** The level of factor @factor in point @point of the full grid over @levels[0 .. @n), in which
 *  the last factor changes fastest. */
size_t design_grid_level(const size_t *levels, size_t n, size_t point, size_t factor);

/** The number of points of that grid, or SIZE_MAX when it is more than DESIGN_MOST_POINTS. */
size_t design_grid_size(const size_t *levels, size_t n);

#endif
