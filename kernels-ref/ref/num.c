/* Number formats and counter-based random numbers. */
#include "kernels-ref/ref/num.h"

#include <math.h>
#include <string.h>

static uint32_t bits_of(float x)
{
	uint32_t b;

	memcpy(&b, &x, sizeof(b));
	return b;
}

static float float_of(uint32_t b)
{
	float x;

	memcpy(&x, &b, sizeof(x));
	return x;
}

/* @m / 2^@shift to the nearest integer, ties to even. */
static uint32_t shift_even(uint32_t m, unsigned shift)
{
	uint32_t half = 1u << (shift - 1), rest = m & ((1u << shift) - 1), out = m >> shift;

	return out + (rest > half || (rest == half && (out & 1)));
}

uint16_t half_from_float(float x)
{
	uint32_t b = bits_of(x), sign = b >> 16 & 0x8000, mag = b & 0x7fffffff;
	uint32_t exponent = mag >> 23;

	if (mag > 0x7f800000)
		return (uint16_t)(sign | 0x7e00);
	if (exponent >= 143) /* 2^16 and above */
		return (uint16_t)(sign | 0x7c00);
	if (exponent >= 113) /* a carry out of the fraction runs into the exponent, as it should */
		return (uint16_t)(sign | (shift_even(mag, 13) - (112u << 10)));
	if (exponent < 102) /* below half of the least subnormal, 2^-25 */
		return (uint16_t)sign;
	return (uint16_t)(sign | shift_even((mag & 0x7fffff) | 0x800000, 126 - exponent));
}

float half_to_float(uint16_t h)
{
	uint32_t sign = (uint32_t)(h & 0x8000) << 16, exponent = h >> 10 & 31, frac = h & 0x3ff;
	float sub;

	if (exponent == 31)
		return float_of(sign | 0x7f800000 | frac << 13);
	if (exponent != 0)
		return float_of(sign | (exponent + 112) << 23 | frac << 13);
	sub = (float)frac * 0x1p-24f;
	return sign ? -sub : sub;
}

int8_t q8_round(double x)
{
	double r = round(x); /* halves away from zero */

	return (int8_t)fmax(-127.0, fmin(127.0, r));
}

float q8_quantise(int8_t *q, const float *x, size_t n)
{
	float max = 0.0f, scale;

	for (size_t i = 0; i < n; i++)
		max = fmaxf(max, fabsf(x[i]));
	scale = max / 127.0f;
	for (size_t i = 0; i < n; i++)
		q[i] = scale > 0.0f ? q8_round((double)x[i] / (double)scale) : 0;
	return scale;
}

static uint64_t mix(uint64_t z)
{
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

uint64_t rand_bits(uint64_t seed, uint64_t i)
{
	return mix(mix(seed) + (i + 1) * 0x9e3779b97f4a7c15u);
}

double rand_uniform(uint64_t seed, uint64_t i)
{
	return ((double)(rand_bits(seed, i) >> 11) + 0.5) * 0x1p-53;
}

double rand_normal(uint64_t seed, uint64_t i)
{
	double r = sqrt(-2.0 * log(rand_uniform(seed, 2 * i)));

	return r * cos(6.283185307179586 * rand_uniform(seed, 2 * i + 1));
}
