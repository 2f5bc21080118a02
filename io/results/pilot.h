#ifndef OFFING_IO_RESULTS_PILOT_H
#define OFFING_IO_RESULTS_PILOT_H

#include "io/results/results.h"

/** What the warm-up of a run with run.warmup auto was read off. */
struct results_pilot {
	size_t n;
	double *t_s, *in_system; /* ends of stretches of equal length, and the mean number there; to
				    be freed by the caller */
	double cut_s;            /* where MSER-5 cuts; NaN: it found no end of the warm-up */
	double warmup_s;         /* that of the replications; NaN: there is none that is complete */
};

/** ERR_INPUT where no pilot was run, or an earlier version did not keep it. */
MUST_CHECK bool results_pilot(
	struct results_pilot *out, struct results *r, size_t run, struct err *err);
void results_pilot_finish(struct results_pilot *p);

#endif
