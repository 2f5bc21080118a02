/* Whether what should be the same run came to the same. */
#include <math.h>
#include <string.h>

#include "io/results/merge_inside.h"

static bool metrics_of(size_t *n, const struct results_metric **out, struct results **r,
	const struct merge_part *part, struct err *err)
{
	size_t run = 0;

	if (!results_open(r, part->dir, err))
		return false;
	while (run < results_n_runs(*r) && results_run(*r, run)->id != part->id)
		run++;
	if (run == results_n_runs(*r))
		return err_run(
			err, "%s: run %lld is no longer there", part->dir, (long long)part->id);
	return results_by_replication(n, out, *r, run, NULL, err);
}

/** Processors may differ in the last bits of exp() and log(). */
static bool same_value(double a, double b)
{
	if (isnan(a) || isnan(b))
		return isnan(a) && isnan(b);
	return !(fabs(a - b) > 1e-9 * fmax(fabs(a), fabs(b)));
}

static bool same_metric(const struct results_metric *a, const struct results_metric *b)
{
	if (strcmp(a->scope, b->scope) != 0 || strcmp(a->name, b->name) != 0 || a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (a->numbers[i] != b->numbers[i] || !same_value(a->values[i], b->values[i]))
			return false;
	return true;
}

static bool compare(
	bool *same, const struct merge_part *a, const struct merge_part *b, struct err *err)
{
	const struct results_metric *of_a, *of_b;
	struct results *x = NULL, *y = NULL;
	size_t n_a, n_b;
	bool ok = metrics_of(&n_a, &of_a, &x, a, err) && metrics_of(&n_b, &of_b, &y, b, err);

	*same = ok && n_a == n_b;
	for (size_t i = 0; *same && i < n_a; i++)
		*same = same_metric(&of_a[i], &of_b[i]);
	results_close(x);
	results_close(y);
	return ok;
}

bool merge_compare(struct merged *m, struct err *err)
{
	bool same;

	for (size_t i = 0; i < m->n; i++) {
		struct merge_part *part = &m->parts[i];
		const struct merge_part *kept = &m->parts[part->same_as];

		if (part->to > 0 || part->status != RUN_COMPLETE ||
			(part->id == kept->id && strcmp(part->dir, kept->dir) == 0))
			continue;
		if (!compare(&same, part, kept, err))
			return false;
		part->unlike = !same;
	}
	return true;
}
