/*
 * A table as CSV, for other programs: a line for each metric of each run, whatever are its rows and
 * columns. Numbers are the shortest that read back to the same.
 */
#include <math.h>
#include <string.h>

#include "cli/json.h"
#include "cli/table.h"
#include "io/text/csv.h"

static void put(FILE *to, const char *text)
{
	if (strpbrk(text, ",\"\n\r") || *text == ' ')
		csv_print_quoted(to, text);
	else
		fputs(text, to);
}

static void put_number(FILE *to, double x)
{
	if (!isnan(x))
		json_number(to, x);
}

/** A key that is a number with a unit has a second column, in that of the first column's name. */
static bool has_number(const struct query_key *key)
{
	return key->numeric && *key->unit;
}

static void print_names(FILE *to, const struct query_axis *axis)
{
	for (size_t k = 0; k < axis->n_keys; k++) {
		char name[400];

		put(to, axis->keys[k].name);
		fputc(',', to);
		if (!has_number(&axis->keys[k]))
			continue;
		snprintf(name, sizeof name, "%s [%s]", axis->keys[k].name, axis->keys[k].unit);
		put(to, name);
		fputc(',', to);
	}
}

static void print_values(FILE *to, const struct query_axis *axis, size_t at)
{
	for (size_t k = 0; k < axis->n_keys; k++) {
		const struct query_value *value = &axis->values[at * axis->n_keys + k];

		put(to, value->text ? value->text : "");
		fputc(',', to);
		if (!has_number(&axis->keys[k]))
			continue;
		put_number(to, value->number);
		fputc(',', to);
	}
}

static void print_cell(FILE *to, const struct query_metric *m, const struct query_cell *c)
{
	put(to, m->name);
	fputc(',', to);
	put(to, m->scope);
	fputc(',', to);
	put(to, m->unit);
	fputc(',', to);
	put_number(to, c->mean);
	fputc(',', to);
	put_number(to, c->ci_low);
	fputc(',', to);
	put_number(to, c->ci_high);
	fputc(',', to);
	put_number(to, c->sd);
	fprintf(to, ",%zu,%s\n", c->n, run_status_words[c->status]);
}

void table_print_csv(FILE *to, struct table *t)
{
	const struct query_axis *rows = query_rows(t->q), *cols = query_cols(t->q);

	print_names(to, rows);
	print_names(to, cols);
	fputs("metric,scope,unit,mean,ci_low,ci_high,sd,n,status\n", to);
	for (size_t r = 0; r < rows->n; r++)
		for (size_t c = 0; c < cols->n; c++)
			for (size_t m = 0; m < t->n_metrics; m++) {
				const struct query_cell *cell = query_cell(t->q, r, c, m);

				if (!cell->of)
					continue;
				print_values(to, rows, r);
				print_values(to, cols, c);
				print_cell(to, query_metric(t->q, m), cell);
			}
}
