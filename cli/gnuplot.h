#ifndef OFFING_CLI_GNUPLOT_H
#define OFFING_CLI_GNUPLOT_H

#include <stdbool.h>

/** Run gnuplot on @script in @dir, after @setting ("out='x.png'"). False: it is not there, or did
 *  not like it. */
bool gnuplot_draw(const char *dir, const char *script, const char *setting);

#endif
