#ifndef OFFING_IO_RECORD_RESUME_H
#define OFFING_IO_RECORD_RESUME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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
	bool beside;   /* it is in DIR/unfinished, over an older result in DIR */
	bool kept;     /* unfinished: what is finished can be gone on with (parts.h) */
	bool failed;   /* whole: a run failed, as it would again */
	char why[200]; /* other: how they differ */
};

/**
 * Look into @dir, changing nothing: it need not be there, and a run may write to it meanwhile.
 * False: there is a results.sqlite that cannot be read, or that is not one of this program.
 */
MUST_CHECK bool recorder_look(struct recorder_look *out, const char *dir,
	const struct recorder_identity *id, struct err *err);

/* For the recorder, which holds the folder: what it goes on with. */

struct rec_begun_run {
	bool ended;    /* and not as interrupted: nothing of it is written any more */
	uint32_t kept; /* replications 1, 2, ... that are finished, series and all */
};

struct rec_begun {
	size_t n;
	struct rec_begun_run *runs;
	const char *const *policies; /* of the identity, while files are opened */
};

struct rec_kept;

/**
 * Bring @dir, which recorder_look() calls unfinished, to where a run can go on: what belongs to no
 * replication that is kept is taken away, in one transaction. @series: they are kept, too.
 * rec_begun_finish() is due in either case; *@kept, where the replications are, is the caller's.
 */
MUST_CHECK bool rec_resume(struct rec_begun *out, struct rec_kept **kept, const char *dir,
	const struct recorder_identity *id, bool series, struct err *err);
void rec_begun_finish(struct rec_begun *b);

#endif
