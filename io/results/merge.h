#ifndef OFFING_IO_RESULTS_MERGE_H
#define OFFING_IO_RESULTS_MERGE_H

#include "base/mem.h"
#include "io/results/results.h"

/**
 * Several folders of results made into one: every run, in the order of the folders, numbered anew
 * from 1, with all that the tables and series.h5 have of it; a view `swept` of the keys in which
 * the runs differ; and provenance.csv, which says where and when each was run. results.sqlite has
 * the same bytes for the same results, wherever and whenever they were run.
 *
 * Runs of the same scenario, policy and version are one run: the one that is complete is kept, of
 * several the first.
 */

struct merge_spec {
	size_t n;
	const char *const *dirs;
	const char *into; /* a folder; made unless it is there */
	bool force;       /* replace what it holds, once the new one is whole */
};

/** A run of one of the folders. */
struct merge_part {
	const char *dir, *uri; /* the latter as SQLite opens its tables */
	int64_t id;            /* there */
	const char *policy, *sha256, *version;
	enum run_status status;
	size_t asked, complete; /* replications */
	int64_t to;             /* its number in the merged file; 0: it is left out */
	size_t same_as;         /* the part that is kept in its place, where it is left out */
	bool unlike;            /* and it came to something else */
	/* what is in provenance.csv; "" where it is not known */
	const char *folder, *host, *started_utc, *wall_s;
};

struct merged {
	struct arena arena, series_arena; /* the latter of what series.h5 is made by, beside */
	size_t n, cap;
	struct merge_part *parts;
	size_t n_runs;           /* in the merged file */
	size_t n_swept;          /* keys that differ */
	size_t n_shown;          /* of them columns of `swept` */
	const char *series_lost; /* why series of some run are missing; NULL: all are there */
};

/** ERR_INPUT where a folder holds no result that can be merged, or @into holds one and must not be
 *  replaced; ERR_RUN where it cannot be written. Nothing is left of a merge that fails. Free with
 *  merged_finish(), also on false. */
MUST_CHECK bool results_merge(struct merged *out, const struct merge_spec *spec, struct err *err);
void merged_finish(struct merged *m);

#endif
