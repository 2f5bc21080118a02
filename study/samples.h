#ifndef OFFING_STUDY_SAMPLES_H
#define OFFING_STUDY_SAMPLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/measure/metric.h"
#include "models/world/world.h"
#include "sim/stat.h"

/**
 * What the complete replications of a policy measured: every metric of each, and
 * intervals over all of them or over those that several policies have. {0} when
 * empty.
 */
struct samples {
	size_t n, cap;          /* replications */
	size_t n_metrics;       /* the same in all of them, in the same order */
	uint32_t *numbers;      /* of the replications, ascending */
	double *by_replication; /* [metric][cap]; NaN: nothing to measure; no sample where paired */
	bool random;            /* one of them drew from a random stream; else all are alike */
	bool paired;            /* they are antithetic: a sample is of pairs (sim/antithetic.h) */
	struct metric_row *names; /* scope and id of each metric */
	char *strings;
};

/** Take what replication @number measured out of @r. */
void samples_add(struct samples *s, uint32_t number, struct world_result *r);
/** No more will come: keep no room for more. */
void samples_trim(struct samples *s);
void samples_finish(struct samples *s);

/** The place of a metric; n_metrics: it was not measured. */
size_t samples_find(const struct samples *s, enum metric_id id, const char *scope);

/** How many complete replications no sample has, since the other of their pair is not complete. */
size_t samples_alone(const struct samples *s);

/** Independent values: of replications or, where these are antithetic, means of pairs. NaN: nothing
 *  to measure. *@n of them; free() them. */
double *samples_values(size_t *n, const struct samples *s, size_t metric);

/** Of the replications, each by itself; infinite where none has a value. */
double samples_least(const struct samples *s, size_t metric);

/** 95 %, over the independent values that there are. */
struct stat_interval samples_interval(const struct samples *s, size_t metric);

/** Correlation of the first with the second of a pair; NaN below two pairs. *@n: pairs. */
double samples_pair_correlation(size_t *n, const struct samples *s, size_t metric);

/**
 * The half-width of the interval over |mean|: 0 where the mean is exact or there was nothing to
 * measure, infinite where one value is all there is or the mean is 0.
 */
double samples_relative_half(const struct samples *s, size_t metric);

/** The numbers of the replications that all of @all have but for those that have none at all;
 *  ascending, free() them. */
uint32_t *samples_common(size_t *n, const struct samples *const *all, size_t n_all);

/**
 * One row a metric over the replications @numbers (ascending; NULL: all), free() them; scopes
 * are borrowed from @s. Without a random draw replications are alike, so there is no interval.
 */
struct summary_row *samples_rows(const struct samples *s, const uint32_t *numbers, size_t n);

#endif
