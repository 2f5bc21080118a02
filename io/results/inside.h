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

/** The file's name as a URI that opens it for reading only. */
const char *results_uri(struct results *r);

/** What the tables call a status. */
enum run_status results_status(const char *word);

#endif
