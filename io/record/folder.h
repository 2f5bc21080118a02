#ifndef OFFING_IO_RECORD_FOLDER_H
#define OFFING_IO_RECORD_FOLDER_H

#include <stdbool.h>

#include "base/err.h"

/**
 * The folder of a result, while one is made in it. Nobody else can make one there
 * meanwhile: the folder is locked (flock), which ends with the process however it ends.
 *
 * Where there is a result already, the new files are made in DIR/unfinished and take the
 * place of the old ones when they are whole: at any moment one of the two can be read.
 */
struct rec_folder {
	char *dir;     /* as asked for */
	char *into;    /* where files are made: @dir, or DIR/unfinished */
	bool replaces; /* there is an older result in @dir */
	int lock_fd;
};

/** Make @dir, with its parents, unless it is there. */
MUST_CHECK bool rec_folder_make(const char *dir, struct err *err);

/** Whether @dir holds any file of a result. */
bool rec_folder_taken(const char *dir);

/**
 * Make @dir, with its parents, unless it is there, and take hold of it. ERR_INPUT when it holds a
 * result and @force is off, or another process makes one there; ERR_RUN when nothing can be
 * written there. On false nothing is left to close.
 */
MUST_CHECK bool rec_folder_open(struct rec_folder *f, const char *dir, bool force, struct err *err);

/** The same for files that are always made in DIR/unfinished, so that nobody sees half of them. */
MUST_CHECK bool rec_folder_open_beside(
	struct rec_folder *f, const char *dir, bool force, struct err *err);

/** The same in two steps: take hold of @dir, whatever it holds, and then ... */
MUST_CHECK bool rec_folder_hold(struct rec_folder *f, const char *dir, struct err *err);
/** ... make new files, beside those that are there, */
MUST_CHECK bool rec_folder_begin(struct rec_folder *f, struct err *err);
/** or in their place, since they are nothing, */
MUST_CHECK bool rec_folder_renew(struct rec_folder *f, struct err *err);
/** or go on with those that are there, @beside: in DIR/unfinished. */
void rec_folder_go_on(struct rec_folder *f, bool beside);

/** The new files, which are whole, take the place of the old ones. Nothing is done where there
 *  are none. */
MUST_CHECK bool rec_folder_commit(struct rec_folder *f, struct err *err);

/** Take the new files away, not the old ones. */
void rec_folder_discard(struct rec_folder *f);

/** Let go of it. */
void rec_folder_close(struct rec_folder *f);

#endif
