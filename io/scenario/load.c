/* From files and -s to one tree. */
#include <stdio.h>
#include <string.h>

#include "base/quote.h"
#include "io/scenario/auto.h"
#include "io/text/text_file.h"

enum { EXTENDS_MOST = 16 };

/** @name as seen from the folder of @from, unless it is absolute. */
static const char *beside(struct arena *a, const char *from, const char *name)
{
	const char *slash = strrchr(from, '/');

	if (name[0] == '/' || !slash)
		return name;
	return arena_printf(a, "%.*s%s", (int)(slash - from + 1), from, name);
}

static bool load(struct yaml_node **root, struct arena *a, const char *file, struct src_pos at,
	int depth, struct err *err);

static bool load_base(struct yaml_node **base, struct arena *a, const struct yaml_node *name,
	int depth, struct err *err)
{
	if (name->kind != YAML_TEXT || !name->text[0])
		return err_at(err, name->at, "extends should be the name of a file");
	if (!strcmp(name->text, "-"))
		return err_at(err, name->at, "extends cannot be standard input");
	if (depth >= EXTENDS_MOST)
		return err_at(err, name->at, "extends goes in a circle or deeper than %d files",
			EXTENDS_MOST);
	return load(base, a, beside(a, name->at.file, name->text), name->at, depth + 1, err);
}

static bool load(struct yaml_node **root, struct arena *a, const char *file, struct src_pos at,
	int depth, struct err *err)
{
	const struct yaml_item *extends;
	struct yaml_node *base, *over;

	*root = NULL;
	if (!yaml_read_file(&over, a, file, at, err))
		return false;
	if (over->kind != YAML_MAP)
		return err_at(err, over->at, "a scenario should be a map, not %s",
			yaml_kind_word(over->kind));
	*root = over;
	extends = yaml_find(over, "extends");
	if (!extends)
		return true;
	if (!load_base(&base, a, extends->value, depth, err))
		return false;
	yaml_remove(over, "extends");
	base->at = over->at;
	yaml_merge(a, base, over);
	*root = base;
	return true;
}

/* -s */

static const char *path_word(struct arena *a, const char **path)
{
	size_t n = strcspn(*path, ".");
	const char *word = arena_printf(a, "%.*s", (int)n, *path);

	*path += n + ((*path)[n] == '.');
	return word;
}

/** Walk @path, making the maps that are missing, and put @value at its end. */
static bool put(struct arena *a, struct yaml_node *map, const char *path, struct src_pos at,
	struct yaml_node *value, struct err *err)
{
	const char *start = path, *word = path_word(a, &path);
	struct yaml_item *item;
	char quoted[QUOTE_SIZE];

	while (*path) {
		item = yaml_find(map, word);
		if (!item || item->value->is_null)
			yaml_set(a, map, word, at, yaml_new_map(a, at));
		else if (item->value->kind != YAML_MAP)
			return err_at(err, at, "'%s' is %s and has no key '%s'",
				quote(quoted, sizeof quoted, word),
				yaml_kind_word(item->value->kind), path);
		map = yaml_find(map, word)->value;
		at.col += (unsigned)(path - start);
		start = path;
		word = path_word(a, &path);
	}
	if (value->is_null && yaml_remove(map, word))
		return true;
	yaml_set(a, map, word, at, value);
	return true;
}

static bool bad_path(const char *path, size_t n)
{
	size_t dots = 0, i;

	for (i = 0; i < n; i++)
		dots += path[i] == '.';
	return dots >= YAML_MAX_DEPTH || n == 0 || path[0] == '.' || path[n - 1] == '.' ||
	       memmem(path, n, "..", 2) != NULL;
}

/* Where the user gave it, for messages. */
static struct set_place place_of(struct arena *a, const struct scenario_request *req, size_t i)
{
	const char *text = req->sets[i], *equals = strchr(text, '=');
	struct set_place place;
	char quoted[QUOTE_SIZE];

	if (req->sets_at && req->sets_at[i].key.file) {
		place = req->sets_at[i];
		place.key.file = place.value.file = arena_strdup(a, place.value.file);
		return place;
	}
	quote(quoted, sizeof quoted, text);
	place.key = place.value = (struct src_pos){arena_printf(a, "-s %s", quoted), 1, 1};
	place.value.col += equals ? (unsigned)(equals - text) + 1 : 0;
	return place;
}

/** Set @i of @req: KEY=VALUE. */
static bool apply_set(struct yaml_node *root, struct arena *a, const struct scenario_request *req,
	size_t i, struct err *err)
{
	const struct set_place at = place_of(a, req, i);
	const char *text = req->sets[i], *equals = strchr(text, '=');
	struct yaml_node *value;
	char *path;

	if (!equals || bad_path(text, (size_t)(equals - text)))
		return err_at(err, at.key, "should be KEY=VALUE, as in run.seed=7");
	path = arena_printf(a, "%.*s", (int)(equals - text), text);
	if (!text_check(path, strlen(path), at.key, err))
		return false;
	if (equals[1] && !yaml_parse(&value, a, equals + 1, strlen(equals + 1), at.value, err))
		return false;
	if (!equals[1])
		value = yaml_new_text(a, "", at.value);
	return put(a, root, path, at.key, value, err);
}

/* Of the option --@option. */
static bool apply_option(struct yaml_node *root, struct arena *a, const char *option,
	const char *name, const char *text, struct err *err)
{
	struct src_pos at = {arena_printf(a, "--%s", option), 1, 1};
	struct yaml_node *run, *value;

	if (!text)
		return true;
	if (!text_check(text, strlen(text), at, err))
		return false;
	value = yaml_new_text(a, text, at);
	if (!yaml_find(root, "run"))
		yaml_set(a, root, "run", at, yaml_new_map(a, at));
	run = yaml_find(root, "run")->value;
	if (run->kind == YAML_MAP)
		yaml_set(a, run, name, at, value);
	return true;
}

bool scenario_load(struct yaml_node **root, struct arena *a, const struct scenario_request *req,
	struct err *err)
{
	size_t i;

	if (!load(root, a, req->file, (struct src_pos){0}, 1, err))
		return false;
	auto_normalise(a, *root);
	for (i = 0; i < req->n_sets; i++, auto_normalise(a, *root))
		if (!apply_set(*root, a, req, i, err))
			return false;
	if (!apply_option(*root, a, "seed", "seed", req->seed, err) ||
		!apply_option(*root, a, "replications", "replications", req->replications, err) ||
		!apply_option(*root, a, "precision", "precision", req->precision, err) ||
		!apply_option(*root, a, "precision", "precision_of", req->precision_of, err))
		return false;
	if (yaml_count(*root) > YAML_MAX_VALUES)
		return err_at(
			err, (*root)->at, "more than %d values in the scenario", YAML_MAX_VALUES);
	return true;
}
