#include "base/near.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "base/quote.h"

enum { LONGEST = 63 };

static bool same(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/** One row of the table of distances: @now from @last, and @before for swaps. */
static void edits_row(const char *a, const char *b, size_t i, size_t nb, const size_t *before,
	const size_t *last, size_t *now)
{
	size_t j;

	now[0] = i;
	for (j = 1; j <= nb; j++) {
		now[j] = least(last[j], now[j - 1]) + 1;
		now[j] = least(now[j], last[j - 1] + !same(a[i - 1], b[j - 1]));
		if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
			now[j] = least(now[j], before[j - 2] + 1);
	}
}

size_t near_edits(const char *a, const char *b)
{
	size_t na = strlen(a), nb = strlen(b), rows[3][LONGEST + 1], i, j;

	if (na > LONGEST || nb > LONGEST)
		return na > nb ? na : nb;
	for (j = 0; j <= nb; j++)
		rows[0][j] = j;
	for (i = 1; i <= na; i++)
		edits_row(a, b, i, nb, rows[(i + 1) % 3], rows[(i + 2) % 3], rows[i % 3]);
	return rows[na % 3][nb];
}

void near_init(struct near *n, const char *word)
{
	n->word = word;
	n->best = NULL;
	n->best_edits = 0;
}

void near_add(struct near *n, const char *known)
{
	size_t edits = near_edits(n->word, known);

	if (n->best && edits >= n->best_edits)
		return;
	n->best = known;
	n->best_edits = edits;
}

const char *near_best(const struct near *n)
{
	size_t len = strlen(n->word), allowed = len < 3 ? 1 : (len + 2) / 3;

	/* A third of the letters may be wrong, but not all of them. */
	if (!n->best || n->best_edits > allowed || n->best_edits >= strlen(n->best))
		return NULL;
	return n->best;
}

bool near_refuse(const struct near *n, const char *what, struct err *err)
{
	const char *best = near_best(n);
	char quoted[QUOTE_SIZE];

	quote(quoted, sizeof quoted, n->word);
	return best ? err_input(err, "there is no %s '%s'; did you mean '%s'?", what, quoted, best)
		    : err_input(err, "there is no %s '%s'", what, quoted);
}
