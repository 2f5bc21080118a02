#ifndef OFFING_TESTS_TRUTH_VERDICT_H
#define OFFING_TESTS_TRUTH_VERDICT_H

#include <stdio.h>

#include "tests/truth/cell.h"
#include "tests/truth/late.h"
#include "tests/truth/measure.h"
#include "tests/truth/predict.h"

/**
 * Errors of the predictions, relative to the medians over each cell's repetitions, against
 * the bars: single transfers median 0.5 %, worst 5 %; cold connections behind a delay
 * median 1 %; several flows: the last one's end median 0.1 %, each one's median 5 %.
 * What is not claimed (docs/links.md says why) is measured and listed without a bar.
 */
struct verdict;

struct verdict *verdict_create(void);
void verdict_destroy(struct verdict *v); /* takes NULL */

/** Enter a cell's result. Returns its largest relative error against what is claimed of it. */
double verdict_add(struct verdict *v, const struct cell *c, const struct measured *m,
	const struct rig_figures *f);

/** Take back the last cell: it is to be measured longer. */
void verdict_drop(struct verdict *v);

/** Print all cells to @csv, if not NULL; to @out the table of families and the outliers, each
 *  with what explains it. Returns whether every bar is met. */
bool verdict_print(struct verdict *v, const struct lateness *late, FILE *csv, FILE *out);

#endif
