#ifndef OFFING_IO_PROFILE_WRITE_H
#define OFFING_IO_PROFILE_WRITE_H

#include "base/str.h"
#include "models/cost/profile.h"

/** The text of @p as profile_parse() reads it, appended to @to: the same profile but for its name
 *  and for n_marks, since who made which constant is not kept: @mark stands behind all. Numbers
 *  have the digits that read back to the same. */
void profile_write(struct buf *to, const struct profile *p, enum profile_mark mark);

#endif
