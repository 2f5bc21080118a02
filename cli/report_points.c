/* Which runs may be compared: those of one point, whose scenarios differ in their policies alone.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/report.h"
#include "io/report/style.h"
#include "io/results/axis.h"
#include "io/results/keys.h"

/* Keys in which they differ */

/* What changes neither the system nor its load. */
static bool is_aside(const char *key)
{
	static const char *const words[] = {
		"name", "description", "run.replications", "run.precision", "run.precision_of"};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcmp(key, words[i]) == 0)
			return true;
	return strncmp(key, "record.", strlen("record.")) == 0;
}

static bool is_of_policy(const char *key)
{
	return strncmp(key, "policy.", strlen("policy.")) == 0 ||
	       strncmp(key, "policies.", strlen("policies.")) == 0;
}

static bool find_keys(struct report *r, struct err *err)
{
	struct setting_key *all;
	size_t n;

	if (!keys_all(&n, &all, r->results, r->n_results, err)) {
		free(all);
		return false;
	}
	r->keys = mem_zalloc(n, sizeof *r->keys);
	for (size_t i = 0; i < n; i++)
		if (all[i].differs && !is_aside(all[i].name))
			r->keys[r->n_keys++] = all[i].name;
	free(all);
	return true;
}

static bool read_values(struct report *r, struct report_run *run, struct err *err)
{
	const char **values = arena_alloc(&r->arena, r->n_keys, sizeof *values);

	for (size_t k = 0; k < r->n_keys; k++)
		if (!results_setting(&values[k], run->as.of, run->as.run, r->keys[k], err))
			return false;
	run->values = values;
	return true;
}

/** Forget key @k, which then tells no points apart. */
static void drop_key(struct report *r, size_t k)
{
	r->n_keys--;
	memmove(&r->keys[k], &r->keys[k + 1], (r->n_keys - k) * sizeof *r->keys);
	for (size_t i = 0; i < r->n; i++) {
		const char **values = (const char **)r->runs[i].values;

		memmove(&values[k], &values[k + 1], (r->n_keys - k) * sizeof *values);
	}
}

/** Those that are alike for all runs looked at, as where --policy left some out. */
static void drop_alike(struct report *r)
{
	for (size_t k = r->n_keys; k-- > 0;) {
		bool alike = true;

		for (size_t i = 1; i < r->n && alike; i++) {
			const char *a = r->runs[0].values[k], *b = r->runs[i].values[k];

			alike = a && b ? strcmp(a, b) == 0 : !a && !b;
		}
		if (alike)
			drop_key(r, k);
	}
}

/* Points */

static int compare_texts(const char *a, const char *b)
{
	return !a || !b ? (b != NULL) - (a != NULL) : strcmp(a, b);
}

static bool same_point(
	const struct report *r, const struct report_run *a, const struct report_run *b)
{
	for (size_t k = 0; k < r->n_keys; k++)
		if (compare_texts(a->values[k], b->values[k]) != 0)
			return false;
	return true;
}

static int by_values(const void *x, const void *y, void *context)
{
	const struct report *r = context;
	const struct report_run *a = *(struct report_run *const *)x,
				*b = *(struct report_run *const *)y;

	for (size_t k = 0; k < r->n_keys; k++) {
		int order = compare_texts(a->values[k], b->values[k]);

		if (order != 0)
			return order;
	}
	return (a > b) - (a < b);
}

/** Those of the runs that are of one point side by side. */
static struct report_run **by_point(struct report *r)
{
	struct report_run **sorted = arena_alloc(&r->arena, r->n, sizeof *sorted);

	for (size_t i = 0; i < r->n; i++)
		sorted[i] = &r->runs[i];
	qsort_r(sorted, r->n, sizeof *sorted, by_values, r);
	return sorted;
}

static int by_first_run(const void *x, const void *y)
{
	const struct report_point *a = x, *b = y;

	return (a->runs[0] > b->runs[0]) - (a->runs[0] < b->runs[0]);
}

static void make_points(struct report *r)
{
	struct report_run **sorted = by_point(r);

	r->n_points = 0;
	free(r->points);
	r->points = mem_zalloc(r->n, sizeof *r->points);
	for (size_t i = 0; i < r->n; i++) {
		if (i == 0 || !same_point(r, sorted[i - 1], sorted[i]))
			r->points[r->n_points++].runs = &sorted[i];
		r->points[r->n_points - 1].n++;
	}
	mem_sort(r->points, r->n_points, sizeof *r->points, by_first_run);
	for (size_t p = 0; p < r->n_points; p++)
		for (size_t i = 0; i < r->points[p].n; i++)
			r->points[p].runs[i]->point = p;
}

/** Where every run would be a point of its own, policies and their parameters are what is
 *  compared, not what tells points apart. */
static void find_points(struct report *r)
{
	drop_alike(r);
	make_points(r);
	if (r->n_points < r->n)
		return;
	r->own = arena_alloc(&r->arena, r->n_keys, sizeof *r->own);
	for (size_t k = r->n_keys; k-- > 0;)
		if (is_of_policy(r->keys[k])) {
			r->own[r->n_own++] = r->keys[k];
			drop_key(r, k);
		}
	make_points(r);
}

/** The values of the keys as numbers, for tables that sort. */
static void find_numbers(struct report *r)
{
	const char **texts = mem_zalloc(r->n, sizeof *texts), *unit;
	double *column = mem_zalloc(r->n, sizeof *column);
	double *all = arena_alloc(&r->arena, r->n * r->n_keys, sizeof *all);

	for (size_t k = 0; k < r->n_keys; k++) {
		for (size_t i = 0; i < r->n; i++)
			texts[i] = r->runs[i].values[k];
		axis_numbers(column, &unit, texts, r->n);
		for (size_t i = 0; i < r->n; i++)
			all[i * r->n_keys + k] = column[i];
	}
	for (size_t i = 0; i < r->n; i++)
		r->runs[i].numbers = r->n_keys ? all + i * r->n_keys : NULL;
	free(texts);
	free(column);
}

/* Names of contenders */

static bool same_policy(const struct report_run *a, const struct report_run *b)
{
	return a->policy == b->policy;
}

/** Does own key @key tell @run from others of its policy in @p? Its value in *@out. */
static bool tells(const char **out, const struct report_point *p, const struct report_run *run,
	const char *key)
{
	struct err err = {0};
	const char *other;
	bool differs = false;

	if (!results_setting(out, run->as.of, run->as.run, key, &err) || !*out)
		return false;
	for (size_t i = 0; i < p->n && !differs; i++)
		differs =
			same_policy(p->runs[i], run) &&
			results_setting(&other, p->runs[i]->as.of, p->runs[i]->as.run, key, &err) &&
			compare_texts(*out, other) != 0;
	return differs;
}

/** "k-p-fcfs, window 8" of policies.k-p-fcfs.window; NULL: nothing tells it apart. */
static const char *label_of_own(
	struct report *r, const struct report_point *p, const struct report_run *run)
{
	const char *policy = contender_run(&run->as)->policy, *label = policy, *value;

	for (size_t k = r->n_own; k-- > 0;)
		if (tells(&value, p, run, r->own[k]))
			label = arena_printf(
				&r->arena, "%s, %s %s", label, strrchr(r->own[k], '.') + 1, value);
	return label == policy ? NULL : label;
}

static const char *label_in(
	struct report *r, const struct report_point *p, const struct report_run *run)
{
	const char *own;
	const char *policy = contender_run(&run->as)->policy;
	size_t same = 0, here = 0;

	for (size_t i = 0; i < p->n; i++) {
		bool alike = same_policy(p->runs[i], run);

		same += alike;
		here += alike && p->runs[i]->folder == run->folder;
	}
	if (same == 1)
		return policy;
	own = label_of_own(r, p, run);
	if (own)
		return own;
	if (here == 1)
		return arena_printf(&r->arena, "%s:%s", results_dir(run->as.of), policy);
	return arena_printf(
		&r->arena, "%s, run %jd", policy, (intmax_t)contender_run(&run->as)->id);
}

static void rank(struct report *r, struct report_point *p)
{
	p->contenders = mem_zalloc(p->n, sizeof *p->contenders);
	for (size_t i = 0; i < p->n; i++) {
		p->runs[i]->as.label = label_in(r, p, p->runs[i]);
		p->contenders[i] = p->runs[i]->as;
	}
	p->ranked = p->n > 1 && ranked_read(&p->ranking, p->contenders, p->n, r->metric,
					r->indifference, &p->why_not);
}

/* Policies */

enum { COLOURS = 9 };

/** The place of @name among those of the report, where it is now. */
static size_t policy_of(struct report *r, const char *name)
{
	size_t k = 0;

	while (k < r->n_policies && strcmp(r->policies[k], name) != 0)
		k++;
	r->policies[k] = name;
	r->n_policies += k == r->n_policies;
	return k;
}

static void find_policies(struct report *r)
{
	unsigned *lines = mem_zalloc(r->n, sizeof *lines);

	r->policies = mem_zalloc(r->n, sizeof *r->policies);
	for (size_t i = 0; i < r->n; i++)
		r->runs[i].policy = policy_of(r, contender_run(&r->runs[i].as)->policy);
	style_lines(lines, r->n_policies, r->policies);
	for (size_t i = 0; i < r->n; i++)
		r->runs[i].colour = 1 + (lines[r->runs[i].policy] - 1) % COLOURS;
	free(lines);
}

bool report_arrange(struct report *r, struct err *err)
{
	if (!find_keys(r, err))
		return false;
	for (size_t i = 0; i < r->n; i++)
		if (!read_values(r, &r->runs[i], err))
			return false;
	find_points(r);
	find_numbers(r);
	find_policies(r);
	for (size_t p = 0; p < r->n_points; p++)
		rank(r, &r->points[p]);
	return true;
}
