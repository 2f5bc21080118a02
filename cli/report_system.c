/* What was simulated, from the leaves of the resolved scenario. */
#include <string.h>

#include "base/str.h"
#include "cli/report.h"
#include "io/report/html.h"

enum { MOST_NAMES = 8 };

struct system {
	struct report *r;
	FILE *to;
	size_t n;
	const struct results_leaf *leaves;
};

/** The value of SECTION.NAME.KEY, @name of @length bytes; NULL: there is none. "varied" where
 *  points differ in it. */
static const char *leaf(
	const struct system *s, const char *section, struct str name, const char *key)
{
	const char *whole =
		arena_printf(&s->r->arena, "%s.%.*s.%s", section, (int)name.n, name.s, key);

	for (size_t k = 0; k < s->r->n_keys; k++)
		if (strcmp(s->r->keys[k], whole) == 0)
			return "varied";
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->leaves[i].key, whole) == 0)
			return s->leaves[i].value;
	return NULL;
}

/** The name after @section in leaf @i; false: it is not of that section. */
static bool name_of(struct str *out, const struct system *s, const char *section, size_t i)
{
	const size_t n = strlen(section);
	const char *key = s->leaves[i].key, *dot;

	if (strncmp(key, section, n) != 0 || key[n] != '.')
		return false;
	dot = strchr(key + n + 1, '.');
	*out = (struct str){key + n + 1, dot ? (size_t)(dot - key - n - 1) : strlen(key + n + 1)};
	return true;
}

static void put(const struct system *s, const char *before, const char *value, const char *after)
{
	if (!value)
		return;
	fputs(before, s->to);
	html_text(s->to, value);
	fputs(after, s->to);
}

static void put_site(const struct system *s, struct str name)
{
	const char *gpu = leaf(s, "sites", name, "gpu"), *gpus = leaf(s, "sites", name, "gpus");

	put(s, " ", leaf(s, "sites", name, "count"), " ×");
	put(s, " ", gpus && strcmp(gpus, "1") != 0 ? gpus : NULL, " ×");
	put(s, " ", gpu, "");
	put(s, " (", leaf(s, "sites", name, "tier"), ")");
}

static void put_model(const struct system *s, struct str name)
{
	put(s, " ", leaf(s, "models", name, "model"), "");
	put(s, ", ", leaf(s, "models", name, "precision"), "");
	put(s, ", drafts by ", leaf(s, "models", name, "draft"), "");
}

static void put_instance(const struct system *s, struct str name)
{
	put(s, " ", leaf(s, "instances", name, "model"), "");
	put(s, " on ", leaf(s, "instances", name, "site"), "");
	put(s, ", ", leaf(s, "instances", name, "batching"), " batching");
	put(s, ", up to ", leaf(s, "instances", name, "max_batch"), " at once");
	put(s, ", ", leaf(s, "instances", name, "slots"), " slots");
	put(s, ", ", leaf(s, "instances", name, "discipline"), "");
	put(s, ", service ", leaf(s, "instances", name, "service.distribution"), "");
	put(s, " of ", leaf(s, "instances", name, "service.mean"), "");
	put(s, ", service ", leaf(s, "instances", name, "service"), "");
}

static void put_link(const struct system *s, struct str name)
{
	put(s, " ", leaf(s, "links", name, "between.0"), "");
	put(s, " – ", leaf(s, "links", name, "between.1"), "");
	put(s, ", ", leaf(s, "links", name, "rate"), "");
	put(s, ", ", leaf(s, "links", name, "delay"), "");
	put(s, ", loss ", leaf(s, "links", name, "loss"), "");
}

static void put_users(const struct system *s, struct str name)
{
	put(s, " ", leaf(s, "users", name, "arrivals.process"), "");
	put(s, " ", leaf(s, "users", name, "arrivals.rate"), "");
	put(s, ", ", leaf(s, "users", name, "workload"), "");
	put(s, ", prompts of ", leaf(s, "users", name, "workload.prompt_tokens.mean"), " tokens");
	put(s, ", prompts of ", leaf(s, "users", name, "workload.prompt_tokens"), " tokens");
	put(s, ", answers of ", leaf(s, "users", name, "workload.output_tokens.mean"), " tokens");
	put(s, ", answers of ", leaf(s, "users", name, "workload.output_tokens"), " tokens");
	put(s, ", at home at ", leaf(s, "users", name, "home"), "");
	put(s, ", within ", leaf(s, "users", name, "deadline"), "");
}

static bool same_str(struct str a, struct str b)
{
	return a.n == b.n && memcmp(a.s, b.s, a.n) == 0;
}

static void put_section(const struct system *s, const char *title, const char *section,
	void (*put_one)(const struct system *s, struct str name))
{
	struct str name, last = {NULL, 0};
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++) {
		if (!name_of(&name, s, section, i) || (last.s && same_str(name, last)))
			continue;
		last = name;
		if (n++ >= MOST_NAMES)
			continue;
		if (n == 1) {
			fputs("<dt>", s->to);
			html_text(s->to, title);
			fputs("</dt><dd><ul>", s->to);
		}
		fputs("<li><b>", s->to);
		html_bytes(s->to, name.s, name.n);
		fputs("</b>", s->to);
		put_one(s, name);
		fputs("</li>\n", s->to);
	}
	if (n > MOST_NAMES)
		fprintf(s->to, "<li>and %zu more, in the scenario below</li>", n - MOST_NAMES);
	if (n > 0)
		fputs("</ul></dd>\n", s->to);
}

bool report_system(struct page *p, struct report *r, struct err *err)
{
	struct system s = {.r = r, .to = page_out(p)};

	if (!results_leaves(&s.n, &s.leaves, r->runs[0].as.of, r->runs[0].as.run, err))
		return false;
	page_section(p, "system", "What was simulated");
	fputs("<dl class=\"system\">\n", s.to);
	put_section(&s, "Machines", "sites", put_site);
	put_section(&s, "Links", "links", put_link);
	put_section(&s, "Models", "models", put_model);
	put_section(&s, "Instances", "instances", put_instance);
	put_section(&s, "Users", "users", put_users);
	fputs("</dl>\n", s.to);
	return true;
}
