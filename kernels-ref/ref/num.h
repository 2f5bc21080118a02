#ifndef OFFING_KERNELS_REF_NUM_H
#define OFFING_KERNELS_REF_NUM_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Number formats and random numbers that the C truth and the GPU kernels must
 * share to the last bit: IEEE half precision as bits, int8 by scale, and a
 * counter-based generator, so that element i of a weight matrix is the same
 * whoever makes it and in whatever order.
 */

/** Nearest half to @x, ties to even; beyond 65504 it is infinity, NaN stays NaN. */
uint16_t half_from_float(float x);

/** Exact. */
float half_to_float(uint16_t h);

/** @x rounded to the nearest integer, halves away from zero, held within +-127. */
int8_t q8_round(double x);

/**
 * Symmetric int8 of @n values: scale = max|x|/127, q = round(x / scale), halves
 * away from zero. Returns the scale; 0 (and all-zero @q) when every x is 0.
 */
float q8_quantise(int8_t *q, const float *x, size_t n);

/** SplitMix64's output function (Steele, Lea, Flood 2014) of counter @i in stream @seed. */
uint64_t rand_bits(uint64_t seed, uint64_t i);

/** Uniform in (0, 1): the top 53 bits plus a half, times 2^-53. */
double rand_uniform(uint64_t seed, uint64_t i);

/** Standard normal by Box-Muller from the uniforms 2i and 2i + 1. */
double rand_normal(uint64_t seed, uint64_t i);

#ifdef __cplusplus
}
#endif
#endif
