#ifndef OFFING_CLI_TC_H
#define OFFING_CLI_TC_H

#include <stdio.h>

#include "models/scenario.h"

/**
 * The links of a scenario as a shell script of tc (iproute2) commands that
 * build the same on real interfaces. Units are spelled as tc reads them: `mbit` is a
 * million bits/s (`mbps` would be megabytes), `b` is bytes. Each direction wants its
 * interface in a variable, LINK_up or LINK_down. What tc cannot do (a timetable, a
 * trace) is said in comments.
 */
void tc_print(FILE *to, const struct scenario_spec *spec);

/** One value as tc spells it; @buf of 64 bytes. Exact for whole bits and bytes. */
const char *tc_rate(char buf[64], double bytes_per_s);
const char *tc_size(char buf[64], double bytes);
const char *tc_time(char buf[64], double s);

#endif
