/* What `offing run` says at its end: a table for people, JSON for programs. */
#include "cli/summary.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/json.h"

enum { WIDTH = 100, MOST_PLACES = 8, MOST_HEADING = 24, CELL = 32 };

/* A line of the table: one metric. */
struct line {
	const char *section, *label, *unit;
	const char *scope;
	enum metric_id id;
	double scale; /* from the metric's unit to @unit */
};

/* The text of a cell, "12.3 ± 0.4"; half is empty where there is none, or it is 0. */
struct cell {
	char mean[CELL], half[CELL];
};

struct table {
	const struct run_summary *runs;
	size_t n_runs;
	struct line *lines;
	size_t n_lines, cap_lines;
	size_t more_places; /* not shown */
	struct cell *cells; /* [run][line] */
	size_t section_w, label_w, unit_w;
	const char *between; /* mean and half-width */
	size_t gap;          /* before a column */
};

static const struct summary_row *find_row(
	const struct run_summary *run, const char *scope, enum metric_id id)
{
	size_t i;

	for (i = 0; i < run->n_rows; i++)
		if (run->rows[i].id == id && strcmp(run->rows[i].scope, scope) == 0)
			return &run->rows[i];
	return NULL;
}

/* Which lines */

/* The largest magnitude in any run; NaN when no run has a value. */
static double largest(const struct table *t, const char *scope, enum metric_id id)
{
	double most = (double)NAN;
	const struct summary_row *row;
	size_t i;

	for (i = 0; i < t->n_runs; i++) {
		row = find_row(&t->runs[i], scope, id);
		if (row)
			most = fmax(most, fabs(row->mean)); /* of a number and NaN the number */
	}
	return most;
}

/* Times that are all below a second are shown in ms. */
static void add_line(struct table *t, struct line line)
{
	const double most = largest(t, line.scope, line.id);

	if (isnan(most))
		return;
	if (most < 1 && most > 0 && strcmp(line.unit, "s") == 0) {
		line.unit = "ms";
		line.scale = 1e3;
	}
	t->lines = mem_grow(t->lines, t->n_lines, &t->cap_lines, sizeof *t->lines);
	t->lines[t->n_lines++] = line;
}

static bool has_line(const struct table *t, const char *scope, enum metric_id id)
{
	size_t i;

	for (i = 0; i < t->n_lines; i++)
		if (t->lines[i].id == id && strcmp(t->lines[i].scope, scope) == 0)
			return true;
	return false;
}

/* The busy share of each place, @prefix "site:" or "instance:", in the order of the rows. */
static size_t add_places(struct table *t, const char *prefix)
{
	const size_t before = t->n_lines, n_prefix = strlen(prefix);
	const struct summary_row *row;
	size_t i, k;

	for (i = 0; i < t->n_runs; i++) {
		for (k = 0; k < t->runs[i].n_rows; k++) {
			row = &t->runs[i].rows[k];
			if (row->id != METRIC_BUSY_SHARE ||
				strncmp(row->scope, prefix, n_prefix) != 0 ||
				has_line(t, row->scope, row->id))
				continue;
			if (t->n_lines - before < MOST_PLACES)
				add_line(t, (struct line){"busy", row->scope + n_prefix, "%",
						    row->scope, row->id, 100});
			else if (i == 0)
				t->more_places++;
		}
	}
	return t->n_lines - before;
}

/* For people: shares in per cent, and no unit where it is one. */
static struct line line_of(enum metric_id m)
{
	const bool share = m == METRIC_QOS_SHARE || m == METRIC_BUSY_SHARE;
	struct line l = {metrics[m].section, metrics[m].label, metrics[m].unit, "", m, 1};

	if (share)
		l.unit = "%";
	else if (strcmp(l.unit, "1") == 0)
		l.unit = "";
	else if (strcmp(l.unit, "1/s") == 0 || strcmp(l.unit, "token/s") == 0)
		l.unit = "/s";
	l.scale = share ? 100 : 1;
	return l;
}

static void choose_lines(struct table *t)
{
	for (enum metric_id m = 0; m < METRICS; m++)
		if (metrics[m].show != SHOW_NOT)
			add_line(t, line_of(m));
	if (add_places(t, "site:") == 0)
		add_places(t, "instance:");
}

/* Cells */

/* More digits of a mean than this are noise to a reader; a half-width too small to show beside
 * them is rounded up. */
enum { MOST_DIGITS = 5 };

/* Decimals that show @x with @digits significant digits; never negative. */
static int decimals_for(double x, int digits)
{
	int d = x == 0 ? 0 : digits - 1 - (int)floor(log10(fabs(x)));

	return d < 0 ? 0 : d;
}

/* One digit of the half-width, or two when the first is 1, is what it is good for; it decides
 * how much of the mean is worth showing. */
static int decimals_of(double mean, double half)
{
	const int most = mean == 0 ? 9 : decimals_for(mean, MOST_DIGITS);
	int d;

	if (!(half > 0))
		return mean == floor(mean) ? 0 : decimals_for(mean, 4);
	d = decimals_for(half, half < 2 * pow(10, floor(log10(half))) ? 2 : 1);
	return d < most ? d : most;
}

static void fill_cell(struct cell *c, const struct summary_row *row, double scale)
{
	double mean, half;
	int decimals;

	if (!row || isnan(row->mean)) {
		strcpy(c->mean, "-");
		return;
	}
	mean = row->mean * scale;
	half = (row->ci_high - row->ci_low) / 2 * scale;
	decimals = decimals_of(mean, half);
	if (fabs(mean) < 1e9 && decimals <= 9)
		snprintf(c->mean, CELL, "%.*f", decimals, mean);
	else
		snprintf(c->mean, CELL, "%.4g", mean);
	if (!(half > 0))
		return;
	if (half < 1e9 && decimals <= 9)
		snprintf(c->half, CELL, "%.*f", decimals, fmax(half, pow(10, -decimals)));
	else
		snprintf(c->half, CELL, "%.2g", half);
}

static void fill_cells(struct table *t)
{
	const struct line *line;
	size_t i, k;

	t->cells = mem_zalloc(t->n_runs * t->n_lines, sizeof *t->cells);
	for (i = 0; i < t->n_runs; i++) {
		for (k = 0; k < t->n_lines; k++) {
			line = &t->lines[k];
			fill_cell(&t->cells[i * t->n_lines + k],
				find_row(&t->runs[i], line->scope, line->id), line->scale);
		}
	}
}

/* Printing */

/* Columns that UTF-8 text takes, one a character. */
static size_t width_of(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

static size_t max(size_t a, size_t b)
{
	return a > b ? a : b;
}

static void pad(FILE *to, size_t n)
{
	fprintf(to, "%*s", (int)n, "");
}

static void print_left(FILE *to, const char *s, size_t width)
{
	fputs(s, to);
	pad(to, width > width_of(s) ? width - width_of(s) : 0);
}

struct column {
	const struct cell *cells;
	char heading[4 * MOST_HEADING + 4];
	size_t mean_w, half_w, width;
};

static void cut_heading(char *out, const char *label)
{
	size_t n = 0;

	for (; *label; label++) {
		if (((unsigned char)*label & 0xc0) != 0x80 && n++ == MOST_HEADING - 1 &&
			width_of(label) > 1) {
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
	struct column c = {.cells = t->n_lines ? t->cells + run * t->n_lines : NULL};
	size_t k;

	cut_heading(c.heading, t->runs[run].policy);
	for (k = 0; k < t->n_lines; k++) {
		c.mean_w = max(c.mean_w, strlen(c.cells[k].mean));
		c.half_w = max(c.half_w, strlen(c.cells[k].half));
	}
	c.width = c.mean_w + (c.half_w ? c.half_w + width_of(t->between) : 0);
	if (width_of(c.heading) > c.width) { /* widen to the left */
		c.mean_w += width_of(c.heading) - c.width;
		c.width = width_of(c.heading);
	}
	return c;
}

static void print_cell(FILE *to, const struct table *t, const struct column *c, size_t k)
{
	const struct cell *cell = &c->cells[k];

	pad(to, t->gap + c->mean_w - strlen(cell->mean));
	fputs(cell->mean, to);
	if (!c->half_w)
		return;
	print_left(to, *cell->half ? t->between : "", width_of(t->between));
	print_left(to, cell->half, c->half_w);
}

static void print_line(FILE *to, const struct table *t, size_t k, const struct column *c, size_t n)
{
	const struct line *line = &t->lines[k];
	const bool first = k == 0 || strcmp(t->lines[k - 1].section, line->section) != 0;
	char *text = NULL;
	size_t size, i;
	FILE *out = open_memstream(&text, &size);

	print_left(out, first ? line->section : "", t->section_w + 2);
	print_left(out, line->label, t->label_w + 2);
	print_left(out, line->unit, t->unit_w);
	for (i = 0; i < n; i++)
		print_cell(out, t, &c[i], k);
	fclose(out);
	while (size && text[size - 1] == ' ')
		text[--size] = '\0';
	fprintf(to, "%s\n", text);
	free(text);
}

static size_t left_width(const struct table *t)
{
	return t->section_w + t->label_w + t->unit_w + 4;
}

/* How many columns from run @from on fit; at least one. */
static size_t count_fitting(const struct table *t, size_t from)
{
	size_t used = left_width(t), n;

	for (n = 0; from + n < t->n_runs; n++) {
		used += t->gap + make_column(t, from + n).width;
		if (n > 0 && used > WIDTH)
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
		pad(to, t->gap + c[i].width - width_of(c[i].heading));
		fputs(c[i].heading, to);
	}
	fputc('\n', to);
	for (k = 0; k < t->n_lines; k++)
		print_line(to, t, k, c, n);
	free(c);
}

/* Airy if all runs fit beside each other that way, else close. */
static void choose_layout(struct table *t)
{
	size_t i;

	for (i = 0; i < t->n_lines; i++) {
		t->section_w = max(t->section_w, width_of(t->lines[i].section));
		t->label_w = max(t->label_w, width_of(t->lines[i].label));
		t->unit_w = max(t->unit_w, width_of(t->lines[i].unit));
	}
	t->between = " ± ";
	t->gap = 3;
	if (count_fitting(t, 0) == t->n_runs)
		return;
	t->between = "±";
	t->gap = 2;
}

static size_t replications_of(const struct run_summary *run)
{
	size_t i, n = 0;

	for (i = 0; i < run->n_rows; i++)
		n = max(n, run->rows[i].n);
	return n;
}

static void print_heading(FILE *to, const struct table *t)
{
	size_t i, n = 0;

	for (i = 0; i < t->n_runs; i++)
		n = max(n, replications_of(&t->runs[i]));
	fprintf(to, "%s: ", t->runs[0].name);
	if (n == 0)
		fputs("no replication was finished\n", to);
	else if (n == 1)
		fputs("1 replication, so no interval\n", to);
	else
		fprintf(to, "%zu replications, mean ± half-width of the 95 %% interval\n", n);
	for (i = 0; i < t->n_runs; i++) {
		if (t->runs[i].status == RUN_COMPLETE)
			continue;
		n = replications_of(&t->runs[i]);
		fprintf(to, "%s: %s after %zu replication%s\n", t->runs[i].policy,
			run_status_words[t->runs[i].status], n, n == 1 ? "" : "s");
	}
}

void summary_print(FILE *to, const struct run_summary *runs, size_t n_runs)
{
	struct table t = {.runs = runs, .n_runs = n_runs};
	size_t i, n;

	if (n_runs == 0)
		return;
	choose_lines(&t);
	fill_cells(&t);
	choose_layout(&t);
	print_heading(to, &t);
	for (i = 0; t.n_lines && i < n_runs; i += n) {
		n = count_fitting(&t, i);
		print_block(to, &t, i, n);
	}
	if (t.more_places)
		fprintf(to, "busy: %zu more in the summary table of results.sqlite\n",
			t.more_places);
	free(t.cells);
	free(t.lines);
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
	fprintf(to, "],\"n\":%zu}", row->n);
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
	fputs(",\"metrics\":[", to);
	for (i = 0; i < run->n_rows; i++) {
		if (i)
			fputc(',', to);
		json_metric(to, &run->rows[i]);
	}
	fputs("]}\n", to);
}
