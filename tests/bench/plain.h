#ifndef OFFING_TESTS_BENCH_PLAIN_H
#define OFFING_TESTS_BENCH_PLAIN_H

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "sim/ziggurat.h"

/**
 * What somebody in a hurry for speed alone would write: the yardstick of the benchmarks. A fast
 * generator (xoshiro256++, Blackman and Vigna 2021; exponentials by the same ziggurat), a 4-ary
 * heap of 16-byte keys without branches in the choice of the child, and a clock.
 */

struct plain_rng {
	uint64_t s[4];
};

/** Seeded by splitmix64, as its authors advise. */
static inline void plain_rng_init(struct plain_rng *r, uint64_t seed)
{
	uint64_t z;
	int i;

	for (i = 0; i < 4; i++) {
		z = seed += UINT64_C(0x9e3779b97f4a7c15);
		z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
		z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
		r->s[i] = z ^ z >> 31;
	}
}

static inline uint64_t plain_rotate(uint64_t x, int by)
{
	return x << by | x >> (64 - by);
}

static inline uint64_t plain_next(struct plain_rng *r)
{
	const uint64_t out = plain_rotate(r->s[0] + r->s[3], 23) + r->s[0], t = r->s[1] << 17;

	r->s[2] ^= r->s[0];
	r->s[3] ^= r->s[1];
	r->s[1] ^= r->s[2];
	r->s[0] ^= r->s[3];
	r->s[2] ^= t;
	r->s[3] = plain_rotate(r->s[3], 45);
	return out;
}

/** The 1.1 % of draws that the rectangles do not settle; kept out of the loops' way. */
__attribute__((noinline)) static double plain_exp_rest(
	struct plain_rng *r, uint64_t layer, double x)
{
	double base = 0.0, u;
	uint64_t bits, j;

	for (;;) {
		u = (double)(plain_next(r) >> 11) * 0x1p-53;
		if (layer == 0)
			base += ZIG_EXP_R;
		else if (zig_exp_f[layer] + u * (zig_exp_f[layer - 1] - zig_exp_f[layer]) < exp(-x))
			return base + x;
		bits = plain_next(r);
		layer = bits & 255;
		j = bits >> 11;
		x = (double)j * zig_exp_w[layer];
		if (j < zig_exp_k[layer])
			return base + x;
	}
}

static inline double plain_exponential(struct plain_rng *r)
{
	const uint64_t bits = plain_next(r), layer = bits & 255, j = bits >> 11;
	const double x = (double)j * zig_exp_w[layer];

	return j < zig_exp_k[layer] ? x : plain_exp_rest(r, layer, x);
}

struct plain_key {
	uint64_t order; /* sequence << 24 | kind or slot */
	uint64_t at_ns;
};

struct plain_heap {
	struct plain_key *key; /* three keys above all others follow the last */
	size_t n;
	uint64_t seq;
	void *mem;
};

static inline bool plain_less(struct plain_key a, struct plain_key b)
{
	return ((unsigned __int128)a.at_ns << 64 | a.order) <
	       ((unsigned __int128)b.at_ns << 64 | b.order);
}

/** Room for @cap keys, on huge pages where there are any; each group of four in one line. */
static inline void plain_heap_init(struct plain_heap *h, size_t cap)
{
	const size_t huge = 2 << 20, bytes = ((cap + 8) * sizeof *h->key + huge - 1) / huge * huge;
	size_t i;

	h->mem = aligned_alloc(huge, bytes);
	assert(h->mem);
	(void)madvise(h->mem, bytes, MADV_HUGEPAGE);
	h->key = (struct plain_key *)h->mem + 3;
	h->n = 0;
	h->seq = 0;
	for (i = 0; i < cap + 5; i++)
		h->key[i] = (struct plain_key){UINT64_MAX, UINT64_MAX};
}

static inline void plain_push(struct plain_heap *h, uint64_t at_ns, uint64_t low)
{
	const struct plain_key k = {h->seq++ << 24 | low, at_ns};
	size_t i = h->n++, up;

	for (; i > 0; i = up) {
		up = (i - 1) / 4;
		if (!plain_less(k, h->key[up]))
			break;
		h->key[i] = h->key[up];
	}
	h->key[i] = k;
}

static inline struct plain_key plain_pop(struct plain_heap *h, bool prefetch)
{
	const struct plain_key top = h->key[0], last = h->key[--h->n];
	struct plain_key *const key = h->key;
	size_t i = 0, c, a, b, m, g;

	key[h->n] = (struct plain_key){UINT64_MAX, UINT64_MAX};
	for (c = 1; c < h->n; c = 4 * i + 1) {
		g = 16 * i + 5;
		if (prefetch && g + 12 < h->n) {
			__builtin_prefetch(&key[g]);
			__builtin_prefetch(&key[g + 4]);
			__builtin_prefetch(&key[g + 8]);
			__builtin_prefetch(&key[g + 12]);
		}
		a = c + plain_less(key[c + 1], key[c]);
		b = c + 2 + plain_less(key[c + 3], key[c + 2]);
		m = a + (b - a) * plain_less(key[b], key[a]);
		if (!plain_less(key[m], last))
			break;
		key[i] = key[m];
		i = m;
	}
	if (h->n > 0)
		key[i] = last;
	return top;
}

static inline double cpu_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static inline int plain_ascending(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/** Sorts @x. */
static inline double median(double *x, size_t n)
{
	qsort(x, n, sizeof *x, plain_ascending);
	return (x[(n - 1) / 2] + x[n / 2]) / 2.0;
}

#endif
