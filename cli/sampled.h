#ifndef OFFING_CLI_SAMPLED_H
#define OFFING_CLI_SAMPLED_H

#include <stdbool.h>
#include <stddef.h>

/** What values were drawn from: replications, or antithetic pairs of them. */
struct sampled {
	bool single, pairs;
	size_t alone; /* complete replications left out, since the other of their pair is not */
};

/** One run more. */
void sampled_add(struct sampled *s, bool antithetic, size_t alone);

/** "replications", "antithetic pairs", or both: what a number of values is a number of. */
const char *sampled_unit(const struct sampled *s);

enum { SAMPLED_SIZE = 120 };

/** "; left out: 1 replication whose antithetic one is not complete", or "" where none is. */
const char *sampled_alone(char out[SAMPLED_SIZE], const struct sampled *s);

#endif
