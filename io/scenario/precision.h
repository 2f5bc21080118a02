#ifndef OFFING_IO_SCENARIO_PRECISION_H
#define OFFING_IO_SCENARIO_PRECISION_H

#include "io/yaml/schema.h"
#include "models/scenario.h"

/** `run.precision`: a share for all metrics, `none`, or metrics with theirs, as a map or as one
 * text "e2e.p95_s=2 %,lyapunov.verdict=1 %", as --precision has it. */
bool precision_read(struct schema_reader *r, const struct yaml_node *n,
	const struct schema_key *key, struct run_spec *run);

/** `run.precision_of`: `large`, or names, as a list or as one text with commas. */
bool precision_read_of(struct schema_reader *r, const struct yaml_node *n, struct run_spec *run);

#endif
