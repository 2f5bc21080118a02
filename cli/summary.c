/* What `offing run` says at its end: a table for people, JSON for programs. */
#include "cli/summary.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/cell.h"
#include "cli/json.h"
#include "cli/provenance.h"
#include "cli/sampled.h"
#include "cli/stability_said.h"
#include "cli/summary_lines.h"
#include "cli/wrap.h"

enum { MOST_HEADING = 24 };

struct table {
	const struct summary *s;
	struct summary_lines lines;
	struct cell *cells; /* [run][line] */
	size_t section_w, label_w, unit_w;
	const char *between; /* mean and half-width */
	size_t gap;          /* before a column */
};

/* Cells */

static struct cell cell_in(const struct summary_row *row, double scale)
{
	const double none = (double)NAN;
	struct cell verdict = {0};

	if (row && row->id == METRIC_LYAPUNOV_VERDICT && !isnan(row->mean)) {
		strcpy(verdict.mean, drift_verdict_name((enum drift_verdict)row->mean));
		return verdict;
	}
	return row ? cell_of(row->mean * scale, (row->ci_high - row->ci_low) / 2 * scale)
		   : cell_of(none, none);
}

static void fill_cells(struct table *t)
{
	const struct summary_line *line;
	size_t i, k;

	t->cells = mem_zalloc(t->s->n_runs * t->lines.n, sizeof *t->cells);
	for (i = 0; i < t->s->n_runs; i++) {
		for (k = 0; k < t->lines.n; k++) {
			struct cell *c = &t->cells[i * t->lines.n + k];

			line = &t->lines.at[k];
			if (line->replications)
				snprintf(c->mean, CELL_SIZE, "%zu", t->s->runs[i].n);
			else
				*c = cell_in(summary_row_of(&t->s->runs[i], line->scope, line->id),
					line->scale);
		}
	}
}

/* Printing */

static size_t max(size_t a, size_t b)
{
	return a > b ? a : b;
}

static void pad(FILE *to, size_t n)
{
	fprintf(to, "%*s", (int)n, "");
}

struct column {
	const struct cell *cells;
	char heading[4 * MOST_HEADING + 6];
	size_t mean_w, half_w, width;
};

static void cut_heading(char *out, const char *label)
{
	size_t n = 0;

	for (; *label; label++) {
		if (((unsigned char)*label & 0xc0) != 0x80 && n++ == MOST_HEADING - 1 &&
			text_columns(label) > 1) {
			strcpy(out, "…");
			return;
		}
		*out++ = *label;
	}
	*out = '\0';
}

static struct column make_column(const struct table *t, size_t run)
{
	/* no line at all: nothing was finished */
	struct column c = {.cells = t->lines.n ? t->cells + run * t->lines.n : NULL};
	size_t k;

	cut_heading(c.heading, t->s->runs[run].policy);
	if (t->s->runs[run].note)
		strcat(c.heading, " !");
	for (k = 0; k < t->lines.n; k++) {
		c.mean_w = max(c.mean_w, strlen(c.cells[k].mean));
		c.half_w = max(c.half_w, strlen(c.cells[k].half));
	}
	c.width = c.mean_w + (c.half_w ? c.half_w + text_columns(t->between) : 0);
	if (text_columns(c.heading) > c.width) { /* widen to the left */
		c.mean_w += text_columns(c.heading) - c.width;
		c.width = text_columns(c.heading);
	}
	return c;
}

static void print_cell(FILE *to, const struct table *t, const struct column *c, size_t k)
{
	const struct cell *cell = &c->cells[k];

	text_right(to, cell->mean, t->gap + c->mean_w);
	if (!c->half_w)
		return;
	text_left(to, *cell->half ? t->between : "", text_columns(t->between));
	text_left(to, cell->half, c->half_w);
}

static void print_line(FILE *to, const struct table *t, size_t k, const struct column *c, size_t n)
{
	const struct summary_line *line = &t->lines.at[k];
	const bool first = k == 0 || strcmp(t->lines.at[k - 1].section, line->section) != 0;
	struct text_line l;

	text_line_begin(&l);
	text_left(l.out, first ? line->section : "", t->section_w + 2);
	text_left(l.out, line->label, t->label_w + 2);
	text_left(l.out, line->unit, t->unit_w);
	for (size_t i = 0; i < n; i++)
		print_cell(l.out, t, &c[i], k);
	text_line_end(&l, to);
}

static size_t left_width(const struct table *t)
{
	return t->section_w + t->label_w + t->unit_w + 4;
}

/* How many columns from run @from on fit; at least one. */
static size_t count_fitting(const struct table *t, size_t from)
{
	size_t used = left_width(t), n;

	for (n = 0; from + n < t->s->n_runs; n++) {
		used += t->gap + make_column(t, from + n).width;
		if (n > 0 && used > t->s->width)
			break;
	}
	return n;
}

static void print_block(FILE *to, const struct table *t, size_t from, size_t n)
{
	struct column *c = mem_zalloc(n, sizeof *c);
	size_t i, k;

	fputc('\n', to);
	pad(to, left_width(t));
	for (i = 0; i < n; i++) {
		c[i] = make_column(t, from + i);
		text_right(to, c[i].heading, t->gap + c[i].width);
	}
	fputc('\n', to);
	for (k = 0; k < t->lines.n; k++)
		print_line(to, t, k, c, n);
	free(c);
}

/* Airy if all runs fit beside each other that way, else close. */
static void choose_layout(struct table *t)
{
	size_t i;

	for (i = 0; i < t->lines.n; i++) {
		t->section_w = text_widen(t->section_w, t->lines.at[i].section);
		t->label_w = text_widen(t->label_w, t->lines.at[i].label);
		t->unit_w = text_widen(t->unit_w, t->lines.at[i].unit);
	}
	t->between = " ± ";
	t->gap = 3;
	if (count_fitting(t, 0) == t->s->n_runs)
		return;
	t->between = "±";
	t->gap = 2;
}

/* Does a mean have one? Drifts do by themselves. */
static bool has_intervals(const struct summary *s)
{
	for (size_t i = 0; i < s->n_runs; i++)
		for (size_t k = 0; k < s->runs[i].n_rows; k++)
			if (s->runs[i].rows[k].id == METRIC_E2E_MEAN &&
				!isnan(s->runs[i].rows[k].ci_low))
				return true;
	return false;
}

/* What @n replications of all runs are told as. */
static void print_number(struct wrap *w, const struct summary *s, size_t n)
{
	const char *pairs = s->spec && s->spec->run.antithetic ? " in antithetic pairs" : "";
	bool alike = true;

	for (size_t i = 0; i < s->n_runs; i++)
		alike = alike && (s->runs[i].alike || s->runs[i].n == 0);
	if (n == 0)
		wrap_printf(w, "no replication was finished");
	else if (n == 1)
		wrap_printf(w, "1 replication%s",
			has_intervals(s) ? ", mean ± half-width of the 95 % interval by batch "
					   "means within it"
					 : ", so no interval");
	else if (alike)
		wrap_printf(w, "%zu replications, all alike, so no interval", n);
	else if (s->n_common > 0)
		wrap_printf(w,
			"mean ± half-width of the 95 %% interval, chance alone, over the %zu "
			"replications that all have%s",
			n, pairs);
	else
		wrap_printf(w,
			"%zu replications%s, mean ± half-width of the 95 %% interval, chance alone",
			n, pairs);
	wrap_end(w);
}

static void print_heading(FILE *to, const struct summary *s)
{
	struct wrap w = {.to = to, .width = s->width};
	char alone[SAMPLED_SIZE];
	size_t i, n = s->n_common;

	for (i = 0; i < s->n_runs && s->n_common == 0; i++)
		n = max(n, s->runs[i].n);
	wrap_printf(&w, "%s: ", s->runs[0].name);
	print_number(&w, s, n);
	for (i = 0; i < s->n_runs; i++) {
		const struct run_summary *r = &s->runs[i];

		if (r->status != RUN_COMPLETE) {
			wrap_printf(&w, "%s: %s after %zu replication%s%s", r->policy,
				run_status_words[r->status], r->n, r->n == 1 ? "" : "s",
				sampled_alone(alone,
					&(struct sampled){.pairs = true, .alone = r->alone}));
			wrap_end(&w);
		}
		if (r->note) {
			wrap_printf(&w, "%s !: %s", r->policy, r->note);
			wrap_end(&w);
		}
	}
}

static void print_foot(FILE *to, const struct table *t)
{
	const struct summary *s = t->s;

	if (s->spec && s->n_runs > 0 && s->runs[0].pool && s->runs[0].n > 0)
		stability_print_none(to, s->spec, s->width);
	for (size_t i = 0; i < s->n_runs; i++)
		if (s->runs[i].pool)
			stability_print(to, s->n_runs > 1 ? s->runs[i].policy : NULL,
				s->runs[i].pool, s->width);
	if (t->lines.more_places)
		fprintf(to, "busy: %zu more in the summary table of results.sqlite\n",
			t->lines.more_places);
	if (t->s->spec)
		provenance_print(to, t->s->spec, "", t->s->width);
}

void summary_print(FILE *to, const struct summary *s)
{
	struct table t = {.s = s};
	size_t i, n;

	if (s->n_runs == 0)
		return;
	summary_lines_choose(&t.lines, s);
	fill_cells(&t);
	choose_layout(&t);
	print_heading(to, s);
	for (i = 0; t.lines.n && i < s->n_runs; i += n) {
		n = count_fitting(&t, i);
		print_block(to, &t, i, n);
	}
	print_foot(to, &t);
	free(t.cells);
	summary_lines_finish(&t.lines);
}

static void json_metric(FILE *to, const struct summary_row *row)
{
	fputs("{\"scope\":", to);
	json_string(to, row->scope);
	fputs(",\"name\":", to);
	json_string(to, metrics[row->id].name);
	fputs(",\"unit\":", to);
	json_string(to, metrics[row->id].unit);
	fputs(",\"mean\":", to);
	json_number(to, row->mean);
	fputs(",\"ci95\":[", to);
	json_number(to, row->ci_low);
	fputc(',', to);
	json_number(to, row->ci_high);
	fprintf(to, "]%s,\"n\":%zu}",
		row->n == 1 && !isnan(row->ci_low) ? ",\"ci95_by\":\"batch means\"" : "", row->n);
}

void summary_json(FILE *to, const struct run_summary *run)
{
	size_t i;

	fputs("{\"name\":", to);
	json_string(to, run->name);
	fputs(",\"policy\":", to);
	json_string(to, run->policy);
	fputs(",\"status\":", to);
	json_string(to, run_status_words[run->status]);
	if (run->pool)
		stability_json(to, run->pool);
	fputs(",\"metrics\":[", to);
	for (i = 0; i < run->n_rows; i++) {
		if (i)
			fputc(',', to);
		json_metric(to, &run->rows[i]);
	}
	fputs("]}\n", to);
}
