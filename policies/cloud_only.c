/* cloud-only: fcfs over the instances in the cloud. */
#include "policies/all.h"
#include "policies/line.h"

static bool cloud_next(struct policy_state *st, const struct view *v, struct assignment *out)
{
	(void)st;
	return line_next(v, TIERS_CLOUD, out);
}

static bool cloud_check(const struct policy_state *st, const struct view *v, char *why, size_t size)
{
	(void)st;
	return line_check(v, TIERS_CLOUD, "in the cloud", why, size);
}

const struct policy_ops policy_cloud_only = {
	.name = "cloud-only",
	.summary = "fcfs over the cloud's instances; what only the edge can serve is dropped",
	.next = cloud_next,
	.check = cloud_check,
};
