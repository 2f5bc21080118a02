#ifndef OFFING_IO_TEXT_NAME_LIST_H
#define OFFING_IO_TEXT_NAME_LIST_H

#include "base/str.h"

/** Add @name to a list for messages: 'a', 'b', one of 'c'; dots once it has become long. @before
 *  stands in front of the name. */
void name_list_add(struct buf *list, const char *before, struct str name);

#endif
