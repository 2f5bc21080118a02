#ifndef OFFING_IO_TEXT_ERR_LIST_H
#define OFFING_IO_TEXT_ERR_LIST_H

#include <stddef.h>

#include "base/err.h"

/** All that is wrong with one input, not only the first thing. Outlives the input. */
struct err_list {
	struct err *items;
	size_t n, cap;
	char **files; /* copies of the names in places */
	size_t n_files, cap_files;
};

void err_list_init(struct err_list *l);
void err_list_finish(struct err_list *l);

/** Add an input error. Always false. */
bool err_list_at(struct err_list *l, struct src_pos at, const char *fmt, ...) PRINTF_LIKE(3, 4);

/** Add what another module reported; @e must hold an error. Always false. */
bool err_list_add(struct err_list *l, const struct err *e);

/** Order by place: files in the order of their first error, then lines and columns. */
void err_list_sort(struct err_list *l);

/** Print the first 20, one a line, and how many more there are. */
void err_list_print(const struct err_list *l, FILE *to);

#endif
