#include "tests/extremes/keys.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "io/trace/arrival_trace.h"
#include "io/scenario/parts.h"
#include "policies/all.h"

struct listener {
	struct schema_listener base; /* first */
	struct key_list *list;
};

static struct scenario_key *find(const struct key_list *k, const char *path)
{
	for (size_t i = 0; i < k->n; i++)
		if (!strcmp(k->at[i].path, path))
			return &k->at[i];
	return NULL;
}

static struct scenario_key *add(struct key_list *k, const char *path)
{
	k->at = mem_grow(k->at, k->n, &k->cap, sizeof *k->at);
	k->at[k->n] = (struct scenario_key){.path = path};
	return &k->at[k->n++];
}

/** A key may stand in two tables: the one that says more is kept. */
static void hear(struct schema_listener *l, const char *path, const struct schema_key *key,
	enum quantity_dim dim)
{
	struct key_list *k = ((struct listener *)l)->list;
	const char *whole = arena_printf(k->arena, "%s%s%s", path, *path ? "." : "", key->name);
	struct scenario_key *at = find(k, whole);

	if (!at)
		at = add(k, whole);
	else if (at->rule.kind != SCHEMA_OTHER)
		return;
	at->rule = *key;
	at->rule.name = arena_strdup(k->arena, key->name);
	at->dim = dim;
}

/** What stands in the tree: marks keys as given, and finds the values that no table names. */
static void compare(struct key_list *k, const struct yaml_node *n, const char *path)
{
	struct scenario_key *at = find(k, path);

	if (!at && n->kind == YAML_TEXT) {
		at = add(k, path);
		at->is_loose = true;
	}
	if (at) {
		at->is_given = true;
		at->text = n->kind == YAML_TEXT ? n->text : NULL;
	}
	for (size_t i = 0; n->kind != YAML_TEXT && i < n->n; i++) {
		const char *dot = *path ? "." : "", *key = n->items[i].key;
		const char *below = n->kind == YAML_MAP
					    ? arena_printf(k->arena, "%s%s%s", path, dot, key)
					    : arena_printf(k->arena, "%s%s%zu", path, dot, i);

		if (n->kind == YAML_MAP && isdigit((unsigned char)key[0])) {
			at = add(k, arena_printf(k->arena, "%s@", below));
			at->is_loose = at->is_given = true;
			at->text = key;
		}
		compare(k, n->items[i].value, below);
	}
}

static struct yaml_node *load(struct arena *a, const char *file, struct scenario_request *req)
{
	struct yaml_node *root;
	struct err err = {0};

	*req = (struct scenario_request){
		.file = file, .policies = policies_all(), .traces = &arrival_trace_opener};
	if (scenario_load(&root, a, req, &err))
		return root;
	err_print(&err, stderr);
	return NULL;
}

bool keys_read(struct key_list *k, struct arena *a, const char *file)
{
	struct listener listener = {{hear}, k};
	struct scenario_request req;
	struct scenario *s;
	struct err_list errs;
	struct yaml_node *root = load(a, file, &req);
	bool ok;

	*k = (struct key_list){.arena = a};
	if (!root)
		return false;
	req.listener = &listener.base;
	err_list_init(&errs);
	ok = scenario_read(&s, &req, &errs);
	err_list_print(&errs, stderr);
	err_list_finish(&errs);
	scenario_destroy(s);
	compare(k, root, "");
	return ok;
}

void keys_finish(struct key_list *k)
{
	free(k->at);
}

/** Files are named from the folder of the scenario, and the copy goes elsewhere. */
static void make_absolute(struct arena *a, struct yaml_node *n, const char *file)
{
	int folder = (int)(strrchr(file, '/') - file);

	for (size_t i = 0; n->kind != YAML_TEXT && i < n->n; i++) {
		struct yaml_item *item = &n->items[i];
		bool names_file =
			item->key && (!strcmp(item->key, "file") || !strcmp(item->key, "profile"));

		if (names_file && item->value->kind == YAML_TEXT && item->value->text[0] != '/')
			item->value->text =
				arena_printf(a, "%.*s/%s", folder, file, item->value->text);
		make_absolute(a, item->value, file);
	}
}

/** False where an earlier change took away what @path leads through. */
static bool put_below(struct arena *a, struct yaml_node *n, const char *path,
	struct yaml_node *value, const char *as_key)
{
	size_t length = strcspn(path, ".@");
	const char *word = arena_printf(a, "%.*s", (int)length, path), *rest = path + length;
	struct yaml_item *item;

	if (n->kind == YAML_TEXT)
		return false;
	if (n->kind == YAML_LIST) {
		if (strtoul(word, NULL, 10) >= n->n)
			return false;
		item = &n->items[strtoul(word, NULL, 10)];
	} else {
		item = yaml_find(n, word);
		if (!item) {
			yaml_set(a, n, word, n->at, yaml_new_map(a, n->at));
			item = yaml_find(n, word);
		}
	}
	if (*rest == '@')
		item->key = as_key;
	else if (*rest == '\0')
		item->value = value;
	else
		return put_below(a, item->value, rest + 1, value, as_key);
	return true;
}

struct yaml_node *keys_tree(struct arena *a, const char *file)
{
	struct scenario_request req;
	struct yaml_node *root = load(a, file, &req);

	if (root)
		make_absolute(a, root, file);
	return root;
}

bool keys_change(struct arena *a, struct yaml_node *root, const char *path, const char *value)
{
	struct src_pos at = {"value", 1, 1};
	struct yaml_node *node;
	struct err err = {0};

	return yaml_parse(&node, a, value, strlen(value), at, &err) &&
	       put_below(a, root, path, node, value);
}

void keys_write(const char *file, const struct yaml_node *root)
{
	FILE *f = fopen(file, "w");
	struct buf text;

	buf_init(&text);
	yaml_print(&text, root);
	if (!f || fputs(text.s, f) < 0 || fclose(f) != 0)
		abort();
	buf_finish(&text);
}

const char *keys_unit(enum quantity_dim dim)
{
	static const char *const units[QUANTITY_DIMS] = {
		[QUANTITY_NUMBER] = "",
		[QUANTITY_TIME] = " s",
		[QUANTITY_BYTES] = " B",
		[QUANTITY_BIT_RATE] = " B/s",
		[QUANTITY_FREQUENCY] = " /s",
		[QUANTITY_FLOP_RATE] = " FLOP/s",
		[QUANTITY_BYTE_RATE] = " B/s",
		[QUANTITY_CLOCK] = " Hz",
		[QUANTITY_POWER] = " W",
		[QUANTITY_FRACTION] = "",
		[QUANTITY_PRICE] = " USD/h",
	};

	return dim < QUANTITY_DIMS ? units[dim] : "";
}
