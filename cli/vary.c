#include "cli/vary.h"

#include <stdlib.h>
#include <string.h>

#include "base/quote.h"
#include "base/str.h"
#include "io/yaml/yaml_tree.h"
#include "study/design.h"

const char *vary_key(const char *word)
{
	return !strcmp(word, "seed")           ? "run.seed"
	       : !strcmp(word, "replications") ? "run.replications"
					       : word;
}

static void add(struct vary *v, const char *value)
{
	v->values = mem_grow(v->values, v->n, &v->cap, sizeof *v->values);
	v->values[v->n++] = value;
}

static bool add_range(
	struct vary *v, struct arena *a, const char *text, size_t n_items, struct err *err)
{
	char value[DESIGN_VALUE_SIZE], quoted[QUOTE_SIZE];
	struct design_range r;

	if (!design_range_parse(&r, text, err))
		return false;
	if (r.n == 0 && n_items > 1)
		return err_input(err, "range '%s' has no number of values, but stands in a list",
			quote(quoted, sizeof quoted, text));
	v->all = r.n == 0;
	v->range = r;
	for (size_t i = 0; i < r.n; i++) {
		design_range_value(&r, i, value);
		/* whole numbers may come out twice */
		if (i == 0 || strcmp(v->values[v->n - 1], value) != 0)
			add(v, arena_strdup(a, value));
	}
	return true;
}

/* As text that reads back to it, without the brackets of a list. */
static const char *flow_text(struct arena *a, struct yaml_node *item)
{
	struct yaml_node list = {
		.kind = YAML_LIST, .n = 1, .items = &(struct yaml_item){.value = item}};
	const char *text;
	struct buf b;

	buf_init(&b);
	yaml_print(&b, &list);
	text = arena_printf(a, "%.*s", (int)b.n - 3, b.s + 1);
	buf_finish(&b);
	return text;
}

/* Behind the number that @item begins with; NULL: it is none. */
static const char *behind_number(const struct yaml_node *item)
{
	char *end;

	if (item->kind != YAML_TEXT || !strchr("+-.0123456789", item->text[0]))
		return NULL;
	strtod(item->text, &end);
	return end > item->text ? end : NULL;
}

/* In "10, 50 Mbps" the unit at the end is that of all, as in a range; NULL: they have their own, or
 * none. */
static const char *unit_of_all(const struct yaml_node *list)
{
	const char *unit = NULL;

	for (size_t i = 0; i < list->n; i++) {
		unit = behind_number(list->items[i].value);
		if (!unit || (unit[0] != '\0') != (i == list->n - 1))
			return NULL;
	}
	return list->n > 1 && unit[0] == ' ' ? unit : NULL;
}

static bool add_items(
	struct vary *v, struct arena *a, const struct yaml_node *list, struct err *err)
{
	const char *unit = unit_of_all(list);

	for (size_t i = 0; i < list->n; i++) {
		struct yaml_node *item = list->items[i].value;

		if (item->kind == YAML_TEXT && design_range_is(item->text)) {
			if (!add_range(v, a, item->text, list->n, err))
				return false;
		} else if (unit && i < list->n - 1)
			add(v, arena_printf(a, "%s%s", item->text, unit));
		else
			add(v, flow_text(a, item));
	}
	return true;
}

/* YAML lets the last comma of a list stand for nothing. */
static bool ends_with_comma(const char *text)
{
	struct str trimmed = str_trim(str_of(text));

	return trimmed.n > 0 && trimmed.s[trimmed.n - 1] == ',';
}

static bool read_values(struct vary *v, struct arena *a, const char *text, struct err *err)
{
	const char *list = arena_printf(a, "[%s]", text);
	char quoted[QUOTE_SIZE];
	struct yaml_node *node;
	struct err why = {0};

	if (str_trim(str_of(text)).n == 0)
		return err_input(err, "--vary %s has no values", v->key);
	if (ends_with_comma(text))
		return err_input(err,
			"--vary %s: nothing stands behind the last comma; an empty text is \"\"",
			v->key);
	if (!yaml_parse(&node, a, list, strlen(list), (struct src_pos){"", 1, 1}, &why))
		return err_input(err, "--vary %s: '%s' is no list of values: %s", v->key,
			quote(quoted, sizeof quoted, text), why.msg);
	return add_items(v, a, node, err);
}

bool vary_parse(struct vary *v, struct arena *a, const char *text, struct err *err)
{
	const char *equals = strchr(text, '=');
	char quoted[QUOTE_SIZE];

	*v = (struct vary){0};
	if (!equals || equals == text)
		return err_input(err, "--vary should be KEY=VALUE,VALUE,..., not '%s'",
			quote(quoted, sizeof quoted, text));
	v->key = vary_key(arena_printf(a, "%.*s", (int)(equals - text), text));
	if (read_values(v, a, equals + 1, err))
		return true;
	vary_finish(v);
	return false;
}

void vary_finish(struct vary *v)
{
	free(v->values);
	*v = (struct vary){0};
}

const char *vary_at(const struct vary *v, struct arena *a, double u)
{
	char value[DESIGN_VALUE_SIZE];

	if (v->all)
		return arena_strdup(a, design_range_at(&v->range, u, value));
	return v->values[(size_t)(u * (double)v->n)];
}
