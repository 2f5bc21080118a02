#ifndef OFFING_MODELS_KVCACHE_H
#define OFFING_MODELS_KVCACHE_H

#include <stddef.h>
#include <stdint.h>

/**
 * The paged KV cache of one instance: blocks of block_tok tokens, counted, not
 * placed. used + reserved never exceeds total.
 *
 * Sequences that decode together store one token a step each. One whose next
 * step stores its token number s needs a new block for it when (s - 1) mod
 * block_tok == 0, so in any block_tok steps on end each needs one; which step
 * that is depends on its residue alone, and the cache counts sequences by
 * residue. What k steps will take is then a sum of at most block_tok counts,
 * whatever k and the number of sequences.
 */
struct kvcache {
	uint32_t block_tok;
	uint32_t done;       /* decode steps made, mod block_tok */
	uint64_t reciprocal; /* 2^64 / block_tok, rounded up; 0 for 1 */
	uint64_t total, used, reserved, peak;
	uint64_t sequences; /* that decode */
	uint64_t steps;     /* decode steps made */
	uint32_t *residue;  /* sequences by (s - 1 - steps) mod block_tok */
	uint32_t fresh;     /* joined since the last step with the block for it already theirs */
};

void kvcache_init(struct kvcache *c, uint64_t total, uint32_t block_tok);
void kvcache_finish(struct kvcache *c);

/** @tok / block_tok, by a product where that is exact: both below 2^32 (Granlund and Montgomery
 *  1994). Divisions would cost more than all else here. */
static inline uint64_t kvcache_full_blocks(const struct kvcache *c, uint64_t tok)
{
	if (tok > UINT32_MAX || c->reciprocal == 0)
		return tok / c->block_tok;
	return (uint64_t)((unsigned __int128)tok * c->reciprocal >> 64);
}

static inline uint64_t kvcache_blocks(const struct kvcache *c, uint64_t tok)
{
	return kvcache_full_blocks(c, tok + c->block_tok - 1);
}

static inline uint64_t kvcache_free(const struct kvcache *c)
{
	return c->total - c->used - c->reserved;
}

static inline void kvcache_take(struct kvcache *c, uint64_t blocks)
{
	c->used += blocks;
	if (c->used > c->peak)
		c->peak = c->used;
}

/** A sequence starts to decode; its next step stores token number @tok, and it
 *  holds the blocks for that. */
void kvcache_join(struct kvcache *c, uint64_t tok);

/** One that joined before step number @joined ends, and frees its blocks; its next step
 *  would have stored token number @tok. */
void kvcache_leave(struct kvcache *c, uint64_t joined, uint64_t tok);

/** Nobody decodes, and no block is used. */
void kvcache_empty(struct kvcache *c);

/** New blocks for the next step of all sequences together, and for the next @k. */
static inline uint64_t kvcache_need_next(const struct kvcache *c)
{
	return c->residue[c->done == 0 ? 0 : c->block_tok - c->done] - c->fresh;
}

uint64_t kvcache_need(const struct kvcache *c, uint64_t k);

/** The most steps, up to @k, whose new blocks number at most @room. */
uint64_t kvcache_steps_within(const struct kvcache *c, uint64_t k, uint64_t room);

/** Make @k steps: take the blocks they need. */
void kvcache_step(struct kvcache *c, uint64_t k);

#endif
