#ifndef OFFING_CLI_ROFF_H
#define OFFING_CLI_ROFF_H

#include <stdio.h>

/**
 * Manual pages in the man(7) macros. Texts are as the tables have them: lines are filled anew,
 * what stands `in backticks` is set bold, and nothing in them is taken for a request.
 */

/** The head of a page: "offing-run", 1, and its line for whatis(1). */
void roff_title(FILE *to, const char *name, int section, const char *summary);

void roff_section(FILE *to, const char *title);
void roff_subsection(FILE *to, const char *title);

/** The first paragraph of a section, and each further one. */
void roff_lead(FILE *to, const char *text);
void roff_text(FILE *to, const char *text);

/** A term and, set in, what it is; @term may have roff's own \f escapes. */
void roff_item(FILE *to, const char *term, const char *text);

/** Lines as they are, tabs as four blanks; between one begin and its end. */
void roff_begin_code(FILE *to);
void roff_code(FILE *to, const char *line);
void roff_end_code(FILE *to);

/** @text with what roff would take for something else escaped; '-' is a minus, as in options. */
void roff_puts(FILE *to, const char *text, size_t n);

#endif
