/* What the tables of commands and options say of values, for completion in any shell. */
#include "cli/complete.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "models/measure/metric.h"
#include "policies/all.h"
#include "study/validate.h"

static void add(struct complete *to, const char *word)
{
	buf_printf(&to->words, "%s%s", to->words.n > 0 ? " " : "", word);
}

static void add_metrics(struct complete *to)
{
	for (enum metric_id m = 0; m < METRICS; m++)
		add(to, metrics[m].name);
}

static void add_policies(struct complete *to)
{
	struct policy_registry policies = policies_all();

	for (size_t i = 0; i < policies.n; i++)
		add(to, policies.all[i]->name);
}

static void add_cases(struct complete *to)
{
	for (size_t i = 0; i < n_validate_cases; i++)
		add(to, validate_cases[i].name);
}

static void add_commands(struct complete *to)
{
	for (size_t i = 0; commands[i]; i++)
		add(to, commands[i]->name);
}

/** What a placeholder stands for; a name that ends with '*' is the beginning of one. */
static const struct placeholder {
	const char *name;
	enum complete_kind kind;
	void (*words)(struct complete *to);
} placeholders[] = {
	{"DIR*", COMPLETE_FOLDER, NULL},
	{"FILE*", COMPLETE_FILE, NULL},
	{"LOG", COMPLETE_FILE, NULL},
	{"KEY=VALUE*", COMPLETE_SETTING, NULL},
	{"KEY", COMPLETE_KEY, NULL},
	{"METRIC", COMPLETE_WORDS, add_metrics},
	{"POLICY", COMPLETE_WORDS, add_policies},
	{"LABEL", COMPLETE_WORDS, add_policies},
	{"CASE", COMPLETE_WORDS, add_cases},
	{"COMMAND", COMPLETE_WORDS, add_commands},
};

static bool matches(const char *pattern, const char *name, size_t n)
{
	size_t stem = strcspn(pattern, "*");

	return pattern[stem] ? n >= stem && !strncmp(pattern, name, stem)
			     : n == stem && !strncmp(pattern, name, n);
}

/** @name has @n bytes: "DIR", "METRIC,...". */
static void stand_for(struct complete *to, const char *name, size_t n)
{
	bool list = n > 4 && !strncmp(name + n - 4, ",...", 4);

	if (list)
		n -= 4;
	for (size_t i = 0; i < sizeof placeholders / sizeof placeholders[0]; i++) {
		if (!matches(placeholders[i].name, name, n))
			continue;
		to->kind = placeholders[i].kind;
		if (placeholders[i].words)
			placeholders[i].words(to);
		if (list && to->kind == COMPLETE_WORDS)
			to->kind = COMPLETE_LIST;
		if (list && to->kind == COMPLETE_KEY)
			to->kind = COMPLETE_KEYS;
		return;
	}
}

static void start(struct complete *to)
{
	to->kind = COMPLETE_NOTHING;
	buf_init(&to->words);
}

bool complete_option(struct complete *to, const struct opt_spec *spec)
{
	start(to);
	if (!spec->arg)
		return false;
	if (!spec->words) {
		stand_for(to, spec->arg, strlen(spec->arg));
		return true;
	}
	add(to, spec->words);
	to->kind = strstr(spec->arg, ",...") ? COMPLETE_LIST : COMPLETE_WORDS;
	return true;
}

/** The next word of a usage line: @n bytes at @at; behind the last one it has none. */
struct token {
	const char *at;
	size_t n;
};

static bool next(struct token *t)
{
	static const char between[] = " []|";

	t->at += t->n;
	t->at += strspn(t->at, between);
	t->n = strcspn(t->at, between);
	return t->n > 0;
}

static bool repeats(const struct token *t)
{
	return t->n > 3 && !strncmp(t->at + t->n - 3, "...", 3);
}

/** What is written in small letters stands for itself. */
static void add_first(struct complete *to, const struct command *c)
{
	struct token t = {c->args, 0};

	while (next(&t))
		if (islower((unsigned char)t.at[0]))
			buf_printf(&to->words, "%s%.*s", to->words.n ? " " : "", (int)t.n, t.at);
	if (c->words)
		add(to, c->words);
	if (to->words.n > 0 && to->kind == COMPLETE_NOTHING)
		to->kind = COMPLETE_WORDS;
}

bool complete_argument(struct complete *to, const struct command *c, size_t i)
{
	struct token t = {c->args ? c->args : "", 0};
	size_t seen = 0;

	if (i >= c->max_args)
		return false;
	start(to);
	while (next(&t)) {
		if (islower((unsigned char)t.at[0]))
			continue;
		if (seen++ != i && !repeats(&t))
			continue;
		stand_for(to, t.at, t.n - (repeats(&t) ? 3 : 0));
		break;
	}
	if (i == 0 && c->args)
		add_first(to, c);
	return true;
}

bool complete_repeats(const struct command *c)
{
	return c->args && strstr(c->args, "...");
}

void complete_finish(struct complete *to)
{
	buf_finish(&to->words);
}
