#ifndef OFFING_IO_EXPORT_BLOCKS_H
#define OFFING_IO_EXPORT_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/content.h"

/**
 * Numbers for blocks of prompts, as hash_ids of Mooncake's traces are: a block has the number of an
 * earlier one when it and all before it in its prompt are equal; else the next from 0 on.
 */
struct blocks {
	size_t n, cap; /* a power of two */
	struct block *at;
};

enum { BLOCK_TOK = 512 };

void blocks_finish(struct blocks *b);

/** The number of block @k of a prompt of @prompt_tok that is @c; *@chain is what all before it
 *  came to, 0 for the first, and goes on with this one. */
uint64_t blocks_number(struct blocks *b, const struct content *c, uint32_t prompt_tok, uint32_t k,
	uint64_t *chain);

#endif
