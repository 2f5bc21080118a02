/* The header of a profile: lines of "key: value". */
#include "io/profile/reader.h"

#include <math.h>
#include <string.h>

#include "base/str.h"

static const double MAX_SIGMA = 3.0, MAX_CC = 100.0, MAX_HOST_S = 60.0;

enum key {
	KEY_VERSION,
	KEY_DEVICE,
	KEY_RUNTIME,
	KEY_MODEL,
	KEY_PRECISION,
	KEY_PROVENANCE,
	KEY_SIGMA_STEP,
	KEY_SIGMA_DECODE,
	KEY_SIGMA_PREFILL,
	KEY_SIGMA_ATTENTION,
	KEY_SIGMA_LATENCY,
	KEY_CC_FROM,
	KEY_CC_BELOW,
	KEY_LAUNCH,
	KEY_HOST_STEP,
	KEY_HOST_SEQUENCE,
	KEY_HOST_REQUEST,
	KEY_DATE,
	KEY_DRIVER,
	KEY_KERNELS,
	KEY_METHOD,
	KEYS,
};

static const char *const key_names[KEYS] = {
	[KEY_VERSION] = "offing-profile",
	[KEY_DEVICE] = "device",
	[KEY_RUNTIME] = "runtime",
	[KEY_MODEL] = "model",
	[KEY_PRECISION] = "precision",
	[KEY_PROVENANCE] = "provenance",
	[KEY_SIGMA_STEP] = "sigma.step",
	[KEY_SIGMA_DECODE] = "sigma.decode",
	[KEY_SIGMA_PREFILL] = "sigma.prefill",
	[KEY_SIGMA_ATTENTION] = "sigma.attention",
	[KEY_SIGMA_LATENCY] = "sigma.latency",
	[KEY_CC_FROM] = "cc.from",
	[KEY_CC_BELOW] = "cc.below",
	[KEY_LAUNCH] = "launch",
	[KEY_HOST_STEP] = "host.step",
	[KEY_HOST_SEQUENCE] = "host.sequence",
	[KEY_HOST_REQUEST] = "host.request",
	[KEY_DATE] = "date",
	[KEY_DRIVER] = "driver",
	[KEY_KERNELS] = "kernels",
	[KEY_METHOD] = "method",
};

static bool precisions(struct profile_reader *r, const struct token *value)
{
	struct token t[PROFILE_TOKENS];
	size_t n = reader_cut(t, value->text, value->col);

	for (size_t i = 0; i < n; i++) {
		size_t p = reader_word(t[i].text, llm_precision_names, LLM_PRECISIONS);

		if (p == LLM_PRECISIONS)
			return reader_unknown(
				r, &t[i], "precision", llm_precision_names, LLM_PRECISIONS);
		r->p->precisions |= 1u << p;
	}
	return true;
}

static bool provenance(struct profile_reader *r, const struct token *value)
{
	size_t i = reader_word(value->text, provenance_names, PROVENANCES);

	if (i == PROVENANCES)
		return reader_unknown(r, value, "provenance", provenance_names, PROVENANCES);
	r->p->provenance = (enum provenance)i;
	return true;
}

static bool launch_mode(struct profile_reader *r, const struct token *value)
{
	static const char *const modes[] = {"added", "overlapped"};
	size_t i = reader_word(value->text, modes, 2);

	if (i == 2)
		return reader_unknown(r, value, "launch", modes, 2);
	r->form->launch_overlaps = i == 1;
	return true;
}

static bool host_value(struct profile_reader *r, double *out, const struct token *value)
{
	r->p->has_host = true;
	return reader_number(r, out, value, 0.0, MAX_HOST_S);
}

static bool text_value(struct profile_reader *r, const char **out, const struct token *value)
{
	*out = arena_strdup(r->a, value->text);
	return true;
}

static bool header_value(struct profile_reader *r, enum key key, const struct token *v)
{
	struct profile *p = r->p;

	switch (key) {
	case KEY_VERSION:
		return strcmp(v->text, "1") == 0 ||
		       reader_fail(r, v->col, "must be version 1", v->text);
	case KEY_DEVICE:
		return text_value(r, &p->device, v);
	case KEY_RUNTIME:
		return text_value(r, &p->runtime, v);
	case KEY_MODEL:
		return text_value(r, &p->model, v);
	case KEY_PRECISION:
		return precisions(r, v);
	case KEY_PROVENANCE:
		return provenance(r, v);
	case KEY_SIGMA_STEP:
		return reader_number(r, &r->sigma_step, v, 0.0, MAX_SIGMA);
	case KEY_SIGMA_DECODE:
		return reader_number(r, &p->sigma.decode, v, 0.0, MAX_SIGMA);
	case KEY_SIGMA_PREFILL:
		return reader_number(r, &p->sigma.prefill, v, 0.0, MAX_SIGMA);
	case KEY_SIGMA_ATTENTION:
		return reader_number(r, &p->sigma.attention, v, 0.0, MAX_SIGMA);
	case KEY_SIGMA_LATENCY:
		return reader_number(r, &p->sigma.latency, v, 0.0, MAX_SIGMA);
	case KEY_CC_FROM:
		return reader_number(r, &p->cc_from, v, 0.0, MAX_CC);
	case KEY_CC_BELOW:
		return reader_number(r, &p->cc_below, v, 0.0, MAX_CC);
	case KEY_LAUNCH:
		return launch_mode(r, v);
	case KEY_HOST_STEP:
		return host_value(r, &p->host.step_s, v);
	case KEY_HOST_SEQUENCE:
		return host_value(r, &p->host.sequence_s, v);
	case KEY_HOST_REQUEST:
		return host_value(r, &p->host.request_s, v);
	case KEY_DATE:
		return text_value(r, &p->date, v);
	case KEY_DRIVER:
		return text_value(r, &p->driver, v);
	case KEY_KERNELS:
		return text_value(r, &p->kernels, v);
	case KEY_METHOD:
		return text_value(r, &p->method, v);
	case KEYS:
		break;
	}
	return false;
}

/* Quotes may stand around a value. */
static void unquote(struct token *value)
{
	size_t n = strlen(value->text);

	if (n < 2 || value->text[0] != '"' || value->text[n - 1] != '"')
		return;
	value->text[n - 1] = '\0';
	value->text++;
	value->col++;
}

bool profile_header_line(struct profile_reader *r)
{
	char *start = r->text + strspn(r->text, " \t"), *colon = strchr(start, ':');
	struct token key = {start, (unsigned)(start - r->text) + 1}, value;
	size_t i;

	if (!colon)
		return reader_fail(r, key.col, "expected 'key: value' or '[section]'", start);
	*colon = '\0';
	value.text = colon + 1 + strspn(colon + 1, " \t");
	value.col = (unsigned)(value.text - r->text) + 1;
	i = reader_word(key.text, key_names, KEYS);
	if (i == KEYS)
		return reader_unknown(r, &key, "key", key_names, KEYS);
	if (r->keys_seen == 0 && i != KEY_VERSION)
		return reader_fail(r, key.col, "a profile starts with 'offing-profile: 1'", NULL);
	if (r->keys_seen >> i & 1u)
		return reader_fail(r, key.col, "a key may stand only once", key.text);
	unquote(&value);
	if (!*value.text)
		return reader_fail(r, value.col, "the key has no value", NULL);
	r->keys_seen |= 1u << i;
	return header_value(r, (enum key)i, &value);
}

/* sigma.step stands for all that are not given on their own. */
static bool sigmas_complete(struct profile_reader *r)
{
	struct profile_sigma *s = &r->p->sigma;
	double *each[] = {&s->decode, &s->prefill, &s->attention, &s->latency};

	if (isnan(s->latency))
		s->latency = s->attention;
	for (size_t i = 0; i < sizeof each / sizeof each[0]; i++) {
		if (isnan(*each[i]))
			*each[i] = r->sigma_step;
		if (isnan(*each[i]))
			return reader_missing(r, key_names[KEY_SIGMA_DECODE + i]);
	}
	return true;
}

bool profile_header_complete(struct profile_reader *r)
{
	static const enum key wanted[] = {
		KEY_VERSION, KEY_DEVICE, KEY_RUNTIME, KEY_MODEL, KEY_PRECISION, KEY_PROVENANCE};
	struct buf missing;

	buf_init(&missing);
	for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
		if (!(r->keys_seen >> wanted[i] & 1u))
			buf_printf(&missing, "%s%s", missing.n ? ", " : "", key_names[wanted[i]]);
	if (missing.n > 0)
		reader_missing(r, missing.s);
	buf_finish(&missing);
	return r->err->kind == ERR_NONE && sigmas_complete(r);
}
