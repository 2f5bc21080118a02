#ifndef OFFING_IO_PROFILE_FILE_H
#define OFFING_IO_PROFILE_FILE_H

#include <stddef.h>

#include "base/err.h"
#include "base/mem.h"
#include "models/cost/profile.h"

/**
 * Profiles from text, as models/cost/profiles/README.md describes it: those that
 * are part of the program, and files of the user's.
 */

/** Every built-in profile, in order of name. In @a, as is all they point to. */
struct profile_set {
	size_t n;
	const struct profile *const *all;
};

/** Parse the built-in profiles; call once and keep. A broken one is our fault: it aborts. */
const struct profile_set *profile_builtin(struct arena *a);

/**
 * The built-in profile for an instance. On false @err names what is missing,
 * at @at. A GPU of the user's gets the generic profile of its runtime.
 */
MUST_CHECK bool profile_find(const struct profile **out, const struct profile_set *set,
	const struct gpu_spec *gpu, const char *runtime, const char *model, enum precision p,
	struct src_pos at, struct err *err);

/**
 * A profile of the user's, asked for at @at. It must then be checked with
 * profile_covers(). Errors point into the file; one above 16 MB is refused.
 */
MUST_CHECK bool profile_read(const struct profile **out, struct arena *a, const char *path,
	struct src_pos at, struct err *err);

/** The same from memory: @text of @len bytes, called @path in messages. */
MUST_CHECK bool profile_parse(const struct profile **out, struct arena *a, const char *path,
	const char *text, size_t len, struct err *err);

#endif
