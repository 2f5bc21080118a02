#include "io/yaml/schema.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/near.h"
#include "base/quote.h"
#include "io/yaml/schema_value.h"

enum { NAME_MOST = 64 };

size_t schema_enter(struct schema_reader *r, const char *name)
{
	size_t mark = strlen(r->path);
	char quoted[QUOTE_SIZE];

	snprintf(r->path + mark, sizeof r->path - mark, "%s%s", mark ? "." : "",
		quote(quoted, sizeof quoted, name));
	return mark;
}

void schema_leave(struct schema_reader *r, size_t mark)
{
	r->path[mark] = '\0';
}

bool schema_name(struct schema_reader *r, const struct yaml_item *item, const char *what)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-";
	static const char digits[] = "0123456789";
	const char *s = item->key;
	char quoted[QUOTE_SIZE];

	while (*s && (strchr(letters, *s) || (s > item->key && strchr(digits, *s))))
		s++;
	if (!*s && s > item->key && s - item->key <= NAME_MOST && item->key[0] != '-')
		return true;
	return err_list_at(r->errs, item->key_at,
		"'%s' cannot name %s: a name has letters, digits, '_' and '-', starts with a "
		"letter and has at most %d of them",
		quote(quoted, sizeof quoted, item->key), what, (int)NAME_MOST);
}

bool schema_pattern(struct schema_reader *r, const struct yaml_node *n, const char *name)
{
	static const char others[] = "_-*?[]!";
	char quoted[QUOTE_SIZE];
	const char *s;

	if (!schema_want(r, n, YAML_TEXT, name))
		return false;
	for (s = n->text; *s; s++)
		if (!isalnum((unsigned char)*s) && !strchr(others, *s))
			break;
	if (!*s && s > n->text && s - n->text <= NAME_MOST)
		return true;
	return err_list_at(r->errs, n->at,
		"%s cannot be '%s': it is a name or a pattern of names, which have letters, "
		"digits, "
		"'_' and '-', and patterns '*', '?', '[', ']' and '!'",
		name, quote(quoted, sizeof quoted, n->text));
}

static const struct schema_key *find_key(const struct schema_key *keys, const char *name)
{
	for (; keys->kind != SCHEMA_END; keys++)
		if (!strcmp(keys->name, name))
			return keys;
	return NULL;
}

bool schema_unknown(
	struct schema_reader *r, const struct yaml_item *item, const struct schema_key *keys)
{
	char quoted[QUOTE_SIZE], nearest[80] = "";
	struct near near;

	near_init(&near, item->key);
	for (; keys->kind != SCHEMA_END; keys++)
		near_add(&near, keys->name);
	if (near_best(&near))
		snprintf(nearest, sizeof nearest, "; did you mean '%s'?", near_best(&near));
	return err_list_at(r->errs, item->key_at, "unknown key '%s'%s%s%s",
		quote(quoted, sizeof quoted, item->key), r->path[0] ? " in " : "", r->path,
		nearest);
}

/* Errors of what is given, in the order of the file. */
static bool read_given(
	struct schema_reader *r, struct yaml_node *n, const struct schema_key *keys, void *to)
{
	const struct schema_key *key;
	struct yaml_item *item;
	bool ok = true;
	size_t i;

	for (i = 0; i < n->n; i++) {
		item = &n->items[i];
		key = find_key(keys, item->key);
		if (!key) {
			ok = schema_unknown(r, item, keys);
			continue;
		}
		if (item->value->is_null)
			continue; /* not given */
		if (key->at)
			*(struct src_pos *)((char *)to + key->at) = item->value->at;
		if (key->kind == SCHEMA_UNBUILT)
			ok = err_list_at(r->errs, item->key_at, "%s%s%s%s is not built yet",
				key->name, key->help ? " (" : "", key->help ? key->help : "",
				key->help ? ")" : "");
		else
			ok = schema_store(r, &item->value, key, (char *)to + key->to) && ok;
	}
	return ok;
}

static bool is_no_use(const struct schema_key *keys, const char *name)
{
	const struct schema_key *key = find_key(keys, name);

	return !key || key->kind == SCHEMA_UNBUILT;
}

static bool is_mistyped(const struct yaml_node *n, const struct schema_key *keys, const char *name)
{
	size_t i;

	for (i = 0; i < n->n; i++)
		if (is_no_use(keys, n->items[i].key) && near_edits(n->items[i].key, name) <= 2)
			return true;
	return false;
}

static const char *whose(const struct schema_reader *r)
{
	return r->path[0] ? r->path : "a scenario";
}

static bool not_given(struct schema_reader *r, struct yaml_node *n, const struct schema_key *keys,
	const struct schema_key *key)
{
	if (is_mistyped(n, keys, key->name))
		return false; /* reported where it is */
	return err_list_at(r->errs, n->at, "%s needs the key '%s'", whose(r), key->name);
}

/* The map again, in the order of the table and with the defaults. */
static bool complete(
	struct schema_reader *r, struct yaml_node *n, const struct schema_key *keys, void *to)
{
	struct yaml_node *whole = yaml_new_map(r->arena, n->at), *value;
	const struct schema_key *key;
	struct yaml_item *item;
	bool ok = true;

	for (key = keys; key->kind != SCHEMA_END; key++) {
		item = yaml_find(n, key->name);
		if (item && !item->value->is_null) {
			yaml_set(r->arena, whole, key->name, item->key_at, item->value);
		} else if (key->required) {
			ok = not_given(r, n, keys, key);
		} else if (key->dflt) {
			value = yaml_new_text(r->arena, key->dflt, n->at);
			ok = schema_store(r, &value, key, (char *)to + key->to) && ok;
			yaml_set(r->arena, whole, key->name, n->at, value);
		}
	}
	*n = *whole;
	return ok;
}

void schema_tell(const struct schema_reader *r, const struct schema_key *keys)
{
	for (; r->listener && keys->kind != SCHEMA_END; keys++)
		r->listener->key(r->listener, r->path, keys,
			keys->dim == QUANTITY_DIMS ? r->dim : keys->dim);
}

bool schema_read(
	struct schema_reader *r, struct yaml_node *n, const struct schema_key *keys, void *to)
{
	bool ok;

	schema_tell(r, keys);
	if (!schema_want(r, n, YAML_MAP, whose(r)))
		return false;
	ok = read_given(r, n, keys, to);
	return complete(r, n, keys, to) && ok;
}

static bool choose(struct schema_reader *r, const struct yaml_node *n, const char *tag,
	const struct schema_variant *variants, size_t n_variants, size_t *chosen)
{
	const struct yaml_item *item = yaml_find(n, tag);
	const char *words[SCHEMA_MAX_VARIANTS + 1] = {NULL};
	size_t i;

	if (!item || item->value->is_null)
		return err_list_at(r->errs, n->at, "%s needs the key '%s'", whose(r), tag);
	if (!schema_want(r, item->value, YAML_TEXT, tag))
		return false;
	for (i = 0; i < n_variants; i++) {
		words[i] = variants[i].word;
		if (!strcmp(words[i], item->value->text)) {
			*chosen = i;
			return true;
		}
	}
	return schema_no_such_word(r, item->value, tag, words);
}

static bool is_known(const struct schema_variant *variants, size_t n_variants, const char *key)
{
	size_t v;

	for (v = 0; v < n_variants; v++)
		if (find_key(variants[v].keys, key))
			return true;
	return false;
}

/* A key of another variant is no typing error: say that it does not belong here. */
static bool refuse_strangers(struct schema_reader *r, struct yaml_node *n, const char *tag,
	const struct schema_variant *variants, size_t n_variants, size_t chosen)
{
	const struct schema_variant *v = &variants[chosen];
	const struct yaml_item *item;
	bool ok = true;
	size_t i = 0;

	while (i < n->n) {
		item = &n->items[i];
		if (find_key(v->keys, item->key) || !is_known(variants, n_variants, item->key)) {
			i++;
			continue;
		}
		if (!item->value->is_null)
			ok = err_list_at(r->errs, item->key_at, "%s does not go with %s '%s'",
				item->key, tag, v->word);
		yaml_remove(n, item->key);
	}
	return ok;
}

bool schema_read_variant(struct schema_reader *r, struct yaml_node *n, const char *tag,
	const struct schema_variant *variants, size_t n_variants, void *to, size_t *chosen)
{
	bool ok;

	if (!schema_want(r, n, YAML_MAP, whose(r)) ||
		!choose(r, n, tag, variants, n_variants, chosen))
		return false;
	for (size_t v = 0; v < n_variants; v++)
		schema_tell(r, variants[v].keys);
	ok = refuse_strangers(r, n, tag, variants, n_variants, *chosen);
	return schema_read(r, n, variants[*chosen].keys, to) && ok;
}
