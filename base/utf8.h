#ifndef OFFING_BASE_UTF8_H
#define OFFING_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Length of the UTF-8 character at @s with @n >= 1 bytes left, 0 when it is none, and what it
 *  encodes. Overlong forms and surrogates are none (Unicode 15, table 3-7). */
size_t utf8_decode(const char *s, size_t n, uint32_t *c);

/** Whether @c shows as itself: no control, nothing that breaks the line, is invisible, or turns
 *  the direction of the text around it. A blank shows, a no-break space does not. */
bool utf8_is_shown(uint32_t c);

/** What to call a character that is not shown: "no-break space"; "control character" when it has
 *  no better name. */
const char *utf8_name(uint32_t c);

/** Length of the prefix of @s[0..@n) that is whole characters and at most @most bytes. */
size_t utf8_prefix(const char *s, size_t n, size_t most);

#endif
