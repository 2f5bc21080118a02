/* A shared object of the first ABI: what it exports has another name. */
extern const int offing_policy_v1;

const int offing_policy_v1 = 1;
