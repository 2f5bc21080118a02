#ifndef OFFING_MODELS_METRICS_H
#define OFFING_MODELS_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "models/ids.h"
#include "models/measure/metric.h"
#include "models/record.h"
#include "sim/stat.h"

/**
 * What is counted while a world runs and the rows it becomes (docs/results.md). Latencies are of
 * the cohort: the requests created in the window.
 */
struct world;
struct request;

struct span_metrics {
	struct stat_mean mean;
	struct stat_hist hist;
};

struct group_metrics {
	struct span_metrics e2e, ttft, tpot, wait;
	struct stat_mean ms_per_tok, network;
	uint64_t created, fate[FATES];
	uint64_t rows_skipped; /* of its trace */
	uint64_t met;          /* answered within the deadline */
	uint64_t overdue;      /* in the system at the end though the deadline is past */
};

/** Little's law in whole numbers: both sides in request x ns, exact. */
struct little {
	int64_t at_ns;
	uint64_t n; /* in the system */
	struct wide {
		uint64_t hi, lo;
	} area, sojourn;
};

/** Samples of the number in system at equal steps; when full, every other one is kept. */
struct level_samples {
	double *x;
	size_t n, cap;
	int64_t step_ns, next_ns;
};

struct lyapunov {
	struct stat_mean L, drift;
	double last_L; /* NaN before the first slot */
	uint32_t *q;   /* n_instances + 1 */
};

struct world_metrics {
	uint64_t delivered_tok, delivered; /* in the window, whoever created them */
	struct stat_level line;            /* the scheduler's queue */
	struct stat_level starved;         /* 1 while room meets a request it could serve */
	struct little little;
	struct level_samples levels;
	struct lyapunov lyapunov;
	struct rows {
		struct metric_row *at;
		size_t n, cap;
	} rows;
};

void metrics_create(struct world *w);
void metrics_destroy(struct world *w);
void group_metrics_create(struct group_metrics *m);
void group_metrics_destroy(struct group_metrics *m);

/** Is this slot of the pool a request in the system? */
bool metrics_holds(const struct request *r);

/** A request of @g is created now; is it one of the cohort? */
bool metrics_created(struct world *w, struct group_id g);
void metrics_in_system(struct world *w, int by);
/** So many wait in the scheduler's queue; room stands beside a request it could serve. */
void metrics_line(struct world *w, size_t n);
void metrics_starved(struct world *w, bool starved);
void metrics_ended(struct world *w, uint32_t slot, enum fate fate);

/** EV_MEASURE: the warm-up is over; EV_SLOT: a slot of the queue record ends. */
void metrics_measure(struct world *w);
void metrics_slot(struct world *w, size_t n_waiting);

/** Little's law and conservation; false (and the world has failed) when they do not hold. */
MUST_CHECK bool metrics_check(struct world *w, struct err *err);

/** Requests still in the system become rows; the last sample is taken. */
void metrics_close(struct world *w);

/** metric_rows.c: every metric into w->metrics.rows. */
void metric_rows(struct world *w);

#endif
