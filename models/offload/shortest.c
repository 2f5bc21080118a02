#include "models/offload/shortest.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"

void shortest_init(struct shortest *s, size_t limit)
{
	*s = (struct shortest){
		.count = mem_zalloc(limit, sizeof *s->count),
		.bits = mem_zalloc(limit / 64 + 1, sizeof *s->bits),
		.limit = limit,
	};
}

void shortest_finish(struct shortest *s)
{
	free(s->count);
	free(s->bits);
	*s = (struct shortest){0};
}

void shortest_add(struct shortest *s, size_t x)
{
	assert(x < s->limit);
	if (s->count[x]++ == 0)
		s->bits[x / 64] |= UINT64_C(1) << (x % 64);
	s->n++;
}

void shortest_remove(struct shortest *s, size_t x)
{
	assert(x < s->limit && s->count[x] > 0);
	if (--s->count[x] == 0)
		s->bits[x / 64] &= ~(UINT64_C(1) << (x % 64));
	s->n--;
}

size_t shortest_least(const struct shortest *s)
{
	size_t word = 0, bit = 0;

	assert(s->n > 0);
	while (s->bits[word] == 0)
		word++;
	while (!(s->bits[word] >> bit & 1))
		bit++;
	return 64 * word + bit;
}
