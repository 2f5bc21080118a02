#ifndef OFFING_IO_YAML_SCHEMA_H
#define OFFING_IO_YAML_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/quantity.h"
#include "io/text/err_list.h"
#include "io/yaml/yaml_tree.h"

/**
 * What a map of a scenario may hold, as a table: key, kind, range, default,
 * place in a struct. schema_read() checks a map against its table, stores the
 * values, and completes the map itself: keys in the order of the table,
 * defaults filled in. So the tree, once read, is the resolved scenario.
 */
enum schema_kind {
	SCHEMA_END = 0,
	SCHEMA_TEXT,     /* const char * */
	SCHEMA_WORD,     /* an enum: the index into @words */
	SCHEMA_BOOL,     /* bool: true or false */
	SCHEMA_UNSIGNED, /* unsigned */
	SCHEMA_U64,      /* uint64_t */
	SCHEMA_QUANTITY, /* double of dimension @dim, in SI */
	SCHEMA_OTHER,    /* whatever @read makes of it */
	SCHEMA_TAG,      /* what chose this table: read already */
	SCHEMA_UNBUILT,  /* known, but its machinery is not built yet */
};

struct schema_reader;
struct schema_key;

/**
 * Store what *@slot says at @to. May put another node in its place, which then
 * stands in the resolved scenario. Reports its own errors.
 */
typedef bool schema_read_fn(
	struct schema_reader *r, struct yaml_node **slot, const struct schema_key *key, void *to);

struct schema_key {
	const char *name;
	enum schema_kind kind;
	size_t to;                /* offset of the value */
	size_t at;                /* offset of a struct src_pos for the value's place; 0: none */
	enum quantity_dim dim;    /* QUANTITY_DIMS: that of the reader */
	double min, max;          /* SI, both allowed; max 0: no limit */
	bool above_min;           /* @min itself is not allowed */
	const char *word;         /* may stand in place of a number, */
	double word_value;        /* and then means this */
	const char *const *words; /* SCHEMA_WORD: ends with NULL */
	size_t n_built;           /* SCHEMA_WORD: how many of them are built; 0: all */
	const char *dflt;         /* as a scenario would spell it */
	bool required;            /* an error when not given */
	schema_read_fn *read;
	/* For people, who may have code in backticks: */
	const char *help;             /* what it is, a sentence */
	const char *takes;            /* SCHEMA_OTHER: "a name or a map"; NULL: a map */
	const char *without;          /* what holds where it is not given and there is no dflt */
	const char *list;             /* of `offing list`: it has the names; NULL: none */
	const struct schema_map *map; /* SCHEMA_OTHER: the map that may stand there; NULL: none */
};

/** Tables one of which goes, by the word under a key such as `process`. */
struct schema_variant {
	const char *word;
	const struct schema_key *keys; /* ends with {0} */
};

/** What a map may hold, for who explains it. */
struct schema_map {
	const char *each; /* its entries have names of the user's own, shown as this, and each is a
			     map of what follows; NULL: it is that map itself */
	const char *form; /* stands in many places and is explained by itself; NULL: it does not */
	const char *when; /* what is said before the word of a variant: "with process" */
	const struct schema_key *tables[3]; /* all of them; NULL: none */
	const struct schema_variant *variants;
	size_t n_variants;
};

/**
 * Told of every key that could stand in a map that is read, given or not: of all variants,
 * where a word chooses between tables. @path is the map's ("sites.edge"), @dim the dimension
 * of a number. For tools and tests that go through all keys; @key is borrowed for the call.
 */
struct schema_listener {
	void (*key)(struct schema_listener *l, const char *path, const struct schema_key *key,
		enum quantity_dim dim);
};

struct schema_reader {
	struct arena *arena;
	struct err_list *errs;
	enum quantity_dim dim;            /* of keys that inherit it */
	char path[400];                   /* of the map being read: "sites.edge", for messages */
	struct schema_listener *listener; /* NULL: nobody listens */
};

/**
 * Read the map @n into @to. False when it, or anything in it, has an error;
 * all of them are in @r->errs, and what has none is stored. A @to that is all
 * zero stands for "not given" where there is no default.
 */
bool schema_read(
	struct schema_reader *r, struct yaml_node *n, const struct schema_key *keys, void *to);

/**
 * The same for a map whose table the word under @tag chooses; *@chosen is the
 * index of the variant. Each table has @tag as a SCHEMA_TAG.
 */
#define SCHEMA_MAX_VARIANTS 16
bool schema_read_variant(struct schema_reader *r, struct yaml_node *n, const char *tag,
	const struct schema_variant *variants, size_t n_variants, void *to, size_t *chosen);

/** Tell the listener of @keys, which end with {0}, of the map that is being read. */
void schema_tell(const struct schema_reader *r, const struct schema_key *keys);

/** Report unless @n is of @kind. @name is what the message calls it. */
bool schema_want(
	struct schema_reader *r, const struct yaml_node *n, enum yaml_kind kind, const char *name);

/** Read one number by the rules of @key (its name, dim, range, word). */
bool schema_number(struct schema_reader *r, const struct yaml_node *n, const struct schema_key *key,
	double *out);

/** What a number under a key may be, in SI; @least itself only where it is not @above it. */
struct schema_range {
	double least, most; /* @most may be HUGE_VAL */
	bool above;
};

/** The range of the numbers that @key takes, of dimension @dim: that of the key, within what a
 *  simulation can count. False when it takes no number, or several (a list, a distribution). */
bool schema_range_of(struct schema_range *to, const struct schema_key *key, enum quantity_dim dim);

/** Append ".@name" to the path of messages; what comes back goes to schema_leave(). */
size_t schema_enter(struct schema_reader *r, const char *name);
void schema_leave(struct schema_reader *r, size_t mark);

/** Report the key of @item, with the nearest name in @keys, if any. */
bool schema_unknown(
	struct schema_reader *r, const struct yaml_item *item, const struct schema_key *keys);

/** A text that names one thing, or many as a pattern: letters, digits, '_', '-', and '*', '?', '[',
 *  ']', '!'. @name is what the message calls it. */
bool schema_pattern(struct schema_reader *r, const struct yaml_node *n, const char *name);

/** A name of a site, a model, a group...: letters, digits, '_' and '-'. */
bool schema_name(struct schema_reader *r, const struct yaml_item *item, const char *what);

#endif
