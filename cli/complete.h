#ifndef OFFING_CLI_COMPLETE_H
#define OFFING_CLI_COMPLETE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/str.h"
#include "cli/command.h"

/** What can stand at a place of a command line. */
enum complete_kind {
	COMPLETE_NOTHING, /* nothing is known: a number, a quantity */
	COMPLETE_FILE,
	COMPLETE_FOLDER,
	COMPLETE_WORDS,   /* one of them */
	COMPLETE_LIST,    /* several of them, with commas between */
	COMPLETE_KEY,     /* a key of the results on the line: `offing completion --key` */
	COMPLETE_KEYS,    /* several of them, with commas between */
	COMPLETE_SETTING, /* KEY=VALUE of the scenario on the line: `offing completion --set` */
};

struct complete {
	enum complete_kind kind;
	struct buf words; /* with blanks between; "" but for WORDS and LIST */
};

/**
 * The value of @spec: one of its words, else what its placeholder stands for: DIR is a folder,
 * FILE... and LOG a file, METRIC a metric, KEY a key, POLICY and LABEL a policy, KEY=VALUE a
 * setting, COMMAND a command, CASE one of `offing validate`; with ",..." behind it a list of them.
 * False when it takes none. Free with complete_finish(), also then.
 */
bool complete_option(struct complete *to, const struct opt_spec *spec);

/**
 * The argument @i of @c, from 0; false, with nothing to free, when it takes no so many. The
 * placeholders of its usage line stand for the same; words in small letters there, and its `words`,
 * are the first one.
 */
bool complete_argument(struct complete *to, const struct command *c, size_t i);

/** Whether the last argument of @c may be repeated: "DIR...". */
bool complete_repeats(const struct command *c);

void complete_finish(struct complete *to);

/** The scripts (complete_bash.c, complete_zsh.c, complete_fish.c). */
void complete_bash(FILE *to);
void complete_zsh(FILE *to);
void complete_fish(FILE *to);

#endif
