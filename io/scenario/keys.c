/* The tables of a scenario, for who explains them. */
#include "io/scenario/keys.h"

#include <stdlib.h>
#include <string.h>

#include "io/scenario/parts.h"

enum { TABLES = sizeof((struct schema_map *)0)->tables / sizeof(struct schema_key *) };

struct keys {
	struct arena *arena;
	struct scenario_key *all;
	size_t n, cap;
	const char *prefix; /* of the map */
	size_t first;       /* key of the map */
	size_t n_seen, cap_seen;
	const struct schema_key **seen; /* tables */
};

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static bool same(const struct schema_key *a, const struct schema_key *b)
{
	return a->kind == b->kind && a->dim == b->dim && a->min == b->min && a->max == b->max &&
	       a->above_min == b->above_min && a->required == b->required && a->map == b->map &&
	       same_text(a->dflt, b->dflt) && same_text(a->without, b->without) &&
	       same_text(a->help, b->help);
}

/** Whether the word @b stands in the list @a already. */
static bool has_word(const char *a, const char *b)
{
	const char *at = strstr(a, b);
	size_t n = strlen(b);

	for (; at; at = strstr(at + 1, b))
		if (at[-1] == ' ' && (at[n] == ',' || !at[n]))
			return true;
	return false;
}

/** Whether the table @keys has been read before. */
static bool seen(const struct keys *k, const struct schema_key *keys)
{
	for (size_t i = 0; i < k->n_seen; i++)
		if (k->seen[i] == keys)
			return true;
	return false;
}

/** The same; from now on it has. */
static bool see(struct keys *k, const struct schema_key *keys)
{
	if (seen(k, keys))
		return true;
	k->seen = mem_grow(k->seen, k->n_seen, &k->cap_seen, sizeof *k->seen);
	k->seen[k->n_seen++] = keys;
	return false;
}

static void add(struct keys *k, const struct schema_key *key, bool again, const char *when,
	const char *word)
{
	const char *path =
		arena_printf(k->arena, "%s%s%s", k->prefix, k->prefix[0] ? "." : "", key->name);
	struct scenario_key *at;

	for (size_t i = k->first; i < k->n; i++) {
		at = &k->all[i];
		if (strcmp(at->path, path) != 0 || !same(&at->key, key))
			continue;
		if (at->when && word && !has_word(at->when, word))
			at->when = arena_printf(k->arena, "%s, %s", at->when, word);
		return;
	}
	k->all = mem_grow(k->all, k->n, &k->cap, sizeof *k->all);
	k->all[k->n++] = (struct scenario_key){.path = path,
		.when = word ? arena_printf(k->arena, "%s %s", when, word) : NULL,
		.again = again,
		.key = *key};
}

static void add_table(
	struct keys *k, const struct schema_key *keys, const char *when, const char *word)
{
	bool again = see(k, keys);

	for (; keys->kind != SCHEMA_END; keys++)
		add(k, keys, again, when, word);
}

/** What every variant has is not said to be of any. */
static void forget_when(struct keys *k, const struct schema_map *map)
{
	for (size_t i = k->first; i < k->n; i++) {
		bool all = k->all[i].when != NULL;

		for (size_t v = 0; v < map->n_variants; v++)
			all = all && has_word(k->all[i].when, map->variants[v].word);
		if (all)
			k->all[i].when = NULL;
	}
}

static void add_map(struct keys *k, const struct schema_map *map, const char *prefix);

static bool shares(const struct keys *k, const struct schema_map *map)
{
	for (size_t t = 0; t < TABLES && map->tables[t]; t++)
		if (seen(k, map->tables[t]))
			return true;
	return false;
}

/** The maps below, those that repeat a table of this one last, so that it is explained here. */
static void add_below(struct keys *k, size_t first, size_t last)
{
	bool *late = arena_alloc(k->arena, last - first, sizeof *late);

	for (size_t i = first; i < last; i++)
		late[i - first] = k->all[i].key.map && shares(k, k->all[i].key.map);
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = first; i < last; i++) {
			const struct schema_map *map = k->all[i].key.map;

			if (map && !map->form && late[i - first] == (pass == 1))
				add_map(k, map, k->all[i].path);
		}
}

static void add_map(struct keys *k, const struct schema_map *map, const char *prefix)
{
	size_t first = k->n;

	k->first = first;
	k->prefix = map->each ? arena_printf(k->arena, "%s.%s", prefix, map->each) : prefix;
	for (size_t t = 0; t < TABLES && map->tables[t]; t++)
		add_table(k, map->tables[t], NULL, NULL);
	for (size_t v = 0; v < map->n_variants; v++)
		add_table(k, map->variants[v].keys, map->when, map->variants[v].word);
	forget_when(k, map);
	add_below(k, first, k->n);
}

static const char *param_default(struct arena *a, const struct param_spec *p)
{
	char text[64];

	if (p->kind == PARAM_ENUM)
		return p->words[(size_t)p->dflt];
	if (p->kind == PARAM_TEXT)
		return p->text;
	return arena_printf(a, "%s",
		quantity_print(text, sizeof text, p->dflt,
			p->kind == PARAM_SIZE ? QUANTITY_NUMBER : p->dim));
}

static void add_params(struct keys *k, struct policy_registry policies)
{
	k->first = k->n;
	k->prefix = "policy";
	for (size_t i = 0; i < policies.n; i++) {
		const struct param_spec *p = policies.all[i]->params;

		for (; p && p->kind != PARAM_END; p++) {
			struct schema_key key = scenario_param_key(p);

			key.dflt = param_default(k->arena, p);
			add(k, &key, false, "with name", policies.all[i]->name);
		}
	}
}

const struct scenario_key *scenario_keys(
	size_t *n, struct arena *a, struct policy_registry policies)
{
	struct keys k = {.arena = a};
	struct scenario_key *all;

	add_map(&k, &map_top, "");
	add_params(&k, policies);
	add_map(&k, &map_dist, map_dist.form);
	all = arena_alloc(a, k.n, sizeof *all);
	memcpy(all, k.all, k.n * sizeof *all);
	free(k.all);
	free(k.seen);
	*n = k.n;
	return all;
}

/* Finding */

/** The part of @path before the next dot has *@n bytes; the place behind it. */
static const char *part(const char *path, size_t *n)
{
	*n = strcspn(path, ".");
	return path[*n] ? path + *n + 1 : path + *n;
}

/** A name of the user's own in a path of the tables: X, TIME, K, GROUP. */
static bool is_any(const char *path, size_t n)
{
	static const char *const words[] = {"X", "TIME", "K", "GROUP"};

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strlen(words[i]) == n && !strncmp(words[i], path, n))
			return true;
	return false;
}

/** Whether @text is all of @path, a name for each of its own; with @loose they may be left out. */
static bool matches(const char *path, const char *text, bool loose)
{
	size_t n, m;
	const char *rest = part(path, &n), *behind = part(text, &m);

	if (!*path)
		return !*text;
	if (is_any(path, n))
		return (m > 0 && matches(rest, behind, loose)) ||
		       (loose && matches(rest, text, loose));
	return n == m && !strncmp(path, text, n) && matches(rest, behind, loose);
}

static bool ends_as(const char *path, const char *text)
{
	size_t n;

	for (; *path; path = part(path, &n))
		if (matches(path, text, true))
			return true;
	return false;
}

/** "users.campus.workload.prompt_tokens.mean" is DISTRIBUTION.mean. */
static bool in_form(
	const struct scenario_key *one, const struct scenario_key *all, size_t n, const char *text)
{
	const char *dot = strrchr(text, '.');
	size_t stem = dot ? (size_t)(dot - text) : 0;
	char before[200];

	if (!dot || stem >= sizeof before || strncmp(one->path, "DISTRIBUTION.", 13) != 0 ||
		strcmp(one->path + 13, dot + 1) != 0)
		return false;
	memcpy(before, text, stem);
	before[stem] = '\0';
	for (size_t i = 0; i < n; i++)
		if (all[i].key.map && all[i].key.map->form && matches(all[i].path, before, false))
			return true;
	return false;
}

size_t scenario_keys_find(const struct scenario_key **found, const struct scenario_key *all,
	size_t n, const char *text)
{
	size_t k = 0, by_end = 0;

	for (size_t i = 0; i < n; i++)
		if (matches(all[i].path, text, false) || in_form(&all[i], all, n, text))
			found[k++] = &all[i];
	for (size_t i = 0; k == 0 && i < n; i++)
		by_end += !all[i].again && ends_as(all[i].path, text);
	for (size_t i = 0; by_end > 0 && i < n; i++)
		if (!all[i].again && ends_as(all[i].path, text))
			found[k++] = &all[i];
	return k;
}
