/* The classes of an htb link, and models of loss. */
#include <stddef.h>
#include <string.h>

#include "io/scenario/parts.h"
#include "io/scenario/shaping.h"
#include "io/yaml/schema_value.h"
#include "models/net/link.h"

/* Loss */

static const struct schema_key gemodel_keys[] = {
	{.name = "p",
		.kind = SCHEMA_QUANTITY,
		.to = offsetof(struct netem, loss_p),
		.dim = QUANTITY_FRACTION,
		.max = 1,
		.required = true,
		.help = "Probability to go from good to bad, at each packet."},
	{.name = "r",
		.kind = SCHEMA_QUANTITY,
		.to = offsetof(struct netem, loss_r),
		.dim = QUANTITY_FRACTION,
		.max = 1,
		.without = "1 - `p`",
		.help = "Probability to go back."},
	{.name = "1-h",
		.kind = SCHEMA_QUANTITY,
		.to = offsetof(struct netem, loss_in_bad),
		.dim = QUANTITY_FRACTION,
		.max = 1,
		.dflt = "100 %",
		.help = "Share lost while it is bad."},
	{.name = "1-k",
		.kind = SCHEMA_QUANTITY,
		.to = offsetof(struct netem, loss_in_good),
		.dim = QUANTITY_FRACTION,
		.max = 1,
		.dflt = "0",
		.help = "Share lost while it is good."},
	{0},
};
const struct schema_map map_gemodel = {.tables = {gemodel_keys}};

static bool read_gemodel(struct schema_reader *r, struct yaml_node *map, struct netem *n)
{
	n->loss = NETEM_LOSS_GEMODEL;
	if (!schema_read(r, map, gemodel_keys, n))
		return false;
	if (!yaml_find(map, "r"))
		n->loss_r = 1.0 - n->loss_p; /* as tc does */
	if (netem_loss_rate(n) < 1.0)
		return true;
	return err_list_at(r->errs, map->at, "with this loss no packet would ever arrive");
}

bool read_loss(
	struct schema_reader *r, struct yaml_node **slot, const struct schema_key *key, void *to)
{
	struct netem *n = to;
	size_t mark = schema_enter(r, key->name);
	bool ok;

	if ((*slot)->kind == YAML_MAP) {
		ok = read_gemodel(r, *slot, n);
	} else {
		ok = schema_number(r, *slot, key, &n->loss_p);
		n->loss = n->loss_p > 0.0 ? NETEM_LOSS_RANDOM : NETEM_LOSS_NONE;
		if (ok && !(n->loss_p < 1.0))
			ok = err_list_at(r->errs, (*slot)->at,
				"with a loss of 100 %% no packet would ever arrive");
	}
	schema_leave(r, mark);
	return ok;
}

/* Classes */

static bool read_carries(
	struct schema_reader *r, struct yaml_node **slot, const struct schema_key *key, void *to)
{
	const char *words[TRANSFER_KINDS + 1] = {NULL};
	unsigned *carries = to;

	if (!schema_want(r, *slot, YAML_LIST, key->name))
		return false;
	for (enum transfer_kind k = 0; k < TRANSFER_KINDS; k++)
		words[k] = transfer_kind_name(k);
	for (size_t i = 0; i < (*slot)->n; i++) {
		const struct yaml_node *word = (*slot)->items[i].value;
		enum transfer_kind k = 0;

		if (!schema_want(r, word, YAML_TEXT, "what a class carries"))
			return false;
		while (k < TRANSFER_KINDS && strcmp(words[k], word->text) != 0)
			k++;
		if (k == TRANSFER_KINDS)
			return schema_no_such_word(r, word, "what a class carries", words);
		*carries |= 1u << k;
	}
	return true;
}

#define CLASS(member) offsetof(struct link_class_spec, member)
#define CLASS_RATE(word, member, ...) \
	{ \
		.name = (word), .kind = SCHEMA_QUANTITY, .to = CLASS(htb.member), \
		.dim = QUANTITY_BIT_RATE, .above_min = true, __VA_ARGS__ \
	}
#define CLASS_BYTES(word, member, ...) \
	{ \
		.name = (word), .kind = SCHEMA_QUANTITY, .to = CLASS(htb.member), \
		.dim = QUANTITY_BYTES, .above_min = true, __VA_ARGS__ \
	}
static const struct schema_key class_keys[] = {
	CLASS_RATE("rate", bytes_per_s, .required = true, .help = "What the class is sure of."),
	CLASS_RATE("ceil", ceil_bytes_per_s, .without = "its `rate`",
		.help = "What it may reach with what others leave."),
	CLASS_BYTES("burst", burst_bytes, .without = "`1600 B`",
		.help = "Depth of the bucket of its `rate`."),
	CLASS_BYTES("cburst", cburst_bytes, .without = "`1600 B`",
		.help = "Depth of the bucket of its `ceil`."),
	CLASS_BYTES("quantum", quantum_bytes, .without = "`rate` / 10 s, from 1000 B to 200000 B",
		.help = "What it borrows at a turn, among those of one `prio`."),
	{.name = "prio",
		.kind = SCHEMA_UNSIGNED,
		.to = CLASS(htb.prio),
		.max = 7,
		.dflt = "0",
		.help = "Who borrows first: the least."},
	{.name = "carries",
		.kind = SCHEMA_OTHER,
		.to = CLASS(carries),
		.read = read_carries,
		.takes = "a list of `prompt`, `answer`, `hidden`, `kv`, `draft`",
		.without = "the rest",
		.help = "What goes in it; the first class without it carries the rest."},
	{0},
};
const struct schema_map map_classes = {.each = "X", .tables = {class_keys}};

static bool read_class(
	struct schema_reader *r, const struct yaml_item *item, struct link_class_spec *c)
{
	size_t mark;
	bool ok;

	c->name = item->key;
	c->at = item->key_at;
	if (!schema_name(r, item, "a class") || !schema_want(r, item->value, YAML_MAP, item->key))
		return false;
	mark = schema_enter(r, item->key);
	ok = schema_read(r, item->value, class_keys, c);
	schema_leave(r, mark);
	if (!ok)
		return false;
	if (!(c->htb.ceil_bytes_per_s > 0.0))
		c->htb.ceil_bytes_per_s = c->htb.bytes_per_s;
	if (c->htb.ceil_bytes_per_s >= c->htb.bytes_per_s)
		return true;
	return err_list_at(r->errs, item->key_at, "the ceil of a class is at least its rate");
}

bool read_classes(
	struct schema_reader *r, struct yaml_node **slot, const struct schema_key *key, void *to)
{
	struct link_dir_spec *dir = to;
	struct link_class_spec *classes;
	size_t mark;
	bool ok = true;

	if (!schema_want(r, *slot, YAML_MAP, key->name))
		return false;
	if ((*slot)->n == 0)
		return err_list_at(r->errs, (*slot)->at, "classes is empty");
	mark = schema_enter(r, key->name);
	classes = arena_alloc(r->arena, (*slot)->n, sizeof *classes);
	for (size_t i = 0; i < (*slot)->n; i++)
		ok = read_class(r, &(*slot)->items[i], &classes[i]) && ok;
	schema_leave(r, mark);
	dir->classes = classes;
	dir->n_classes = (*slot)->n;
	return ok;
}
