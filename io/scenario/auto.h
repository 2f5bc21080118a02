#ifndef OFFING_IO_SCENARIO_AUTO_H
#define OFFING_IO_SCENARIO_AUTO_H

#include "io/scenario/parts.h"

/** `instances: auto` is short for `instances: {auto: {}}`. */
void auto_normalise(struct arena *a, struct yaml_node *root);

/** Has @map, of instances, the key auto? Then it is taken, and *@ok says whether it may stand
 *  there; all else waits for auto_instances(). */
bool auto_take(struct schema_reader *r, struct yaml_node *map, bool *ok);

/** Once sites and groups are known: ask for the instances, write them down and read them. */
void auto_instances(struct scenario_parts *p);

/** `offload: auto`: mark it; find the layers of an instance that is marked, whose site, model and
 *  profile are known; write them down for @e, of which @made is one. */
void auto_offload_mark(struct offload_spec *o);
MUST_CHECK bool auto_offload(struct scenario_parts *p, struct instance_spec *i);
void auto_offload_write(
	struct scenario_parts *p, struct instance_entry *e, const struct instance_spec *made);

/** Is there anybody who decides? Else it is an error at @at. */
MUST_CHECK bool auto_has_placer(struct scenario_parts *p, struct src_pos at);

/** Put the groups of users into the spec as far as they are known before the instances are:
 *  lengths, homes, models. */
void auto_show_groups(struct scenario_parts *p);

#endif
