#ifndef OFFING_CLI_REPORT_H
#define OFFING_CLI_REPORT_H

#include "base/mem.h"
#include "cli/cell.h"
#include "cli/compared.h"
#include "cli/opt.h"
#include "cli/summary_lines.h"
#include "io/report/page.h"
#include "io/results/details.h"

/** Results on disk as a page shows them. */

struct report_run {
	struct contender as;  /* its label says in what it differs from the others of its point */
	size_t folder, point; /* from 1; of the report's */
	const char *const *values; /* of the report's keys; NULL: it has none of that */
	const double *numbers;     /* the same in SI; NaN where not all are numbers of one kind */
	struct results_details known;
	size_t policy;   /* of the report's */
	unsigned colour; /* of its policy, as plots have it: --c1 to --c9 of page.css */
	double verdict;  /* of all replications: enum drift_verdict; NaN: not asked for */
};

/** Runs whose scenarios are the same but for their policies: what may be ranked. */
struct report_point {
	size_t n;
	struct report_run *const *runs;
	bool ranked;                  /* else @why_not says why */
	struct contender *contenders; /* of @runs, in their order */
	struct ranked_all ranking;
	struct err why_not;
};

struct report {
	struct arena arena;
	enum metric_id metric; /* what is best is judged by it */
	double indifference;   /* share of the best mean */
	size_t n_results;
	struct results **results;
	size_t n; /* at least 1 */
	struct report_run *runs;
	size_t n_policies;
	const char **policies; /* their labels, in the order of their first runs */
	size_t n_keys;         /* leaves in which points differ */
	const char **keys;
	size_t n_own; /* of policies, in which contenders of one point differ */
	const char **own;
	size_t n_points;
	struct report_point *points;
};

/** Read @dirs, and of their runs those of the policies that @o names. ERR_INPUT where there is
 *  nothing to tell of. Free with report_finish(), also on false. */
MUST_CHECK bool report_read(struct report *r, const struct opts *o, struct err *err);
void report_finish(struct report *r);

/** Part of the reading: its points, and what their runs are called. */
MUST_CHECK bool report_arrange(struct report *r, struct err *err);

/** Part of the reading: host and times of the runs of a merged folder, from the file beside it,
 *  where there is one. ERR_INPUT where it is not what it should be. */
MUST_CHECK bool report_provenance(struct report *r, size_t folder, struct err *err);

/** "links.wan.rate 10 Mbps, users.count 4": the keys of a point; "" where there is one point. */
const char *report_point_name(struct report *r, const struct report_point *p);

/** The runs of a point, for a number that is worked out of them: "1:1 1:2". */
const char *report_among(struct report *r, const struct report_point *p);

/** Where a run is found. */
struct page_source report_source(const struct report_run *run);

/** What stands before item @i of a sentence that lists @n. */
const char *report_before(size_t i, size_t n);

/** @s as a word of a command line. */
const char *report_shell_word(struct report *r, const char *s);

/** offing report --pages: files of Markdown, a section each, into the file that @o names. */
MUST_CHECK bool report_pages(const struct opts *o, struct err *err);

/** A metric of a run as it is printed, NULL where the run has none. */
struct report_value {
	struct page_number number; /* its texts are of this struct */
	char text[CELL_SIZE], half[CELL_SIZE];
	double mean, lo, hi;
};

/** @line says in which unit. @scope "": of the whole system. */
MUST_CHECK bool report_value(struct report_value *out, const struct report_run *run,
	const struct summary_line *line, struct err *err);

/** How metric @id of the system is printed: in one unit for all runs. *@known: some run has it. */
MUST_CHECK bool report_line(struct summary_line *out, bool *known, const struct report *r,
	enum metric_id id, struct err *err);

/** "end to end mean" */
const char *report_metric(struct report *r, enum metric_id id);

/** Within text. @v is of @run and @line. */
void report_put_value(FILE *to, const struct report_run *run, struct report_value *v,
	const struct summary_line *line);

/** @verdict is that of a run, not NaN. */
void report_put_verdict(FILE *to, double verdict);

/** Columns for the keys of points; returns how many. */
size_t report_key_columns(struct page_column *out, const struct report *r);
/** The cells of @run in them. */
void report_key_cells(struct page *p, const struct report *r, const struct report_run *run);

/* The parts of the page, in order. False: see @err. */
/** Without gnuplot, and where what it takes was not recorded, the page says so. */
void report_plots(struct page *p, struct report *r);
MUST_CHECK bool report_system(struct page *p, struct report *r, struct err *err);
MUST_CHECK bool report_answer(struct page *p, struct report *r, struct err *err); /* of its words */
MUST_CHECK bool report_words(struct page *p, struct report *r, struct err *err);
MUST_CHECK bool report_tables(struct page *p, struct report *r, struct err *err);
MUST_CHECK bool report_compared(struct page *p, struct report *r, struct err *err);
void report_origin(struct page *p, struct report *r);

#endif
