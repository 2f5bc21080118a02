/* The comparison of a page: ranks, and differences in pairs of replications. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/report.h"
#include "io/report/html.h"

enum { MOST_PAIRS = 8 };

/* Ranks of the policies of one point */

static void put_worked_out(
	struct page *p, const char *column, double value, double half, double scale)
{
	struct cell c = cell_of(value * scale, half * scale);

	page_number_cell(p, &(struct page_number){
				    .text = isnan(value) ? "–" : c.mean,
				    .half = c.half,
				    .value = value,
				    .bar = (double)NAN,
				    .from = {.column = column},
			    });
}

static void put_fate(struct page *p, const struct ranked_all *all, const struct ranked *x)
{
	FILE *to = page_cell_begin(p);

	if (x->out_after > 0)
		html_printf(to, "out after %zu %s", x->out_after, sampled_unit(&all->sampled));
	else if (x->out)
		html_text(to, "out by its interval");
	else
		page_word(to, all->is.n_left == 1 ? "good" : "fair",
			all->is.n_left == 1 ? "best" : "left");
	page_cell_end(p);
}

static void put_ranked(struct page *p, const struct report_point *at, size_t i, double scale)
{
	const struct report_run *run = at->runs[i];
	const struct ranked *x = &at->ranking.at[i];
	const struct page_source from = report_source(run);

	page_row(p, "", &from);
	page_name_cell(p, "pin", at->contenders[i].label);
	put_worked_out(p, "rank-mean", x->mean.mean, 0.5 * (x->mean.hi - x->mean.lo), scale);
	if (i == at->ranking.is.best)
		page_cell(p, "–");
	else
		put_worked_out(p, "rank-behind", x->behind.mean,
			0.5 * (x->behind.hi - x->behind.lo), scale);
	put_fate(p, &at->ranking, x);
	page_row_end(p);
}

static void put_ranking(struct page *p, struct report *r, const struct report_point *at,
	const struct summary_line *line)
{
	const struct page_source from = {
		.name = metrics[line->id].name, .among = report_among(r, at), .scale = line->scale};
	const struct page_column columns[] = {
		{.title = "policy", .unit = "", .pin = true},
		{.title = report_metric(r, line->id),
			.unit = line->unit,
			.number = true,
			.from = from},
		{.title = "from the first", .unit = line->unit, .number = true, .from = from},
		{.title = "verdict", .unit = ""},
	};
	size_t *order = ranked_order(&at->ranking);
	char alone[SAMPLED_SIZE];

	page_heading(p, "Which is the best");
	page_table(p, "Policies in order", 4, columns, at->n, true);
	for (size_t i = 0; i < at->n; i++)
		put_ranked(p, at, order[i], line->scale);
	page_table_end(p);
	page_text(p, "note",
		"Over the %zu %s that all have%s. Means: 95 %% intervals, each by itself. "
		"“From the first”: intervals of the differences in pairs, which hold together. "
		"Kim and Nelson’s procedure (docs/comparing.md).",
		at->ranking.n_values, sampled_unit(&at->ranking.sampled),
		sampled_alone(alone, &at->ranking.sampled));
	free(order);
}

/* The best at each point */

static void point_columns(
	struct page_column *c, const struct report *r, const struct summary_line *line)
{
	const struct page_source from = {.name = metrics[line->id].name, .scale = line->scale};
	size_t n = report_key_columns(c, r);

	c[n++] = (struct page_column){.title = "best", .unit = ""};
	c[n++] = (struct page_column){.title = metrics[line->id].section,
		.unit = line->unit,
		.number = true,
		.from = from};
	c[n++] = (struct page_column){
		.title = "leads by at least", .unit = line->unit, .number = true, .from = from};
}

/** Between whom it is not decided. */
static void put_left(FILE *to, const struct report_point *at)
{
	bool any = false;

	page_word(to, "fair", at->ranked ? "undecided" : "not ranked");
	for (size_t i = 0; at->ranked && i < at->n; i++)
		if (!at->ranking.at[i].out) {
			html_printf(to, "%s%s", any ? ", " : " ", at->contenders[i].label);
			any = true;
		}
}

static void put_point(struct page *p, struct report *r, const struct report_point *at, double scale)
{
	const struct ranking *is = &at->ranking.is;
	const struct report_run *run = at->runs[at->ranked ? is->best : 0];
	bool decided = at->ranked && is->n_left == 1;
	double lead = decided ? ranked_lead(&at->ranking) : 0.0;
	struct page_source from;
	FILE *to;

	from = report_source(run);
	from.among = report_among(r, at);
	page_row(p, "", &from);
	report_key_cells(p, r, run);
	to = page_cell_begin(p);
	if (decided)
		html_text(to, run->as.label);
	else
		put_left(to, at);
	page_cell_end(p);
	if (decided) {
		const struct stat_interval *m = &at->ranking.at[is->best].mean;

		put_worked_out(p, "rank-mean", m->mean, 0.5 * (m->hi - m->lo), scale);
	} else {
		page_cell(p, "–");
	}
	if (lead > 0.0)
		put_worked_out(p, "rank-lead", lead, (double)NAN, scale);
	else
		page_cell(p, "–");
	page_row_end(p);
}

static void put_points(struct page *p, struct report *r, const struct summary_line *line)
{
	struct page_column *columns = arena_alloc(&r->arena, r->n_keys + 3, sizeof *columns);

	point_columns(columns, r, line);
	page_heading(p, "Which is the best where");
	page_table(p, "The best policy at each point", r->n_keys + 3, columns, r->n_points, true);
	for (size_t i = 0; i < r->n_points; i++)
		put_point(p, r, &r->points[i], line->scale);
	page_table_end(p);
	page_text(p, "note",
		"Kim and Nelson’s procedure at each point by itself, 95 %% confidence "
		"(docs/comparing.md).");
}

/* Differences */

struct pair {
	const char *title;
	const struct report_run *a, *b;
	struct compared is;
};

struct pairs {
	size_t n;
	struct pair at[MOST_PAIRS];
};

static void add_pair(struct pairs *all, const char *title, const struct report_run *a,
	const struct report_run *b)
{
	if (all->n < MOST_PAIRS)
		all->at[all->n++] = (struct pair){.title = title, .a = a, .b = b};
}

/** Of one point each other policy with the best; of two each policy with itself. */
static const char *choose_pairs(struct pairs *all, struct report *r)
{
	const struct report_point *first = &r->points[0];
	const struct report_run *base = first->runs[first->ranked ? first->ranking.is.best : 0];

	for (size_t i = 0; r->n_points == 1 && i < first->n; i++)
		if (first->runs[i] != base)
			add_pair(all, first->runs[i]->as.label, base, first->runs[i]);
	for (size_t i = 0; r->n_points == 2 && i < first->n; i++)
		for (size_t k = 0; k < r->points[1].n; k++)
			if (strcmp(first->runs[i]->as.label, r->points[1].runs[k]->as.label) == 0)
				add_pair(all, first->runs[i]->as.label, first->runs[i],
					r->points[1].runs[k]);
	if (r->n_points == 1)
		return arena_printf(&r->arena, "Differences from %s", base->as.label);
	return arena_printf(&r->arena, "Differences of %s from %s",
		report_point_name(r, &r->points[1]), report_point_name(r, first));
}

static const struct comparison *of_metric(const struct pair *x, enum metric_id id)
{
	for (size_t i = 0; i < x->is.n; i++)
		if (x->is.at[i].id == id)
			return &x->is.at[i].is;
	return NULL;
}

static bool has_difference(const struct comparison *c)
{
	return c && !isnan(c->less.mean);
}

/** Both are 0 all the time. */
static bool is_nothing(const struct comparison *c)
{
	return c->a == 0.0 && c->b == 0.0;
}

static bool line_of(struct summary_line *out, const struct pairs *all, enum metric_id id)
{
	double most = (double)NAN;
	bool any = false;

	for (size_t i = 0; i < all->n; i++) {
		const struct comparison *c = of_metric(&all->at[i], id);

		if (!has_difference(c))
			continue;
		any = any || !is_nothing(c);
		most = fmax(most, fmax(fabs(c->a), fabs(c->b)));
	}
	*out = summary_line_of(id, most);
	return any;
}

static void put_difference(struct page *p, const struct pair *x, const struct summary_line *line)
{
	const struct comparison *c = of_metric(x, line->id);
	struct cell text;
	const char *word;

	if (!has_difference(c)) {
		page_cell(p, "–");
		return;
	}
	text = cell_of(c->less.mean * line->scale, 0.5 * (c->less.hi - c->less.lo) * line->scale);
	word = compared_word(line->id, c);
	page_number_cell(p, &(struct page_number){
				    .text = text.mean,
				    .half = text.half,
				    .value = c->less.mean,
				    .bar = (double)NAN,
				    .word = word,
				    .css = strcmp(word, "better") == 0  ? "good"
					   : strcmp(word, "worse") == 0 ? "bad"
									: "",
			    });
}

static void put_differences(
	struct page *p, struct report *r, const struct pairs *all, const char *title)
{
	struct page_column columns[3 + MOST_PAIRS] = {{.title = "metric", .unit = "", .pin = true},
		{.title = "", .unit = ""}, {.title = "unit", .unit = ""}};
	const char *last = "";

	for (size_t i = 0; i < all->n; i++)
		columns[1 + i] = (struct page_column){.title = all->at[i].title,
			.unit = "",
			.number = true,
			.from = {.column = arena_printf(&r->arena, "%zu:%jd - %zu:%jd",
					 all->at[i].b->folder,
					 (intmax_t)contender_run(&all->at[i].b->as)->id,
					 all->at[i].a->folder,
					 (intmax_t)contender_run(&all->at[i].a->as)->id)}};
	page_table(p, title, 1 + all->n, columns, 0, false);
	for (enum metric_id id = 0; id < METRICS; id++) {
		struct summary_line line;

		if (metrics[id].show == SHOW_NOT || metrics[id].better == BETTER_NONE ||
			!line_of(&line, all, id))
			continue;
		if (strcmp(last, line.section) != 0)
			page_group_row(p, line.section, 1 + all->n);
		page_row(p, "",
			&(struct page_source){
				.name = metrics[id].name, .scope = "", .scale = line.scale});
		page_line_cell(p, line.label, line.unit);
		for (size_t i = 0; i < all->n; i++)
			put_difference(p, &all->at[i], &line);
		page_row_end(p);
		last = line.section;
	}
	page_table_end(p);
}

/** Who is in several differences is told of once. */
static struct sampled sampled_in(const struct pairs *all)
{
	struct sampled s = {0};

	for (size_t i = 0; i < all->n; i++) {
		const struct compared *c = &all->at[i].is;

		sampled_add(&s, c->of_b.pairs, c->of_b.alone);
		if (i == 0 || c->a != all->at[i - 1].is.a)
			sampled_add(&s, c->of_a.pairs, c->of_a.alone);
	}
	return s;
}

static void note_pairs(struct page *p, const struct pairs *all)
{
	const struct sampled s = sampled_in(all);
	char alone[SAMPLED_SIZE];
	bool paired = true;

	for (size_t i = 0; i < all->n; i++)
		paired = paired && all->at[i].is.paired;
	page_text(p, "note",
		"%s%s%s%s A word stands where the interval leaves out 0; each interval is a "
		"statement by itself, so of 20 that do not differ one will seem to.",
		paired ? "Means of the differences in pairs of replications with one seed, ± "
			 "half-width of the 95 % interval, chance alone."
		       : "Seeds differ, so replications are no pairs: Welch’s 95 % intervals.",
		s.pairs ? " Antithetic replications count as the means of their pairs" : "",
		s.pairs ? sampled_alone(alone, &s) : "", s.pairs ? "." : "");
}

static bool put_all_pairs(struct page *p, struct report *r, struct err *err)
{
	struct pairs all = {0};
	const char *title = choose_pairs(&all, r);
	bool ok = true;

	for (size_t i = 0; i < all.n && ok; i++)
		ok = compared_read(&all.at[i].is, &all.at[i].a->as, &all.at[i].b->as, false, err);
	if (ok && all.n > 0) {
		page_heading(p, title);
		put_differences(p, r, &all, title);
		note_pairs(p, &all);
	}
	for (size_t i = 0; i < all.n; i++)
		compared_finish(&all.at[i].is);
	return ok;
}

bool report_compared(struct page *p, struct report *r, struct err *err)
{
	struct summary_line line;
	bool known;

	if (r->n < 2 || (r->n_points == r->n && r->n > 2))
		return true;
	if (!report_line(&line, &known, r, r->metric, err))
		return false;
	page_section(p, "comparison", "Comparison");
	if (r->n_points == 1 && r->points[0].ranked)
		put_ranking(p, r, &r->points[0], &line);
	else if (r->n_points == 1)
		page_text(p, NULL, "Not ranked: %s.", r->points[0].why_not.msg);
	else if (r->n_points < r->n)
		put_points(p, r, &line);
	return r->n_points > 2 || put_all_pairs(p, r, err);
}
