#ifndef OFFING_TESTS_TRUTH_PREDICT_H
#define OFFING_TESTS_TRUTH_PREDICT_H

#include "tests/truth/cell.h"

/** What the rig adds to tc's arithmetic, as measured on it. */
struct rig_figures {
	double timer_late_s; /* see late.h */
	double host_s;       /* of the rig in use, without its delay */
};

/** When each flow of @c ends by the network that runs (tests/support/path.h), as flows_run()
 * counts. */
void predict(struct sample *out, const struct cell *c, const struct rig_figures *f);

/** Whether the model's claim for @c is a pair of bounds only; then they are *@least_s and
 *  *@most_s of the makespan: the last super-packet htb lets go at once has 0 to 64 KB. */
bool predict_bounds(
	double *least_s, double *most_s, const struct cell *c, const struct rig_figures *f);

#endif
