#include "models/serving/prefix.h"

#include <stdlib.h>

#include "base/mem.h"
#include "models/serving/jump.h"

static const struct content *content_of(const struct batch *b, const struct sequence *q)
{
	const struct sequences *all = b->i->sequences;

	return &all->contents[q - all->at];
}

static struct prefix_place place_of(const struct sequence *q)
{
	return (struct prefix_place){q->prefix_run, q->prefix_blocks};
}

static void place_at(struct sequence *q, struct prefix_place at)
{
	q->prefix_run = at.run;
	q->prefix_blocks = (uint32_t)at.blocks;
}

void prefix_init(struct batch *b, bool on)
{
	if (!on)
		return;
	b->prefix.tree = mem_zalloc(1, sizeof *b->prefix.tree);
	prefix_tree_init(b->prefix.tree, b->kv.block_tok);
}

void prefix_finish(struct batch *b)
{
	if (b->prefix.tree)
		prefix_tree_finish(b->prefix.tree);
	free(b->prefix.tree);
}

uint64_t prefix_find_held(const struct batch *b, const struct sequence *q, uint64_t tok)
{
	return prefix_tree_find(
		b->prefix.tree, content_of(b, q), place_of(q), prefix_known_tok(q, tok))
		.held;
}

static void hold(struct batch *b, struct sequence *q, uint64_t tok, bool held_only)
{
	if (prefix_may_find(b, q, tok))
		place_at(q, prefix_tree_hold(b->prefix.tree, content_of(b, q), place_of(q),
				    prefix_known_tok(q, tok), held_only));
}

/** What is found is not computed again, but for the last token, whose row gives the next one. */
static uint64_t computed_tok(const struct batch *b, const struct sequence *q, uint64_t blocks)
{
	uint64_t found = blocks * b->kv.block_tok, stored = batch_stored_tok(q);

	return found < stored ? found : stored - 1;
}

uint64_t prefix_uncached_tok(const struct batch *b, const struct sequence *q)
{
	uint64_t stored = batch_stored_tok(q), blocks;

	if (!b->prefix.tree)
		return stored;
	blocks = q->prefix_blocks;
	if (prefix_may_find(b, q, stored))
		blocks += prefix_tree_find(
			b->prefix.tree, content_of(b, q), place_of(q), prefix_known_tok(q, stored))
				  .blocks;
	return stored - computed_tok(b, q, blocks);
}

uint64_t prefix_reserve(struct batch *b, struct sequence *q)
{
	if (!b->prefix.tree)
		return 0;
	hold(b, q, q->prompt_tok, true);
	return q->prefix_blocks;
}

uint64_t prefix_admit(struct batch *b, struct sequence *q)
{
	struct prefix_tree *t = b->prefix.tree;
	uint64_t held;

	q->computed_tok = 0;
	if (!t)
		return 0;
	prefix_settle(b);
	held = t->held;
	hold(b, q, batch_stored_tok(q), false);
	kvcache_take(&b->kv, t->held - held);
	q->computed_tok = (uint32_t)computed_tok(b, q, q->prefix_blocks);
	if (!q->again) {
		q->cached_tok = q->computed_tok;
		b->prefix.prompt_tok += q->prompt_tok;
		b->prefix.cached_tok += q->cached_tok;
	}
	return q->prefix_blocks;
}

/** Blocks of its own up to @tok, behind @at, are the tree's now; of one that was there already
 * there is no second copy. @over: nobody comes who goes on with what is its own. */
static struct prefix_place add(
	struct batch *b, const struct sequence *q, struct prefix_place at, uint64_t tok, bool over)
{
	struct prefix_tree *t = b->prefix.tree;
	uint64_t held = t->held, before = at.blocks, full = kvcache_full_blocks(&b->kv, tok);
	uint64_t known = over ? prefix_known_tok(q, tok) : tok;

	if (known >= (at.blocks + 1) * b->kv.block_tok)
		at = prefix_tree_add(t, content_of(b, q), at, known);
	if (over && full > at.blocks)
		at = prefix_tree_bury(t, at, full - at.blocks);
	b->kv.used += t->held - held;
	b->kv.used -= at.blocks - before;
	return at;
}

void prefix_found_by_others(struct batch *b, struct sequence *q)
{
	uint64_t tok = (uint64_t)q->computed_tok + q->chunk_tok;
	uint32_t own_tok = content_of(b, q)->own_tok; /* what is its own nobody looks for yet */

	place_at(q, add(b, q, place_of(q), tok < own_tok ? tok : own_tok, false));
}

/** The caller takes its blocks for its own. */
static void let_go(struct batch *b, struct prefix_place at)
{
	uint64_t held = b->prefix.tree->held;

	prefix_tree_drop(b->prefix.tree, at);
	b->kv.used += at.blocks;
	b->kv.used -= held - b->prefix.tree->held;
}

/** @done: it will not be back. */
static void keep(
	struct batch *b, struct sequence *q, struct prefix_place at, uint64_t tok, bool done)
{
	prefix_settle(b);
	if (!done)
		q->known_tok = UINT32_MAX;
	let_go(b, add(b, q, at, tok, done && q->known_tok < UINT32_MAX));
}

void prefix_leaves(struct batch *b, struct sequence *q, uint64_t tok)
{
	if (!b->prefix.tree)
		return;
	keep(b, q, place_of(q), tok, tok + 1 >= (uint64_t)q->prompt_tok + q->output_tok);
	place_at(q, (struct prefix_place){0});
}

void prefix_park(struct batch *b, struct sequence *q)
{
	if (!b->prefix.tree)
		return;
	q->parked_run = q->prefix_run;
	q->parked_prefix_blocks = q->prefix_blocks;
	place_at(q, (struct prefix_place){0});
}

void prefix_unpark(struct batch *b, struct sequence *q)
{
	if (b->prefix.tree)
		keep(b, q, (struct prefix_place){q->parked_run, q->parked_prefix_blocks},
			q->prompt_tok, true);
}

uint32_t prefix_keep(struct batch *b, struct sequence *q)
{
	if (!b->prefix.tree)
		return 0;
	place_at(q, (struct prefix_place){q->parked_run, q->parked_prefix_blocks});
	b->kv.used += q->prefix_blocks; /* it holds them on */
	return q->prefix_blocks;
}

/** Blocks given up until now, for the steps that have begun, too. */
static uint64_t evicted(const struct batch *b)
{
	const struct prefix_tree *t = b->prefix.tree;
	uint64_t asked = b->kv.used + jump_need(b, jump_steps_begun(b)) + t->idle;

	return t->evicted + (asked > b->kv.total ? asked - b->kv.total : 0);
}

void prefix_measure(struct batch *b)
{
	struct prefix *p = &b->prefix;

	if (!p->tree)
		return;
	p->prompt_tok = p->cached_tok = 0;
	p->evicted = evicted(b);
}

void prefix_gauge(const struct batch *b, struct gauge *out)
{
	const struct prefix *p = &b->prefix;

	out->has_prefix_cache = p->tree != NULL;
	if (!p->tree)
		return;
	out->prompt_tok = p->prompt_tok;
	out->cached_tok = p->cached_tok;
	out->evicted_blocks = evicted(b) - p->evicted;
}
