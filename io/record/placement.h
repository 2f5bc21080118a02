#ifndef OFFING_IO_RECORD_PLACEMENT_H
#define OFFING_IO_RECORD_PLACEMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "models/scenario.h"

/** What an instance keeps of a model in one place: a row of the table `placement`. */
struct placement {
	const char *model, *site, *device;
	char tensor[80]; /* "all", "embedding, layers 1-20", "part 1 of 2", "draft", "draft at SITE"
			  */
	bool resident; /* in the memory of the device that computes it; else fetched for every step
			*/
	size_t stage;  /* of the pipeline, from 0 */
};

struct placements {
	struct placement *at; /* for the caller to free */
	size_t n, cap;
};

/** Append those of @i, none for a synthetic one: every part of its model once. */
void placements_add(
	struct placements *p, const struct scenario_spec *s, const struct instance_spec *i);

#endif
