#ifndef OFFING_SIM_RNG_H
#define OFFING_SIM_RNG_H

#include <gsl/gsl_rng.h>
#include <stdbool.h>
#include <stdint.h>

/**
 * Named random streams. A stream is (seed, replication, purpose, entity): draws
 * depend on nothing else, so that adding a server or changing the policy shifts
 * nobody's numbers (common random numbers), and a replication is the same on any
 * number of threads.
 *
 * The generator is Philox4x64-10 (Salmon et al., "Parallel random numbers: as easy
 * as 1, 2, 3", SC'11; Random123): a bijection of a 256-bit counter under a 128-bit
 * key. Key = {seed, hash(purpose)}, counter = {block, number, hash(entity), replication}:
 * two streams that differ in any of these never share a block, so they do not overlap.
 *
 * A struct rng is a value: copy it to replay it, move it freely, nothing to free.
 */

enum { RNG_WORDS = 8 }; /* two blocks at a time: their rounds overlap in the processor */

struct rng {
	uint64_t key[2];
	uint64_t ctr[4];
	uint64_t word[RNG_WORDS];
	uint32_t next; /* first unused of @word; RNG_WORDS when all are used */
	bool inverse;  /* RNG_INVERSE */
	bool mirror;   /* RNG_MIRROR */
	gsl_rng gsl;   /* as last handed out by rng_gsl() */
};

/**
 * Added to the number of a replication: one of a pair of antithetic ones. Both have RNG_INVERSE,
 * exponential draws by inversion, which takes one number each, and the second has RNG_MIRROR: 1 - u
 * where the first has u.
 */
#define RNG_INVERSE (UINT32_C(1) << 30)
#define RNG_MIRROR (UINT32_C(1) << 31)

/** Start the stream. Names are hashed (FNV-1a, 64 bits), not kept. */
void rng_init(struct rng *r, uint64_t seed, uint32_t replication, const char *purpose,
	const char *entity);

/** Stream number @n of the names of @r, which is number 0: for what comes in an order that no
 *  draw should depend on. */
struct rng rng_numbered(const struct rng *r, uint64_t n);

/** The stream as GSL wants it, for gsl_ran_*(); valid until @r moves. Both faces draw from
 *  the same stream. gsl_rng_set() starts it again with another seed and no names. */
gsl_rng *rng_gsl(struct rng *r);

/** Behind rng_gsl(): 64-bit integers, doubles in [0, 1) of 53 bits. */
extern const gsl_rng_type rng_philox;

/** Has anything been drawn? Exact, and true of a copy as of what it was copied from. */
static inline bool rng_drawn(const struct rng *r)
{
	return r->ctr[0] > 0;
}

/** Make the next RNG_WORDS words. For rng_next(). */
void rng_refill(struct rng *r);

/** 64 uniform bits. */
static inline uint64_t rng_next(struct rng *r)
{
	if (r->next == RNG_WORDS)
		rng_refill(r);
	return r->word[r->next++];
}

/** Uniform in [0, 1), a multiple of 2^-53. */
static inline double rng_uniform(struct rng *r)
{
	return (double)(rng_next(r) >> 11) * 0x1p-53;
}

/** Uniform in (0, 1), an odd multiple of 2^-53. */
static inline double rng_uniform_pos(struct rng *r)
{
	return ((double)(rng_next(r) >> 12) + 0.5) * 0x1p-52;
}

/**
 * Numbers that are looked up, not drawn in order: (row, place) has one, whoever asks and when. Rows
 * share no block with each other or with any stream of the same names.
 */
struct rng_table {
	uint64_t key[2], ctr[4];
};
enum { RNG_TABLE_WORDS = 4 };

void rng_table_init(struct rng_table *t, uint64_t seed, uint32_t replication, const char *purpose,
	const char *entity);

/** 64 uniform bits for each of the places 4 @block to 4 @block + 3 of @row, below 2^64 - 1. */
void rng_table_look(
	const struct rng_table *t, uint64_t row, uint64_t block, uint64_t word[RNG_TABLE_WORDS]);

/** Exponential with the given @mean, by a 256-layer ziggurat (Marsaglia and Tsang, "The
 *  ziggurat method for generating random variables", J. Stat. Soft. 5(8), 2000). */
double rng_exponential(struct rng *r, double mean);

/** Uniform on 0 .. @n - 1, without bias; @n > 0. */
uint64_t rng_below(struct rng *r, uint64_t n);

#endif
