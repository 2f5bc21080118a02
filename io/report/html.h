#ifndef OFFING_IO_REPORT_HTML_H
#define OFFING_IO_REPORT_HTML_H

#include <stdarg.h>
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
void html_vprintf(FILE *to, const char *fmt, va_list args) PRINTF_LIKE(2, 0);

/** ` name="value"`, with a blank before it. */
void html_attr(FILE *to, const char *name, const char *value);

/** The same of a number, as json_number() has it; nothing where it is not finite. */
void html_attr_number(FILE *to, const char *name, double x);

#endif
