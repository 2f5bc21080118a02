#ifndef OFFING_CLI_VERSION_H
#define OFFING_CLI_VERSION_H

#include <stdio.h>

/** "0.1.0 (commit)": what runs are marked with. */
const char *version_text(void);

/** "0.1.0". */
const char *version_number(void);

/** When that was committed, "2026-01-31"; what manual pages are dated with. */
const char *version_date(void);

/** version_text(), and the versions of the libraries. */
void version_print(FILE *to);

#endif
