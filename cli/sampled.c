#include "cli/sampled.h"

#include <stdio.h>

void sampled_add(struct sampled *s, bool antithetic, size_t alone)
{
	s->single = s->single || !antithetic;
	s->pairs = s->pairs || antithetic;
	s->alone += alone;
}

const char *sampled_unit(const struct sampled *s)
{
	if (!s->pairs)
		return "replications";
	return s->single ? "replications or antithetic pairs" : "antithetic pairs";
}

const char *sampled_alone(char out[SAMPLED_SIZE], const struct sampled *s)
{
	*out = '\0';
	if (s->alone > 0)
		snprintf(out, SAMPLED_SIZE,
			"; left out: %zu replication%s whose antithetic one is not complete",
			s->alone, s->alone == 1 ? "" : "s");
	return out;
}
