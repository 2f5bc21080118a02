#include "io/export/blocks.h"

#include <stdlib.h>

#include "base/mem.h"

struct block {
	uint64_t key; /* 0: free */
	uint64_t number;
};

enum { FIRST_CAP = 1024 };

void blocks_finish(struct blocks *b)
{
	free(b->at);
	*b = (struct blocks){0};
}

static struct block *find(const struct blocks *b, uint64_t key)
{
	size_t i = key & (b->cap - 1);

	while (b->at[i].key != 0 && b->at[i].key != key)
		i = (i + 1) & (b->cap - 1);
	return &b->at[i];
}

/* At most half full. */
static void grow(struct blocks *b)
{
	struct blocks old = *b;

	b->cap = old.cap ? 2 * old.cap : FIRST_CAP;
	b->at = mem_zalloc(b->cap, sizeof *b->at);
	for (size_t i = 0; i < old.cap; i++)
		if (old.at[i].key != 0)
			*find(b, old.at[i].key) = old.at[i];
	free(old.at);
}

static uint64_t number_of(struct blocks *b, uint64_t key)
{
	struct block *at;

	if (2 * b->n >= b->cap)
		grow(b);
	at = find(b, key);
	if (at->key == 0)
		*at = (struct block){key, b->n++};
	return at->number;
}

uint64_t blocks_number(
	struct blocks *b, const struct content *c, uint32_t prompt_tok, uint32_t k, uint64_t *chain)
{
	uint64_t at = (uint64_t)k * BLOCK_TOK, end = at + BLOCK_TOK;

	if (end > prompt_tok)
		end = prompt_tok;
	while (at < end) {
		struct content_piece p = content_at(c, at);
		const uint64_t tok = p.tok < end - at ? p.tok : end - at;

		*chain = content_mix(*chain + content_mix(p.key + content_mix(p.from)) + tok);
		at += tok;
	}
	*chain += *chain == 0; /* 0 is nobody's */
	return number_of(b, *chain);
}
