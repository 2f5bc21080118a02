#ifndef OFFING_IO_EXPORT_NUMBERS_H
#define OFFING_IO_EXPORT_NUMBERS_H

#include <stdint.h>
#include <stdio.h>

#include "base/mem.h"
#include "io/results/results.h"

/** Between the files of io/export/: numbers, and what is said of many. */

/** @ns in units of 10^@digits nanoseconds, to the last digit: 1500000 with 6 is 1.5. */
void print_ns(FILE *to, int64_t ns, unsigned digits);

/** What @m came to in @replication; NaN: nothing. */
double metric_at(const struct results_metric *m, uint32_t replication);

struct sample {
	size_t n, cap;
	double *at;
};

void sample_add(struct sample *s, double x);
void sample_sort(struct sample *s);
void sample_finish(struct sample *s);

/** Of none all are 0, as numpy is asked in vLLM. */
double sample_mean(const struct sample *s);
/** With n in the denominator. */
double sample_sd(const struct sample *s);
/** Of a sorted one, @q in [0, 1], linear between its values. */
double sample_quantile(const struct sample *s, double q);

#endif
