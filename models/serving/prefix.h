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

/** Of the blocks that @q will have, those that others hold now and that it need not ask for,
 *  beyond those set aside for it. @tok: of its tokens. */
uint64_t prefix_shared_blocks(const struct batch *b, const struct sequence *q, uint64_t tok);

/** Tokens that @q, in line, has to compute once admitted; at least one. */
uint64_t prefix_uncached_tok(const struct batch *b, const struct sequence *q);

/** Memory is set aside for @q, which waits: what others hold of it stays. Returns those blocks. */
uint64_t prefix_reserve(struct batch *b, struct sequence *q);

/** @q is admitted: it holds what is found of it. Sets computed_tok; returns the blocks found. */
uint64_t prefix_admit(struct batch *b, struct sequence *q);

/** The step that is being formed computes the chunk of @q: from here on others find it. */
void prefix_computes(struct batch *b, struct sequence *q);

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
void prefix_settle(struct batch *b);

#endif
