#ifndef OFFING_BASE_ERR_H
#define OFFING_BASE_ERR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

/**
 * Failure as a value. A function that can fail returns bool and takes a
 * `struct err *` last. The first failure wins; setting it returns false, so
 * failing is one line:
 *
 *	if (!(spec->rate_bps > 0.0))
 *		return err_at(err, spec->at, "rate must be above 0, not %g", spec->rate_bps);
 *
 * Messages are one line: the thing, the rule, the value; no full stop. One that
 * is too long loses its middle, so that a long path cuts off neither what
 * happened nor why.
 */

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

/** Whose fault it is; cli/ turns it into the exit status. */
enum err_kind {
	ERR_NONE = 0,
	ERR_INPUT, /* the user's: scenario, trace, profile, plug-in, command line: exit 2 */
	ERR_RUN,   /* the run's: disk full, solver failed: exit 1 */
	ERR_STOP,  /* interrupted: exit 130 */
};

/** A place in a file the user wrote. @line and @col count from 1; line 0 = no place. */
struct src_pos {
	const char *file; /* borrowed; lives as long as the scenario */
	unsigned line, col;
};

struct err {
	enum err_kind kind; /* ERR_NONE until something fails */
	struct src_pos at;
	char msg[300];
};

/** Record an input error at @at, unless @e holds one already. Always false. */
bool err_at(struct err *e, struct src_pos at, const char *fmt, ...) PRINTF_LIKE(3, 4);

/** The same without a place. */
bool err_input(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3);

/** Record a failure of the run itself. Always false. */
bool err_run(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3);

/** Record an interrupt. Always false. */
bool err_stop(struct err *e);

/** Write a message into @e as the functions above do; neither kind nor place. */
void err_write(struct err *e, const char *fmt, va_list ap);

/** Print "file:line:col: error: message" (or "offing: error: message") to @to. What a terminal
 *  would not show as itself, in names of files or in the message, is escaped. */
void err_print(const struct err *e, FILE *to);

/** The same with another word than "error", such as "warning". */
void err_print_as(const struct err *e, const char *word, FILE *to);

#endif
