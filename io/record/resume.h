#ifndef OFFING_IO_RECORD_RESUME_H
#define OFFING_IO_RECORD_RESUME_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/** What identifies the runs of a result, in their order: the same again would be the same. */
struct recorder_identity {
	const char *sha256;  /* of the scenario and its files: seed and replications are in it */
	const char *version; /* of the program */
	size_t n;
	const char *const *policies; /* labels */
};

/** What a folder holds of the runs that are asked for. */
enum recorder_found {
	RECORDER_NOTHING,    /* no run had begun, or there is no result */
	RECORDER_UNFINISHED, /* some of them, or all but the closing of the files */
	RECORDER_WHOLE,      /* all of them */
	RECORDER_OTHER,      /* other runs */
};

struct recorder_look {
	enum recorder_found found;
	bool failed;   /* whole: a run failed, as it would again */
	char why[200]; /* other: how they differ */
};

/**
 * Look into @dir, changing nothing: it need not be there, and a run may write to it meanwhile.
 * False: there is a results.sqlite that cannot be read, or that is not one of this program.
 */
MUST_CHECK bool recorder_look(struct recorder_look *out, const char *dir,
	const struct recorder_identity *id, struct err *err);

#endif
