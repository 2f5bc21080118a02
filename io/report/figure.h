#ifndef OFFING_IO_REPORT_FIGURE_H
#define OFFING_IO_REPORT_FIGURE_H

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"

/**
 * A picture before it is drawn: a table of data, and what gnuplot makes of it in the style of
 * style.gp. io/report/plot.h makes them; this draws them, into a file, a string or a terminal.
 */
struct figure {
	unsigned width, height; /* pixels of an SVG; a PNG has half as many again */
	struct buf title;       /* what an SVG says that it is */
	struct buf data;        /* CSV, a line of names first */
	struct buf script;      /* of gnuplot; the variable `data` is the name of the data */
};

void figure_init(struct figure *f);
void figure_finish(struct figure *f);

/** Add the picture to *@out as an element <svg> of a page. @id: what its identifiers begin with, so
 *  that several fit in one page; a letter, then letters, digits, '-' and '_'. ERR_RUN: gnuplot. */
MUST_CHECK bool figure_svg(
	struct buf *out, const struct figure *f, const char *id, struct err *err);

/** The same as text for a terminal of so many columns and lines. */
MUST_CHECK bool figure_text(
	struct buf *out, const struct figure *f, unsigned columns, unsigned lines, struct err *err);

/** Is @file one that figure_write() can make? Its name ends in .png, .svg or .pdf, and without
 *  @force neither it nor what would lie beside it is there. ERR_INPUT when not. */
MUST_CHECK bool figure_may_write(const char *file, bool force, struct err *err);

/**
 * Write @file, and beside it, with the endings .gp and .csv in place of its own, the script and the
 * data: `gnuplot NAME.gp` in that folder draws it again. The two are there even when gnuplot is
 * not. @about: a line of what made it, for the script. ERR_RUN when something cannot be written or
 * drawn.
 */
MUST_CHECK bool figure_write(
	const struct figure *f, const char *file, const char *about, struct err *err);

#endif
