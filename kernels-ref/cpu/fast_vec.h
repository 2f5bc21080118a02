#ifndef OFFING_KERNELS_FAST_VEC_H
#define OFFING_KERNELS_FAST_VEC_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/**
 * Vectors of FAST_BYTES, the register width of the instruction set a file is built for.
 * The build sets FAST_BYTES, and FAST(name), which gives each build's functions their names.
 */
#ifndef FAST_BYTES
#define FAST_BYTES 16
#endif
typedef float vec_f __attribute__((vector_size(FAST_BYTES)));
typedef int32_t vec_i __attribute__((vector_size(FAST_BYTES)));

enum { VEC_LEN = FAST_BYTES / 4 };

static inline vec_f vec_load(const float *p)
{
	vec_f x;

	memcpy(&x, p, sizeof(x));
	return x;
}

static inline void vec_store(float *p, vec_f x)
{
	memcpy(p, &x, sizeof(x));
}

static inline vec_f vec_all(float x)
{
	return (vec_f){0} + x;
}

static inline vec_f vec_max(vec_f a, vec_f b)
{
	vec_i more = a > b;

	return (vec_f)(((vec_i)a & more) | ((vec_i)b & ~more));
}

static inline float vec_sum(vec_f x)
{
	float s = 0.0f;

	for (size_t i = 0; i < VEC_LEN; i++)
		s += x[i];
	return s;
}

/** e^x for x <= 0, relative error below 3e-7; e^-87 below -87. x = n ln 2 + r, |r| <= ln(2)/2,
 *  and Taylor's series to r^7/7!, whose rest is below 6e-9. */
static inline vec_f vec_exp(vec_f x)
{
	const vec_f magic = vec_all(12582912.0f); /* 1.5 * 2^23: adding it rounds to integers */
	vec_f t, n, r, p;

	x = vec_max(x, vec_all(-87.0f));
	t = x * 1.44269504f + magic;
	n = t - magic;
	r = x - n * 0.693359375f; /* ln 2 in two parts, the first exact in 10 bits */
	r = r + n * 2.12194440e-4f;
	p = r * (1.0f / 5040.0f) + 1.0f / 720.0f;
	p = p * r + 1.0f / 120.0f;
	p = p * r + 1.0f / 24.0f;
	p = p * r + 1.0f / 6.0f;
	p = p * r + 0.5f;
	p = p * r + 1.0f;
	p = p * r + 1.0f;
	return (vec_f)((vec_i)p + (((vec_i)t - (vec_i)magic) << 23));
}

#endif
