#ifndef OFFING_CLI_SAY_H
#define OFFING_CLI_SAY_H

#include "base/err.h"

/** A line on standard error. What a terminal would not show as itself, in names of files above all,
 *  is escaped. */
void say(const char *fmt, ...) PRINTF_LIKE(1, 2);

#endif
