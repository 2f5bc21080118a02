/* offing-scenario(5), and `offing help scenario`: every key, from the tables that read them. */
#include <stdlib.h>
#include <string.h>

#include "base/near.h"
#include "base/quote.h"
#include "base/str.h"
#include "cli/key_text.h"
#include "cli/page.h"
#include "cli/roff.h"
#include "cli/wrap.h"

enum { WIDTH = 80 };

/* On the terminal */

static void print_line(FILE *to, const char *title, const char *text)
{
	struct wrap w = {.to = to, .indent = 12, .width = WIDTH};

	wrap_printf(&w, "  %-9s %s", title, text);
	wrap_end(&w);
}

static void print_key(FILE *to, struct arena *a, const struct scenario_key *k)
{
	const char *range = key_range(a, k);

	fprintf(to, "%s\n", k->path);
	print_line(to, "", key_help(a, k));
	print_line(to, "takes", key_takes(a, k));
	if (range)
		print_line(to, "range", range);
	print_line(to, "default", key_default(a, k));
}

/* What stands below @path itself, by name alone. */
static void print_below(FILE *to, const struct scenario_key *all, size_t n, const char *path)
{
	struct wrap w = {.to = to, .indent = 12, .width = WIDTH};
	size_t stem = strlen(path), more = 0;

	for (size_t i = 0; i < n; i++) {
		const char *rest = all[i].path + stem;

		if (strncmp(all[i].path, path, stem) != 0 || *rest != '.')
			continue;
		if (i > 0 && !strcmp(all[i - 1].path, all[i].path))
			continue;
		wrap_printf(&w, "%s %s", more++ ? "" : "  keys     ", rest + 1);
	}
	if (more > 0)
		wrap_end(&w);
}

static void print_row(FILE *to, struct arena *a, const struct scenario_key *k)
{
	struct wrap w = {.to = to, .indent = 6, .width = WIDTH};

	wrap_printf(&w, "  %s: %s (%s)", k->path, key_help(a, k), key_default(a, k));
	wrap_end(&w);
}

static void print_all(FILE *to, struct arena *a, const struct scenario_key *all, size_t n)
{
	fputs("Keys of a scenario. X stands for a name of your own, a default in brackets.\n"
	      "`offing help scenario KEY` says what one takes, and its range.\n",
		to);
	for (size_t i = 0; i < n; i++) {
		size_t length = strcspn(all[i].path, ".");

		if (i == 0 || strncmp(all[i].path, all[i - 1].path, length + 1) != 0)
			fputc('\n', to);
		if (!all[i].again)
			print_row(to, a, &all[i]);
	}
}

static bool no_such(const char *text, const struct scenario_key *all, size_t n, struct err *err)
{
	char quoted[QUOTE_SIZE];
	struct near near;

	near_init(&near, text);
	for (size_t i = 0; i < n; i++) {
		const char *dot = strrchr(all[i].path, '.');

		near_add(&near, all[i].path);
		if (dot)
			near_add(&near, dot + 1);
	}
	if (near_best(&near))
		return near_refuse(&near, "key", err);
	return err_input(err, "there is no key '%s'; see `offing help scenario`",
		quote(quoted, sizeof quoted, text));
}

static bool print(FILE *to, const char *text, struct err *err)
{
	const struct scenario_key *all, **found;
	struct arena a;
	size_t n, k;

	arena_init(&a);
	all = key_all(&n, &a);
	found = arena_alloc(&a, n, sizeof(const struct scenario_key *));
	k = text ? scenario_keys_find(found, all, n, text) : 0;
	for (size_t i = 0; i < k; i++) {
		if (i > 0)
			fputc('\n', to);
		print_key(to, &a, found[i]);
		print_below(to, all, n, found[i]->path);
	}
	if (!text)
		print_all(to, &a, all, n);
	else if (k == 0)
		no_such(text, all, n, err);
	arena_finish(&a);
	return !text || k > 0;
}

static void put_cell(FILE *to, const char *text)
{
	fputs(" | ", to);
	for (; text && *text; text++) {
		if (*text == '|')
			fputc('\\', to);
		fputc(*text, to);
	}
}

void page_scenario_markdown(FILE *to)
{
	const struct scenario_key *all;
	struct arena a;
	size_t n;

	arena_init(&a);
	all = key_all(&n, &a);
	fputs("| key | what | takes | range | default |\n|---|---|---|---|---|\n", to);
	for (size_t i = 0; i < n; i++) {
		const struct scenario_key *k = &all[i];

		if (k->again)
			continue;
		fprintf(to, "| `%s`", k->path);
		put_cell(to, key_help(&a, k));
		put_cell(to, key_takes(&a, k));
		put_cell(to, key_range(&a, k));
		put_cell(to, key_default(&a, k));
		fputs(" |\n", to);
	}
	arena_finish(&a);
}

bool page_scenario_has(const char *text)
{
	const struct scenario_key *all, **found;
	struct arena a;
	size_t n;
	bool has;

	arena_init(&a);
	all = key_all(&n, &a);
	found = arena_alloc(&a, n, sizeof(const struct scenario_key *));
	has = scenario_keys_find(found, all, n, text) > 0;
	arena_finish(&a);
	return has;
}

/* The page */

static void man_key(FILE *to, struct arena *a, const struct scenario_key *k)
{
	const char *range = key_range(a, k);
	struct buf text;

	buf_init(&text);
	buf_printf(&text, "%s Takes %s", key_help(a, k), key_takes(a, k));
	if (range)
		buf_printf(&text, ", %s", range);
	buf_printf(&text, ". Default: %s.", key_default(a, k));
	roff_item(to, arena_printf(a, "\\fB%s\\fP", k->path), text.s);
	buf_finish(&text);
}

static void man(FILE *to, const struct page *page)
{
	const struct scenario_key *all;
	struct arena a;
	size_t n;

	arena_init(&a);
	all = key_all(&n, &a);
	roff_title(to, "offing-scenario", page->section, page->summary);
	roff_section(to, "DESCRIPTION");
	roff_lead(to,
		"A scenario is a file of YAML, strict: unknown keys, missing units and values out "
		"of "
		"range are errors at their line and column. A quantity needs a unit, 0 excepted. "
		"`null` in place of a value means that it is not given. `extends: other.yaml` "
		"starts "
		"from another file, and `-s` on the command line changes one value.");
	roff_text(to, "In what follows X stands for a name of your own, TIME for a time, K for a "
		      "place in a "
		      "list, and DISTRIBUTION for any key that takes one. `offing check` prints a "
		      "scenario "
		      "with all defaults filled in; docs/scenario.md explains at length.");
	roff_section(to, "KEYS");
	for (size_t i = 0; i < n; i++) {
		size_t length = strcspn(all[i].path, ".");

		if (i == 0 || (all[i].path[length] == '.' &&
				      strncmp(all[i].path, all[i - 1].path, length + 1) != 0))
			roff_subsection(to, i ? arena_printf(&a, "%.*s", (int)length, all[i].path)
					      : "Top level");
		if (!all[i].again)
			man_key(to, &a, &all[i]);
	}
	roff_section(to, "EXAMPLE");
	roff_lead(to, "Poisson arrivals at one server, changed on the command line:");
	roff_begin_code(to);
	roff_code(to, "run: {horizon: 600 s}");
	roff_code(to, "offing run FILE -s run.horizon='1 h' -s users.all.arrivals.rate='2 /s'");
	roff_end_code(to);
	roff_section(to, "SEE ALSO");
	fputs(".BR offing (1),\n.BR offing\\-run (1),\n.BR offing\\-check (1),\n"
	      ".BR offing\\-policy (3)\n",
		to);
	arena_finish(&a);
}

const struct page page_scenario = {
	.name = "scenario",
	.section = 5,
	.summary = "what a scenario may say, key by key",
	.man = man,
	.print = print,
};
