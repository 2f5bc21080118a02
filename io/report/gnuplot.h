#ifndef OFFING_IO_REPORT_GNUPLOT_H
#define OFFING_IO_REPORT_GNUPLOT_H

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"

/**
 * gnuplot, run as a child with LC_ALL=C (a decimal comma would be read wrongly) and without the
 * user's own settings. ERR_RUN when it is not installed or did not like the script; its own words
 * are then in the message.
 */

/** Run the file @script in the folder @dir, after @setting ("out='x.png'"; "" for none). */
MUST_CHECK bool gnuplot_file(
	const char *dir, const char *script, const char *setting, struct err *err);

/** Run @script, and add to *@out what it prints. */
MUST_CHECK bool gnuplot_text(struct buf *out, const char *script, struct err *err);

/** Add @text as a string of gnuplot, in single quotes; what is no printable character becomes a
 *  blank. */
void gnuplot_quote(struct buf *out, const char *text);

#endif
