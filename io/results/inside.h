#ifndef OFFING_IO_RESULTS_INSIDE_H
#define OFFING_IO_RESULTS_INSIDE_H

#include <sqlite3.h>

#include "base/mem.h"
#include "io/results/results.h"

/** What the files of this room know of results. */
struct results {
	struct arena arena;
	const char *dir, *path;
	sqlite3 *db;
	int schema;
	size_t n_runs, runs_cap;
	struct results_run *runs;
};

/** Set @err to what SQLite says; false. */
bool results_fail(const struct results *r, struct err *err);

/** The file's name as a URI that opens it for reading only. */
const char *results_uri(struct results *r);

/** A column of text, that lives as long as @r; "" where it is NULL. */
const char *results_text(struct results *r, sqlite3_stmt *st, int column);

#endif
