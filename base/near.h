#ifndef OFFING_BASE_NEAR_H
#define OFFING_BASE_NEAR_H

#include <stddef.h>

#include "base/err.h"

/**
 * The known word that a mistyped one most resembles, for "did you mean":
 *
 *	struct near n;
 *
 *	near_init(&n, key);
 *	for (i = 0; i < n_keys; i++)
 *		near_add(&n, keys[i]);
 *	if (near_best(&n)) ...
 */
struct near {
	const char *word, *best; /* borrowed */
	size_t best_edits;
};

void near_init(struct near *n, const char *word);

/** Weigh one known word. The first of several equally near ones wins. */
void near_add(struct near *n, const char *known);

/** The nearest word added, or NULL when none is near enough to be meant. */
const char *near_best(const struct near *n);

/** "there is no WHAT 'WORD'", with the nearest. Always false. */
bool near_refuse(const struct near *n, const char *what, struct err *err);

/**
 * Insertions, deletions, replacements and swaps of neighbours that turn @a
 * into @b (optimal string alignment), letter case aside. Words of more than 63
 * bytes are as far from anything as they are long.
 */
size_t near_edits(const char *a, const char *b);

#endif
