#ifndef OFFING_CLI_PLOT_RUNS_H
#define OFFING_CLI_PLOT_RUNS_H

#include "cli/plotted.h"

/** Pictures that look into single runs. */

/** A run, and what it is called in the picture. */
struct plot_run {
	struct results *of;
	size_t run;
	const char *name;
	const char *policy; /* whose colour it has; NULL: the name tells */
};

struct plot_choice {
	struct query *q; /* to be finished */
	size_t n;
	struct plot_run *at; /* in the arena of the picture */
	const char *by;      /* "" where there is one run alone */
};

/** The runs that --where chooses, one for each value of --by, or of the policy. */
MUST_CHECK bool plot_choose(struct plot_choice *out, const struct plotted *p, struct err *err);

/** The same where a picture can only be of one. */
MUST_CHECK bool plot_choose_one(struct plot_choice *out, const struct plotted *p, struct err *err);

/** --replication. */
MUST_CHECK bool plot_replication(uint32_t *out, const struct plotted *p, struct err *err);

/** What requests took; the first of them; queues over time; where pilots were cut. */
MUST_CHECK bool plot_cdf(struct figure *out, const struct plotted *p, struct err *err);
MUST_CHECK bool plot_first(struct figure *out, const struct plotted *p, struct err *err);
MUST_CHECK bool plot_series(struct figure *out, const struct plotted *p, struct err *err);

MUST_CHECK bool plot_warmup(struct figure *out, const struct plotted *p, struct err *err);

#endif
