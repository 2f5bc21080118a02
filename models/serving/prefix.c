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

uint64_t prefix_shared_blocks(const struct batch *b, const struct sequence *q, uint64_t tok)
{
	if (!b->prefix.tree)
		return 0;
	return prefix_tree_find(b->prefix.tree, content_of(b, q), place_of(q), tok).held;
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
	blocks = q->prefix_blocks +
		 prefix_tree_find(b->prefix.tree, content_of(b, q), place_of(q), stored).blocks;
	return stored - computed_tok(b, q, blocks);
}

uint64_t prefix_reserve(struct batch *b, struct sequence *q)
{
	if (!b->prefix.tree)
		return 0;
	place_at(q, prefix_tree_hold(
			    b->prefix.tree, content_of(b, q), place_of(q), q->prompt_tok, true));
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
	place_at(q, prefix_tree_hold(t, content_of(b, q), place_of(q), batch_stored_tok(q), false));
	kvcache_take(&b->kv, t->held - held);
	q->computed_tok = (uint32_t)computed_tok(b, q, q->prefix_blocks);
	if (!q->again) {
		q->cached_tok = q->computed_tok;
		b->prefix.prompt_tok += q->prompt_tok;
		b->prefix.cached_tok += q->cached_tok;
	}
	return q->prefix_blocks;
}

/** Blocks of its own are the tree's now; of one that was there already there is no second copy. */
static void add(struct batch *b, struct sequence *q, uint64_t tok)
{
	struct prefix_tree *t = b->prefix.tree;
	uint64_t before = t->held, own = q->prefix_blocks;

	place_at(q, prefix_tree_add(t, content_of(b, q), place_of(q), tok));
	b->kv.used += t->held - before;
	b->kv.used -= q->prefix_blocks - own;
}

void prefix_computes(struct batch *b, struct sequence *q)
{
	if (b->prefix.tree)
		add(b, q, (uint64_t)q->computed_tok + q->chunk_tok);
}

/** The caller takes its blocks for its own. */
static void let_go(struct batch *b, struct prefix_place at)
{
	uint64_t held = b->prefix.tree->held;

	prefix_tree_drop(b->prefix.tree, at);
	b->kv.used += at.blocks;
	b->kv.used -= held - b->prefix.tree->held;
}

void prefix_leaves(struct batch *b, struct sequence *q, uint64_t tok)
{
	struct prefix_tree *t = b->prefix.tree;

	if (!t)
		return;
	prefix_settle(b);
	add(b, q, tok);
	let_go(b, place_of(q));
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
	if (!b->prefix.tree)
		return;
	prefix_settle(b);
	let_go(b, (struct prefix_place){q->parked_run, q->parked_prefix_blocks});
}

uint32_t prefix_keep(struct batch *b, struct sequence *q)
{
	if (!b->prefix.tree)
		return 0;
	place_at(q, (struct prefix_place){q->parked_run, q->parked_prefix_blocks});
	b->kv.used += q->prefix_blocks; /* it holds them on */
	return q->prefix_blocks;
}

void prefix_settle(struct batch *b)
{
	struct prefix_tree *t = b->prefix.tree;

	if (t && b->kv.used + t->idle > b->kv.total)
		prefix_tree_evict(t, b->kv.used + t->idle - b->kv.total);
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
