#ifndef OFFING_BASE_QUANTITY_H
#define OFFING_BASE_QUANTITY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/dimension.h"

/**
 * Numbers with units, as users write them: "5 ms", "50 Mbps", "12 GiB".
 * Case matters: Mb and MB differ by 8. 0 needs no unit, unless the dimension
 * is QUANTITY_NUMBER, which takes none at all. Rates may also be spelled as tc
 * does, kbit, Mbit, Gbit; but kbps are 1000 bit/s, where tc would read 1000
 * bytes/s. A time is 0 or at least 1 ns.
 */

/**
 * Parse the whole of @text. On false, @why holds the rest of a message that
 * starts with the thing's name, such as "needs a unit, as in '20 ms'" or
 * "has the unknown unit 'gib'; did you mean 'GiB'?".
 */
bool quantity_parse(
	double *out, const char *text, enum quantity_dim dim, char *why, size_t why_size);

/** Write @si in the largest unit that keeps it exact when read back; returns @buf. */
char *quantity_print(char *buf, size_t size, double si, enum quantity_dim dim);

/** The unit @i of @dim, the SI one first; NULL behind the last. Those that are understood but never
 *  printed are left out. */
const char *quantity_unit(enum quantity_dim dim, size_t i);

/** An example for messages: "20 ms". */
const char *quantity_example(enum quantity_dim dim);

#endif
