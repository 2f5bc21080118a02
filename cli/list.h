#ifndef OFFING_CLI_LIST_H
#define OFFING_CLI_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/mem.h"
#include "models/offload/policy.h"

/**
 * What `offing list` prints: items with a name, a line about each, and values, which are
 * columns of a text and members of a JSON object. Strings are borrowed until the list is
 * printed; what has to be made is made in the arena.
 */
struct list_item;

struct list {
	struct arena arena;
	size_t n, cap;
	struct list_item *items;
	/** Titles of the columns behind the name, which has the first; NULL: name and summary. */
	const char *const *titles;
	const char *note;                /* below the table; NULL: none */
	struct policy_registry policies; /* there are */
};

/** Add what `offing list @what` shows; @l->policies is set. False when there is no such list. */
bool list_fill(struct list *l, const char *what);

/** The name of the item @i; NULL behind the last. */
const char *list_name(const struct list *l, size_t i);

void list_init(struct list *l);
void list_finish(struct list *l);

/** A new item; the values that follow are its own. */
void list_add(struct list *l, const char *name, const char *summary);

/** A line below the item's row, where the titles leave no room for it. */
void list_detail(struct list *l, const char *text);

/** A value: @cell is what the next column shows, NULL: it is in the JSON only. A @number that
 *  is not finite, and a @text NULL, are null there and "-" in the column. */
void list_number(struct list *l, const char *key, double number, const char *cell);
void list_text(struct list *l, const char *key, const char *text, const char *cell);
void list_bool(struct list *l, const char *key, bool yes, const char *cell);
/** An array of words that ends with NULL; the words themselves NULL: null. */
void list_words(struct list *l, const char *key, const char *const *words, const char *cell);

/** Columns as wide as needed, numbers to the right; lines broken for 80 columns. */
void list_print(FILE *to, const struct list *l);
void list_print_json(FILE *to, const struct list *l);

/* The lists that have more than names (list_catalog.c, list_policy.c, list_metric.c). */
void list_gpus(struct list *l);
void list_models(struct list *l);
void list_profiles(struct list *l);
void list_runtimes(struct list *l);
void list_interconnects(struct list *l);
void list_metrics(struct list *l);

/** A value of a parameter as a scenario spells it, and what it may be: "1 to 4096". */
const char *list_param_value(struct list *l, const struct param_spec *p, double value);
const char *list_param_range(struct list *l, const struct param_spec *p);

/** The parameters of one policy. */
void list_params(struct list *l, const struct policy_ops *policy);

#endif
