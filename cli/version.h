#ifndef OFFING_CLI_VERSION_H
#define OFFING_CLI_VERSION_H

#include <stdio.h>

/** "0.1.0 (commit)": what runs are marked with. */
const char *version_text(void);

/** That, and the versions of the libraries. */
void version_print(FILE *to);

#endif
