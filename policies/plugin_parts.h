#ifndef OFFING_POLICIES_PLUGIN_PARTS_H
#define OFFING_POLICIES_PLUGIN_PARTS_H

#include "base/err.h"

/** plugin_open.c: a shared object for this machine, opened with dlopen(); NULL when it is none.
 *  Nothing but a regular file is touched. Close with dlclose(). */
void *plugin_open(const char *path, struct err *err);

#endif
