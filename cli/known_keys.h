#ifndef OFFING_CLI_KNOWN_KEYS_H
#define OFFING_CLI_KNOWN_KEYS_H

#include <stdbool.h>
#include <stdio.h>

/**
 * Keys that begin as @text does, a line each with @end behind it: those that the runs in the folder
 * @dir have, or, without one (NULL), those that a scenario may have, as `offing help scenario`
 * names them. False, and nothing printed, when @dir holds no results.
 */
bool known_keys_print(FILE *to, const char *dir, const char *text, const char *end);

#endif
