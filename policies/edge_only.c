/* edge-only: fcfs over the instances at edge sites, any of them or those of the user's home. */
#include <math.h>
#include <stddef.h>
#include <stdio.h>

#include "policies/all.h"
#include "policies/home.h"
#include "policies/line.h"

enum where { ANY, HOME };

struct policy_state {
	int at;
};

static const char *const where_words[] = {[ANY] = "any", [HOME] = "home", NULL};

static const struct param_spec params[] = {
	PARAM_CHOICE(struct policy_state, at, "at", where_words, ANY,
		"which edge site: any, or the user's home alone"),
	{0},
};

static bool edge_next(struct policy_state *st, const struct view *v, struct assignment *out)
{
	return st->at == HOME ? home_next(v, out) : line_next(v, TIERS_EDGE, out);
}

static bool edge_check(const struct policy_state *st, const struct view *v, char *why, size_t size)
{
	return st->at == HOME ? home_check(v, TIER_EDGE, why, size)
			      : line_check(v, TIERS_EDGE, "at the edge", why, size);
}

const struct policy_ops policy_edge_only = {
	.name = "edge-only",
	.summary = "fcfs over edge instances, any or those at home; others are not asked",
	.state_size = sizeof(struct policy_state),
	.params = params,
	.next = edge_next,
	.check = edge_check,
};
