#include "cli/key_text.h"

#include <math.h>
#include <string.h>

#include "base/quantity.h"
#include "policies/all.h"

enum { TEXT_BYTES = 64 };

static const char *dimension_name(enum quantity_dim dim)
{
	static const char *const names[] = {[QUANTITY_NUMBER] = "a number",
		[QUANTITY_TIME] = "a time",
		[QUANTITY_BYTES] = "an amount of data",
		[QUANTITY_BIT_RATE] = "a rate of data",
		[QUANTITY_FREQUENCY] = "a frequency",
		[QUANTITY_FLOP_RATE] = "a rate of operations",
		[QUANTITY_BYTE_RATE] = "a rate of bytes",
		[QUANTITY_CLOCK] = "a clock rate",
		[QUANTITY_POWER] = "a power",
		[QUANTITY_FRACTION] = "a share",
		[QUANTITY_PRICE] = "a price",
		[QUANTITY_DIMS] = "a value of what the distribution is of"};

	return names[dim];
}

static const char *quantity(struct arena *a, enum quantity_dim dim)
{
	const char *text = dimension_name(dim), *unit;

	for (size_t i = 0; dim < QUANTITY_DIMS && (unit = quantity_unit(dim, i)); i++)
		if (*unit)
			text = arena_printf(
				a, "%s%s%s", text, strchr(text, '(') ? ", " : " (", unit);
	return strchr(text, '(') ? arena_printf(a, "%s)", text) : text;
}

static const char *words(struct arena *a, const struct schema_key *key)
{
	const char *text = "";
	size_t n = 0;

	while (key->words[n] && (!key->n_built || n < key->n_built))
		n++;
	for (size_t i = 0; i < n; i++)
		text = arena_printf(a, "%s%s`%s`", text,
			i == 0       ? ""
			: i + 1 == n ? " or "
				     : ", ",
			key->words[i]);
	return text;
}

static const char *kind(struct arena *a, const struct scenario_key *k)
{
	switch (k->key.kind) {
	case SCHEMA_WORD:
		return words(a, &k->key);
	case SCHEMA_BOOL:
		return "`true` or `false`";
	case SCHEMA_UNSIGNED:
	case SCHEMA_U64:
		return "a whole number";
	case SCHEMA_QUANTITY:
		return quantity(a, k->key.dim);
	case SCHEMA_TEXT:
		return "text";
	default:
		return "a map";
	}
}

const char *key_help(struct arena *a, const struct scenario_key *k)
{
	const char *help = k->key.help ? k->key.help : "";
	size_t n = strlen(help);

	return arena_printf(a, "%s%s%s%s%s", help, n > 0 && help[n - 1] != '.' ? "." : "",
		k->when ? " Only " : "", k->when ? k->when : "", k->when ? "." : "");
}

const char *key_takes(struct arena *a, const struct scenario_key *k)
{
	if (k->key.takes)
		return k->key.takes;
	if (k->key.word)
		return arena_printf(a, "%s, or `%s`", kind(a, k), k->key.word);
	return kind(a, k);
}

static const char *number(struct arena *a, double x, enum quantity_dim dim, bool whole)
{
	char text[TEXT_BYTES];

	if (whole && x >= 0x1p63)
		return "2^64 - 1";
	if (whole)
		return arena_printf(a, "%.0f", x);
	return arena_printf(a, "%s", quantity_print(text, sizeof text, x, dim));
}

const char *key_range(struct arena *a, const struct scenario_key *k)
{
	bool whole = k->key.kind == SCHEMA_UNSIGNED || k->key.kind == SCHEMA_U64;
	struct schema_range r;
	const char *least;

	if (k->key.dim == QUANTITY_DIMS || !schema_range_of(&r, &k->key, k->key.dim))
		return NULL;
	least = number(a, r.least, k->key.dim, whole);
	if (!(r.most < HUGE_VAL))
		return arena_printf(a, "%s %s", r.above ? "above" : "at least", least);
	return arena_printf(a, r.above ? "above %s, at most %s" : "%s to %s", least,
		number(a, r.most, k->key.dim, whole));
}

const char *key_default(struct arena *a, const struct scenario_key *k)
{
	if (k->key.dflt)
		return arena_printf(a, "`%s`", k->key.dflt);
	if (k->key.required)
		return "required";
	return k->key.without ? k->key.without : "none";
}

const struct scenario_key *key_all(size_t *n, struct arena *a)
{
	return scenario_keys(n, a, policies_all());
}
