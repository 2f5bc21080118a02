/* Pages of the manual, from the tables of commands and options. */
#include "cli/page.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "cli/roff.h"

static void put_status(FILE *to)
{
	roff_section(to, "EXIT STATUS");
	roff_item(to, "\\fB0\\fP", "Done.");
	roff_item(to, "\\fB1\\fP", "Failed at run time.");
	roff_item(to, "\\fB2\\fP", "Bad usage or bad input: nothing was run.");
	roff_item(to, "\\fB130\\fP", "Interrupted; what was finished is kept and marked.");
}

static void put_option(FILE *to, const struct opt_spec *spec)
{
	struct buf term;

	buf_init(&term);
	if (spec->letter)
		buf_printf(&term, "\\fB\\-%c\\fP, ", spec->letter);
	buf_puts(&term, "\\fB\\-\\-");
	for (const char *s = spec->name; *s; s++)
		buf_printf(&term, "%s%c", *s == '-' ? "\\" : "", *s);
	buf_puts(&term, "\\fP");
	if (spec->arg)
		buf_printf(&term, " \\fI%s\\fP", spec->arg);
	roff_item(to, term.s, spec->help);
	buf_finish(&term);
}

static void put_synopsis(FILE *to, const struct command *c)
{
	roff_section(to, "SYNOPSIS");
	fprintf(to, ".B offing %s\n", c->name);
	if (c->opts)
		fputs("[\\fIOPTION\\fP...]\n", to);
	if (c->args)
		fprintf(to, "%s\n", c->args);
}

void page_command(FILE *to, const struct command *c)
{
	const struct opt_spec *spec;
	struct buf text;

	buf_init(&text);
	buf_printf(&text, "offing-%s", c->name);
	roff_title(to, text.s, 1, c->summary);
	put_synopsis(to, c);
	roff_section(to, "DESCRIPTION");
	buf_clear(&text);
	buf_printf(&text, "`offing %s`: %s.", c->name, c->summary);
	roff_lead(to, text.s);
	if (c->help)
		roff_text(to, c->help);
	if (c->words) {
		buf_clear(&text);
		buf_printf(&text, "The first argument is one of: %s.", c->words);
		roff_text(to, text.s);
	}
	roff_section(to, "OPTIONS");
	for (size_t i = 0; (spec = opts_at(c->opts, i)); i++)
		put_option(to, spec);
	put_status(to);
	roff_section(to, "SEE ALSO");
	fputs(".BR offing (1),\n.BR offing\\-scenario (5)\n", to);
	buf_finish(&text);
}

static void put_commands(FILE *to)
{
	struct buf term;

	buf_init(&term);
	for (size_t i = 0; commands[i]; i++) {
		buf_clear(&term);
		buf_printf(&term, "\\fBoffing\\-%s\\fP(1)", commands[i]->name);
		roff_item(to, term.s, commands[i]->summary);
	}
	for (size_t i = 0; pages[i]; i++) {
		buf_clear(&term);
		buf_printf(&term, "\\fBoffing\\-%s\\fP(%d)", pages[i]->name, pages[i]->section);
		roff_item(to, term.s, pages[i]->summary);
	}
	buf_finish(&term);
}

void page_offing(FILE *to)
{
	roff_title(to, "offing", 1, "simulate LLM inference at the edge");
	roff_section(to, "SYNOPSIS");
	fputs(".B offing\n\\fICOMMAND\\fP [\\fIOPTION\\fP...] [\\fIARGUMENT\\fP...]\n.PP\n"
	      ".B offing \\-\\-version\n",
		to);
	roff_section(to, "DESCRIPTION");
	roff_lead(to, command_about);
	roff_text(to, "A scenario is one YAML file that says everything about a run: "
		      "`offing-scenario`(5). `offing run` simulates it and keeps the results; the "
		      "other commands check it, plan with it, and compare and show results.");
	roff_section(to, "COMMANDS AND PAGES");
	put_commands(to);
	roff_section(to, "OPTIONS");
	roff_item(to, "\\fB\\-h\\fP, \\fB\\-\\-help\\fP", "List the commands.");
	roff_item(to, "\\fB\\-\\-version\\fP", "Name the version and those of the libraries.");
	put_status(to);
	roff_section(to, "EXAMPLE");
	roff_lead(to, "A first run, and a comparison of its policies:");
	roff_begin_code(to);
	roff_code(to, "offing run scenarios/testbed.yaml -s run.replications=3 -o first");
	roff_code(to, "offing compare first");
	roff_end_code(to);
}

/* Into files */

static bool open_page(FILE **out, const char *dir, const char *name, int section, struct err *err)
{
	struct buf path;

	buf_init(&path);
	buf_printf(&path, "%s/%s%s%s.%d", dir, "offing", *name ? "-" : "", name, section);
	*out = fopen(path.s, "w");
	if (!*out)
		err_run(err, "cannot write '%s': %s", path.s, strerror(errno));
	buf_finish(&path);
	return *out;
}

static bool close_page(FILE *to, const char *dir, struct err *err)
{
	bool ok = !ferror(to);

	return (fclose(to) == 0 && ok) ||
	       err_run(err, "cannot write to '%s': %s", dir, strerror(errno));
}

bool pages_write(const char *dir, struct err *err)
{
	FILE *to;

	if (!open_page(&to, dir, "", 1, err))
		return false;
	page_offing(to);
	if (!close_page(to, dir, err))
		return false;
	for (size_t i = 0; commands[i]; i++) {
		if (!open_page(&to, dir, commands[i]->name, 1, err))
			return false;
		page_command(to, commands[i]);
		if (!close_page(to, dir, err))
			return false;
	}
	for (size_t i = 0; pages[i]; i++) {
		if (!open_page(&to, dir, pages[i]->name, pages[i]->section, err))
			return false;
		pages[i]->man(to, pages[i]);
		if (!close_page(to, dir, err))
			return false;
	}
	return true;
}

const struct page *const pages[] = {&page_scenario, &page_policy, NULL};
