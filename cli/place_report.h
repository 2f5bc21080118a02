#ifndef OFFING_CLI_PLACE_REPORT_H
#define OFFING_CLI_PLACE_REPORT_H

#include <stdio.h>

#include "io/scenario/scenario.h"
#include "plan/candidates.h"
#include "plan/place_scenario.h"
#include "plan/printed_scenario.h"
#include "study/alone.h"

/** What `offing place` found: for text and for JSON. */
struct place_report {
	const struct scenario *sc;
	struct subject subject;
	const char *lengths_of; /* users whose means they are; NULL: given, or assumed */
	struct devices devices;
	struct units units;
	bool *free_device; /* no instance of another model has it */
	size_t n_used, *used;

	bool has_printed;
	struct printed_scene printed_scene;
	struct placement_answer printed;

	bool has_repaired, drafted;
	struct scene scene;
	struct placement_answer repaired;
	const char *refused; /* what of it runs cannot do; NULL: nothing */

	struct arena arena;
	struct candidate choice; /* the best that runs can do */
	bool has_choice, simulated, listed;
	struct alone_result choice_seen;
	struct candidates all;
	struct alone_result *seen;
	bool *ran;
	struct err *why; /* of those that did not */
};

void place_print(FILE *to, const struct place_report *r);

/** One object, in SI units. */
void place_print_json(FILE *to, const struct place_report *r);

#endif
