/* The laws of netem's jitter against the tables that tc gives the kernel. */
#include "tests/support/check.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/net/netem.h"

enum { TABLE_MAX = 65536 };

static const double SCALE = 8192.0; /* NETEM_DIST_SCALE: one jitter */

struct table {
	size_t n;
	double x[TABLE_MAX]; /* ascending, in jitters */
};

static int by_size(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Numbers parted by blanks; lines that start with # are comments. */
static void read_numbers(struct table *t, FILE *in)
{
	char line[1024];

	t->n = 0;
	while (fgets(line, sizeof(line), in) != NULL) {
		char *save = NULL;

		if (line[0] == '#')
			continue;
		for (char *w = strtok_r(line, " \t\n", &save); w != NULL && t->n < TABLE_MAX;
			w = strtok_r(NULL, " \t\n", &save))
			t->x[t->n++] = strtod(w, NULL) / SCALE;
	}
	qsort(t->x, t->n, sizeof(t->x[0]), by_size);
}

/* Wherever iproute2 lies; false where it is not. */
static bool read_table(struct table *t, const char *name)
{
	static const char *const places[] = {"/usr/lib/tc", "/usr/lib/*/tc", "/usr/lib64/tc"};
	char pattern[100];
	glob_t found = {0};
	FILE *in = NULL;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]) && in == NULL; i++) {
		snprintf(pattern, sizeof(pattern), "%s/%s.dist", places[i], name);
		if (glob(pattern, 0, NULL, &found) == 0)
			in = fopen(found.gl_pathv[0], "r");
		globfree(&found);
	}
	if (in == NULL) {
		print_message("no %s.dist of iproute2 on this machine\n", name);
		return false;
	}
	read_numbers(t, in);
	fclose(in);
	return true;
}

/* A table of N numbers is the law at (i + 1/2) / N; between 1 and 99 % tc's own tables, which
 * were drawn or rounded, are within 0.01 jitters of the law they are named after. */
static void check(const char *name, enum netem_distribution d)
{
	struct table *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	if (!read_table(t, name)) {
		free(t);
		skip();
	}
	assert_true(t->n >= 1024);
	for (double u = 0.01; u < 0.995; u += 0.01)
		assert_near(netem_quantile(d, u), t->x[(size_t)(u * (double)t->n)], 0.01);
	free(t);
}

static void normal_is_that_of_tc(void **state)
{
	(void)state;
	check("normal", NETEM_NORMAL);
}

static void pareto_is_that_of_tc(void **state)
{
	(void)state;
	check("pareto", NETEM_PARETO);
}

static void paretonormal_is_that_of_tc(void **state)
{
	(void)state;
	check("paretonormal", NETEM_PARETONORMAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(normal_is_that_of_tc),
		cmocka_unit_test(pareto_is_that_of_tc),
		cmocka_unit_test(paretonormal_is_that_of_tc),
	};

	return cmocka_run_group_tests_name("tc_tables", tests, NULL, NULL);
}
