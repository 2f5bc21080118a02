#ifndef OFFING_BASE_JSON_H
#define OFFING_BASE_JSON_H

#include <stdio.h>

/** Pieces of JSON text (RFC 8259), the same bytes for the same value. */

/** @s, which is UTF-8, in quotes; NULL is null. */
void json_string(FILE *to, const char *s);

/** The shortest digits that read back to the same double; null where @x is no number or
 *  not finite, for which JSON has no word. */
void json_number(FILE *to, double x);

#endif
