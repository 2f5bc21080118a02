/* offing help: the commands, or one of them; the pages of the manual; all of it as man(1) has it.
 */
#include <stdio.h>
#include <string.h>

#include "base/near.h"
#include "base/quote.h"
#include "cli/page.h"

static void print_all(FILE *to)
{
	size_t i;

	fprintf(to, "usage: offing COMMAND [OPTION...] [ARG...]\n\n%s\n\n", command_about);
	for (i = 0; commands[i]; i++)
		fprintf(to, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
	fputs("\n`offing help COMMAND` says more. `offing --version` names the version.\n", to);
	for (i = 0; pages[i]; i++)
		fprintf(to, "`offing help %s`: %s.\n", pages[i]->name, pages[i]->summary);
	fputs("Exit status: 0 done; 1 failed at run time; 2 bad usage or bad input;\n"
	      "130 interrupted.\n",
		to);
}

static const struct page *find_page(const char *name)
{
	size_t i = 0;

	while (pages[i] && strcmp(pages[i]->name, name) != 0)
		i++;
	return pages[i];
}

static bool no_such(const char *name, struct err *err)
{
	char quoted[QUOTE_SIZE];
	struct near near;

	near_init(&near, name);
	for (size_t i = 0; commands[i]; i++)
		near_add(&near, commands[i]->name);
	for (size_t i = 0; pages[i]; i++)
		near_add(&near, pages[i]->name);
	quote(quoted, sizeof quoted, name);
	if (page_scenario_has(name))
		return err_input(err,
			"'%s' is no command but a key: `offing help scenario %s` explains it",
			quoted, quoted);
	if (near_best(&near))
		return err_input(
			err, "unknown command '%s'; did you mean '%s'?", quoted, near_best(&near));
	return err_input(err, "unknown command '%s'; see `offing help`", quoted);
}

static bool print_one(const struct opts *o, bool man, struct err *err)
{
	const char *name = o->args[0], *key = o->n_args > 1 ? o->args[1] : NULL;
	const struct command *c = command_find(name);
	const struct page *page = find_page(name);
	char quoted[QUOTE_SIZE];

	if (!c && !page)
		return no_such(name, err);
	if (key && (c || man))
		return err_input(err, "`offing help %s` takes no further word '%s'", name,
			quote(quoted, sizeof quoted, key));
	if (man && c)
		page_command(stdout, c);
	else if (man)
		page->man(stdout, page);
	else if (c)
		command_help(stdout, c);
	else
		return page->print(stdout, key, err);
	return true;
}

static bool answer(const struct opts *o, struct err *err)
{
	const char *dir = opts_get(o, "output");
	bool man = opts_get(o, "man") != NULL;

	if (dir && o->n_args > 0)
		return err_input(err, "--output writes all pages of the manual; it goes with no "
				      "further word");
	if (opts_get(o, "markdown") && !(o->n_args == 1 && !strcmp(o->args[0], "scenario")))
		return err_input(err, "--markdown goes with `offing help scenario`");
	if (dir)
		return pages_write(dir, err);
	if (opts_get(o, "markdown")) {
		page_scenario_markdown(stdout);
		return true;
	}
	if (o->n_args > 0)
		return print_one(o, man, err);
	if (man)
		page_offing(stdout);
	else
		print_all(stdout);
	return true;
}

static enum status help(const struct opts *o)
{
	struct err err = {0};

	return answer(o, &err) ? STATUS_DONE : command_fail(&err);
}

static const struct opt_spec opts[] = {
	{"man", 0, NULL, "print the page of the manual: offing help --man run | man -l -"},
	{"output", 'o', "DIR", "write all pages of the manual to DIR, which is there"},
	{"markdown", 0, NULL, "of scenario: every key as a row of a table"}, {0}};

const struct command cmd_help = {
	.name = "help",
	.args = "[COMMAND | scenario [KEY] | policy]",
	.max_args = 2,
	.summary = "explain a command, a key of a scenario, what policies are built against",
	.help = "KEY is the path of a key (links.wan.rate), or the end of one (rate).",
	.opts = opts,
	.run = help,
};
