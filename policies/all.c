#include "policies/all.h"

static const struct policy_ops *const all[] = {
	&policy_k_p_fcfs,
	&policy_fcfs,
	&policy_random,
	&policy_cloud_only,
	&policy_edge_only,
	&policy_locality,
	&policy_jsq,
	&policy_power_of_d,
	&policy_least_work,
	&policy_round_robin,
	&policy_max_weight,
	&policy_perllm,
	&policy_separated,
};

struct policy_registry policies_all(void)
{
	return (struct policy_registry){.n = sizeof all / sizeof all[0], .all = all};
}
