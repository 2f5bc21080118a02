#include "models/serving/prefix_tree.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { BUCKETS_FIRST = 64 };

/** What stands in a sequence from a block on: that block, and how many more of the stream that it
 *  ends in. */
struct stretch {
	uint64_t first;
	uint64_t key, from;
	uint64_t blocks; /* that block among them; 0: no full one is left */
};

static uint64_t fold(uint64_t h, const struct content_piece *p, uint64_t tok)
{
	return content_mix(content_mix(content_mix(h + p->key) + p->from) + tok);
}

static uint64_t pure(uint64_t key, uint64_t from, uint32_t block_tok)
{
	return fold(0, &(struct content_piece){.key = key, .from = from}, block_tok);
}

static struct stretch stretch_at(
	const struct prefix_tree *t, const struct content *c, uint64_t block, uint64_t end)
{
	uint64_t at = block * t->block_tok, left = t->block_tok;
	struct content_piece p = {0};
	struct stretch s = {0};

	if (at >= end || end - at < t->block_tok)
		return s;
	while (left > 0) { /* the pieces of the first block */
		uint64_t n;

		p = content_at(c, at);
		n = p.tok < left ? p.tok : left;
		s.first = fold(s.first, &p, n);
		p.from += n;
		p.tok -= p.tok == UINT64_MAX ? 0 : n;
		at += n;
		left -= n;
	}
	s.key = p.key;
	s.from = p.from;
	s.blocks = 1 + (p.tok < end - at ? p.tok : end - at) / t->block_tok;
	return s;
}

/* Runs by (parent, first) */

static uint32_t *bucket(const struct prefix_tree *t, uint32_t parent, uint64_t first)
{
	return &t->buckets[content_mix(first + parent) & (t->n_buckets - 1)];
}

static void enter(struct prefix_tree *t, uint32_t r)
{
	uint32_t *b = bucket(t, t->runs[r].parent, t->runs[r].first);

	t->runs[r].chain = *b;
	*b = r;
}

static void remove_from_bucket(struct prefix_tree *t, uint32_t r)
{
	uint32_t *b = bucket(t, t->runs[r].parent, t->runs[r].first);

	while (*b != r)
		b = &t->runs[*b].chain;
	*b = t->runs[r].chain;
}

static void widen(struct prefix_tree *t)
{
	uint32_t n = t->n_buckets, *old = t->buckets;

	t->n_buckets = 2 * n;
	t->buckets = mem_zalloc(t->n_buckets, sizeof *t->buckets);
	for (uint32_t k = 0; k < n; k++)
		for (uint32_t r = old[k], next; r != 0; r = next) {
			next = t->runs[r].chain;
			enter(t, r);
		}
	free(old);
}

static uint32_t child(const struct prefix_tree *t, uint32_t parent, const struct stretch *s)
{
	uint32_t r = *bucket(t, parent, s->first);

	while (r != 0 && (t->runs[r].parent != parent || t->runs[r].first != s->first))
		r = t->runs[r].chain;
	return r;
}

static uint32_t take_slot(struct prefix_tree *t)
{
	uint32_t r = t->free;

	if (r != 0) {
		t->free = t->runs[r].chain;
	} else {
		t->runs = mem_grow(t->runs, t->n_runs, &t->cap_runs, sizeof *t->runs);
		r = (uint32_t)t->n_runs++;
	}
	return r;
}

static uint32_t run_new(struct prefix_tree *t, struct prefix_run with)
{
	uint32_t r = take_slot(t);

	t->runs[r] = with;
	if (++t->n_used > t->n_buckets)
		widen(t);
	enter(t, r);
	return r;
}

static void run_free(struct prefix_tree *t, uint32_t r)
{
	if (!t->runs[r].buried) {
		remove_from_bucket(t, r);
		t->n_used--;
	}
	t->runs[t->runs[r].parent].children--;
	t->runs[r].chain = t->free;
	t->free = r;
}

/* The queue of those that nobody holds */

static void queue_put(struct prefix_tree *t, uint32_t r, uint32_t behind)
{
	struct prefix_run *run = &t->runs[r];

	run->older = behind;
	run->newer = behind != 0 ? t->runs[behind].newer : t->oldest;
	*(run->older != 0 ? &t->runs[run->older].newer : &t->oldest) = r;
	*(run->newer != 0 ? &t->runs[run->newer].older : &t->newest) = r;
}

static void queue_leave(struct prefix_tree *t, uint32_t r)
{
	const struct prefix_run *run = &t->runs[r];

	*(run->older != 0 ? &t->runs[run->older].newer : &t->oldest) = run->newer;
	*(run->newer != 0 ? &t->runs[run->newer].older : &t->newest) = run->older;
}

static void hold(struct prefix_tree *t, uint32_t r)
{
	struct prefix_run *run = &t->runs[r];

	if (run->holders++ > 0)
		return;
	queue_leave(t, r);
	t->idle -= run->blocks;
	t->held += run->blocks;
}

/** Cut run @r behind its first @blocks; what is left of it keeps its name. Returns the front. */
static uint32_t split(struct prefix_tree *t, uint32_t r, uint64_t blocks)
{
	struct prefix_run front = t->runs[r];
	struct prefix_run *back;
	uint32_t f;

	remove_from_bucket(t, r);
	front.blocks = blocks;
	front.children = 1;
	f = run_new(t, front);
	back = &t->runs[r];
	back->first = pure(back->key, back->from + (blocks - 1) * t->block_tok, t->block_tok);
	back->from += blocks * t->block_tok;
	back->blocks -= blocks;
	back->parent = f;
	enter(t, r);
	if (back->holders == 0)
		queue_put(t, f, r);
	return f;
}

/** How many blocks of the run @r stand there in a row, of which the first is equal. */
static uint64_t common(const struct prefix_run *r, const struct stretch *s)
{
	return r->blocks < s->blocks ? r->blocks : s->blocks;
}

struct prefix_found prefix_tree_find(
	const struct prefix_tree *t, const struct content *c, struct prefix_place at, uint64_t tok)
{
	struct prefix_found found = {0, 0};

	for (;;) {
		struct stretch s = stretch_at(t, c, at.blocks, tok);
		uint32_t r = s.blocks > 0 ? child(t, at.run, &s) : 0;
		uint64_t n;

		if (r == 0)
			return found;
		n = common(&t->runs[r], &s);
		found.blocks += n;
		if (t->runs[r].holders > 0)
			found.held += n;
		at.blocks += n;
		at.run = r;
		if (n < t->runs[r].blocks)
			return found;
	}
}

struct prefix_place prefix_tree_hold(struct prefix_tree *t, const struct content *c,
	struct prefix_place at, uint64_t tok, bool held_only)
{
	for (;;) {
		struct stretch s = stretch_at(t, c, at.blocks, tok);
		uint32_t r = s.blocks > 0 ? child(t, at.run, &s) : 0;
		uint64_t n;

		if (r == 0 || (held_only && t->runs[r].holders == 0))
			return at;
		n = common(&t->runs[r], &s);
		if (n < t->runs[r].blocks)
			r = split(t, r, n);
		hold(t, r);
		at.run = r;
		at.blocks += n;
	}
}

/** Does @s go on where run @r, which nobody else has and nothing follows, ends? */
static bool extends(const struct prefix_tree *t, uint32_t r, const struct stretch *s)
{
	const struct prefix_run *run = &t->runs[r];
	uint64_t end = run->from + (run->blocks - 1) * t->block_tok;

	return r != 0 && run->holders == 1 && run->children == 0 && run->key == s->key &&
	       end + t->block_tok == s->from && pure(run->key, end, t->block_tok) == s->first;
}

struct prefix_place prefix_tree_add(
	struct prefix_tree *t, const struct content *c, struct prefix_place at, uint64_t tok)
{
	for (;;) {
		struct stretch s;

		at = prefix_tree_hold(t, c, at, tok, false);
		s = stretch_at(t, c, at.blocks, tok);
		if (s.blocks == 0)
			return at;
		if (extends(t, at.run, &s)) {
			t->runs[at.run].blocks += s.blocks;
		} else {
			t->runs[at.run].children++;
			at.run = run_new(t, (struct prefix_run){
						    .first = s.first,
						    .key = s.key,
						    .from = s.from,
						    .blocks = s.blocks,
						    .parent = at.run,
						    .holders = 1,
					    });
		}
		t->held += s.blocks;
		at.blocks += s.blocks;
	}
}

struct prefix_place prefix_tree_bury(struct prefix_tree *t, struct prefix_place at, uint64_t blocks)
{
	uint32_t r = take_slot(t);

	t->runs[r] = (struct prefix_run){
		.blocks = blocks, .parent = at.run, .holders = 1, .buried = true};
	t->runs[at.run].children++;
	t->held += blocks;
	return (struct prefix_place){r, at.blocks + blocks};
}

void prefix_tree_drop(struct prefix_tree *t, struct prefix_place at)
{
	for (uint32_t r = at.run; r != 0; r = t->runs[r].parent) {
		struct prefix_run *run = &t->runs[r];

		if (--run->holders > 0)
			continue;
		queue_put(t, r, t->newest);
		t->held -= run->blocks;
		t->idle += run->blocks;
	}
}

void prefix_tree_evict(struct prefix_tree *t, uint64_t blocks)
{
	assert(blocks <= t->idle);
	t->evicted += blocks;
	t->idle -= blocks;
	while (blocks > 0) {
		uint32_t r = t->oldest;
		struct prefix_run *run = &t->runs[r];
		uint64_t n = run->blocks < blocks ? run->blocks : blocks;

		assert(run->children == 0);
		run->blocks -= n;
		blocks -= n;
		if (run->blocks > 0)
			continue;
		queue_leave(t, r);
		run_free(t, r);
	}
}

void prefix_tree_init(struct prefix_tree *t, uint32_t block_tok)
{
	*t = (struct prefix_tree){
		.n_runs = 1,
		.cap_runs = 1,
		.runs = mem_zalloc(1, sizeof *t->runs),
		.buckets = mem_zalloc(BUCKETS_FIRST, sizeof *t->buckets),
		.n_buckets = BUCKETS_FIRST,
		.block_tok = block_tok,
	};
}

void prefix_tree_finish(struct prefix_tree *t)
{
	free(t->runs);
	free(t->buckets);
	*t = (struct prefix_tree){0};
}
