#ifndef OFFING_IO_SCENARIO_SHAPING_H
#define OFFING_IO_SCENARIO_SHAPING_H

#include "io/yaml/schema.h"
#include "models/net/spec.h"

/** Between the files that read what shapes a link. */

/** The keys as given; what is 0, or has no line, was not. */
struct shaping {
	struct link_dir_spec dir;
	int qdisc; /* 0: not said; 1: tbf; 2: htb */
	int transport, sharing;
	double latency_s;
	double repeat_s;
	bool ends_in_for; /* the last entry of the schedule says how long */
	size_t n_steps;
	const struct rate_step *changes; /* of the schedule: rates < 0 stand for the link's own */
	struct src_pos qdisc_at, burst_at, limit_at, latency_at, peak_at, minburst_at, classes_at,
		sharing_at, schedule_at, trace_at, repeat_at;
};

/* classes.c: a struct netem; a struct link_dir_spec */
schema_read_fn read_loss, read_classes;

/* idle.c: warn of keys of @map that change nothing in the direction @d. */
void shaping_warn_idle(
	struct schema_reader *r, const struct yaml_node *map, const struct link_dir_spec *d);

/* rates.c: a struct shaping; a struct link_dir_spec */
schema_read_fn read_link_schedule, read_link_trace;

#endif
