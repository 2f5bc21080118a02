/* Whether the table of a plug-in can be used: that it could not is its author's mistake, and not
 * a crash of ours. */

#include <math.h>
#include <string.h>

#include "base/quote.h"
#include "base/utf8.h"
#include "policies/plugin.h"

/* More is not meant: a number that was not set, or one below 0. */
enum { NAME_MOST = 64, LINE_MOST = 200, PARAMS_MOST = 256, WORDS_MOST = 256 };
static const size_t STATE_MOST = (size_t)1 << 30;

static bool letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/** What can be written in a scenario, a file's name and a shell without quotes. */
static bool is_name(const char *s)
{
	size_t n = 0;

	if (!letter(s[0]))
		return false;
	while (n < NAME_MOST && (letter(s[n]) || strchr("_-.", s[n])) && s[n] != '\0')
		n++;
	return s[n] == '\0';
}

/** One line of text, neither empty nor without an end. */
static bool is_line(const char *s)
{
	size_t left = strnlen(s, LINE_MOST + 1), n;
	uint32_t c;

	if (left == 0 || left > LINE_MOST)
		return false;
	for (; left > 0; s += n, left -= n) {
		n = utf8_decode(s, left, &c);
		if (n == 0 || !utf8_is_shown(c))
			return false;
	}
	return true;
}

/* Parameters */

struct param_place {
	const struct policy_ops *ops;
	const struct param_spec *param;
	const char *path;
	struct err *err;
};

static bool bad_param(const struct param_place *x, const char *what)
{
	return err_input(x->err, "plug-in '%s': parameter '%s' %s", x->path, x->param->name, what);
}

/** Size, which is also the alignment; 0: unknown. */
static size_t size_of(const struct param_spec *p)
{
	switch (p->kind) {
	case PARAM_DOUBLE:
		return sizeof(double);
	case PARAM_SIZE:
		return sizeof(size_t);
	case PARAM_ENUM:
		return sizeof(int);
	case PARAM_TEXT:
		return sizeof(char *);
	case PARAM_END:
		break;
	}
	return 0;
}

static bool check_place(const struct param_place *x)
{
	size_t size = size_of(x->param);

	if (size > x->ops->state_size || x->param->offset > x->ops->state_size - size)
		return bad_param(x, "lies outside the state");
	if (x->param->offset % size != 0)
		return bad_param(x, "does not lie at a multiple of its size");
	return true;
}

static bool check_words(const struct param_place *x)
{
	const struct param_spec *p = x->param;
	char word[QUOTE_SIZE];
	size_t n = 0;

	if (!p->words || !p->words[0])
		return bad_param(x, "has no words");
	for (; p->words[n]; n++) {
		if (n == WORDS_MOST)
			return bad_param(x, "has words without an end (NULL)");
		if (!is_name(p->words[n]))
			return err_input(x->err,
				"plug-in '%s': parameter '%s' has the word '%s', which cannot be "
				"written in a scenario",
				x->path, p->name,
				quote_bytes(word, sizeof word, p->words[n],
					strnlen(p->words[n], NAME_MOST)));
	}
	if (!(p->dflt >= 0.0 && p->dflt < (double)n && p->dflt == floor(p->dflt)))
		return bad_param(x, "has a default that is none of its words");
	return true;
}

static bool check_number(const struct param_place *x)
{
	const struct param_spec *p = x->param;

	if (p->kind == PARAM_DOUBLE && (unsigned)p->dim >= QUANTITY_DIMS)
		return bad_param(x, "has an unknown dimension");
	if (!(p->min <= p->max))
		return bad_param(x, "has no range: its least is above its most");
	if (!(p->dflt >= p->min && p->dflt <= p->max))
		return bad_param(x, "has a default outside its own range");
	if (p->kind == PARAM_SIZE &&
		!(p->min >= 0.0 && p->max <= 0x1p53 && p->dflt == floor(p->dflt)))
		return bad_param(x, "is no count: whole numbers from 0 to 2^53");
	return true;
}

static bool check_text(const struct param_place *x)
{
	const struct param_spec *p = x->param;

	if (!(p->max >= 0.0 && p->max <= PARAM_TEXT_MOST))
		return bad_param(x, "allows texts of more than 160 bytes");
	if (!p->text || (p->text[0] != '\0' && !is_line(p->text)) ||
		(double)strlen(p->text) > p->max)
		return bad_param(x, "has no line of text as its default");
	return true;
}

static bool check_value(const struct param_place *x)
{
	switch (x->param->kind) {
	case PARAM_ENUM:
		return check_words(x);
	case PARAM_TEXT:
		return check_text(x);
	default:
		return check_number(x);
	}
}

static bool check_name(const struct param_place *x)
{
	const struct param_spec *p = x->param;
	char name[QUOTE_SIZE];

	if (!p->name || !p->help)
		return err_input(
			x->err, "plug-in '%s': a parameter has no name or no help", x->path);
	if (!is_name(p->name) || strcmp(p->name, "name") == 0)
		return err_input(x->err, "plug-in '%s': '%s' cannot name a parameter", x->path,
			quote_bytes(name, sizeof name, p->name, strnlen(p->name, NAME_MOST)));
	for (const struct param_spec *q = x->ops->params; q < p; q++)
		if (strcmp(q->name, p->name) == 0)
			return bad_param(x, "is there twice");
	if (!is_line(p->help))
		return bad_param(x, "has a help that is no line of text");
	return true;
}

static bool check_params(const struct policy_ops *ops, const char *path, struct err *err)
{
	struct param_place x = {.ops = ops, .param = ops->params, .path = path, .err = err};

	for (size_t n = 0; x.param && x.param->kind != PARAM_END; n++, x.param++) {
		if (n == PARAMS_MOST)
			return err_input(
				err, "plug-in '%s': its parameters have no end ({0})", path);
		if (size_of(x.param) == 0)
			return err_input(err, "plug-in '%s': a parameter has the unknown kind %d",
				path, (int)x.param->kind);
		if (!check_name(&x) || !check_place(&x) || !check_value(&x))
			return false;
	}
	return true;
}

/* The table */

static bool check_ops(const struct policy_ops *ops, const char *path, struct err *err)
{
	char name[QUOTE_SIZE];

	if (!ops->name || ops->name[0] == '\0')
		return err_input(err, "plug-in '%s' gives its policy no name", path);
	if (!is_name(ops->name))
		return err_input(err,
			"plug-in '%s': '%s' cannot name a policy: a name has letters, digits, '_', "
			"'-' and '.', at most %d",
			path,
			quote_bytes(name, sizeof name, ops->name, strnlen(ops->name, NAME_MOST)),
			NAME_MOST);
	if (!ops->summary)
		return err_input(err, "plug-in '%s': policy '%s' has no summary", path, ops->name);
	if (!is_line(ops->summary))
		return err_input(err, "plug-in '%s': the summary of policy '%s' is no line of text",
			path, ops->name);
	if (!ops->next)
		return err_input(err, "plug-in '%s': policy '%s' has no next()", path, ops->name);
	if (ops->state_size > STATE_MOST)
		return err_input(err,
			"plug-in '%s': policy '%s' wants %zu bytes of state; at most %zu are there",
			path, ops->name, ops->state_size, STATE_MOST);
	return check_params(ops, path, err);
}

/** Does a table of @size bytes hold whole members, and all that must be there? */
static bool whole(size_t size)
{
	static const size_t ends[] = {offsetof(struct policy_ops, finished), /* the end of next */
		offsetof(struct policy_ops, wake_s), offsetof(struct policy_ops, check),
		offsetof(struct policy_ops, init), offsetof(struct policy_ops, finish),
		offsetof(struct policy_ops, report), sizeof(struct policy_ops)};

	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
		if (size == offsetof(struct policy_plugin, ops) + ends[i])
			return true;
	return false;
}

bool plugin_check(struct policy_ops *ops, const struct policy_plugin *table, const char *path,
	struct err *err)
{
	if (table->abi != POLICY_ABI)
		return err_input(err,
			"plug-in '%s' has ABI %u; this program takes %d: build it against this "
			"version's offing/policy.h",
			path, table->abi, POLICY_ABI);
	if (table->size > sizeof *table)
		return err_input(err,
			"plug-in '%s' has a table of %u bytes; this program knows %zu: build it "
			"against this version's offing/policy.h",
			path, table->size, sizeof *table);
	if (!whole(table->size))
		return err_input(err,
			"plug-in '%s' has a table of %u bytes, which ends before next() or inside "
			"a member: .size is sizeof(struct policy_plugin)",
			path, table->size);
	*ops = (struct policy_ops){0};
	memcpy(ops, &table->ops, table->size - offsetof(struct policy_plugin, ops));
	return check_ops(ops, path, err);
}
