#ifndef OFFING_IO_TEXT_TRACE_VALUE_H
#define OFFING_IO_TEXT_TRACE_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/** Values as traces spell them. False: not one, or out of range; nothing is stored. */

/** A decimal number: 12, 0.5, 1e-05; no hex, no infinity. */
bool trace_number(struct str text, double *out);

/** A whole number from 0 to @most, at most 4e9, perhaps with zeros behind a point ("374.0"). */
bool trace_whole(struct str text, uint32_t most, uint32_t *out);

/** A decimal number of units of @unit_ns (10^6: milliseconds), at least 0 and at most 9e9 s, in
 *  nanoseconds: exact, but for digits behind the nanosecond, which are rounded. */
bool trace_time(struct str text, int64_t unit_ns, int64_t *out_ns);

/** A date and time of day, 1970 to 2199, in nanoseconds since 1970 UTC: 2023-11-16
 *  18:15:46.6805900 with any number of digits (nine count), 'T' in place of the blank,
 *  and perhaps Z, +01:00 or -0530 behind; without: UTC. */
bool trace_date_time(struct str text, int64_t *out_ns);

#endif
