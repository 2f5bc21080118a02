#ifndef OFFING_IO_RECORD_SERIES_FILE_H
#define OFFING_IO_RECORD_SERIES_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "io/record/parts.h"

/**
 * series.h5, which is made at the end of the parts that DIR/parts has, and of what an older
 * series.h5 of the same runs has that no part does. It is whole or not there. Chunks are copied as
 * they lie compressed.
 */
#define SERIES_FILE "series.h5"
#define SERIES_BESIDE SERIES_FILE ".unfinished" /* until it is whole */

struct series_about {
	bool grouped; /* several runs: each in /run_ID */
	char *scenario, *version;
	uint64_t seed;
	size_t n_runs;
	char **policies; /* of the runs, by id - 1 */
	uint32_t *kept;  /* of the same: up to which replication the older file is right */
};

MUST_CHECK bool series_file_make(
	const char *dir, const struct series_about *about, struct err *err);

/** Whether those of @p are there, whole, in a part or in series.h5. */
bool rec_series_there(const char *dir, bool grouped, struct rec_part p);

#endif
