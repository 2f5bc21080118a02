#ifndef OFFING_IO_RECORD_BACKEND_H
#define OFFING_IO_RECORD_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "io/record/recorder.h"
#include "io/record/resume.h"

/**
 * One kind of file a recorder writes. Only the recorder's writer thread calls
 * these, in the order of recorder.h, so a back-end needs no lock. A call that
 * fails leaves @err set to one line that names the file; after it, only
 * close() is called.
 */

struct rec_backend; /* each back-end's own .c file defines it: no cast */

/** Samples of the queues of one replication. */
struct series_block {
	size_t n;     /* samples */
	size_t width; /* columns of q: instances + 1 */
	size_t cap;   /* samples of a full block; all but the last are full */
	double *t_s, *L, *drift;
	uint32_t *q; /* [n][width] */
};

/** Samples per block, so that a block of q is at most 1 MB. */
static inline size_t series_cap(size_t width)
{
	size_t fit = (1u << 20) / (width * sizeof(uint32_t));

	return fit > 8192 ? 8192 : fit < 1 ? 1 : fit;
}

/** What a file that is opened is part of. Borrowed for the call. */
struct rec_opening {
	const struct recorder_spec *spec;
	const struct rec_begun *begun; /* what is there to go on with; NULL: nothing */
};

/** What else closing depends on. */
struct rec_closing {
	bool whole;   /* all runs were ended, none as interrupted, and nothing has failed */
	bool *in_use; /* set it when a file stays beside because another program reads it */
};

/** Any member but open and close may be NULL: nothing to do. */
struct rec_ops {
	const char *file; /* its name inside the folder */
	/** @path does not exist or is empty, unless it is gone on with; its folder exists. On false
	 * *@out is NULL. */
	bool (*open)(struct rec_backend **out, const char *path, const struct rec_opening *o,
		struct err *err);
	/** @id counts runs from 1; of those that had begun before, too. */
	bool (*run_begin)(struct rec_backend *b, uint32_t id, const struct recorder_run *run,
		struct err *err);
	bool (*sink_open)(struct rec_backend *b, uint32_t number, struct err *err);
	bool (*requests)(struct rec_backend *b, uint32_t number, const struct request_row *rows,
		size_t n, struct err *err);
	bool (*series)(struct rec_backend *b, uint32_t number, const struct series_block *s,
		struct err *err);
	bool (*sink_close)(struct rec_backend *b, uint32_t number, struct err *err);
	bool (*replication)(
		struct rec_backend *b, const struct recorder_replication *rep, struct err *err);
	/** A replication that had a sink but never came to recorder_replication(), in a run
	 *  that is complete: it ran in vain and leaves no trace. */
	bool (*discard)(struct rec_backend *b, uint32_t number, struct err *err);
	bool (*run_end)(struct rec_backend *b, const struct recorder_end *end, struct err *err);
	/** Free @b and close its file, also on false. */
	bool (*close)(struct rec_backend *b, const struct rec_closing *c, struct err *err);
};

extern const struct rec_ops rec_sqlite, rec_hdf5, rec_finished;

#endif
