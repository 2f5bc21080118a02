#ifndef OFFING_TESTS_PLAN_TWIN_H
#define OFFING_TESTS_PLAN_TWIN_H

#include <stdbool.h>

#include "models/cost/cost.h"

/** The formulas of docs/planning.md, one by one. */

enum { TWIN_TOK_MOST = 600 };

/** One sequence: P(it has not its tokens after r rounds), and how many it has if so. */
struct twin_law {
	unsigned n;
	double more[TWIN_TOK_MOST + 1], won[TWIN_TOK_MOST + 1];
};

/** Of @tok tokens, up to TWIN_TOK_MOST; O(tok^2 k). */
void twin_law(struct twin_law *l, double alpha, unsigned k, unsigned tok);

/** A pass, as a line between powers of two up to @n and @n, and between the ends of the context. */
struct twin_line {
	const struct cost *cost;
	unsigned n, k; /* verified of each, 0: it decodes */
	double from_tok, to_tok;
};

/** Full passes of @size, and one of what is left, or a part of one. */
double twin_passes_s(const struct twin_line *l, double n, unsigned size, double tok);

/** The whole number at the middle between two of the values 2^i (1 + j / @per), or just below; for
 * all above @most that of @most. */
unsigned twin_rounded(double x, double per, double most);

/** What is best for @n sequences, behind @tok at first, that want @want each: k. @keeps: who ends
 * stays in the step until all have. */
unsigned twin_planned_k(const struct cost *model, const struct cost *draft, unsigned n,
	unsigned tok, unsigned want, unsigned percent, bool keeps);

#endif
