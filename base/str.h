#ifndef OFFING_BASE_STR_H
#define OFFING_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>

/** A piece of text somebody else owns; not terminated. */
struct str {
	const char *s; /* may be NULL when n is 0 */
	size_t n;
};

/** The whole of the C string @s. */
struct str str_of(const char *s);

bool str_eq(struct str a, const char *b);

/** Without blanks, tabs, CR and LF at both ends. */
struct str str_trim(struct str a);

/** Cut the field before the next @sep off *@rest into *@field (the last one has no @sep
 *  behind it). False when nothing is left: "a,,b," has the fields "a", "", "b", "". Start
 *  with the whole text in *@rest, whose s must not be NULL. */
bool str_split(struct str *rest, char sep, struct str *field);

/** Text that grows. Terminated at all times, so @s is a C string. */
struct buf {
	char *s; /* "" before anything is added */
	size_t n, cap;
};

void buf_init(struct buf *b);
void buf_finish(struct buf *b);

/** Forget the text, keep the memory. */
void buf_clear(struct buf *b);
void buf_add(struct buf *b, const char *bytes, size_t n);
void buf_puts(struct buf *b, const char *s);
void buf_putc(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
