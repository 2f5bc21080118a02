#ifndef OFFING_IO_RESULTS_MERGE_INSIDE_H
#define OFFING_IO_RESULTS_MERGE_INSIDE_H

#include "base/str.h"
#include "io/results/inside.h"
#include "io/results/merge.h"

/** What the files of a merge share. */

/** merge_parts.c: the runs of all folders, and which of them are kept. */
MUST_CHECK bool merge_read_parts(struct merged *m, const struct merge_spec *spec, struct err *err);

/** merge_same.c: whether those that are left out came to what was kept in their place. */
MUST_CHECK bool merge_compare(struct merged *m, struct err *err);

/** merge_copy.c: results.sqlite of them in the folder @into. */
MUST_CHECK bool merge_copy(struct merged *m, const char *into, struct err *err);

/** merge_swept.c: SQL of the view `swept` of the runs in @db, whose keys @m counts; false: @db says
 *  why. */
MUST_CHECK bool merge_swept(struct buf *sql, struct merged *m, sqlite3 *db);

/** merge_series.c: series.h5 of them in the folder @into, where any has one. */
MUST_CHECK bool merge_series(struct merged *m, const char *into, struct err *err);

/** merge_provenance.c: provenance.csv in the folder @into. */
MUST_CHECK bool merge_write_provenance(const struct merged *m, const char *into, struct err *err);
/** Where and when the runs of @dir, a merged folder, were run: of parts @from on. */
MUST_CHECK bool merge_read_provenance(
	struct merged *m, const char *dir, size_t from, struct err *err);

#endif
