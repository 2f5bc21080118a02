#ifndef OFFING_CLI_OPTIMUM_PRINT_H
#define OFFING_CLI_OPTIMUM_PRINT_H

#include <stdio.h>

#include "plan/optimum.h"
#include "plan/optimum_milp.h"
#include "plan/replay.h"
#include "plan/tasks.h"

/** A front with who was placed against it, as text, as JSON, and as tables for a picture. */
struct optimum_report {
	const struct scenario_spec *spec;
	const struct tasks *tasks;
	uint32_t replication;
	double span_s; /* t of S = -n / t */
	const struct optimum_front *front;
	const struct optimum_conflict *printed; /* (1a) with = */
	const char *solver;
	double gap; /* asked for */
	size_t n_policies;
	const struct optimum_standing {
		const char *label;
		struct replay run;
		struct optimum_place place;
	} * policies;
};

/** S of Eq. 1 with @n in time, 1/s. */
double optimum_S(const struct optimum_report *r, size_t n);

void optimum_print(FILE *to, const struct optimum_report *r);
void optimum_print_json(FILE *to, const struct optimum_report *r);

/** Comma-separated, with a heading: the points of the front; the policies; the tasks, each with the
 *  instance that the front's fullest point gives it. */
void optimum_print_front_csv(FILE *to, const struct optimum_report *r);
void optimum_print_policies_csv(FILE *to, const struct optimum_report *r);
void optimum_print_tasks_csv(FILE *to, const struct optimum_report *r);

#endif
