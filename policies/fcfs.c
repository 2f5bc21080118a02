/* fcfs: the oldest request goes to the instance that has been empty longest. */
#include "policies/all.h"
#include "policies/line.h"

static bool fcfs_next(struct policy_state *st, const struct view *v, struct assignment *out)
{
	(void)st;
	return line_next(v, TIERS_ALL, out);
}

const struct policy_ops policy_fcfs = {
	.name = "fcfs",
	.summary = "one queue; its oldest request to the instance idle longest",
	.next = fcfs_next,
};
