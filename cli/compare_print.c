/* What `offing compare` says. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/cell.h"
#include "cli/compared.h"
#include "cli/json.h"
#include "cli/summary_lines.h"
#include "cli/wrap.h"

enum { WIDTH = 100, A = 0, B, LESS, HALF, OF_A, SAVED, WORD, COLUMNS };

struct line {
	const char *section, *label, *unit;
	char cell[COLUMNS][CELL_SIZE];
};

struct lines {
	size_t n, cap;
	struct line *at;
	size_t wide[3], column[COLUMNS];
};

static size_t most(size_t a, size_t b)
{
	return a > b ? a : b;
}

/** Is 0 outside of the interval? Without one nothing is known. */
static bool differs(const struct comparison *c)
{
	return c->less.lo > 0.0 || c->less.hi < 0.0;
}

static const char *word_of(enum metric_id id, const struct comparison *c)
{
	bool more = c->less.mean > 0.0;

	if (!differs(c))
		return "";
	if (metrics[id].better == BETTER_NONE)
		return more ? "more" : "less";
	return more == (metrics[id].better == BETTER_MORE) ? "better" : "worse";
}

static void fill(struct line *l, const struct compared_metric *m, double scale)
{
	const struct comparison *c = &m->is;
	double half = (c->less.hi - c->less.lo) / 2;
	struct cell less = cell_of(c->less.mean * scale, half * scale);

	strcpy(l->cell[A], cell_of(c->a * scale, half * scale).mean);
	strcpy(l->cell[B], cell_of(c->b * scale, half * scale).mean);
	strcpy(l->cell[LESS], less.mean);
	if (*less.half)
		snprintf(l->cell[HALF], CELL_SIZE, "± %.20s", less.half);
	if (c->a != 0.0)
		snprintf(l->cell[OF_A], CELL_SIZE, "%s%.20s %%", c->less.mean > 0.0 ? "+" : "",
			cell_of(100.0 * c->less.mean / fabs(c->a), 100.0 * half / fabs(c->a)).mean);
	if (isfinite(c->saved))
		snprintf(l->cell[SAVED], CELL_SIZE, c->saved < 1e4 ? "%.3gx" : "%.1ex", c->saved);
	strcpy(l->cell[WORD], word_of(m->id, c));
}

static struct line *new_line(
	struct lines *l, const char *section, const char *label, const char *unit)
{
	l->at = mem_grow(l->at, l->n, &l->cap, sizeof *l->at);
	l->at[l->n] = (struct line){.section = section, .label = label, .unit = unit};
	return &l->at[l->n++];
}

static const struct compared_metric *metric_in(
	const struct compared *c, const char *scope, enum metric_id id)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->at[i].id == id && strcmp(c->at[i].scope, scope) == 0)
			return &c->at[i];
	return NULL;
}

/** The means of one of them, as a table of runs has them. */
static struct summary_row *rows_of(const struct compared *c, bool of_b)
{
	const double none = (double)NAN;
	struct summary_row *rows = mem_zalloc(c->n, sizeof *rows);

	for (size_t i = 0; i < c->n; i++)
		rows[i] = (struct summary_row){
			.scope = c->at[i].scope,
			.id = c->at[i].id,
			.mean = of_b ? c->at[i].is.b : c->at[i].is.a,
			.sd = none,
			.ci_low = none,
			.ci_high = none,
			.n = c->at[i].is.n,
		};
	return rows;
}

/** The lines of the table at the end of a run. @chosen keeps their texts. */
static void fill_main(struct lines *l, struct summary_lines *chosen, const struct compared *c)
{
	struct summary_row *a = rows_of(c, false), *b = rows_of(c, true);
	const struct run_summary runs[] = {
		{.policy = "A", .n_rows = c->n, .rows = a, .n = c->n_pairs},
		{.policy = "B", .n_rows = c->n, .rows = b, .n = c->n_pairs},
	};
	const struct summary s = {.n_runs = 2, .runs = runs, .width = WIDTH};

	summary_lines_choose(chosen, &s);
	for (size_t i = 0; i < chosen->n; i++) {
		const struct summary_line *line = &chosen->at[i];
		const struct compared_metric *m = metric_in(c, line->scope, line->id);

		if (!line->replications && m && !isnan(m->is.less.mean))
			fill(new_line(l, line->section, line->label, line->unit), m, line->scale);
	}
	free(a);
	free(b);
}

static void fill_all(struct lines *l, const struct compared *c)
{
	for (size_t i = 0; i < c->n; i++)
		fill(new_line(l, *c->at[i].scope ? c->at[i].scope : "system",
			     metrics[c->at[i].id].name, metrics[c->at[i].id].unit),
			&c->at[i], 1.0);
}

static const char *const headings[COLUMNS] = {"A", "B", "B - A", "", "of A", "saved", ""};

static void measure(struct lines *l)
{
	for (size_t k = 0; k < COLUMNS; k++)
		l->column[k] = strlen(headings[k]);
	for (size_t i = 0; i < l->n; i++) {
		const struct line *x = &l->at[i];

		l->wide[0] = most(l->wide[0], text_columns(x->section));
		l->wide[1] = most(l->wide[1], text_columns(x->label));
		l->wide[2] = most(l->wide[2], text_columns(x->unit));
		for (size_t k = 0; k < COLUMNS; k++)
			l->column[k] = most(l->column[k], text_columns(x->cell[k]));
	}
}

static void left(FILE *to, const char *s, size_t width)
{
	fprintf(to, "%s%*s", s, (int)(width - text_columns(s)), "");
}

static void right(FILE *to, const char *s, size_t width)
{
	fprintf(to, "%*s%s", (int)(width - text_columns(s)), "", s);
}

/** Without blanks at its end. */
static void print_row(
	FILE *to, const struct lines *l, const char *const *text, const char *const *cells)
{
	char *line = NULL;
	size_t size;
	FILE *out = open_memstream(&line, &size);

	for (size_t k = 0; k < 3; k++) {
		left(out, text[k], l->wide[k]);
		fputs(k < 2 ? "  " : "", out);
	}
	for (size_t k = 0; k < COLUMNS; k++) {
		fputs(k == HALF ? " " : "   ", out);
		if (k == HALF || k == WORD)
			left(out, cells[k], l->column[k]);
		else
			right(out, cells[k], l->column[k]);
	}
	fclose(out);
	while (size && line[size - 1] == ' ')
		line[--size] = '\0';
	fprintf(to, "%s\n", line);
	free(line);
}

static void print_lines(FILE *to, struct lines *l)
{
	const char *const none[] = {"", "", ""};
	const char *cells[COLUMNS];

	measure(l);
	print_row(to, l, none, headings);
	for (size_t i = 0; i < l->n; i++) {
		const struct line *x = &l->at[i];
		bool again = i > 0 && strcmp(l->at[i - 1].section, x->section) == 0;
		const char *const text[] = {again ? "" : x->section, x->label, x->unit};

		for (size_t k = 0; k < COLUMNS; k++)
			cells[k] = x->cell[k];
		print_row(to, l, text, cells);
	}
}

static void print_side(FILE *to, const char *name, const struct contender *c)
{
	const struct results_run *run = contender_run(c);

	fprintf(to, "%s: %s in %s (%s%s)\n", name, run->policy, results_dir(c->of), run->name,
		run->status == RUN_COMPLETE ? "" : ", not complete");
}

static void print_heading(FILE *to, const struct compared *c)
{
	struct wrap w = {.to = to, .width = WIDTH};
	bool alike = contender_run(c->a)->alike && contender_run(c->b)->alike;

	print_side(to, "A", c->a);
	print_side(to, "B", c->b);
	if (!c->paired)
		wrap_printf(&w,
			"seeds differ (%ju and %ju), so replications are no pairs: Welch's 95 %% "
			"interval of the difference of the means",
			(uintmax_t)contender_run(c->a)->seed, (uintmax_t)contender_run(c->b)->seed);
	else if (alike)
		wrap_printf(&w, "nothing in them was random, so the differences are exact");
	else if (c->n_pairs < 2)
		wrap_printf(&w, "%zu pair%s of replications, so no interval", c->n_pairs,
			c->n_pairs == 1 ? "" : "s");
	else
		wrap_printf(&w,
			"%zu pairs of replications with the same seed; half-width of the 95 %% "
			"interval "
			"of each difference by itself, chance alone",
			c->n_pairs);
	wrap_end(&w);
	fputc('\n', to);
}

static void print_foot(FILE *to, const struct compared *c, const struct lines *l)
{
	struct wrap w = {.to = to, .width = WIDTH};
	size_t known = 0, apart = 0;

	for (size_t i = 0; i < l->n; i++)
		if (*l->at[i].cell[HALF]) {
			known++;
			apart += *l->at[i].cell[WORD] != '\0';
		}
	if (known == 0)
		return;
	fputc('\n', to);
	wrap_printf(&w,
		"%zu of %zu differences are certain at 95 %%; if nothing differed, about %.0f "
		"would "
		"seem to.",
		apart, known, ceil(0.05 * (double)known));
	if (c->paired)
		wrap_printf(&w, " saved: independent replications that would tell as much, over "
				"those that were made.");
	wrap_end(&w);
}

void compare_print(FILE *to, const struct compared *c, bool all_scopes)
{
	struct summary_lines chosen = {0};
	struct lines l = {0};

	print_heading(to, c);
	if (all_scopes)
		fill_all(&l, c);
	else
		fill_main(&l, &chosen, c);
	print_lines(to, &l);
	print_foot(to, c, &l);
	free(l.at);
	if (!all_scopes)
		summary_lines_finish(&chosen);
}

static void json_side(FILE *to, const char *name, const struct contender *c)
{
	const struct results_run *run = contender_run(c);

	fprintf(to, "\"%s\": {\"dir\": ", name);
	json_string(to, results_dir(c->of));
	json_member_string(to, "name", run->name);
	json_member_string(to, "policy", run->policy);
	json_member_string(to, "status", run_status_words[run->status]);
	fprintf(to, ", \"seed\": %ju}", (uintmax_t)run->seed);
}

static void json_interval(FILE *to, const struct stat_interval *i)
{
	fputs(", \"ci95\": [", to);
	json_number(to, i->lo);
	fputs(", ", to);
	json_number(to, i->hi);
	fputc(']', to);
}

static void json_metric(FILE *to, const struct compared_metric *m)
{
	fputs("{\"scope\": ", to);
	json_string(to, m->scope);
	json_member_string(to, "name", metrics[m->id].name);
	json_member_string(to, "unit", metrics[m->id].unit);
	json_member_number(to, "a", m->is.a);
	json_member_number(to, "b", m->is.b);
	json_member_number(to, "difference", m->is.less.mean);
	json_interval(to, &m->is.less);
	json_member_number(to, "correlation", m->is.correlation);
	json_member_number(to, "saved", m->is.saved);
	fprintf(to, ", \"n\": %zu}", m->is.n);
}

void compare_json(FILE *to, const struct compared *c)
{
	fputc('{', to);
	json_side(to, "a", c->a);
	fputc(',', to);
	json_side(to, "b", c->b);
	fprintf(to, ", \"paired\": %s, \"metrics\": [", c->paired ? "true" : "false");
	for (size_t i = 0; i < c->n; i++) {
		if (i)
			fputc(',', to);
		json_metric(to, &c->at[i]);
	}
	fputs("]}\n", to);
}

/* Several */

/** "" where the unit is 1. */
static const char *unit_of(enum metric_id id)
{
	return strcmp(metrics[id].unit, "1") == 0 ? "" : metrics[id].unit;
}

/** By how much the best leads all others at least; 0: by nothing that is certain. */
static double lead_of(const struct ranked_all *r)
{
	double lead = HUGE_VAL;

	for (size_t i = 0; i < r->n; i++) {
		const struct stat_interval *x = &r->at[i].behind;

		if (i != r->is.best)
			lead = fmin(
				lead, x->lo * x->hi > 0.0 ? fmin(fabs(x->lo), fabs(x->hi)) : 0.0);
	}
	return lead;
}

static void print_verdict(FILE *to, const struct ranked_all *r)
{
	struct wrap w = {.to = to, .width = WIDTH};
	double lead = lead_of(r);

	if (r->is.n_left > 1)
		wrap_printf(&w,
			"undecided between %zu after %zu replications; at most %zu decide it",
			r->is.n_left, r->n_replications, r->is.most);
	else
		wrap_printf(&w, "%s is the best with %g %% confidence",
			r->contenders[r->is.best].label, 100.0 * (1.0 - r->error));
	if (r->is.n_left == 1 && lead > 0.0)
		wrap_printf(&w, ", and leads all others by %s %s at least",
			cell_of(lead, (double)NAN).mean, unit_of(r->metric));
	wrap_end(&w);
	wrap_printf(&w,
		"(what differs by less than %s %s does not matter; Kim and Nelson's procedure, and "
		"intervals that hold together)",
		cell_of(r->indifference, (double)NAN).mean, unit_of(r->metric));
	wrap_end(&w);
}

static int by_rank(const void *x, const void *y, void *context)
{
	const struct ranked_all *r = context;
	double a = r->at[*(const size_t *)x].mean.mean, b = r->at[*(const size_t *)y].mean.mean;
	int less = (a > b) - (a < b);

	return metrics[r->metric].better == BETTER_MORE ? -less : less;
}

static size_t *in_order(const struct ranked_all *r)
{
	size_t *order = mem_zalloc(r->n, sizeof *order);

	for (size_t i = 0; i < r->n; i++)
		order[i] = i;
	qsort_r(order, r->n, sizeof *order, by_rank, (void *)r);
	return order;
}

enum { OWN, OWN_HALF, BEHIND, BEHIND_HALF, FATE, RANK_COLUMNS };

static void rank_row(char (*cell)[CELL_SIZE], const struct ranked_all *r, size_t i)
{
	const struct ranked *x = &r->at[i];
	struct cell own = cell_of(x->mean.mean, (x->mean.hi - x->mean.lo) / 2),
		    behind = cell_of(x->behind.mean, (x->behind.hi - x->behind.lo) / 2);

	memset(cell, 0, RANK_COLUMNS * sizeof *cell);
	strcpy(cell[OWN], own.mean);
	if (*own.half)
		snprintf(cell[OWN_HALF], CELL_SIZE, "± %.20s", own.half);
	if (i != r->is.best) {
		strcpy(cell[BEHIND], behind.mean);
		if (*behind.half)
			snprintf(cell[BEHIND_HALF], CELL_SIZE, "± %.20s", behind.half);
	}
	if (x->out_after > 0)
		snprintf(cell[FATE], CELL_SIZE, "out after %zu", x->out_after);
	else if (x->out)
		strcpy(cell[FATE], "out by its interval");
	else
		strcpy(cell[FATE], r->is.n_left == 1 ? "best" : "left");
}

void ranking_print(FILE *to, const struct ranked_all *r)
{
	const struct metric *m = &metrics[r->metric];
	size_t *order = in_order(r), name = 0, wide[RANK_COLUMNS] = {4, 0, 14, 0, 0};
	char(*cells)[RANK_COLUMNS][CELL_SIZE] = mem_zalloc(r->n, sizeof *cells);

	for (size_t k = 0; k < r->n; k++) {
		name = most(name, text_columns(r->contenders[order[k]].label));
		rank_row(cells[k], r, order[k]);
		for (size_t c = 0; c < RANK_COLUMNS; c++)
			wide[c] = most(wide[c], text_columns(cells[k][c]));
	}
	fprintf(to, "%s%s%s, %s is better; %zu replications that all have\n\n", m->name,
		*unit_of(r->metric) ? " in " : "", unit_of(r->metric),
		m->better == BETTER_MORE ? "more" : "less", r->n_replications);
	fprintf(to, "%*s%*s%*s%*s\n", (int)name, "", (int)wide[OWN] + 3, "mean",
		(int)wide[OWN_HALF] + 1, "", (int)wide[BEHIND] + 3, "from the first");
	for (size_t k = 0; k < r->n; k++) {
		left(to, r->contenders[order[k]].label, name);
		for (size_t c = 0; c < RANK_COLUMNS; c++) {
			fputs(c == OWN_HALF || c == BEHIND_HALF ? " " : "   ", to);
			if (c == OWN || c == BEHIND)
				right(to, cells[k][c], wide[c]);
			else if (c == FATE)
				fputs(cells[k][c], to);
			else
				left(to, cells[k][c], wide[c]);
		}
		fputc('\n', to);
	}
	fputc('\n', to);
	print_verdict(to, r);
	free(cells);
	free(order);
}

static void json_ranked(FILE *to, const struct ranked_all *r, size_t i)
{
	const struct ranked *x = &r->at[i];

	fputs("{\"label\": ", to);
	json_string(to, r->contenders[i].label);
	json_member_number(to, "mean", x->mean.mean);
	json_interval(to, &x->mean);
	json_member_number(to, "from_best", x->behind.mean);
	fputs(", \"from_best_together\": [", to);
	json_number(to, x->behind.lo);
	fputs(", ", to);
	json_number(to, x->behind.hi);
	fprintf(to, "], \"out_after\": ");
	json_number(to, x->out_after ? (double)x->out_after : (double)NAN);
	fputc('}', to);
}

void ranking_json(FILE *to, const struct ranked_all *r)
{
	size_t *order = in_order(r);

	fputs("{\"metric\": ", to);
	json_string(to, metrics[r->metric].name);
	json_member_string(to, "unit", metrics[r->metric].unit);
	json_member_string(to, "best", r->is.n_left == 1 ? r->contenders[r->is.best].label : NULL);
	json_member_number(to, "confidence", 1.0 - r->error);
	json_member_number(to, "indifference", r->indifference);
	json_member_number(to, "replications", (double)r->n_replications);
	json_member_number(to, "used", (double)r->is.used);
	json_member_number(to, "most", (double)r->is.most);
	fputs(", \"ranking\": [", to);
	for (size_t k = 0; k < r->n; k++) {
		if (k)
			fputc(',', to);
		json_ranked(to, r, order[k]);
	}
	fputs("]}\n", to);
	free(order);
}
