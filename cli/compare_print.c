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

enum { A, B, LESS, HALF, OF_A, SAVED, WORD, COLUMNS };

struct line {
	const char *section, *label, *unit;
	char cell[COLUMNS][CELL_SIZE];
};

struct lines {
	size_t n, cap;
	struct line *at;
	size_t wide[3], column[COLUMNS];
};

bool compared_differs(const struct comparison *c)
{
	return c->less.lo > 0.0 || c->less.hi < 0.0;
}

const char *compared_word(enum metric_id id, const struct comparison *c)
{
	bool more = c->less.mean > 0.0;

	if (!compared_differs(c))
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
	strcpy(l->cell[WORD], compared_word(m->id, c));
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
	const struct summary s = {.n_runs = 2, .runs = runs, .width = COMPARED_WIDTH};

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

		l->wide[0] = text_widen(l->wide[0], x->section);
		l->wide[1] = text_widen(l->wide[1], x->label);
		l->wide[2] = text_widen(l->wide[2], x->unit);
		for (size_t k = 0; k < COLUMNS; k++)
			l->column[k] = text_widen(l->column[k], x->cell[k]);
	}
}

static void print_row(
	FILE *to, const struct lines *l, const char *const *text, const char *const *cells)
{
	struct text_line line;

	text_line_begin(&line);
	for (size_t k = 0; k < 3; k++)
		text_left(line.out, text[k], l->wide[k] + (k < 2 ? 2 : 0));
	for (size_t k = 0; k < COLUMNS; k++) {
		fputs(k == HALF ? " " : "   ", line.out);
		if (k == HALF || k == WORD)
			text_left(line.out, cells[k], l->column[k]);
		else
			text_right(line.out, cells[k], l->column[k]);
	}
	text_line_end(&line, to);
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

static void print_sampled(struct wrap *w, const struct compared *c)
{
	const bool a = c->of_a.pairs, b = c->of_b.pairs;
	struct sampled both = c->of_a;
	char alone[SAMPLED_SIZE];

	sampled_add(&both, b, c->of_b.alone);
	if (!both.pairs)
		return;
	wrap_printf(w, "%s antithetic: the mean of a pair counts as one replication here%s",
		a && b ? "A and B are"
		: a    ? "A is"
		       : "B is",
		sampled_alone(alone, &both));
	wrap_end(w);
}

static void print_heading(FILE *to, const struct compared *c)
{
	struct wrap w = {.to = to, .width = COMPARED_WIDTH};
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
	print_sampled(&w, c);
	fputc('\n', to);
}

static void print_foot(FILE *to, const struct compared *c, const struct lines *l)
{
	struct wrap w = {.to = to, .width = COMPARED_WIDTH};
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

static void json_side(
	FILE *to, const char *name, const struct contender *c, const struct sampled *sampled)
{
	const struct results_run *run = contender_run(c);

	fprintf(to, "\"%s\": {\"dir\": ", name);
	json_string(to, results_dir(c->of));
	json_member_string(to, "name", run->name);
	json_member_string(to, "policy", run->policy);
	json_member_string(to, "status", run_status_words[run->status]);
	fprintf(to, ", \"seed\": %ju", (uintmax_t)run->seed);
	json_member_string(to, "counted", sampled_unit(sampled));
	fprintf(to, ", \"left_out\": %zu}", sampled->alone);
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
	json_member_interval(to, "ci95", m->is.less.lo, m->is.less.hi);
	json_member_number(to, "correlation", m->is.correlation);
	json_member_number(to, "saved", m->is.saved);
	fprintf(to, ", \"n\": %zu}", m->is.n);
}

void compare_json(FILE *to, const struct compared *c)
{
	fputc('{', to);
	json_side(to, "a", c->a, &c->of_a);
	fputc(',', to);
	json_side(to, "b", c->b, &c->of_b);
	fprintf(to, ", \"paired\": %s, \"metrics\": [", c->paired ? "true" : "false");
	for (size_t i = 0; i < c->n; i++) {
		if (i)
			fputc(',', to);
		json_metric(to, &c->at[i]);
	}
	fputs("]}\n", to);
}
