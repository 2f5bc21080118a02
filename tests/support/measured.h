#ifndef OFFING_TESTS_MEASURED_H
#define OFFING_TESTS_MEASURED_H

#include <stdbool.h>
#include <stddef.h>

/**
 * Tables of transfer times measured on a kernel (../shared/data/tc_*.csv): rows of named
 * columns, and the errors of a prediction over them.
 */
enum { MEASURED_COLUMNS = 20, MEASURED_WORD = 24 };

struct measured {
	size_t n_columns, n, cap;
	char column[MEASURED_COLUMNS][MEASURED_WORD];
	char (*cell)[MEASURED_COLUMNS][MEASURED_WORD];
};

/** False, with a line that says so, where the file is not there. */
bool measured_read(struct measured *m, const char *path);
void measured_finish(struct measured *m);

const char *measured_text(const struct measured *m, size_t row, const char *column);
double measured_number(const struct measured *m, size_t row, const char *column);
bool measured_is(const struct measured *m, size_t row, const char *column, const char *text);

/** Relative errors |predicted / measured - 1|. */
struct errors {
	size_t n, cap;
	double *x;
};

void errors_add(struct errors *e, double predicted, double measured);
double errors_quantile(struct errors *e, double q);
/** Print a line with median, 95th percentile and worst, in per cent. */
void errors_print(struct errors *e, const char *what);
void errors_finish(struct errors *e);

#endif
