/* edge-only: fcfs over the instances at edge sites, the user's own or any other. */
#include "policies/all.h"
#include "policies/line.h"

static bool edge_next(struct policy_state *st, const struct view *v, struct assignment *out)
{
	(void)st;
	return line_next(v, TIERS_EDGE, out);
}

static bool edge_check(const struct policy_state *st, const struct view *v, char *why, size_t size)
{
	(void)st;
	return line_check(v, TIERS_EDGE, "at the edge", why, size);
}

const struct policy_ops policy_edge_only = {
	.name = "edge-only",
	.summary = "fcfs over all edge instances; what only the cloud can serve is dropped",
	.next = edge_next,
	.check = edge_check,
};
