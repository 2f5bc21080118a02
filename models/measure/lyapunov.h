#ifndef OFFING_MODELS_LYAPUNOV_H
#define OFFING_MODELS_LYAPUNOV_H

#include <math.h>

#include "base/mem.h"
#include "models/probe.h"
#include "sim/stat.h"

/** Eq. 20 and 21 at the ends of the slots. */
struct lyapunov {
	double L;     /* half the sum of the squared queues */
	double drift; /* L minus that of the slot before; NaN at the first */
};

/** Before the first slot. */
static inline struct lyapunov lyapunov_begin(void)
{
	return (struct lyapunov){(double)NAN, (double)NAN};
}

void lyapunov_next(struct lyapunov *y, const struct queue_sample *q);

/** A probe that takes their means over the slots that end in the window. */
struct lyapunov_means {
	struct stat_mean L, drift;
};

struct probe lyapunov_create(struct arena *a);
const struct lyapunov_means *lyapunov_means(const struct probe *p);

#endif
