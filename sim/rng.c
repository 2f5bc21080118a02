#include "sim/rng.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include <Random123/philox.h>

#include "sim/ziggurat.h"

/* FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/ */
static uint64_t hash(const char *s)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * UINT64_C(0x100000001b3);
	return h;
}

static uint32_t number_of(uint32_t replication)
{
	return replication & ~(RNG_INVERSE | RNG_MIRROR);
}

void rng_init(
	struct rng *r, uint64_t seed, uint32_t replication, const char *purpose, const char *entity)
{
	*r = (struct rng){
		.key = {seed, hash(purpose)},
		.ctr = {0, 0, hash(entity), number_of(replication)},
		.next = RNG_WORDS,
		.inverse = replication & RNG_INVERSE,
		.mirror = replication & RNG_MIRROR,
	};
}

struct rng rng_numbered(const struct rng *r, uint64_t n)
{
	return (struct rng){
		.key = {r->key[0], r->key[1]},
		.ctr = {0, n, r->ctr[2], r->ctr[3]},
		.next = RNG_WORDS,
		.inverse = r->inverse,
		.mirror = r->mirror,
	};
}

void rng_refill(struct rng *r)
{
	const philox4x64_key_t key = {{r->key[0], r->key[1]}};
	philox4x64_ctr_t ctr = {{r->ctr[0], r->ctr[1], r->ctr[2], r->ctr[3]}};
	philox4x64_ctr_t a, b;

	a = philox4x64(ctr, key);
	ctr.v[0]++;
	b = philox4x64(ctr, key);
	memcpy(r->word, a.v, sizeof a.v);
	memcpy(r->word + 4, b.v, sizeof b.v);
	for (size_t i = 0; r->mirror && i < RNG_WORDS; i++)
		r->word[i] = ~r->word[i];
	r->ctr[0] += 2; /* 2^64 blocks will not be used up */
	r->next = 0;
}

void rng_table_init(struct rng_table *t, uint64_t seed, uint32_t replication, const char *purpose,
	const char *entity)
{
	*t = (struct rng_table){
		.key = {seed, hash(purpose)},
		.ctr = {0, 0, hash(entity), number_of(replication)},
	};
}

/* Streams have 0 where a table has its row and one. */
void rng_table_look(
	const struct rng_table *t, uint64_t row, uint64_t block, uint64_t word[RNG_TABLE_WORDS])
{
	const philox4x64_key_t key = {{t->key[0], t->key[1]}};
	const philox4x64_ctr_t ctr = {{block, row + 1, t->ctr[2], t->ctr[3]}};
	const philox4x64_ctr_t a = philox4x64(ctr, key);

	memcpy(word, a.v, sizeof a.v);
}

/** A draw of mean 1, slowly: for the 1.1 % that fall outside the rectangle of their @layer. */
static __attribute__((noinline)) double exponential_rest(struct rng *r, uint64_t layer, double x)
{
	double beyond = 0.0, y;
	uint64_t bits;

	for (;;) {
		if (layer == 0) { /* past the last layer the law starts anew */
			beyond += ZIG_EXP_R;
		} else {
			y = zig_exp_f[layer - 1] - zig_exp_f[layer];
			if (zig_exp_f[layer] + rng_uniform(r) * y < exp(-x))
				return beyond + x;
		}
		bits = rng_next(r);
		layer = bits & 255;
		x = (double)(bits >> 11) * zig_exp_w[layer];
		if (bits >> 11 < zig_exp_k[layer])
			return beyond + x;
	}
}

static inline double exponential_ziggurat(struct rng *r, double mean)
{
	const uint64_t bits = rng_next(r), layer = bits & 255; /* 8 bits and 53 others */
	const double x = (double)(bits >> 11) * zig_exp_w[layer];

	return mean * (bits >> 11 < zig_exp_k[layer] ? x : exponential_rest(r, layer, x));
}

static __attribute__((noinline)) double exponential_inverse(struct rng *r, double mean)
{
	return -mean * log(rng_uniform_pos(r));
}

double rng_exponential(struct rng *r, double mean)
{
	if (r->inverse)
		return exponential_inverse(r, mean);
	return exponential_ziggurat(r, mean);
}

/* Lemire, "Fast random integer generation in an interval", ACM TOMACS 29(1), 2019. */
uint64_t rng_below(struct rng *r, uint64_t n)
{
	unsigned __int128 wide;
	uint64_t reject;

	assert(n > 0);
	wide = (unsigned __int128)rng_next(r) * n;
	if ((uint64_t)wide < n) {
		reject = -n % n;
		while ((uint64_t)wide < reject)
			wide = (unsigned __int128)rng_next(r) * n;
	}
	return (uint64_t)(wide >> 64);
}

static void philox_set(void *state, unsigned long seed)
{
	struct rng *r = state;

	memset(r->ctr, 0, sizeof r->ctr);
	r->key[0] = seed;
	r->key[1] = 0;
	r->next = RNG_WORDS;
}

static unsigned long philox_get(void *state)
{
	return rng_next(state);
}

static double philox_get_double(void *state)
{
	return rng_uniform(state);
}

const gsl_rng_type rng_philox = {
	.name = "philox4x64-10",
	.max = UINT64_MAX,
	.min = 0,
	.size = sizeof(struct rng),
	.set = philox_set,
	.get = philox_get,
	.get_double = philox_get_double,
};

gsl_rng *rng_gsl(struct rng *r)
{
	r->gsl = (gsl_rng){&rng_philox, r};
	return &r->gsl;
}
