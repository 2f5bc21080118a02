#ifndef OFFING_STUDY_TOKEN_METER_H
#define OFFING_STUDY_TOKEN_METER_H

#include <stddef.h>
#include <stdint.h>

#include "models/probe.h"

/**
 * Token times by instance: who listens to one replication and keeps, of the answers that each
 * instance made while it was measured, the mean time from one token to the next.
 */
struct token_meter;

struct token_reading {
	uint64_t n;     /* answers of two tokens or more */
	double token_s; /* mean over them; NaN of none */
};

/** Of a scenario with so many instances. Free with token_meter_destroy(), which takes NULL. */
struct token_meter *token_meter_create(size_t n_instances);
void token_meter_destroy(struct token_meter *m);

/** That listens; lives as long as @m. Begin anew: what was kept is forgotten. */
const struct probe *token_meter_begin(struct token_meter *m);

struct token_reading token_meter_read(const struct token_meter *m, uint32_t instance);

#endif
