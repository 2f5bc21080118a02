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

/** What is said of a leaf, where there is one. */
struct said {
	const char *before, *key, *after;
	const char *unless; /* a value that goes without saying; NULL: none does */
};

static const struct said of_site[] = {
	{" ", "count", " ×"},
	{" ", "gpus", " ×", "1"},
	{" ", "gpu", ""},
	{" (", "tier", ")"},
	{0},
};

static const struct said of_link[] = {
	{" ", "between.0", ""},
	{" – ", "between.1", ""},
	{", ", "rate", ""},
	{", ", "delay", ""},
	{", loss ", "loss", ""},
	{0},
};

static const struct said of_model[] = {
	{" ", "model", ""},
	{", ", "precision", ""},
	{", drafts by ", "draft", ""},
	{0},
};

static const struct said of_instance[] = {
	{" ", "model", ""},
	{" on ", "site", ""},
	{", ", "batching", " batching"},
	{", up to ", "max_batch", " at once"},
	{", ", "slots", " slots"},
	{", ", "discipline", ""},
	{", service ", "service.distribution", ""},
	{" of ", "service.mean", ""},
	{", service ", "service", ""},
	{0},
};

static const struct said of_users[] = {
	{" ", "arrivals.process", ""},
	{" ", "arrivals.rate", ""},
	{", ", "workload", ""},
	{", prompts of ", "workload.prompt_tokens.mean", " tokens"},
	{", prompts of ", "workload.prompt_tokens", " tokens"},
	{", answers of ", "workload.output_tokens.mean", " tokens"},
	{", answers of ", "workload.output_tokens", " tokens"},
	{", at home at ", "home", ""},
	{", within ", "deadline", ""},
	{0},
};

static void put_all(
	const struct system *s, const char *section, struct str name, const struct said *said)
{
	for (; said->key; said++) {
		const char *value = leaf(s, section, name, said->key);

		if (!value || (said->unless && strcmp(value, said->unless) == 0))
			continue;
		fputs(said->before, s->to);
		html_text(s->to, value);
		fputs(said->after, s->to);
	}
}

static bool same_str(struct str a, struct str b)
{
	return a.n == b.n && memcmp(a.s, b.s, a.n) == 0;
}

static void put_section(
	const struct system *s, const char *title, const char *section, const struct said *said)
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
		put_all(s, section, name, said);
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
	put_section(&s, "Machines", "sites", of_site);
	put_section(&s, "Links", "links", of_link);
	put_section(&s, "Models", "models", of_model);
	put_section(&s, "Instances", "instances", of_instance);
	put_section(&s, "Users", "users", of_users);
	fputs("</dl>\n", s.to);
	return true;
}
