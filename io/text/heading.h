#ifndef OFFING_IO_TEXT_HEADING_H
#define OFFING_IO_TEXT_HEADING_H

#include "base/mem.h"
#include "io/text/row_reader.h"

/**
 * What the beginning of a file shows of its format: the names in the first line of a CSV, or the
 * members of the first JSON object, those of objects in it with a dot ("metrics.latency"); for
 * that no more than 64 KB of it are read.
 */
enum heading_kind { HEADING_NAMES, HEADING_OBJECT, HEADING_LIST };

struct heading {
	const char *file;
	enum heading_kind kind;
	struct str line; /* the first one that is not blank, or its beginning; n 0: there is none */
	size_t n_names;
	const char **names;
};

/** Read it into @a. */
MUST_CHECK bool heading_read(
	struct heading *h, struct arena *a, const char *file, struct src_pos at, struct err *err);

bool heading_has(const struct heading *h, const char *name);

/** A format that files may have. */
struct heading_format {
	const char *word; /* as a user says it; several may share one */
	enum row_shape shape;
	size_t n;
	const struct csv_column *columns;
};

/** Has it all that a reader of @f needs? */
bool heading_fits(const struct heading *h, const struct heading_format *f);

/**
 * Which of @formats[0..@n) a file with this heading has, of those that are called @word (NULL: of
 * all). On false none fits, and @err names the nearest and what it lacks, or two of different
 * words do, and @err names both.
 */
MUST_CHECK bool heading_choose(size_t *out, const struct heading *h,
	const struct heading_format *formats, size_t n, const char *word, struct err *err);

#endif
