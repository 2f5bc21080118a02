#include "tests/support/check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tests/support/measured.h"

static size_t split(char *line, char out[][MEASURED_WORD])
{
	size_t n = 0;
	char *word;

	line[strcspn(line, "\r\n")] = '\0';
	while ((word = strsep(&line, ",")) != NULL) {
		assert_true(n < MEASURED_COLUMNS && strlen(word) < MEASURED_WORD);
		strcpy(out[n++], word);
	}
	return n;
}

bool measured_read(struct measured *m, const char *path)
{
	FILE *f = fopen(path, "r");
	char line[400];

	*m = (struct measured){0};
	if (!f) {
		printf("%s is not here: skipped\n", path);
		return false;
	}
	assert_non_null(fgets(line, sizeof line, f));
	m->n_columns = split(line, m->column);
	while (fgets(line, sizeof line, f)) {
		m->cell = mem_grow(m->cell, m->n, &m->cap, sizeof *m->cell);
		assert_int_equal(split(line, m->cell[m->n]), m->n_columns);
		m->n++;
	}
	fclose(f);
	return true;
}

void measured_finish(struct measured *m)
{
	free(m->cell);
}

const char *measured_text(const struct measured *m, size_t row, const char *column)
{
	for (size_t c = 0; c < m->n_columns; c++)
		if (strcmp(m->column[c], column) == 0)
			return m->cell[row][c];
	fail_msg("no column %s", column);
	return "";
}

double measured_number(const struct measured *m, size_t row, const char *column)
{
	return strtod(measured_text(m, row, column), NULL);
}

bool measured_is(const struct measured *m, size_t row, const char *column, const char *text)
{
	return strcmp(measured_text(m, row, column), text) == 0;
}

void errors_add(struct errors *e, double predicted, double measured)
{
	e->x = mem_grow(e->x, e->n, &e->cap, sizeof *e->x);
	e->x[e->n++] = fabs(predicted / measured - 1.0);
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

double errors_quantile(struct errors *e, double q)
{
	assert_true(e->n > 0);
	qsort(e->x, e->n, sizeof *e->x, ascending);
	return e->x[(size_t)(q * (double)(e->n - 1) + 0.5)];
}

void errors_print(struct errors *e, const char *what)
{
	printf("%-44s n %4zu  median %6.3f %%  p95 %6.2f %%  worst %6.2f %%\n", what, e->n,
		1e2 * errors_quantile(e, 0.5), 1e2 * errors_quantile(e, 0.95),
		1e2 * errors_quantile(e, 1.0));
}

void errors_finish(struct errors *e)
{
	free(e->x);
}
