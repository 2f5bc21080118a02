#include "models/offload/params.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/near.h"
#include "base/quantity.h"
#include "base/quote.h"
#include "models/offload/spec.h"

enum { TEXT_BYTES = 64, WORDS_BYTES = 160 };

static void *place(void *state, const struct param_spec *p)
{
	return (char *)state + p->offset;
}

static const void *place_const(const void *state, const struct param_spec *p)
{
	return (const char *)state + p->offset;
}

static const struct param_spec *find(const struct param_spec *specs, const char *key)
{
	for (; specs && specs->kind != PARAM_END; specs++) {
		if (strcmp(specs->name, key) == 0)
			return specs;
	}
	return NULL;
}

static void set_default(void *state, const struct param_spec *p)
{
	switch (p->kind) {
	case PARAM_DOUBLE:
		*(double *)place(state, p) = p->dflt;
		return;
	case PARAM_SIZE:
		*(size_t *)place(state, p) = (size_t)p->dflt;
		return;
	case PARAM_ENUM:
		*(int *)place(state, p) = (int)p->dflt;
		return;
	case PARAM_TEXT:
		*(const char **)place(state, p) = p->text;
		return;
	case PARAM_END:
		break;
	}
	assert(!"a kind of parameter");
}

/** Append "a, b, c" to @buf as far as it goes. */
static void list_add(char *buf, size_t size, const char *word)
{
	size_t used = strlen(buf);

	snprintf(buf + used, size - used, "%s%s", used > 0 ? ", " : "", word);
}

static bool unknown_key(const struct param_spec *specs, const char *owner,
	const struct param_text *t, struct err *err)
{
	char known[WORDS_BYTES] = "", key[QUOTE_SIZE];
	struct near near;

	quote(key, sizeof key, t->key);
	near_init(&near, t->key);
	for (; specs && specs->kind != PARAM_END; specs++) {
		near_add(&near, specs->name);
		list_add(known, sizeof known, specs->name);
	}
	if (near_best(&near))
		return err_at(err, t->key_at, "unknown key '%s' in policy '%s'; did you mean '%s'?",
			key, owner, near_best(&near));
	if (known[0] == '\0')
		return err_at(err, t->key_at, "unknown key '%s'; policy '%s' has no parameters",
			key, owner);
	return err_at(
		err, t->key_at, "unknown key '%s' in policy '%s'; it has %s", key, owner, known);
}

/** The bounds as a user would write them. */
static void bounds_print(char *min, char *max, size_t size, const struct param_spec *p)
{
	if (p->kind == PARAM_SIZE) {
		snprintf(min, size, "%.0f", p->min);
		snprintf(max, size, "%.0f", p->max);
		return;
	}
	quantity_print(min, size, p->min, p->dim);
	quantity_print(max, size, p->max, p->dim);
}

static bool out_of_range(const struct param_spec *p, const struct param_text *t, struct err *err)
{
	char min[TEXT_BYTES], max[TEXT_BYTES], value[QUOTE_SIZE];

	quote(value, sizeof value, t->value);
	bounds_print(min, max, sizeof min, p);
	if (p->max == HUGE_VAL)
		return err_at(err, t->at, "%s must be at least %s, not %s", p->name, min, value);
	if (p->min == -HUGE_VAL)
		return err_at(err, t->at, "%s must be at most %s, not %s", p->name, max, value);
	return err_at(err, t->at, "%s must be from %s to %s, not %s", p->name, min, max, value);
}

static bool read_double(
	double *out, const struct param_spec *p, const struct param_text *t, struct err *err)
{
	char why[QUOTE_SIZE + TEXT_BYTES];
	double x;

	if (!quantity_parse(&x, t->value, p->dim, why, sizeof why))
		return err_at(err, t->at, "%s %s", p->name, why);
	if (!(x >= p->min && x <= p->max))
		return out_of_range(p, t, err);
	*out = x;
	return true;
}

/** Digits and nothing else; a sign is read so that "-1" is out of range, not nonsense. */
static bool read_size(
	size_t *out, const struct param_spec *p, const struct param_text *t, struct err *err)
{
	const char *digits = t->value + (t->value[0] == '-' || t->value[0] == '+');
	size_t n = strspn(digits, "0123456789");
	char value[QUOTE_SIZE];
	uintmax_t x;

	if (n == 0 || digits[n] != '\0')
		return err_at(err, t->at, "%s must be a whole number, not '%s'", p->name,
			quote(value, sizeof value, t->value));
	errno = 0;
	x = strtoumax(digits, NULL, 10);
	if ((t->value[0] == '-' && x > 0) || errno == ERANGE || x > SIZE_MAX ||
		(double)x < p->min || (double)x > p->max)
		return out_of_range(p, t, err);
	*out = (size_t)x;
	return true;
}

static bool read_enum(
	int *out, const struct param_spec *p, const struct param_text *t, struct err *err)
{
	char known[WORDS_BYTES] = "", value[QUOTE_SIZE];
	struct near near;
	int i;

	near_init(&near, t->value);
	for (i = 0; p->words[i]; i++) {
		if (strcmp(p->words[i], t->value) == 0) {
			*out = i;
			return true;
		}
		near_add(&near, p->words[i]);
		list_add(known, sizeof known, p->words[i]);
	}
	quote(value, sizeof value, t->value);
	if (near_best(&near))
		return err_at(err, t->at, "%s cannot be '%s'; did you mean '%s'?", p->name, value,
			near_best(&near));
	return err_at(err, t->at, "%s must be one of %s, not '%s'", p->name, known, value);
}

static bool read_text(
	const char **out, const struct param_spec *p, const struct param_text *t, struct err *err)
{
	if ((double)strlen(t->value) > p->max)
		return err_at(err, t->at, "%s must be at most %.0f bytes long, not %zu", p->name,
			p->max, strlen(t->value));
	*out = t->value;
	return true;
}

static bool read_value(
	void *state, const struct param_spec *p, const struct param_text *t, struct err *err)
{
	switch (p->kind) {
	case PARAM_DOUBLE:
		return read_double(place(state, p), p, t, err);
	case PARAM_SIZE:
		return read_size(place(state, p), p, t, err);
	case PARAM_ENUM:
		return read_enum(place(state, p), p, t, err);
	case PARAM_TEXT:
		return read_text(place(state, p), p, t, err);
	case PARAM_END:
		break;
	}
	assert(!"a kind of parameter");
	return false;
}

bool params_read(void *state, const struct param_spec *specs, const char *owner,
	const struct param_text *texts, size_t n, struct err *err)
{
	const struct param_spec *p;
	size_t i;

	for (p = specs; p && p->kind != PARAM_END; p++)
		set_default(state, p);
	for (i = 0; i < n; i++) {
		p = find(specs, texts[i].key);
		if (!p)
			return unknown_key(specs, owner, &texts[i], err);
		if (!read_value(state, p, &texts[i], err))
			return false;
	}
	return true;
}

char *params_print(char *buf, size_t size, const void *state, const struct param_spec *p)
{
	const void *at = place_const(state, p);

	switch (p->kind) {
	case PARAM_DOUBLE:
		return quantity_print(buf, size, *(const double *)at, p->dim);
	case PARAM_SIZE:
		snprintf(buf, size, "%zu", *(const size_t *)at);
		return buf;
	case PARAM_ENUM:
		snprintf(buf, size, "%s", p->words[*(const int *)at]);
		return buf;
	case PARAM_TEXT:
		snprintf(buf, size, "%s", *(const char *const *)at);
		return buf;
	case PARAM_END:
		break;
	}
	assert(!"a kind of parameter");
	return buf;
}
