#include "models/serving/kvcache.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static uint32_t within_block(const struct kvcache *c, uint64_t tok)
{
	return (uint32_t)(tok - kvcache_full_blocks(c, tok) * c->block_tok);
}

/** Of a sequence whose next step stores a token at place @place of its block. */
static uint32_t *residue_of(struct kvcache *c, uint32_t place)
{
	return &c->residue[place >= c->done ? place - c->done : place + c->block_tok - c->done];
}

/** The residue whose sequences need a new block for the next step. */
static uint32_t residue_next(const struct kvcache *c)
{
	return c->done == 0 ? 0 : c->block_tok - c->done;
}

/** The one for the step after. */
static uint32_t residue_after(const struct kvcache *c, uint32_t at)
{
	return at == 0 ? c->block_tok - 1 : at - 1;
}

void kvcache_init(struct kvcache *c, uint64_t total, uint32_t block_tok)
{
	*c = (struct kvcache){
		.block_tok = block_tok,
		.reciprocal = UINT64_MAX / block_tok + 1,
		.total = total,
		.residue = mem_zalloc(block_tok, sizeof *c->residue),
	};
}

void kvcache_finish(struct kvcache *c)
{
	free(c->residue);
	c->residue = NULL;
}

void kvcache_join(struct kvcache *c, uint64_t tok)
{
	uint32_t place = within_block(c, tok - 1);

	(*residue_of(c, place))++;
	if (place == 0)
		c->fresh++;
	c->sequences++;
}

void kvcache_leave(struct kvcache *c, uint64_t joined, uint64_t tok)
{
	uint32_t place = within_block(c, tok - 1);

	(*residue_of(c, place))--;
	c->sequences--;
	if (joined != c->steps) { /* the next step's block is not its own yet */
		c->used -= kvcache_blocks(c, tok - 1);
		return;
	}
	c->used -= kvcache_blocks(c, tok);
	if (place == 0)
		c->fresh--;
}

void kvcache_empty(struct kvcache *c)
{
	memset(c->residue, 0, c->block_tok * sizeof *c->residue);
	c->used = c->sequences = 0;
	c->fresh = 0;
}

uint64_t kvcache_need(const struct kvcache *c, uint64_t k)
{
	uint64_t cycles, rest, sum;
	uint32_t at;

	if (k == 0)
		return 0;
	cycles = kvcache_full_blocks(c, k - 1);
	rest = k - 1 - cycles * c->block_tok;
	at = residue_next(c);
	sum = c->residue[at] - c->fresh + cycles * c->sequences;
	while (rest-- > 0) {
		at = residue_after(c, at);
		sum += c->residue[at];
	}
	return sum;
}

uint64_t kvcache_steps_within(const struct kvcache *c, uint64_t k, uint64_t room)
{
	uint64_t used, cycles, m;
	uint32_t at = residue_next(c);

	if (c->sequences * (kvcache_full_blocks(c, k) + 2) <= room)
		return k;
	used = kvcache_need_next(c);
	if (c->sequences == 0 || used > room)
		return 0;
	cycles = (room - used) / c->sequences; /* that surely fit */
	used += cycles * c->sequences;
	for (m = 1 + cycles * c->block_tok; m < k; m++) {
		at = residue_after(c, at);
		used += c->residue[at];
		if (used > room)
			break;
	}
	return m < k ? m : k;
}

void kvcache_step(struct kvcache *c, uint64_t k)
{
	if (k == 0)
		return;
	kvcache_take(c, kvcache_need(c, k));
	c->steps += k;
	c->done = within_block(c, c->done + k);
	c->fresh = 0;
}
