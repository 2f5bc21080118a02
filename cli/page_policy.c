/* offing-policy(3): the policies that come with the program, and what others are built against. */
#include <string.h>

#include "base/str.h"
#include "cli/list.h"
#include "cli/page.h"
#include "cli/policy_page.h"
#include "cli/roff.h"
#include "policies/all.h"

enum { CODE_WIDTH = 74, TAB = 4 };

/* The interface */

/* Broken at a blank where a page has no room for it. */
static void put_code(FILE *to, const char *line)
{
	size_t tabs = strspn(line, "\t"), n = strlen(line + tabs), room = CODE_WIDTH - TAB * tabs;
	struct buf part;

	buf_init(&part);
	for (line += tabs; n > room; line++, n--) {
		size_t cut = room;

		while (cut > 0 && line[cut] != ' ')
			cut--;
		if (cut == 0)
			break;
		buf_clear(&part);
		buf_printf(&part, "%.*s%.*s", (int)tabs, "\t\t\t\t\t\t\t\t", (int)cut, line);
		roff_code(to, part.s);
		line += cut;
		n -= cut;
		tabs += tabs < 8;
	}
	buf_clear(&part);
	buf_printf(&part, "%.*s%s", (int)tabs, "\t\t\t\t\t\t\t\t", line);
	roff_code(to, part.s);
	buf_finish(&part);
}

static void put_text(FILE *to, struct buf *text)
{
	if (text->n > 0)
		roff_text(to, text->s);
	buf_clear(text);
}

static void put_interface(FILE *to)
{
	bool in_code = false;
	struct buf text;

	buf_init(&text);
	for (size_t i = 0; policy_page[i]; i++) {
		const char *line = policy_page[i] + 1;
		char kind = policy_page[i][0];

		if (kind == 'L' || kind == 'C' || (kind == 'T' && !*line))
			put_text(to, &text);
		if (kind == 'T' || kind == 'L')
			buf_printf(&text, "%s%s", text.n ? " " : "", line);
		if (kind == 'C' && !in_code)
			roff_begin_code(to);
		if (kind == 'C')
			put_code(to, line);
		if (kind != 'C' && in_code)
			roff_end_code(to);
		in_code = kind == 'C';
	}
	if (in_code)
		roff_end_code(to);
	put_text(to, &text);
	buf_finish(&text);
}

/* The policies there are */

static void put_params(FILE *to, struct list *l, const struct param_spec *p)
{
	for (; p && p->kind != PARAM_END; p++)
		roff_item(to, arena_printf(&l->arena, "\\fB%s\\fP", p->name),
			arena_printf(&l->arena, "%s (default %s; %s)", p->help,
				list_param_value(l, p, p->dflt), list_param_range(l, p)));
}

static void put_policies(FILE *to)
{
	struct policy_registry policies = policies_all();
	struct list l;

	list_init(&l);
	for (size_t i = 0; i < policies.n; i++) {
		roff_subsection(to, policies.all[i]->name);
		roff_lead(to, arena_printf(&l.arena, "%s.", policies.all[i]->summary));
		put_params(to, &l, policies.all[i]->params);
	}
	list_finish(&l);
}

static void man(FILE *to, const struct page *page)
{
	roff_title(to, "offing-policy", page->section, page->summary);
	roff_section(to, "SYNOPSIS");
	fputs(".nf\n.B #include <offing/policy.h>\n.sp\n"
	      ".B extern const struct policy_plugin offing_policy_v2;\n.sp\n"
	      "cc $(pkg\\-config \\-\\-cflags offing) \\-shared \\-fPIC mine.c \\-o mine.so\n"
	      "offing run \\-\\-plugin ./mine.so \\-s policy.name=mine \\fIFILE\\fP\n.fi\n",
		to);
	roff_section(to, "DESCRIPTION");
	roff_lead(to,
		"A policy decides which waiting request goes to which instance, and when. A "
		"scenario "
		"names one under `policy`, or compares several on the same arrivals under "
		"`policies`. "
		"It may be one of those below, with their parameters, or one from a shared object "
		"that `--plugin` loads, which exports one table under the name "
		"`offing_policy_v2`.");
	roff_section(to, "POLICIES");
	put_policies(to);
	roff_section(to, "INTERFACE");
	roff_lead(to, "This is `<offing/policy.h>`.");
	put_interface(to);
	roff_section(to, "SEE ALSO");
	fputs(".BR offing (1),\n.BR offing\\-run (1),\n.BR offing\\-list (1),\n"
	      ".BR offing\\-scenario (5)\n",
		to);
}

/* On a terminal the comments of the header are as good as a page. */
static bool print(FILE *to, const char *key, struct err *err)
{
	if (key)
		return err_input(err, "`offing help policy` takes no further word; `offing list "
				      "policies POLICY` shows the parameters of one");
	fputs("Built against <offing/policy.h>, loaded with --plugin FILE.so. `offing list "
	      "policies`\n"
	      "has those that come with offing, docs/policies.md what each does.\n\n",
		to);
	for (size_t i = 0; policy_page[i]; i++) {
		const char *line = policy_page[i] + 1;

		if (policy_page[i][0] == 'C' || policy_page[i][0] == 'B')
			fprintf(to, "%s\n", line);
		else
			fprintf(to, "//%s%s\n", *line ? " " : "", line);
	}
	return true;
}

const struct page page_policy = {
	.name = "policy",
	.section = 3,
	.summary = "policies that decide who serves which request",
	.man = man,
	.print = print,
};
