#include "cli/compared.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* Two of them */

static struct compare_side side_of(const struct results_metric *m)
{
	return (struct compare_side){m->n, m->numbers, m->values};
}

/** Order of the rows in a file: by scope, then by name. */
static int order(const struct results_metric *a, const struct results_metric *b)
{
	int scopes = strcmp(a->scope, b->scope);

	return scopes ? scopes : strcmp(a->name, b->name);
}

static void add(struct compared *c, const struct results_metric *a, const struct results_metric *b)
{
	const struct compare_side of_a = side_of(a), of_b = side_of(b);
	struct compared_metric m = {.scope = a->scope};

	if (!metric_find(&m.id, a->name)) /* of a later version */
		return;
	m.is = compare(&of_a, &of_b, c->paired);
	c->of_a.alone = a->alone > c->of_a.alone ? a->alone : c->of_a.alone;
	c->of_b.alone = b->alone > c->of_b.alone ? b->alone : c->of_b.alone;
	c->n_pairs = m.is.n > c->n_pairs ? m.is.n : c->n_pairs;
	c->at[c->n++] = m;
}

static int by_scope_and_metric(const void *x, const void *y)
{
	const struct compared_metric *a = x, *b = y;
	int scopes = strcmp(a->scope, b->scope);

	return scopes ? scopes : (a->id > b->id) - (a->id < b->id);
}

bool compared_read(struct compared *out, const struct contender *a, const struct contender *b,
	bool all_scopes, struct err *err)
{
	const char *scope = all_scopes ? NULL : "";
	const struct results_metric *of_a, *of_b;
	size_t n_a, n_b;

	*out = (struct compared){
		.a = a, .b = b, .paired = contender_run(a)->seed == contender_run(b)->seed};
	sampled_add(&out->of_a, contender_run(a)->antithetic, 0);
	sampled_add(&out->of_b, contender_run(b)->antithetic, 0);
	if (!results_samples(&n_a, &of_a, a->of, a->run, scope, err) ||
		!results_samples(&n_b, &of_b, b->of, b->run, scope, err))
		return false;
	out->at = mem_zalloc(n_a, sizeof *out->at);
	for (size_t i = 0, k = 0; i < n_a && k < n_b;) {
		int which = order(&of_a[i], &of_b[k]);

		if (which == 0)
			add(out, &of_a[i], &of_b[k]);
		i += which <= 0;
		k += which >= 0;
	}
	mem_sort(out->at, out->n, sizeof *out->at, by_scope_and_metric);
	return true;
}

void compared_finish(struct compared *c)
{
	free(c->at);
}

/* More of them */

enum { FIRST_STAGE = 10 };
static const double ERROR = 0.05;

static bool find_metric(struct results_metric *out, const struct contender *c,
	enum metric_id metric, struct err *err)
{
	if (!results_sample_named(out, c->of, c->run, "", metrics[metric].name, err))
		return false;
	return out->n > 0 || err_input(err, "%s has no %s", c->label, metrics[metric].name);
}

static int by_number(const void *x, const void *y)
{
	uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;

	return (a > b) - (a < b);
}

/** The value of replication @number; NaN: there is none. */
static double value_of(const struct results_metric *m, uint32_t number)
{
	const uint32_t *at =
		m->n > 0 ? bsearch(&number, m->numbers, m->n, sizeof number, by_number) : NULL;

	return at ? m->values[at - m->numbers] : (double)NAN;
}

/** [system][value] of those that all have. */
static double **join(const struct results_metric *of, size_t n, size_t *n_values)
{
	double **values = mem_zalloc(n, sizeof *values);

	*n_values = 0;
	for (size_t i = 0; i < n; i++)
		values[i] = mem_zalloc(of[0].n, sizeof **values);
	for (size_t k = 0; k < of[0].n; k++) {
		bool in_all = true;

		for (size_t i = 0; i < n && in_all; i++) {
			values[i][*n_values] = value_of(&of[i], of[0].numbers[k]);
			in_all = !isnan(values[i][*n_values]);
		}
		*n_values += in_all;
	}
	return values;
}

static double best_mean(double *const *values, size_t n, size_t replications, bool more)
{
	double best = (double)NAN;

	for (size_t i = 0; i < n; i++) {
		struct stat_mean m = {0};

		for (size_t r = 0; r < replications; r++)
			stat_mean_add(&m, values[i][r]);
		if (isnan(best) || (more ? m.mean > best : m.mean < best))
			best = m.mean;
	}
	return best;
}

static bool select_best(
	struct ranked_all *out, double *const *values, double share, struct err *err)
{
	const bool more = metrics[out->metric].better == BETTER_MORE;
	const char *name = metrics[out->metric].name;
	double best;

	if (out->n_values < FIRST_STAGE)
		return err_input(err,
			"to rank them takes %d %s that all have a value of %s in, not %zu",
			FIRST_STAGE, sampled_unit(&out->sampled), name, out->n_values);
	best = best_mean(values, out->n, out->n_values, more);
	if (!(best != 0.0))
		return err_input(err,
			"the best %s is 0, of which there is no share: an indifference cannot be "
			"told from it",
			name);
	out->indifference = share * fabs(best);
	out->error = ERROR;
	out->at = mem_zalloc(out->n, sizeof *out->at);
	out->is = ranking_select(out->at, &(struct ranking_setting){
						  .n_systems = out->n,
						  .n = out->n_values,
						  .values = (const double *const *)values,
						  .more_is_better = more,
						  .indifference = out->indifference,
						  .error = out->error,
						  .first = FIRST_STAGE,
					  });
	return true;
}

bool ranked_read(struct ranked_all *out, const struct contender *contenders, size_t n,
	enum metric_id metric, double share, struct err *err)
{
	struct results_metric *of = mem_zalloc(n, sizeof *of);
	double **values;
	bool ok = true;

	*out = (struct ranked_all){.metric = metric, .n = n, .contenders = contenders};
	if (metrics[metric].better == BETTER_NONE)
		ok = err_input(err, "neither more nor less of %s is better", metrics[metric].name);
	for (size_t i = 0; i < n && ok; i++) {
		ok = find_metric(&of[i], &contenders[i], metric, err);
		sampled_add(&out->sampled, contender_run(&contenders[i])->antithetic, of[i].alone);
	}
	if (ok) {
		values = join(of, n, &out->n_values);
		ok = select_best(out, values, share, err);
		for (size_t i = 0; i < n; i++)
			free(values[i]);
		free(values);
	}
	free(of);
	return ok;
}

void ranked_finish(struct ranked_all *r)
{
	free(r->at);
}
