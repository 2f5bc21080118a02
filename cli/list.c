/* Items in columns, or as a JSON array. */
#include "cli/list.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/json.h"

enum { COLUMNS = 80, VALUES_MAX = 20, INDENT = 4 };

enum value_kind { VALUE_NUMBER, VALUE_TEXT, VALUE_BOOL, VALUE_WORDS };

struct list_value {
	const char *key, *cell;
	enum value_kind kind;
	double number;
	const char *text;
	const char *const *words;
	bool yes;
};

struct list_item {
	const char *name, *summary, *detail;
	size_t n;
	struct list_value values[VALUES_MAX];
};

void list_init(struct list *l)
{
	*l = (struct list){0};
	arena_init(&l->arena);
}

const char *list_name(const struct list *l, size_t i)
{
	return i < l->n ? l->items[i].name : NULL;
}

void list_finish(struct list *l)
{
	free(l->items);
	arena_finish(&l->arena);
}

void list_add(struct list *l, const char *name, const char *summary)
{
	l->items = mem_grow(l->items, l->n, &l->cap, sizeof *l->items);
	l->items[l->n++] = (struct list_item){.name = name, .summary = summary};
}

void list_detail(struct list *l, const char *text)
{
	l->items[l->n - 1].detail = text;
}

static void add_value(struct list *l, struct list_value value)
{
	struct list_item *i = &l->items[l->n - 1];

	i->values[i->n++] = value;
}

void list_number(struct list *l, const char *key, double number, const char *cell)
{
	add_value(l, (struct list_value){.key = key,
			     .cell = cell && !isfinite(number) ? "-" : cell,
			     .kind = VALUE_NUMBER,
			     .number = number});
}

void list_text(struct list *l, const char *key, const char *text, const char *cell)
{
	add_value(l, (struct list_value){.key = key,
			     .cell = cell && !text ? "-" : cell,
			     .kind = VALUE_TEXT,
			     .text = text});
}

void list_bool(struct list *l, const char *key, bool yes, const char *cell)
{
	add_value(l, (struct list_value){.key = key, .cell = cell, .kind = VALUE_BOOL, .yes = yes});
}

void list_words(struct list *l, const char *key, const char *const *words, const char *cell)
{
	add_value(l,
		(struct list_value){.key = key, .cell = cell, .kind = VALUE_WORDS, .words = words});
}

/* Text */

/* From column @indent on, where the cursor already is. */
static void print_wrapped(FILE *to, const char *text, size_t indent)
{
	size_t at = indent, word;

	for (; *text; text += word + (text[word] == ' ')) {
		word = strcspn(text, " ");
		if (at > indent && at + 1 + word > COLUMNS) {
			fprintf(to, "\n%*s", (int)indent, "");
			at = indent;
		}
		if (at > indent)
			at += (size_t)fprintf(to, " ");
		at += fwrite(text, 1, word, to);
	}
	fputc('\n', to);
}

/* The cell below title @column; NULL when the item has fewer. */
static const struct list_value *cell_of(const struct list_item *i, size_t column)
{
	for (size_t k = 0; k < i->n; k++)
		if (i->values[k].cell && column-- == 0)
			return &i->values[k];
	return NULL;
}

static size_t name_width(const struct list *l)
{
	size_t wide = l->titles ? strlen(l->titles[0]) : 0;

	for (size_t i = 0; i < l->n; i++)
		if (strlen(l->items[i].name) > wide)
			wide = strlen(l->items[i].name);
	return wide;
}

struct column {
	size_t width;
	bool number; /* to the right */
};

static struct column column_of(const struct list *l, size_t column)
{
	struct column c = {.width = strlen(l->titles[column + 1])};

	for (size_t i = 0; i < l->n; i++) {
		const struct list_value *v = cell_of(&l->items[i], column);

		if (v && strlen(v->cell) > c.width)
			c.width = strlen(v->cell);
		if (v && v->kind == VALUE_NUMBER)
			c.number = true;
	}
	return c;
}

static void print_cell(FILE *to, const struct column *c, const char *text, bool last)
{
	if (c->number)
		fprintf(to, "  %*s", (int)c->width, text);
	else if (last)
		fprintf(to, "  %s", text);
	else
		fprintf(to, "  %-*s", (int)c->width, text);
}

static void print_row(
	FILE *to, const struct list_item *i, size_t wide, const struct column *columns, size_t n)
{
	fprintf(to, "%-*s", (int)wide, i->name);
	for (size_t k = 0; k < n; k++) {
		const struct list_value *v = cell_of(i, k);

		print_cell(to, &columns[k], v ? v->cell : "", k + 1 == n);
	}
	fputc('\n', to);
	if (i->detail) {
		fprintf(to, "%*s", INDENT, "");
		print_wrapped(to, i->detail, INDENT);
	}
}

static void print_table(FILE *to, const struct list *l)
{
	struct column columns[VALUES_MAX];
	size_t wide = name_width(l), n = 0;

	for (; l->titles[n + 1]; n++)
		columns[n] = column_of(l, n);
	fprintf(to, "%-*s", (int)wide, l->titles[0]);
	for (size_t k = 0; k < n; k++)
		print_cell(to, &columns[k], l->titles[k + 1], k + 1 == n);
	fputc('\n', to);
	for (size_t i = 0; i < l->n; i++)
		print_row(to, &l->items[i], wide, columns, n);
}

static void print_summaries(FILE *to, const struct list *l)
{
	size_t wide = name_width(l);

	for (size_t i = 0; i < l->n; i++) {
		fprintf(to, "%-*s  ", (int)wide, l->items[i].name);
		print_wrapped(to, l->items[i].summary, wide + 2);
	}
}

void list_print(FILE *to, const struct list *l)
{
	if (l->titles)
		print_table(to, l);
	else
		print_summaries(to, l);
	if (l->note)
		print_wrapped(to, l->note, 0);
}

/* JSON */

static void json_words(FILE *to, const char *const *words)
{
	if (!words) {
		fputs("null", to);
		return;
	}
	fputc('[', to);
	for (size_t i = 0; words[i]; i++) {
		if (i > 0)
			fputc(',', to);
		json_string(to, words[i]);
	}
	fputc(']', to);
}

static void json_value(FILE *to, const struct list_value *v)
{
	fputc(',', to);
	json_string(to, v->key);
	fputc(':', to);
	switch (v->kind) {
	case VALUE_NUMBER:
		json_number(to, v->number);
		break;
	case VALUE_TEXT:
		json_string(to, v->text);
		break;
	case VALUE_BOOL:
		fputs(v->yes ? "true" : "false", to);
		break;
	case VALUE_WORDS:
		json_words(to, v->words);
		break;
	}
}

void list_print_json(FILE *to, const struct list *l)
{
	fputc('[', to);
	for (size_t i = 0; i < l->n; i++) {
		fputs(i ? ",\n {\"name\":" : "{\"name\":", to);
		json_string(to, l->items[i].name);
		fputs(",\"summary\":", to);
		json_string(to, l->items[i].summary);
		for (size_t k = 0; k < l->items[i].n; k++)
			json_value(to, &l->items[i].values[k]);
		fputc('}', to);
	}
	fputs("]\n", to);
}
