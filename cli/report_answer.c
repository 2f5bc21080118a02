/* The answer that a page begins with: what is the best, by how much, and how sure that is. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/report.h"
#include "io/report/html.h"

/* Pieces */

const char *report_before(size_t i, size_t n)
{
	return i == 0 ? "" : i + 1 < n ? ", " : " and ";
}

/** A number that is worked out of the runs @among, of the metric that all is judged by. */
static void put_derived(FILE *to, const char *among, const char *what, double value, double half,
	const struct summary_line *line)
{
	struct cell c = cell_of(value * line->scale, half * line->scale);

	page_data(to,
		&(struct page_number){.text = c.mean,
			.half = c.half,
			.value = value,
			.from = {.name = metrics[line->id].name,
				.column = what,
				.among = among,
				.scale = line->scale}},
		line->unit);
}

/* The answer */

static void put_direction(FILE *to, enum metric_id id)
{
	fputs(" (<code>", to);
	html_text(to, metrics[id].name);
	fputs("</code>, ", to);
	html_text(to, metrics[id].meaning);
	fprintf(to, "; %s is better)", metrics[id].better == BETTER_MORE ? "more" : "less");
}

static void answer_best(
	FILE *to, struct report *r, const struct report_point *p, const struct summary_line *line)
{
	const struct ranked_all *k = &p->ranking;
	const struct ranked *best = &k->at[k->is.best];
	const char *among = report_among(r, p);
	double lead = ranked_lead(k);

	fputs("<p class=\"big\">", to);
	html_text(to, p->contenders[k->is.best].label);
	fprintf(to, " is the best of %zu with 95 %% confidence.</p>\n<p>Its ", k->n);
	html_text(to, report_metric(r, k->metric));
	fputs(" is ", to);
	put_derived(to, among, "rank-mean", best->mean.mean, 0.5 * (best->mean.hi - best->mean.lo),
		line);
	put_direction(to, k->metric);
	if (lead > 0.0) {
		fputs(". It leads all others by ", to);
		put_derived(to, among, "rank-lead", lead, (double)NAN, line);
		fputs(" at least", to);
	}
	fputs(".</p>\n", to);
}

static void answer_undecided(FILE *to, struct report *r, const struct report_point *p)
{
	const struct ranked_all *k = &p->ranking;
	size_t *order = ranked_order(k), said = 0;

	fprintf(to, "<p class=\"big\">Undecided between %zu of %zu.</p>\n<p>By ", k->is.n_left,
		k->n);
	html_text(to, report_metric(r, k->metric));
	put_direction(to, k->metric);
	fprintf(to, " %zu %s do not tell ", k->n_values, sampled_unit(&k->sampled));
	for (size_t i = 0; i < k->n; i++) {
		if (k->at[order[i]].out)
			continue;
		fprintf(to, "%s<b>", report_before(said++, k->is.n_left));
		html_text(to, p->contenders[order[i]].label);
		fputs("</b>", to);
	}
	fprintf(to, " apart; at most %zu decide it.</p>\n", k->is.most);
	free(order);
}

static void note_ranking(
	FILE *to, struct report *r, const struct report_point *p, const struct summary_line *line)
{
	fputs("<p class=\"note\">What differs by less than ", to);
	put_derived(to, report_among(r, p), "rank-indifference", p->ranking.indifference,
		(double)NAN, line);
	fputs(" does not matter. Intervals are of chance alone; how sure device times are stands "
	      "under <a href=\"#origin\">Where it comes from</a>.</p>\n",
		to);
}

static void answer_unranked(FILE *to, const struct report_point *p)
{
	fputs("<p class=\"big\">Not ranked.</p>\n<p>", to);
	html_text(to, p->why_not.msg);
	fputs(". Means and intervals are below.</p>\n", to);
}

static bool answer_alone(
	FILE *to, struct report *r, const struct summary_line *line, struct err *err)
{
	struct report_value v;

	if (!report_value(&v, &r->runs[0], line, err))
		return false;
	fputs("<p class=\"big\">", to);
	if (isnan(v.mean)) {
		fputs("Nothing was measured.</p>\n", to);
		return true;
	}
	html_text(to, report_metric(r, line->id));
	fputs(": ", to);
	report_put_value(to, &r->runs[0], &v, line);
	fputs("</p>\n<p>Under ", to);
	html_text(to, r->runs[0].as.label);
	put_direction(to, line->id);
	fputs(".</p>\n", to);
	return true;
}

/* Of a sweep: at how many points each is the best. */
struct wins {
	const char *policy;
	size_t points;
};

static int by_points(const void *x, const void *y)
{
	const struct wins *a = x, *b = y;

	return a->points != b->points ? (a->points < b->points) - (a->points > b->points)
				      : strcmp(a->policy, b->policy);
}

/** Of the policies that are the best at some, those that are so at most first. */
static size_t count_wins(struct wins *wins, const struct report *r, size_t *undecided)
{
	size_t n = r->n_policies;

	*undecided = 0;
	for (size_t k = 0; k < n; k++)
		wins[k] = (struct wins){r->policies[k], 0};
	for (size_t p = 0; p < r->n_points; p++) {
		const struct report_point *at = &r->points[p];

		if (!at->ranked || at->ranking.is.n_left > 1)
			++*undecided;
		else
			wins[at->runs[at->ranking.is.best]->policy].points++;
	}
	mem_sort(wins, n, sizeof *wins, by_points);
	while (n > 0 && wins[n - 1].points == 0)
		n--;
	return n;
}

static void answer_points(FILE *to, struct report *r)
{
	struct wins *wins = arena_alloc(&r->arena, r->n_policies, sizeof *wins);
	size_t undecided, n = count_wins(wins, r, &undecided);

	fputs("<p class=\"big\">", to);
	for (size_t i = 0; i < n; i++) {
		fputs(i ? "; " : "", to);
		html_text(to, wins[i].policy);
		fprintf(to, " is the best at %zu of %zu points", wins[i].points, r->n_points);
	}
	if (undecided > 0)
		fprintf(to, "%s%s at %zu of %zu points", n ? "; " : "",
			n ? "undecided" : "Undecided", undecided, r->n_points);
	fputs(".</p>\n<p>By ", to);
	html_text(to, report_metric(r, r->metric));
	put_direction(to, r->metric);
	fputs(", with 95 % confidence at each point by itself.</p>\n", to);
}

/** Where all points have one run: from where to where it goes. */
static bool answer_range(
	FILE *to, struct report *r, const struct summary_line *line, struct err *err)
{
	struct report_value v, least, most;
	size_t low = 0, high = 0;
	double lo = HUGE_VAL, hi = -HUGE_VAL;

	for (size_t i = 0; i < r->n; i++) {
		if (!report_value(&v, &r->runs[i], line, err))
			return false;
		if (v.mean < lo)
			lo = v.mean, low = i;
		if (v.mean > hi)
			hi = v.mean, high = i;
	}
	if (!(lo <= hi))
		return answer_alone(to, r, line, err);
	if (!report_value(&least, &r->runs[low], line, err) ||
		!report_value(&most, &r->runs[high], line, err))
		return false;
	fputs("<p class=\"big\">", to);
	html_text(to, report_metric(r, line->id));
	fputs(" from ", to);
	report_put_value(to, &r->runs[low], &least, line);
	fputs(" to ", to);
	report_put_value(to, &r->runs[high], &most, line);
	fputs("</p>\n<p>The least at ", to);
	html_text(to, report_point_name(r, &r->points[r->runs[low].point]));
	fputs(", the most at ", to);
	html_text(to, report_point_name(r, &r->points[r->runs[high].point]));
	put_direction(to, line->id);
	fputs(".</p>\n", to);
	return true;
}

bool report_answer(struct page *p, struct report *r, struct err *err)
{
	FILE *to = page_out(p);
	struct summary_line line;
	bool known, ok = true;

	if (!report_line(&line, &known, r, r->metric, err))
		return false;
	fputs("<div class=\"answer\">\n", to);
	if (r->n == 1)
		ok = answer_alone(to, r, &line, err);
	else if (r->n_points == r->n)
		ok = answer_range(to, r, &line, err);
	else if (r->n_points > 1)
		answer_points(to, r);
	else if (!r->points[0].ranked)
		answer_unranked(to, &r->points[0]);
	else if (r->points[0].ranking.is.n_left > 1)
		answer_undecided(to, r, &r->points[0]);
	else
		answer_best(to, r, &r->points[0], &line);
	if (r->n_points == 1 && r->points[0].ranked)
		note_ranking(to, r, &r->points[0], &line);
	fputs("</div>\n", to);
	return ok;
}
