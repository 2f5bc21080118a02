#ifndef OFFING_IO_REPORT_STYLE_H
#define OFFING_IO_REPORT_STYLE_H

#include <stddef.h>

/**
 * How every picture looks: the text of style.gp, which says what has to be set before it. A script
 * that is written for users begins with it, so that it draws the same wherever it is taken.
 */
extern const char report_style[];

/** The line types of style.gp. */
enum { STYLE_LINES = 13 };

/** A line type from 1 for each of @n names: a policy's own where it is one, else the next that
 *  belongs to none of them. More than STYLE_LINES names: types repeat. */
void style_lines(unsigned *lines, size_t n, const char *const *names);

#endif
