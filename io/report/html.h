#ifndef OFFING_IO_REPORT_HTML_H
#define OFFING_IO_REPORT_HTML_H

#include <stddef.h>
#include <stdio.h>

#include "base/err.h"

/**
 * Text into HTML that is XML as well: what reads the one reads the other. Whatever a scenario
 * calls things, its names stay text: < > & " ' are escaped, and what no document may contain
 * (control characters, bytes that are no UTF-8) becomes U+FFFD.
 */
void html_text(FILE *to, const char *s);

/** The same of @n bytes. */
void html_bytes(FILE *to, const char *s, size_t n);

/** The same of what printf makes of it. */
void html_printf(FILE *to, const char *fmt, ...) PRINTF_LIKE(2, 3);

/** ` name="value"`, with a blank before it. */
void html_attr(FILE *to, const char *name, const char *value);

/** The same of a number: the shortest digits that read back to the same double; nothing where it
 *  is not finite. */
void html_attr_number(FILE *to, const char *name, double x);

/** A word for id="...": letters, digits and hyphens of @s, others as hyphens. */
void html_attr_id(FILE *to, const char *prefix, const char *s);

#endif
