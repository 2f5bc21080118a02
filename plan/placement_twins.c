/* Executors that differ in nothing but their number: of those one order is enough. */
#include <stdlib.h>

#include "base/mem.h"
#include "plan/placement_search.h"

/* Nobody else's memory, so that exchanging two exchanges no third. */
static bool is_own(const struct placement_problem *p, const size_t *users, size_t on)
{
	return users[p->executors[on].memory] == 1;
}

static bool same_units(const struct placement_problem *p, size_t a, size_t b)
{
	for (size_t u = 0; u < p->n_units; u++)
		if (placement_exec_s(p, u, a) != placement_exec_s(p, u, b) ||
			placement_fetch_s(p, u, a) != placement_fetch_s(p, u, b))
			return false;
	return true;
}

static bool same_ways(const struct placement_problem *p, const double *way, size_t a, size_t b)
{
	size_t n = p->n_executors;

	if (!way)
		return true;
	for (size_t d = 0; d < n; d++)
		if (d != a && d != b &&
			(way[d * n + a] != way[d * n + b] || way[a * n + d] != way[b * n + d]))
			return false;
	return way[a * n + b] == way[b * n + a];
}

/* A draft may be on either. */
static bool same_drafts(const struct placement_problem *p, size_t a, size_t b)
{
	return p->draft_s[a] == p->draft_s[b] && same_ways(p, p->talk_s, a, b) &&
	       placement_talk_s(p, a, a) == placement_talk_s(p, b, b);
}

static bool are_twins(const struct placement_problem *p, int draft, size_t a, size_t b)
{
	const struct placement_executor *x = &p->executors[a], *y = &p->executors[b];
	size_t n = p->n_executors;

	if (x->host != y->host || x->buffer_bytes != y->buffer_bytes || x->enter_s != y->enter_s ||
		x->leave_s != y->leave_s ||
		p->memories[x->memory].bytes != p->memories[y->memory].bytes)
		return false;
	if (draft != PLACEMENT_NONE &&
		placement_talk_s(p, (size_t)draft, a) != placement_talk_s(p, (size_t)draft, b))
		return false;
	if (draft == PLACEMENT_NONE && p->draft && !same_drafts(p, a, b))
		return false;
	if (p->back_s && p->back_s[a * n + a] != p->back_s[b * n + b])
		return false;
	return same_units(p, a, b) && same_ways(p, p->hop_s, a, b) && same_ways(p, p->back_s, a, b);
}

int *search_twins(const struct placement_problem *p, int draft)
{
	size_t n = p->n_executors;
	int *twin = mem_zalloc(n, sizeof *twin), *last = mem_zalloc(n, sizeof *last);
	size_t *users = mem_zalloc(p->n_memories, sizeof *users);

	for (size_t d = 0; d < n; d++) {
		users[p->executors[d].memory]++;
		if (p->executors[d].host != PLACEMENT_NONE)
			users[p->executors[d].host]++;
	}
	for (size_t d = 0; d < n; d++) {
		twin[d] = PLACEMENT_NONE;
		last[d] = (int)d; /* of those like the first of their kind */
		if ((int)d == draft || !is_own(p, users, d))
			continue;
		for (size_t e = 0; e < d && twin[d] == PLACEMENT_NONE; e++)
			if (twin[e] == PLACEMENT_NONE && (int)e != draft && is_own(p, users, e) &&
				are_twins(p, draft, e, d)) {
				twin[d] = last[e];
				last[e] = (int)d;
			}
	}
	free(last);
	free(users);
	return twin;
}
