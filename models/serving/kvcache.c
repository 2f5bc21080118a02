#include "models/serving/kvcache.h"

#include <stdlib.h>

#include "base/mem.h"

static uint32_t *residue_of(struct kvcache *c, uint64_t steps, uint64_t tok)
{
	uint64_t done = steps % c->block_tok;

	return &c->residue[((tok - 1) % c->block_tok + c->block_tok - done) % c->block_tok];
}

/** The residue whose sequences need a new block for the next step. */
static uint32_t residue_next(const struct kvcache *c)
{
	uint32_t done = (uint32_t)(c->steps % c->block_tok);

	return done == 0 ? 0 : c->block_tok - done;
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
	(*residue_of(c, c->steps, tok))++;
	if ((tok - 1) % c->block_tok == 0)
		c->fresh++;
	c->sequences++;
}

void kvcache_leave(struct kvcache *c, uint64_t joined, uint64_t tok)
{
	(*residue_of(c, c->steps, tok))--;
	c->sequences--;
	if (joined != c->steps) { /* the next step's block is not its own yet */
		c->used -= kvcache_blocks(c, tok - 1);
		return;
	}
	c->used -= kvcache_blocks(c, tok);
	if ((tok - 1) % c->block_tok == 0)
		c->fresh--;
}

uint64_t kvcache_need(const struct kvcache *c, uint64_t k)
{
	uint64_t cycles, rest, sum;
	uint32_t at;

	if (k == 0)
		return 0;
	cycles = (k - 1) / c->block_tok;
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
	uint64_t used = kvcache_need(c, 1), cycles, m;
	uint32_t at = residue_next(c);

	if (c->sequences * (k / c->block_tok + 2) <= room)
		return k;
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
	c->fresh = 0;
}
