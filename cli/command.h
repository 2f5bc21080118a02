#ifndef OFFING_CLI_COMMAND_H
#define OFFING_CLI_COMMAND_H

#include <stddef.h>

#include "cli/opt.h"

/** Exit statuses are part of the contract with scripts. */
enum status {
	STATUS_DONE = 0,
	STATUS_FAILED = 1,        /* at run time */
	STATUS_USAGE = 2,         /* bad usage or bad input: nothing was run */
	STATUS_INTERRUPTED = 130, /* what was finished is saved and marked */
};

/**
 * A command: `offing NAME [OPTION...] ARGS`. Each is in a file of its own,
 * cmd_NAME.c, and has a line in the table of command.c.
 */
struct command {
	const char *name;
	const char *args; /* for the usage line: "FILE" */
	size_t min_args, max_args;
	const char *summary;         /* one line */
	const char *help;            /* further lines, or NULL */
	const char *words;           /* what ARGS may be, for completion; NULL: files */
	const struct opt_spec *opts; /* ends with {0}; NULL: none */
	enum status (*run)(const struct opts *o);
};

extern const struct command cmd_run;
extern const struct command cmd_check;
extern const struct command cmd_compare;
extern const struct command cmd_merge;
extern const struct command cmd_design;
extern const struct command cmd_table;
extern const struct command cmd_report;
extern const struct command cmd_list;
extern const struct command cmd_place;
extern const struct command cmd_plan;
extern const struct command cmd_optimum;
extern const struct command cmd_capacity;
extern const struct command cmd_fit;
extern const struct command cmd_plot;
extern const struct command cmd_export;
extern const struct command cmd_validate;
extern const struct command cmd_help;
extern const struct command cmd_completion;

/** Every command, in the order of the help; ends with NULL. */
extern const struct command *const commands[];

/** What the program is for, in a sentence of several lines. */
extern const char command_about[];

/** NULL when there is none. */
const struct command *command_find(const char *name);

/** Report an unknown command, with the nearest one. */
void command_unknown(const char *name);

/** What `offing help NAME` prints. */
void command_help(FILE *to, const struct command *c);

/** Report @err on standard error and say what to exit with. */
enum status command_fail(const struct err *err);

#endif
