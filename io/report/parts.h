#ifndef OFFING_IO_REPORT_PARTS_H
#define OFFING_IO_REPORT_PARTS_H

#include <math.h>

#include "io/report/plot.h"

/** What the kinds of pictures have in common; for the files of io/report alone. */

/** From the least to the most of what was added; lo > hi: nothing yet. */
struct extent {
	double lo, hi;
};
#define EXTENT_NONE ((struct extent){HUGE_VAL, -HUGE_VAL})

/** NaN and infinity are left out. */
void extent_add(struct extent *e, double value);

/** A little more than @e to both sides; from 0 on where that is near and @zero asks for it. */
struct extent extent_room(struct extent e, bool log, bool zero);

/** False, with what is wrong, where the axis @a cannot show @e: nothing there, or a logarithm of
 *  what is not above 0. */
MUST_CHECK bool axis_check(const struct plot_axis *a, struct extent e, struct err *err);

/** The range, tics and label of axis @which, "x" or "y". */
void put_axis(struct figure *f, const char *which, const struct plot_axis *a, struct extent range);

/** A word at @place of an axis, for a list of tics. */
void put_tic(struct figure *f, const char *word, double place);

/** Title and small print, "" for none. */
void put_words(struct figure *f, const char *title, const char *note);

/** A legend of @n entries to the right of the picture, under the name of what they differ in unless
 *  that is the policy; of one there is none. */
void put_key(struct figure *f, size_t n, const char *by);

/** "title 'NAME'", or "notitle" where it would be the only one. */
void put_title_of(struct figure *f, const char *name, size_t n);

/** A name in quotes, cut where it is long. */
void put_name(struct figure *f, const char *name);

/** A field of the data: in quotes where it needs them; then @end, ',' or '\n'. */
void put_field(struct figure *f, const char *text, char end);
/** NaN is an empty one. */
void put_number(struct figure *f, double value, char end);

#endif
