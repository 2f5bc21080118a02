#ifndef OFFING_CLI_JUDGED_H
#define OFFING_CLI_JUDGED_H

#include "cli/opt.h"
#include "io/results/results.h"
#include "models/measure/metric.h"

/** Options of commands that judge the policies of results: which of them, and by what. */

/** What --policy names. */
struct judged {
	size_t n; /* 0: all */
	const char **names;
};

/** ERR_INPUT where a name is of no policy in @results, with the nearest that is. Free with
 *  judged_finish(), also on false. */
MUST_CHECK bool judged_read(struct judged *out, const struct opts *o,
	struct results *const *results, size_t n_results, struct err *err);
bool judged_has(const struct judged *j, const char *policy);
void judged_finish(struct judged *j);

/** --best: e2e.mean_s where it names none; and --indifference, a share of the best mean: 1 %. */
MUST_CHECK bool judged_by(
	enum metric_id *metric, double *indifference, const struct opts *o, struct err *err);

#endif
