#include "cli/settable.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/list.h"
#include "io/scenario/keys.h"
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

/** What `offing list` has for it; a word that means a map is none of them. */
static void say_list(struct settable *s, const char *path, const char *what)
{
	struct list l;
	const char *name;

	list_init(&l);
	l.policies = policies_all();
	if (list_fill(&l, what))
		for (size_t i = 0; (name = list_name(&l, i)); i++)
			say(s, path, name);
	list_finish(&l);
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
	if (key->list)
		say_list(s, path, key->list);
}

static void hear_key(struct settable *s, const char *path, const struct schema_key *key);

/** Keys of a map that may not be there yet, as far as they have names of their own. */
static void hear_map(struct settable *s, const char *path, const struct schema_map *map)
{
	const struct schema_key *key;

	if (map->each || map->form)
		return;
	for (size_t t = 0; t < sizeof map->tables / sizeof map->tables[0] && map->tables[t]; t++)
		for (key = map->tables[t]; key->kind != SCHEMA_END; key++)
			hear_key(s, path, key);
	for (size_t v = 0; v < map->n_variants; v++)
		for (key = map->variants[v].keys; key->kind != SCHEMA_END; key++)
			hear_key(s, path, key);
}

static void hear_key(struct settable *s, const char *path, const struct schema_key *key)
{
	const char *whole = arena_printf(&s->arena, "%s%s%s", path, *path ? "." : "", key->name);

	if (s->text[s->key_bytes] == '=')
		say_values(s, whole, key);
	else if (!key->map || key->takes)
		say(s, whole, "");
	if (key->map)
		hear_map(s, whole, key->map);
}

static void hear(struct schema_listener *l, const char *path, const struct schema_key *key,
	enum quantity_dim dim)
{
	(void)dim;
	hear_key((struct settable *)l, path, key);
}

/** Keys that any scenario may have: those below no name of the user's own. */
static void say_always(struct settable *s)
{
	size_t n;
	const struct scenario_key *all = scenario_keys(&n, &s->arena, policies_all());

	for (size_t i = 0; i < n; i++) {
		const char *dot = strchr(all[i].path, '.');

		if (strstr(all[i].path, ".X.") || !strncmp(all[i].path, "DISTRIBUTION.", 13))
			continue;
		if (s->text[s->key_bytes] == '=')
			say_values(s, all[i].path, &all[i].key);
		else if (dot || !all[i].key.map)
			say(s, all[i].path, "");
	}
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
	if (!file)
		say_always(&s);
	else if (scenario_read(&scenario, &req, &errs))
		scenario_destroy(scenario);
	err_list_finish(&errs);
	free(s.said);
	arena_finish(&s.arena);
}
