#ifndef OFFING_POLICIES_ALL_H
#define OFFING_POLICIES_ALL_H

#include "models/offload/policy.h"

/** One table a policy; each is defined in the file of its name. */
extern const struct policy_ops policy_random;
extern const struct policy_ops policy_fcfs;
extern const struct policy_ops policy_k_p_fcfs;
extern const struct policy_ops policy_cloud_only;
extern const struct policy_ops policy_edge_only;
extern const struct policy_ops policy_locality;
extern const struct policy_ops policy_jsq;
extern const struct policy_ops policy_power_of_d;
extern const struct policy_ops policy_least_work;
extern const struct policy_ops policy_round_robin;
extern const struct policy_ops policy_max_weight;
extern const struct policy_ops policy_perllm;
extern const struct policy_ops policy_separated;

/** All of them, the paper's first, in the order in which they are listed to users. */
struct policy_registry policies_all(void);

#endif
