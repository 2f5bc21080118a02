#ifndef OFFING_CLI_SUMMARY_LINES_H
#define OFFING_CLI_SUMMARY_LINES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/mem.h"
#include "cli/summary.h"

/** Which lines the table at the end of a run has. */

struct summary_line {
	const char *section, *label, *unit;
	const char *scope;
	enum metric_id id;
	double scale;      /* from the metric's unit to @unit */
	bool replications; /* their number, no metric */
};

struct summary_lines {
	struct arena arena;
	struct summary_line *at;
	size_t n, cap;
	size_t more_places; /* not shown */
};

void summary_lines_choose(struct summary_lines *l, const struct summary *s);
void summary_lines_finish(struct summary_lines *l);

/** The line of @id of the whole system where its magnitude is at most @most; NaN: not known. */
struct summary_line summary_line_of(enum metric_id id, double most);

/** NULL when there is none. */
const struct summary_row *summary_row_of(
	const struct run_summary *run, const char *scope, enum metric_id id);

#endif
