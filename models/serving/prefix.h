#ifndef OFFING_MODELS_SERVING_PREFIX_H
#define OFFING_MODELS_SERVING_PREFIX_H

#include "models/serving/batch_parts.h"
#include "models/serving/prefix_tree.h"

/**
 * The prefix cache of a batch. Of the blocks that a sequence has (kvcache.h counts them all),
 * the full ones of what was computed are in the tree, where others find them; the rest is its own.
 * So kv.used, what is in use, is the blocks of the tree that somebody holds and those that are
 * somebody's own; the idle ones of the tree count as free, and used + idle never exceeds total.
 *
 * Without a cache (b->prefix.tree NULL) each of these is one test.
 */

/** At the start and the end of a batch. */
void prefix_init(struct batch *b, bool on);
void prefix_finish(struct batch *b);

/** So many of its first @tok tokens may be in the tree: what is its own alone only when it was here
 *  before, or in an earlier turn. */
static inline uint64_t prefix_known_tok(const struct sequence *q, uint64_t tok)
{
	return tok < q->known_tok ? tok : q->known_tok;
}

/** Could one block more than it holds be one of these? */
static inline bool prefix_may_find(const struct batch *b, const struct sequence *q, uint64_t tok)
{
	return b->prefix.tree &&
	       prefix_known_tok(q, tok) >= (q->prefix_blocks + UINT64_C(1)) * b->kv.block_tok;
}

uint64_t prefix_find_held(const struct batch *b, const struct sequence *q, uint64_t tok);

/** Of the blocks that @q will have, those that others hold now and that it need not ask for,
 *  beyond those set aside for it. @tok: of its tokens. */
static inline uint64_t prefix_shared_blocks(
	const struct batch *b, const struct sequence *q, uint64_t tok)
{
	return prefix_may_find(b, q, tok) ? prefix_find_held(b, q, tok) : 0;
}

/** Tokens that @q, in line, has to compute once admitted; at least one. */
uint64_t prefix_uncached_tok(const struct batch *b, const struct sequence *q);

/** Memory is set aside for @q, which waits: what others hold of it stays. Returns those blocks. */
uint64_t prefix_reserve(struct batch *b, struct sequence *q);

/** @q is admitted: it holds what is found of it. Sets computed_tok; returns the blocks found. */
uint64_t prefix_admit(struct batch *b, struct sequence *q);

void prefix_found_by_others(struct batch *b, struct sequence *q);

/** The step that is being formed computes the chunk of @q: from here on others find it. */
static inline void prefix_computes(struct batch *b, struct sequence *q)
{
	if (prefix_may_find(b, q, (uint64_t)q->computed_tok + q->chunk_tok))
		prefix_found_by_others(b, q);
}

/** Before the blocks of @q, in which @tok tokens are stored, are counted as free: what the tree
 *  keeps of them. */
void prefix_leaves(struct batch *b, struct sequence *q, uint64_t tok);

/** The prompt of @q is computed, its blocks stay until its KV has left for another instance, where
 *  it may have a place as well; then they are counted as free, or it stays after all. Returns how
 *  many blocks it has here in the tree. */
void prefix_park(struct batch *b, struct sequence *q);
void prefix_unpark(struct batch *b, struct sequence *q);
uint32_t prefix_keep(struct batch *b, struct sequence *q);

/** Start counting afresh; and what was counted. */
void prefix_measure(struct batch *b);
void prefix_gauge(const struct batch *b, struct gauge *out);

/** Blocks were taken: idle ones make room. */
static inline void prefix_settle(struct batch *b)
{
	struct prefix_tree *t = b->prefix.tree;

	if (t && b->kv.used + t->idle > b->kv.total)
		prefix_tree_evict(t, b->kv.used + t->idle - b->kv.total);
}

#endif
