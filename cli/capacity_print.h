#ifndef OFFING_CLI_CAPACITY_PRINT_H
#define OFFING_CLI_CAPACITY_PRINT_H

#include <stdio.h>

#include "plan/fluid_bound.h"
#include "sim/drift_test.h"
#include "study/capacity.h"

/** What the policies of a scenario can take, as text, as JSON, and as tables. */
struct capacity_report {
	const struct scenario_spec *spec;
	const struct fluid_bound *bound;
	const char *target; /* as given; NULL: stability */
	double precision;
	size_t n_asked, n_policies; /* that there is something of: fewer after an interrupt */
	struct capacity_row {
		const char *label;
		struct capacity_answer answer;
		char failure[300]; /* why there is no answer; "": there is one */
		struct capacity_check {
			bool made;
			enum drift_verdict below,
				above;   /* capacity_check_apart of it either side */
			double requests; /* simulated for both */
		} check;
	} * policies;
	bool interrupted;
};

/** How far from an answer it is checked, either side. */
static const double capacity_check_apart = 0.05;

/** Of the bound, with the ends of its interval: NaN where there is no bound, or no answer. */
struct capacity_ratio {
	double mean, lo, hi;
};
struct capacity_ratio capacity_ratio(const struct capacity_report *r, const struct capacity_row *p);

/** "found", "always", "never", "failed" */
const char *capacity_status(const struct capacity_row *p);

void capacity_print(FILE *to, const struct capacity_report *r);
void capacity_print_json(FILE *to, const struct capacity_report *r);

/** Comma-separated, with a heading: the answers; what was seen at each scale. */
void capacity_print_csv(FILE *to, const struct capacity_report *r);
void capacity_print_points_csv(FILE *to, const struct capacity_report *r);

#endif
