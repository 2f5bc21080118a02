/* offing help: the commands, or one of them. */
#include <stdio.h>

#include "cli/command.h"

static void print_all(FILE *to)
{
	size_t i;

	fputs("usage: offing COMMAND [OPTION...] [ARG...]\n\n"
	      "Simulates LLM inference at the edge: users, links, edge servers and a cloud,\n"
	      "batching instances, and the policy that says who serves what.\n\n",
		to);
	for (i = 0; commands[i]; i++)
		fprintf(to, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
	fputs("\n`offing help COMMAND` says more. `offing --version` names the version.\n"
	      "Exit status: 0 done; 1 failed at run time; 2 bad usage or bad input;\n"
	      "130 interrupted.\n",
		to);
}

static enum status help(const struct opts *o)
{
	const struct command *c;

	if (o->n_args == 0) {
		print_all(stdout);
		return STATUS_DONE;
	}
	c = command_find(o->args[0]);
	if (!c) {
		command_unknown(o->args[0]);
		return STATUS_USAGE;
	}
	command_help(stdout, c);
	return STATUS_DONE;
}

const struct command cmd_help = {
	.name = "help",
	.args = "[COMMAND]",
	.max_args = 1,
	.summary = "list the commands, or explain one",
	.run = help,
};
