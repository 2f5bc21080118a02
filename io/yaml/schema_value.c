/* Single values: numbers, words, texts. */
#include "io/yaml/schema_value.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/near.h"
#include "base/quote.h"

bool schema_want(
	struct schema_reader *r, const struct yaml_node *n, enum yaml_kind kind, const char *name)
{
	char quoted[QUOTE_SIZE];

	if (n->kind == kind)
		return true;
	return err_list_at(r->errs, n->at, "%s should be %s, not %s",
		quote(quoted, sizeof quoted, name), yaml_kind_word(kind), yaml_kind_word(n->kind));
}

/* What a simulation can tell apart and count, whatever the key: a time is a number of ticks, sums
 * of a few times fit the clock, and a message over a rate is a time. @least is of what is not
 * 0; @most 0: no limit. */
static const struct span {
	double least, most;
} spans[QUANTITY_DIMS] = {
	[QUANTITY_NUMBER] = {0, 1e15},
	[QUANTITY_TIME] = {1e-9, 50000.0 * 86400},
	[QUANTITY_BYTES] = {0, 1e18},
	[QUANTITY_BIT_RATE] = {0.125, 1.25e14},
	[QUANTITY_FREQUENCY] = {0, 1e9},
	[QUANTITY_FLOP_RATE] = {1e6, 1e21},
	[QUANTITY_BYTE_RATE] = {1e3, 1e18},
	[QUANTITY_CLOCK] = {1, 1e12},
	[QUANTITY_POWER] = {0, 1e9},
	[QUANTITY_PRICE] = {0, 1e9},
};

static bool out_of_span(struct schema_reader *r, const struct yaml_node *n,
	const struct schema_key *key, enum quantity_dim dim, double x)
{
	char bound[64], quoted[QUOTE_SIZE];

	quote(quoted, sizeof quoted, n->text);
	if (x < spans[dim].least)
		return err_list_at(r->errs, n->at, "%s must be %sat least %s, not %s", key->name,
			key->above_min ? "" : "0 or ",
			quantity_print(bound, sizeof bound, spans[dim].least, dim), quoted);
	return err_list_at(r->errs, n->at, "%s must be at most %s, not %s", key->name,
		quantity_print(bound, sizeof bound, spans[dim].most, dim), quoted);
}

static bool in_span(enum quantity_dim dim, double x)
{
	if (x > 0.0 && x < spans[dim].least)
		return false;
	return spans[dim].most == 0 || x <= spans[dim].most;
}

bool schema_range_of(struct schema_range *to, const struct schema_key *key, enum quantity_dim dim)
{
	bool whole = key->kind == SCHEMA_UNSIGNED || key->kind == SCHEMA_U64;
	bool other = key->kind == SCHEMA_OTHER && !key->map && key->max > 0;

	if (!whole && !other && key->kind != SCHEMA_QUANTITY)
		return false;
	*to = (struct schema_range){key->min, key->max, key->above_min};
	if (to->most == 0)
		to->most = key->kind == SCHEMA_U64        ? (double)UINT64_MAX
			   : key->kind == SCHEMA_UNSIGNED ? (double)UINT32_MAX
			   : spans[dim].most > 0          ? spans[dim].most
							  : HUGE_VAL;
	if (!whole && spans[dim].most > 0 && to->most > spans[dim].most)
		to->most = spans[dim].most;
	if (!whole && to->above && to->least < spans[dim].least) {
		to->least = spans[dim].least;
		to->above = false;
	}
	return true;
}

static bool out_of_range(struct schema_reader *r, const struct yaml_node *n,
	const struct schema_key *key, enum quantity_dim dim)
{
	char min[64], max[64], quoted[QUOTE_SIZE];

	quantity_print(min, sizeof min, key->min, dim);
	quantity_print(max, sizeof max, key->max, dim);
	quote(quoted, sizeof quoted, n->text);
	if (key->max == 0)
		return err_list_at(r->errs, n->at, "%s must be %s %s, not %s", key->name,
			key->above_min ? "above" : "at least", min, quoted);
	return err_list_at(r->errs, n->at, "%s must be %s %s %s %s, not %s", key->name,
		key->above_min ? "above" : "from", min, key->above_min ? "and at most" : "to", max,
		quoted);
}

static bool in_range(const struct schema_key *key, double x)
{
	if (key->above_min ? !(x > key->min) : !(x >= key->min))
		return false;
	return key->max == 0 || x <= key->max;
}

static bool is_word(const struct schema_key *key, const struct yaml_node *n, double *out)
{
	if (!key->word || strcmp(n->text, key->word) != 0)
		return false;
	*out = key->word_value;
	return true;
}

bool schema_number(struct schema_reader *r, const struct yaml_node *n, const struct schema_key *key,
	double *out)
{
	enum quantity_dim dim = key->dim == QUANTITY_DIMS ? r->dim : key->dim;
	char why[300];
	double x;

	if (!schema_want(r, n, YAML_TEXT, key->name))
		return false;
	if (is_word(key, n, out))
		return true;
	if (!quantity_parse(&x, n->text, dim, why, sizeof why)) {
		if (!key->word)
			return err_list_at(r->errs, n->at, "%s %s", key->name, why);
		return err_list_at(r->errs, n->at, "%s %s (or '%s')", key->name, why, key->word);
	}
	if (!in_range(key, x))
		return out_of_range(r, n, key, dim);
	if (!in_span(dim, x))
		return out_of_span(r, n, key, dim, x);
	*out = x;
	return true;
}

/* Digits, or a number such as 1e6 that is whole and exact. */
static bool whole_number(const char *text, uint64_t *out)
{
	size_t n = strspn(text, "0123456789");
	char why[300];
	double x;

	if (n > 0 && !text[n]) {
		errno = 0;
		*out = strtoull(text, NULL, 10);
		return errno == 0;
	}
	if (!quantity_parse(&x, text, QUANTITY_NUMBER, why, sizeof why))
		return false;
	if (!(x >= 0 && x <= 9007199254740992.0) || floor(x) != x)
		return false;
	*out = (uint64_t)x;
	return true;
}

static bool read_whole(struct schema_reader *r, const struct yaml_node *n,
	const struct schema_key *key, uint64_t most, uint64_t *out)
{
	char quoted[QUOTE_SIZE], why[300];
	double x;

	if (!schema_want(r, n, YAML_TEXT, key->name))
		return false;
	if (is_word(key, n, &x)) {
		*out = (uint64_t)x;
		return true;
	}
	if (whole_number(n->text, out)) {
		if (*out <= most && in_range(key, (double)*out))
			return true;
	} else if (!quantity_parse(&x, n->text, QUANTITY_NUMBER, why, sizeof why) ||
		   floor(x) != x) {
		return err_list_at(r->errs, n->at, "%s should be a whole number%s%s%s, not '%s'",
			key->name, key->word ? " or '" : "", key->word ? key->word : "",
			key->word ? "'" : "", quote(quoted, sizeof quoted, n->text));
	}
	if (key->max == 0 && in_range(key, strtod(n->text, NULL)))
		return err_list_at(r->errs, n->at, "%s must be at most %" PRIu64 ", not %s",
			key->name, most, quote(quoted, sizeof quoted, n->text));
	return out_of_range(r, n, key, QUANTITY_NUMBER);
}

static bool read_bool(
	struct schema_reader *r, const struct yaml_node *n, const struct schema_key *key, bool *out)
{
	char quoted[QUOTE_SIZE];

	if (!schema_want(r, n, YAML_TEXT, key->name))
		return false;
	*out = !strcmp(n->text, "true");
	if (*out || !strcmp(n->text, "false"))
		return true;
	return err_list_at(r->errs, n->at, "%s should be true or false, not '%s'", key->name,
		quote(quoted, sizeof quoted, n->text));
}

static void list_words(char *buf, size_t size, const char *const *words)
{
	size_t n = 0;

	buf[0] = '\0';
	for (; *words && n < size; words++)
		n += (size_t)snprintf(buf + n, size - n, "%s%s", n ? ", " : "", *words);
}

bool schema_no_such_word(struct schema_reader *r, const struct yaml_node *n, const char *name,
	const char *const *words)
{
	char quoted[QUOTE_SIZE], all[200];
	struct near near;
	size_t i;

	near_init(&near, n->text);
	for (i = 0; words[i]; i++)
		near_add(&near, words[i]);
	quote(quoted, sizeof quoted, n->text);
	if (near_best(&near))
		return err_list_at(r->errs, n->at, "%s cannot be '%s'; did you mean '%s'?", name,
			quoted, near_best(&near));
	list_words(all, sizeof all, words);
	return err_list_at(r->errs, n->at, "%s cannot be '%s'; it is one of %s", name, quoted, all);
}

static bool read_word(
	struct schema_reader *r, const struct yaml_node *n, const struct schema_key *key, int *out)
{
	int i;

	if (!schema_want(r, n, YAML_TEXT, key->name))
		return false;
	for (i = 0; key->words[i]; i++)
		if (!strcmp(key->words[i], n->text))
			break;
	if (!key->words[i])
		return schema_no_such_word(r, n, key->name, key->words);
	if (key->n_built && (size_t)i >= key->n_built)
		return err_list_at(r->errs, n->at, "%s '%s' is not built yet", key->name, n->text);
	*out = i;
	return true;
}

static bool read_text(struct schema_reader *r, const struct yaml_node *n,
	const struct schema_key *key, const char **out)
{
	if (!schema_want(r, n, YAML_TEXT, key->name))
		return false;
	if (key->required && !n->text[0])
		return err_list_at(r->errs, n->at, "%s is empty", key->name);
	*out = n->text;
	return true;
}

static bool store_whole(
	struct schema_reader *r, const struct yaml_node *n, const struct schema_key *key, void *to)
{
	bool is_wide = key->kind == SCHEMA_U64;
	uint64_t whole;

	if (!read_whole(r, n, key, is_wide ? UINT64_MAX : UINT32_MAX, &whole))
		return false;
	if (is_wide)
		*(uint64_t *)to = whole;
	else
		*(unsigned *)to = (unsigned)whole;
	return true;
}

bool schema_store(
	struct schema_reader *r, struct yaml_node **slot, const struct schema_key *key, void *to)
{
	int word = 0;

	switch (key->kind) {
	case SCHEMA_TEXT:
		return read_text(r, *slot, key, to);
	case SCHEMA_WORD: /* an enum and an int are the same size, but not the same type */
		if (!read_word(r, *slot, key, &word))
			return false;
		memcpy(to, &word, sizeof word);
		return true;
	case SCHEMA_BOOL:
		return read_bool(r, *slot, key, to);
	case SCHEMA_UNSIGNED:
	case SCHEMA_U64:
		return store_whole(r, *slot, key, to);
	case SCHEMA_QUANTITY:
		return schema_number(r, *slot, key, to);
	case SCHEMA_OTHER:
		return key->read(r, slot, key, to);
	case SCHEMA_UNBUILT:
		return err_list_at(r->errs, (*slot)->at, "%s is not built yet", key->name);
	case SCHEMA_TAG:
	case SCHEMA_END:
		break;
	}
	return true;
}
