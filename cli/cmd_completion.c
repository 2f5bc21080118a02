/* offing completion: what bash may complete, from the tables of commands and options. */
#include <stdio.h>

#include "cli/command.h"

static void print_commands(void)
{
	size_t i;

	for (i = 0; commands[i]; i++)
		printf("%s%s", i ? " " : "", commands[i]->name);
}

static void print_options(const struct opt_spec *specs)
{
	fputs("--help", stdout);
	for (; specs && specs->name; specs++)
		printf(" --%s", specs->name);
}

static enum status completion(const struct opts *o)
{
	size_t i;

	(void)o;
	fputs("# bash completion for offing, made by `offing completion`\n"
	      "_offing()\n"
	      "{\n"
	      "\tlocal cur=${COMP_WORDS[COMP_CWORD]} options= words=\n"
	      "\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n"
	      "\t\tCOMPREPLY=($(compgen -W \"",
		stdout);
	print_commands();
	fputs(" --version --help\" -- \"$cur\"))\n"
	      "\t\treturn\n"
	      "\tfi\n"
	      "\tcase ${COMP_WORDS[1]} in\n",
		stdout);
	for (i = 0; commands[i]; i++) {
		printf("\t%s)\n\t\toptions='", commands[i]->name);
		print_options(commands[i]->opts);
		printf("'\n\t\twords='%s'\n\t\t;;\n", commands[i]->words ? commands[i]->words : "");
	}
	fputs("\tesac\n"
	      "\tcase $cur in\n"
	      "\t-*) COMPREPLY=($(compgen -W \"$options\" -- \"$cur\")) ;;\n"
	      "\t*) COMPREPLY=($(compgen -W \"$words\" -- \"$cur\") $(compgen -f -- \"$cur\")) ;;\n"
	      "\tesac\n"
	      "}\n"
	      "complete -o filenames -F _offing offing\n",
		stdout);
	return STATUS_DONE;
}

const struct command cmd_completion = {
	.name = "completion",
	.summary = "print a completion script for bash",
	.help = "Installed with offing; otherwise:  source <(offing completion)",
	.run = completion,
};
