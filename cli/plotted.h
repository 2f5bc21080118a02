#ifndef OFFING_CLI_PLOTTED_H
#define OFFING_CLI_PLOTTED_H

#include "base/mem.h"
#include "cli/opt.h"
#include "io/report/figure.h"
#include "io/results/query.h"

/** What `offing plot` is asked for. */
struct plotted {
	const struct opts *o;
	size_t n;
	struct results **results;
	struct arena *arena; /* for what lives as long as the picture is made */
};

/** A kind of picture. */
struct plot_kind {
	const char *name;
	const char
		*takes; /* its options beside those that all take: " x by ", blanks around each */
	bool (*make)(struct figure *out, const struct plotted *p, struct err *err);
};

/** Ends with {0}; the first is meant when none is named. */
extern const struct plot_kind plot_kinds[];

/** What the results have of @metric (NULL: nothing is asked) by the keys @x and @by, NULL for none,
 *  as --where and --scope say. */
MUST_CHECK bool plotted_ask(struct query **out, const struct plotted *p, const char *x,
	const char *by, const char *metric, struct err *err);

/** The name of the policy of a cell's run, whatever its label is: colours belong to it. NULL: there
 *  is no run, or it does not tell. */
MUST_CHECK bool plotted_policy(
	const char **out, const struct plotted *p, const struct query_cell *c, struct err *err);

/** --title, or else the name of the scenario where all runs of @q are of one. */
const char *plotted_title(const struct plotted *p, const struct query *q);

/** Which axes --log names. */
MUST_CHECK bool plotted_logs(bool *x, bool *y, const struct plotted *p, struct err *err);

#endif
