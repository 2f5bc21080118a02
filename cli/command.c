/* The table of commands, and what is said about them. */
#include "cli/command.h"

#include <stdio.h>
#include <string.h>

#include "base/near.h"
#include "base/quote.h"

const struct command *command_find(const char *name)
{
	size_t i;

	for (i = 0; commands[i]; i++)
		if (!strcmp(commands[i]->name, name))
			return commands[i];
	return NULL;
}

void command_unknown(const char *name)
{
	struct err err = {0};
	char quoted[QUOTE_SIZE];
	struct near near;
	size_t i;

	near_init(&near, name);
	for (i = 0; commands[i]; i++)
		near_add(&near, commands[i]->name);
	quote(quoted, sizeof quoted, name);
	if (near_best(&near))
		err_input(
			&err, "unknown command '%s'; did you mean '%s'?", quoted, near_best(&near));
	else
		err_input(&err, "unknown command '%s'; see `offing help`", quoted);
	err_print(&err, stderr);
}

void command_help(FILE *to, const struct command *c)
{
	fprintf(to, "usage: offing %s%s%s%s\n\n%s\n", c->name, c->opts ? " [OPTION...]" : "",
		c->args ? " " : "", c->args ? c->args : "", c->summary);
	if (c->help)
		fprintf(to, "\n%s\n", c->help);
	fputc('\n', to);
	opts_print(to, c->opts);
}

enum status command_fail(const struct err *err)
{
	err_print(err, stderr);
	return err->kind == ERR_STOP  ? STATUS_INTERRUPTED
	       : err->kind == ERR_RUN ? STATUS_FAILED
				      : STATUS_USAGE;
}

const char command_about[] =
	"Simulates LLM inference at the edge: users, links, edge servers and a cloud,\n"
	"batching instances, and the policy that says who serves what.";

const struct command *const commands[] = {
	&cmd_run,
	&cmd_check,
	&cmd_design,
	&cmd_list,
	&cmd_place,
	&cmd_plan,
	&cmd_optimum,
	&cmd_capacity,
	&cmd_fit,
	&cmd_compare,
	&cmd_merge,
	&cmd_table,
	&cmd_plot,
	&cmd_report,
	&cmd_export,
	&cmd_validate,
	&cmd_help,
	&cmd_completion,
	NULL,
};
