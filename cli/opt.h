#ifndef OFFING_CLI_OPT_H
#define OFFING_CLI_OPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/err.h"
#include "base/quantity.h"

/**
 * One option of a command. The same table parses, prints the help, makes the
 * man page and completes. Every command also has -h, --help.
 */
struct opt_spec {
	const char *name; /* long, without the dashes; NULL ends a table */
	char letter;      /* 0: none */
	const char *arg;  /* what it takes, for the help: "DIR"; NULL: nothing */
	const char *help; /* one line, with the default */
	const char
		*words; /* what the value may be, with blanks between; NULL: see cli/complete.h */
};

/** What was given, in order. */
struct opt_value {
	const char *name, *value; /* value "" when it takes nothing */
};

struct opts {
	size_t n_values, n_args;
	struct opt_value *values;
	char **args; /* what is no option */
};

/**
 * Parse @argv[1..]. Options may stand before and behind arguments; "--" ends
 * them; abbreviations are refused, so that a new option breaks no script. On
 * false @err says what is wrong, with the nearest option. @command names the
 * command in messages. Free with opts_finish(), also on false.
 */
MUST_CHECK bool opts_parse(struct opts *o, const char *command, const struct opt_spec *specs,
	int argc, char **argv, struct err *err);
void opts_finish(struct opts *o);

/** The last value of option @name, or NULL when it was not given. */
const char *opts_get(const struct opts *o, const char *name);

/** All values of @name in order: *@n of them, to be freed by the caller. */
const char **opts_all(const struct opts *o, const char *name, size_t *n);

/** Read a whole number from @min to @max out of option @name; @value stays when not given. */
MUST_CHECK bool opts_count(const struct opts *o, const char *name, unsigned long min,
	unsigned long max, unsigned long *value, struct err *err);

/** The same for a quantity of @dim, with its unit. */
MUST_CHECK bool opts_quantity(const struct opts *o, const char *name, enum quantity_dim dim,
	double *value, struct err *err);

/** The @i-th option of @specs, behind the last one --help, then NULL: for who goes through all. */
const struct opt_spec *opts_at(const struct opt_spec *specs, size_t i);

/** The options as lines of a help text. */
void opts_print(FILE *to, const struct opt_spec *specs);

#endif
