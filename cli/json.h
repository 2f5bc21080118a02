#ifndef OFFING_CLI_JSON_H
#define OFFING_CLI_JSON_H

#include <stdio.h>

/** Pieces of JSON text (RFC 8259), the same bytes for the same value. */

/** @s, which is UTF-8, in quotes; NULL is null. */
void json_string(FILE *to, const char *s);

/** The shortest digits that read back to the same double; null where @x is no number or
 *  not finite, for which JSON has no word. */
void json_number(FILE *to, double x);

/** The same as a member that is not the first of its object. */
void json_member_string(FILE *to, const char *name, const char *s);
void json_member_number(FILE *to, const char *name, double x);
/** Of an array of two. */
void json_member_interval(FILE *to, const char *name, double lo, double hi);

#endif
