#ifndef OFFING_MODELS_INSTANCE_HOST_H
#define OFFING_MODELS_INSTANCE_HOST_H

#include <stdint.h>

#include "models/ids.h"

struct world;

/** What an instance tells its owner. */
struct instance_host {
	/** Its part of @request is done and its place is free. */
	void (*served)(struct world *w, uint32_t request);
	/** What it can take has changed by itself. */
	void (*room)(struct world *w, struct instance_id i);
};

#endif
