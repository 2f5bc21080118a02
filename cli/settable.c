#include "cli/settable.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "io/scenario/scenario.h"
#include "io/trace/arrival_trace.h"
#include "io/yaml/schema.h"
#include "policies/all.h"

struct settable {
	struct schema_listener base; /* first */
	struct arena arena;
	FILE *to;
	const char *text;
	size_t key_bytes; /* of @text, before its "="; as many as it has when it has none */
	size_t n, cap;
	const char **said; /* a key is told of once */
};

static bool is_new(struct settable *s, const char *line)
{
	for (size_t i = 0; i < s->n; i++)
		if (!strcmp(s->said[i], line))
			return false;
	s->said = mem_grow(s->said, s->n, &s->cap, sizeof *s->said);
	s->said[s->n++] = line;
	return true;
}

static void say(struct settable *s, const char *path, const char *value)
{
	const char *line = arena_printf(&s->arena, "%s=%s", path, value);

	if (!strncmp(line, s->text, strlen(s->text)) && is_new(s, line))
		fprintf(s->to, "%s\n", line);
}

static void say_values(struct settable *s, const char *path, const struct schema_key *key)
{
	if (key->kind == SCHEMA_BOOL) {
		say(s, path, "true");
		say(s, path, "false");
	}
	for (size_t i = 0; key->kind == SCHEMA_WORD && key->words[i]; i++)
		if (!key->n_built || i < key->n_built)
			say(s, path, key->words[i]);
	if (key->word)
		say(s, path, key->word);
}

static void hear(struct schema_listener *l, const char *path, const struct schema_key *key,
	enum quantity_dim dim)
{
	struct settable *s = (struct settable *)l;
	const char *whole = arena_printf(&s->arena, "%s%s%s", path, *path ? "." : "", key->name);

	(void)dim;
	if (s->text[s->key_bytes] == '=')
		say_values(s, whole, key);
	else
		say(s, whole, "");
}

void settable_print(FILE *to, const char *file, const char *text)
{
	struct settable s = {
		.base = {hear}, .to = to, .text = text, .key_bytes = strcspn(text, "=")};
	const struct scenario_request req = {.file = file,
		.policies = policies_all(),
		.traces = &arrival_trace_opener,
		.listener = &s.base};
	struct scenario *scenario;
	struct err_list errs;

	arena_init(&s.arena);
	err_list_init(&errs);
	if (file && scenario_read(&scenario, &req, &errs))
		scenario_destroy(scenario);
	err_list_finish(&errs);
	free(s.said);
	arena_finish(&s.arena);
}
