#include "cli/judged.h"

#include <stdlib.h>
#include <string.h>

#include "base/near.h"
#include "base/quote.h"

/* Which */

/** @name is a policy of some of @results, else *@near has the nearest. */
static bool is_known(
	struct near *near, const char *name, struct results *const *results, size_t n_results)
{
	near_init(near, name);
	for (size_t d = 0; d < n_results; d++)
		for (size_t k = 0; k < results_n_runs(results[d]); k++) {
			const char *policy = results_run(results[d], k)->policy;

			if (strcmp(policy, name) == 0)
				return true;
			near_add(near, policy);
		}
	return false;
}

bool judged_read(struct judged *out, const struct opts *o, struct results *const *results,
	size_t n_results, struct err *err)
{
	char quoted[QUOTE_SIZE];
	struct near near;

	out->names = opts_all(o, "policy", &out->n);
	for (size_t i = 0; i < out->n; i++)
		if (!is_known(&near, out->names[i], results, n_results))
			return err_input(err, "no result has a policy '%s'%s%s%s",
				quote(quoted, sizeof quoted, out->names[i]),
				near_best(&near) ? "; did you mean '" : "",
				near_best(&near) ? near_best(&near) : "",
				near_best(&near) ? "'?" : "");
	return true;
}

bool judged_has(const struct judged *j, const char *policy)
{
	bool has = j->n == 0;

	for (size_t i = 0; i < j->n; i++)
		has = has || strcmp(j->names[i], policy) == 0;
	return has;
}

void judged_finish(struct judged *j)
{
	free(j->names);
}

/* By what */

static bool choose_metric(enum metric_id *out, const struct opts *o, struct err *err)
{
	const char *name = opts_get(o, "best");
	char quoted[QUOTE_SIZE];
	struct near near;

	*out = METRIC_E2E_MEAN;
	if (!name || metric_find(out, name))
		return true;
	near_init(&near, name);
	for (enum metric_id m = 0; m < METRICS; m++)
		near_add(&near, metrics[m].name);
	quote(quoted, sizeof quoted, name);
	if (near_best(&near))
		return err_input(err, "--best: there is no metric '%s'; did you mean '%s'?", quoted,
			near_best(&near));
	return err_input(err, "--best: there is no metric '%s'; see `offing list metrics`", quoted);
}

bool judged_by(enum metric_id *metric, double *indifference, const struct opts *o, struct err *err)
{
	*indifference = 0.01;
	if (!choose_metric(metric, o, err) ||
		!opts_quantity(o, "indifference", QUANTITY_FRACTION, indifference, err))
		return false;
	return (*indifference > 0.0 && *indifference < 1.0) ||
	       err_input(err, "--indifference must be above 0 %% and below 100 %%, not %g %%",
		       100.0 * *indifference);
}
