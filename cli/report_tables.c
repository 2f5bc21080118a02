/* The tables of a page: a row a run, and where they are few a column a run with all main metrics.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/report.h"
#include "io/report/html.h"

/* A row a run */

static const enum metric_id shown[] = {METRIC_E2E_MEAN, METRIC_E2E_P95, METRIC_TTFT_P95,
	METRIC_TPOT_P95, METRIC_QOS_SHARE, METRIC_GOODPUT, METRIC_THROUGHPUT_TOKENS,
	METRIC_THROUGHPUT_REQUESTS, METRIC_QUEUE_MEAN, METRIC_ENERGY, METRIC_COST};

enum { SHOWN = sizeof shown / sizeof *shown, MOST_COLUMNS = SHOWN + 1 };

struct overview {
	size_t n;
	struct summary_line lines[MOST_COLUMNS];
	double most[MOST_COLUMNS], best[MOST_COLUMNS]; /* of means, in the metric's unit */
	struct report_value *values[MOST_COLUMNS];     /* of each run */
	bool verdicts;
};

static bool add_metric(
	struct overview *o, const struct report *r, enum metric_id id, struct err *err)
{
	bool known;

	for (size_t i = 0; i < o->n; i++)
		if (o->lines[i].id == id)
			return true;
	if (!report_line(&o->lines[o->n], &known, r, id, err))
		return false;
	o->n += known;
	return true;
}

static bool better(enum metric_id id, double a, double b)
{
	return metrics[id].better == BETTER_MORE ? a > b : a < b;
}

/** Where all are alike none is the best. */
static bool read_column(struct overview *o, struct report *r, size_t column, struct err *err)
{
	struct report_value *v = arena_alloc(&r->arena, r->n, sizeof *v);
	double least = HUGE_VAL, most = -HUGE_VAL;

	for (size_t i = 0; i < r->n; i++) {
		if (!report_value(&v[i], &r->runs[i], &o->lines[column], err))
			return false;
		if (isnan(v[i].mean))
			continue;
		least = fmin(least, v[i].mean);
		most = fmax(most, v[i].mean);
	}
	o->values[column] = v;
	o->most[column] = fmax(most, -least);
	o->best[column] = metrics[o->lines[column].id].better == BETTER_NONE || !(least < most)
				  ? (double)NAN
			  : better(o->lines[column].id, most, least) ? most
								     : least;
	return true;
}

static bool has_verdicts(const struct report *r)
{
	for (size_t i = 0; i < r->n; i++)
		if (!isnan(r->runs[i].verdict))
			return true;
	return false;
}

static bool choose(struct overview *o, struct report *r, struct err *err)
{
	*o = (struct overview){.verdicts = has_verdicts(r)};
	if (!add_metric(o, r, r->metric, err))
		return false;
	for (size_t i = 0; i < SHOWN; i++)
		if (!add_metric(o, r, shown[i], err))
			return false;
	for (size_t i = 0; i < o->n; i++)
		if (!read_column(o, r, i, err))
			return false;
	return true;
}

static void overview_columns(struct page_column *c, const struct overview *o, struct report *r)
{
	size_t n = 0;

	c[n++] = (struct page_column){.title = "policy", .unit = "", .pin = true};
	n += report_key_columns(c + n, r);
	for (size_t i = 0; i < o->n; i++) {
		const struct metric *m = &metrics[o->lines[i].id];

		c[n++] = (struct page_column){.title = report_metric(r, o->lines[i].id),
			.unit = o->lines[i].unit,
			.hint = arena_printf(&r->arena, "%s: %s", m->name, m->meaning),
			.number = true,
			.from = {.name = m->name, .scope = "", .scale = o->lines[i].scale}};
	}
	if (o->verdicts)
		c[n++] = (struct page_column){.title = "stability", .unit = ""};
}

static void put_policy(struct page *p, const struct report_run *run)
{
	const struct results_run *is = contender_run(&run->as);
	FILE *to = page_out(p);

	fprintf(to,
		"<th scope=\"row\" class=\"pin\"><span class=\"swatch\" "
		"style=\"--c:var(--c%u)\"></span>",
		run->colour);
	html_text(to, run->as.label);
	if (is->status != RUN_COMPLETE) {
		fputc(' ', to);
		page_word(to, "bad", run_status_words[is->status]);
	}
	fputs("</th>", to);
}

static void put_verdict(struct page *p, const struct report_run *run)
{
	FILE *to = page_cell_begin(p);

	if (isnan(run->verdict))
		html_text(to, "–");
	else
		report_put_verdict(to, run->verdict);
	page_cell_end(p);
}

static void put_run(struct page *p, const struct report *r, const struct overview *o, size_t run)
{
	const struct page_source from = report_source(&r->runs[run]);

	page_row(p, "", &from);
	put_policy(p, &r->runs[run]);
	report_key_cells(p, r, &r->runs[run]);
	for (size_t i = 0; i < o->n; i++) {
		struct report_value *v = &o->values[i][run];

		v->number.bar = o->most[i] > 0.0 ? fabs(v->mean) / o->most[i] : (double)NAN;
		v->number.top = r->n_points == 1 && v->mean == o->best[i];
		page_number_cell(p, &v->number);
	}
	if (o->verdicts)
		put_verdict(p, &r->runs[run]);
	page_row_end(p);
}

/** The main metrics of a run alone, each in a tile. */
static const char *sampled_in(const struct report *r)
{
	struct sampled s = {0};

	for (size_t i = 0; i < r->n; i++)
		sampled_add(&s, contender_run(&r->runs[i].as)->antithetic, 0);
	return sampled_unit(&s);
}

static bool put_tiles(struct page *p, struct report *r, struct err *err)
{
	FILE *to = page_out(p);
	struct overview o;

	if (!choose(&o, r, err))
		return false;
	fputs("<dl class=\"tiles\">\n", to);
	for (size_t i = 0; i < o.n; i++) {
		fputs("<div><dt>", to);
		html_text(to, report_metric(r, o.lines[i].id));
		fputs("</dt><dd>", to);
		report_put_value(to, &r->runs[0], &o.values[i][0], &o.lines[i]);
		fputs("</dd></div>\n", to);
	}
	fputs("</dl>\n", to);
	page_text(p, "note", "Mean over %s ± half-width of its 95 %% interval, chance alone.",
		sampled_in(r));
	return true;
}

static bool put_overview(struct page *p, struct report *r, struct err *err)
{
	struct page_column *columns;
	struct overview o;
	size_t n;

	if (!choose(&o, r, err))
		return false;
	n = 1 + r->n_keys + o.verdicts + o.n;
	columns = arena_alloc(&r->arena, n, sizeof *columns);
	overview_columns(columns, &o, r);
	page_table(p, "Main metrics of every run", n, columns, r->n, true);
	for (size_t i = 0; i < r->n; i++)
		put_run(p, r, &o, i);
	page_table_end(p);
	page_text(p, "note", "Mean over %s ± half-width of its 95 %% interval, chance alone%s.",
		sampled_in(r),
		r->n > 1 && r->n_points == 1
			? "; in bold the best mean of a column, which need not "
			  "be certain"
			: "");
	return true;
}

/* All main metrics, a column a run */

enum { MOST_RUNS = 8 };

static bool read_rows(
	struct run_summary *s, struct report *r, const struct report_run *run, struct err *err)
{
	const struct results_measured *all;
	struct summary_row *rows;
	size_t n;

	if (!results_measured(&n, &all, run->as.of, err))
		return false;
	rows = arena_alloc(&r->arena, n, sizeof *rows);
	*s = (struct run_summary){.name = contender_run(&run->as)->name,
		.policy = run->as.label,
		.rows = rows,
		.n = run->known.complete};
	for (size_t i = 0; i < n; i++) {
		struct results_summary x;
		enum metric_id id;

		if (!metric_find(&id, all[i].name))
			continue;
		if (!results_summary(&x, run->as.of, run->as.run, all[i].scope, all[i].name, err))
			return false;
		if (x.n > 0 || !*all[i].scope)
			rows[s->n_rows++] = (struct summary_row){.scope = all[i].scope,
				.id = id,
				.mean = x.mean,
				.sd = x.sd,
				.ci_low = x.ci_low,
				.ci_high = x.ci_high,
				.n = (uint32_t)x.n};
	}
	return true;
}

static bool put_line(
	struct page *p, const struct report *r, const struct summary_line *line, struct err *err)
{
	page_row(p, "",
		&(struct page_source){.name = metrics[line->id].name,
			.scope = line->scope,
			.scale = line->scale});
	page_line_cell(p, line->label, line->unit);
	for (size_t i = 0; i < r->n; i++) {
		struct report_value v;

		if (!report_value(&v, &r->runs[i], line, err))
			return false;
		page_number_cell(p, &v.number);
	}
	page_row_end(p);
	return true;
}

static bool put_lines(
	struct page *p, const struct report *r, const struct summary_lines *l, struct err *err)
{
	for (size_t i = 0; i < l->n; i++) {
		if (i == 0 || strcmp(l->at[i].section, l->at[i - 1].section) != 0)
			page_group_row(p, l->at[i].section, 1 + r->n);
		if (!put_line(p, r, &l->at[i], err))
			return false;
	}
	return true;
}

static void detail_columns(struct page_column *c, struct report *r)
{
	c[0] = (struct page_column){.title = "metric", .unit = "", .pin = true};
	for (size_t i = 0; i < r->n; i++)
		c[1 + i] = (struct page_column){.title = r->runs[i].as.label,
			.unit = report_point_name(r, &r->points[r->runs[i].point]),
			.number = true,
			.from = report_source(&r->runs[i])};
}

static bool put_details(struct page *p, struct report *r, struct err *err)
{
	struct run_summary *runs = arena_alloc(&r->arena, r->n, sizeof *runs);
	struct page_column *columns = arena_alloc(&r->arena, r->n + 1, sizeof *columns);
	struct summary_lines lines;
	bool ok;

	for (size_t i = 0; i < r->n; i++)
		if (!read_rows(&runs[i], r, &r->runs[i], err))
			return false;
	summary_lines_choose(&lines, &(struct summary){.n_runs = r->n, .runs = runs});
	detail_columns(columns, r);
	page_fold_begin(p, "All main metrics, machines and links");
	page_table(p, "All main metrics", 1 + r->n, columns, 0, false);
	ok = put_lines(p, r, &lines, err);
	page_table_end(p);
	page_fold_end(p);
	summary_lines_finish(&lines);
	return ok;
}

bool report_tables(struct page *p, struct report *r, struct err *err)
{
	page_section(p, "results", "Results");
	if (r->n == 1)
		return put_tiles(p, r, err) && put_details(p, r, err);
	return put_overview(p, r, err) && (r->n > MOST_RUNS || put_details(p, r, err));
}
