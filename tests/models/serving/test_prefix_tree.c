/* The tree of the prefix cache against the plainest one: every block is a list of all tokens up to
 * its end, in one array, the longest unused found by looking at all. */
#include "tests/support/check.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "models/serving/prefix_tree.h"

enum { BLOCKS = 4000, TOKENS = 160, HOLDERS = 12, LIVES = 200 };

struct plain_block {
	uint32_t tok[TOKENS]; /* all up to its end */
	uint32_t n;
	uint32_t holders;
	uint64_t let_go; /* order of it */
};

struct plain {
	struct plain_block *at;
	size_t n;
	uint64_t order, evicted;
	uint32_t block_tok;
};

static struct plain_block *plain_find(struct plain *p, const uint32_t *tok, uint32_t n)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->at[i].n == n && memcmp(p->at[i].tok, tok, n * sizeof *tok) == 0)
			return &p->at[i];
	return NULL;
}

static uint64_t plain_count(const struct plain *p, bool held)
{
	uint64_t n = 0;

	for (size_t i = 0; i < p->n; i++)
		n += (p->at[i].holders > 0) == held;
	return n;
}

static void plain_evict(struct plain *p, uint64_t n)
{
	for (; n > 0; n--) {
		size_t oldest = p->n;

		for (size_t i = 0; i < p->n; i++)
			if (p->at[i].holders == 0 &&
				(oldest == p->n || p->at[i].let_go < p->at[oldest].let_go))
				oldest = i;
		p->at[oldest] = p->at[--p->n];
		p->evicted++;
	}
}

static void plain_add(struct plain *p, const uint32_t *tok, uint32_t n)
{
	struct plain_block *b = &p->at[p->n++];

	assert_true(p->n <= BLOCKS);
	memcpy(b->tok, tok, n * sizeof *tok);
	b->n = n;
	b->holders = 1;
}

static void plain_drop(struct plain *p, const uint32_t *tok, uint64_t blocks)
{
	for (; blocks > 0; blocks--) {
		struct plain_block *b = plain_find(p, tok, (uint32_t)blocks * p->block_tok);

		if (--b->holders == 0)
			b->let_go = ++p->order;
	}
}

static uint64_t next_random(uint64_t *x)
{
	*x += 0x9e3779b97f4a7c15u;
	return content_mix(*x);
}

/** Every token has a number: that of its stream and its place there. */
static void spell(const struct content *c, uint32_t *tok)
{
	for (uint64_t i = 0; i < TOKENS; i++) {
		struct content_piece p = content_at(c, i);

		tok[i] = (uint32_t)(p.key << 16 | p.from);
	}
}

static struct content random_content(uint64_t *x, uint64_t *ids)
{
	struct content c = {
		.prefix = 1 + next_random(x) % 3,
		.own = 100 + next_random(x) % 8,
		.prefix_tok = next_random(x) % 2 ? (uint32_t)(next_random(x) % 40) : 0,
		.ids = ids,
		.id_tok = 1 + (uint32_t)(next_random(x) % 3) * 9,
	};

	if (next_random(x) % 2)
		c.n_ids = (uint32_t)(next_random(x) % 6);
	for (uint32_t k = 0; k < c.n_ids; k++)
		ids[k] = 10 + next_random(x) % 3;
	c.own_tok = content_own_tok(&c, 1 + (uint32_t)(next_random(x) % 90));
	return c;
}

struct holder {
	struct content c;
	uint64_t ids[8];
	uint32_t tok[TOKENS];
	uint32_t n; /* tokens computed */
	struct prefix_place at;
	bool here;
};

/** Take what is there, and now and then the rest; @room: blocks in all. */
static void come(struct prefix_tree *t, struct plain *p, struct holder *h, uint64_t *x)
{
	struct prefix_found found;
	bool held_only = next_random(x) % 4 == 0;
	uint64_t blocks = 0, held = 0;

	h->c = random_content(x, h->ids);
	spell(&h->c, h->tok);
	h->n = 1 + (uint32_t)(next_random(x) % 100);
	for (; (blocks + 1) * p->block_tok <= h->n; blocks++) {
		const struct plain_block *b =
			plain_find(p, h->tok, (uint32_t)(blocks + 1) * p->block_tok);

		if (!b)
			break;
		held += b->holders > 0;
	}
	found = prefix_tree_find(t, &h->c, (struct prefix_place){0}, h->n);
	assert_int_equal(found.blocks, blocks);
	assert_int_equal(found.held, held);
	h->at = prefix_tree_hold(t, &h->c, (struct prefix_place){0}, h->n, held_only);
	assert_int_equal(h->at.blocks, held_only ? held : blocks);
	for (uint64_t k = 1; k <= h->at.blocks; k++)
		plain_find(p, h->tok, (uint32_t)k * p->block_tok)->holders++;
	h->here = true;
}

static void grow(struct prefix_tree *t, struct plain *p, struct holder *h, uint64_t *x)
{
	uint64_t before = h->at.blocks;

	if (h->n < TOKENS)
		h->n += (uint32_t)(next_random(x) % (TOKENS - h->n));
	h->at = prefix_tree_add(t, &h->c, h->at, h->n);
	assert_int_equal(h->at.blocks, h->n / p->block_tok);
	for (uint64_t k = before + 1; k <= h->at.blocks; k++) {
		struct plain_block *b = plain_find(p, h->tok, (uint32_t)k * p->block_tok);

		if (b)
			b->holders++;
		else
			plain_add(p, h->tok, (uint32_t)k * p->block_tok);
	}
}

static void agree(const struct prefix_tree *t, const struct plain *p)
{
	assert_int_equal(t->held, plain_count(p, true));
	assert_int_equal(t->idle, plain_count(p, false));
	assert_int_equal(t->evicted, p->evicted);
	assert_true(t->n_used <= t->held + t->idle);
}

static void random_life(uint64_t seed)
{
	static const uint32_t sizes[] = {1, 2, 5, 16};
	static struct holder holders[HOLDERS];
	struct plain p = {.at = mem_zalloc(BLOCKS, sizeof *p.at), .block_tok = sizes[seed % 4]};
	struct prefix_tree t;
	uint64_t x = seed;

	memset(holders, 0, sizeof holders);
	prefix_tree_init(&t, p.block_tok);
	for (int step = 0; step < 150; step++) {
		struct holder *h = &holders[next_random(&x) % HOLDERS];

		if (!h->here) {
			come(&t, &p, h, &x);
		} else if (next_random(&x) % 2) {
			grow(&t, &p, h, &x);
		} else {
			prefix_tree_drop(&t, h->at);
			plain_drop(&p, h->tok, h->at.blocks);
			h->here = false;
		}
		if (t.idle > 0 && (t.idle > 1500 || next_random(&x) % 3 == 0)) {
			uint64_t n = 1 + next_random(&x) % t.idle;

			prefix_tree_evict(&t, n);
			plain_evict(&p, n);
		}
		agree(&t, &p);
	}
	prefix_tree_finish(&t);
	free(p.at);
}

static void it_is_a_list_of_all_blocks_by_all_their_tokens(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= LIVES; seed++)
		random_life(seed);
}

/* Blocks of 4. A has 12 tokens, three blocks: let go of, they stand as 3, 2, 1. B shares the first
 * two and lets go of them: 3, then B's own 3', 2, 1. One block wanted: 3 goes, and A finds two
 * blocks; another: 3' goes; another: 2, and A finds one. */
static void the_end_of_what_is_longest_unused_goes_first(void **state)
{
	struct content a = {.prefix = 1, .prefix_tok = 8, .own = 2, .own_tok = 8};
	struct content b = {.prefix = 1, .prefix_tok = 8, .own = 3, .own_tok = 8};
	struct prefix_place root = {0}, at;
	struct prefix_tree t;

	(void)state;
	prefix_tree_init(&t, 4);
	at = prefix_tree_add(&t, &a, root, 12);
	assert_int_equal(at.blocks, 3);
	assert_int_equal(t.held, 3);
	prefix_tree_drop(&t, at);
	assert_int_equal(t.idle, 3);
	assert_int_equal(prefix_tree_find(&t, &b, root, 12).blocks, 2);
	at = prefix_tree_hold(&t, &b, root, 12, false);
	assert_int_equal(at.blocks, 2);
	assert_int_equal(t.idle, 1);
	at = prefix_tree_add(&t, &b, at, 12);
	prefix_tree_drop(&t, at);
	assert_int_equal(t.idle, 4);
	prefix_tree_evict(&t, 1);
	assert_int_equal(prefix_tree_find(&t, &a, root, 12).blocks, 2);
	assert_int_equal(prefix_tree_find(&t, &b, root, 12).blocks, 3);
	prefix_tree_evict(&t, 1);
	assert_int_equal(prefix_tree_find(&t, &b, root, 12).blocks, 2);
	prefix_tree_evict(&t, 1);
	assert_int_equal(prefix_tree_find(&t, &a, root, 12).blocks, 1);
	prefix_tree_evict(&t, 1);
	assert_int_equal(prefix_tree_find(&t, &a, root, 12).blocks, 0);
	assert_int_equal(t.n_used, 0);
	prefix_tree_finish(&t);
}

/* What nobody shares is one run, however long. */
static void a_tail_of_ones_own_is_one_run(void **state)
{
	struct content c = {.prefix = 1, .prefix_tok = 500, .own = 2, .own_tok = 500};
	struct prefix_place at = {0};
	struct prefix_tree t;

	(void)state;
	prefix_tree_init(&t, 16);
	for (uint64_t tok = 100; tok <= 100000; tok += 100)
		at = prefix_tree_add(&t, &c, at, tok);
	assert_int_equal(at.blocks, 6250);
	assert_int_equal(t.n_used, 2); /* 31 blocks of the prefix; what is behind */
	prefix_tree_finish(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_a_list_of_all_blocks_by_all_their_tokens),
		cmocka_unit_test(the_end_of_what_is_longest_unused_goes_first),
		cmocka_unit_test(a_tail_of_ones_own_is_one_run),
	};

	return cmocka_run_group_tests_name("prefix_tree", tests, NULL, NULL);
}
