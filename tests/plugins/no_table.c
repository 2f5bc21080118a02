/* A shared object that exports something, but no policy. */
extern const int offing_policy;

const int offing_policy = 7;
