#ifndef OFFING_MODELS_SHORTEST_H
#define OFFING_MODELS_SHORTEST_H

#include <stddef.h>
#include <stdint.h>

/**
 * A multiset of whole numbers below a limit that knows its least: O(1) to add
 * and remove, O(limit / 64) words at worst to find the least. 4 bytes a number
 * of the range.
 */
struct shortest {
	uint32_t *count; /* by number */
	uint64_t *bits;  /* which counts are not 0 */
	size_t limit, n; /* numbers are in [0, limit); n of them are held */
};

void shortest_init(struct shortest *s, size_t limit);
void shortest_finish(struct shortest *s);
void shortest_add(struct shortest *s, size_t x);    /* x < limit */
void shortest_remove(struct shortest *s, size_t x); /* it must be held */
size_t shortest_least(const struct shortest *s);    /* n > 0 */

#endif
