#ifndef OFFING_MODELS_SERVING_PREFIX_TREE_H
#define OFFING_MODELS_SERVING_PREFIX_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/content.h"

/**
 * Full blocks of tokens, found again by all that stands before them, as a tree: what lies on the
 * path from the root is what stands before. A node is a run of blocks of which all but the first
 * are of one stream, so that the tail of a prompt and its answer, which nobody shares, are one
 * node whatever their length; a run is cut in two where sequences part.
 *
 * Blocks are counted, not placed. A run is held by the sequences that have it, or it is held by
 * nobody and stands in a queue, the longest unused first, until its blocks are wanted. A sequence
 * that lets go of its path puts it there from its end to the root; so a run never stands behind
 * one that it is the beginning of, and the blocks taken from the head of the queue, the last of a
 * run first, leave no gap in a path: the order in which vLLM evicts (V1's KVCacheManager.free():
 * blocks are freed in reverse order, so that the tail of a sequence goes first).
 *
 * A block is known by a hash of 64 bits of its tokens, under the run before it. Two that differ
 * are taken for one at odds of 1 to 2^64 for each pair of runs with one parent.
 *
 * Costs: a few loads a run of the path, to walk, take and let go; nothing grows with the blocks of
 * a run. Memory: a run has at least one block.
 */
struct prefix_run {
	uint64_t first;     /* of its first block: the hash of its tokens */
	uint64_t key, from; /* what its other blocks are of, and from where on */
	uint64_t blocks;
	uint32_t parent, children, holders;
	uint32_t chain;        /* next of those with its hash */
	uint32_t older, newer; /* in the queue, of those without holders */
	bool buried;
};

struct prefix_tree {
	struct prefix_run *runs; /* runs[0] is the root: no blocks, always there */
	size_t n_runs, cap_runs;
	uint32_t free;     /* chained; 0: none */
	uint32_t *buckets; /* a power of two of them */
	uint32_t n_buckets, n_used;
	uint32_t oldest, newest; /* the queue; 0: empty */
	uint32_t block_tok;
	uint64_t held, idle; /* blocks with holders, and without */
	uint64_t evicted;
};

/** The end of a run, and how many blocks lead to it. {0}: the root. */
struct prefix_place {
	uint32_t run;
	uint64_t blocks;
};

void prefix_tree_init(struct prefix_tree *t, uint32_t block_tok);
void prefix_tree_finish(struct prefix_tree *t);

/** Of the full blocks of the first @tok tokens of @c, how many are there behind @at, in a row; the
 *  first @held of them have holders. */
struct prefix_found {
	uint64_t blocks, held;
};
struct prefix_found prefix_tree_find(
	const struct prefix_tree *t, const struct content *c, struct prefix_place at, uint64_t tok);

/** Hold those, too, from @at, which is held, on; @held_only: as far as others hold them. Returns
 *  where they end. */
struct prefix_place prefix_tree_hold(struct prefix_tree *t, const struct content *c,
	struct prefix_place at, uint64_t tok, bool held_only);

/** The same, and those that are not there are from now on: all full blocks of @tok tokens. */
struct prefix_place prefix_tree_add(
	struct prefix_tree *t, const struct content *c, struct prefix_place at, uint64_t tok);

/** @blocks more behind @at, which nobody will ever look for: they are kept as others are. */
struct prefix_place prefix_tree_bury(
	struct prefix_tree *t, struct prefix_place at, uint64_t blocks);

/** One that held the path to @at lets go of it. */
void prefix_tree_drop(struct prefix_tree *t, struct prefix_place at);

/** @blocks that nobody holds are wanted for something else; there are as many. */
void prefix_tree_evict(struct prefix_tree *t, uint64_t blocks);

#endif
