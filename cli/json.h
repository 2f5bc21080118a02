#ifndef OFFING_CLI_JSON_H
#define OFFING_CLI_JSON_H

#include "base/json.h"

/** Members of an object that are not the first. */

void json_member_string(FILE *to, const char *name, const char *s);
void json_member_number(FILE *to, const char *name, double x);
/** Of an array of two. */
void json_member_interval(FILE *to, const char *name, double lo, double hi);

#endif
