#ifndef OFFING_CLI_SETTABLE_H
#define OFFING_CLI_SETTABLE_H

#include <stdio.h>

/**
 * What `-s @text` may go on as, a line each: "KEY=" for every key that could stand in the
 * scenario @file (NULL: in any) and begins as @text does; where @text has its "=" already, the
 * values that are known, as "KEY=VALUE". What is wrong in @file is not told.
 */
void settable_print(FILE *to, const char *file, const char *text);

#endif
