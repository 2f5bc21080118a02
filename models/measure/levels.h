#ifndef OFFING_MODELS_LEVELS_H
#define OFFING_MODELS_LEVELS_H

#include "base/mem.h"
#include "models/probe.h"

/**
 * A probe that samples the number of requests in the system at equal steps of
 * time, for MSER-5. The step is 1 ms at first; when the memory is full, every
 * other sample goes and the step doubles, so between @n and 2 @n samples are
 * left of a run of any length.
 */
struct probe levels_create(struct arena *a, size_t n);
void levels_destroy(const struct probe *p);

/** The samples up to @now_ns; the caller frees them. */
double *levels_take(const struct probe *p, int64_t now_ns, size_t *n);

#endif
