#include "io/text/json_line.h"

#include <stdio.h>
#include <string.h>

#include "base/near.h"
#include "io/text/name_list.h"

#define DEPTH_MAX 32

struct json {
	const char *p, *end;
	char *why;
	size_t why_size;
	struct buf *names; /* of all members, for a message; NULL: not asked for */
	const char *missing;
	char like[64]; /* one of the names, if it looks like that */
};

static bool fail(struct json *j, const char *why)
{
	snprintf(j->why, j->why_size, "%s", why);
	return false;
}

static void skip_blanks(struct json *j)
{
	while (j->p < j->end && memchr(" \t\r\n", *j->p, 4))
		j->p++;
}

/* The next character that is no blank; '\0' at the end. */
static char peek(struct json *j)
{
	skip_blanks(j);
	return j->p < j->end ? *j->p : '\0';
}

static bool expect(struct json *j, char c)
{
	char why[] = "expected '?'";

	if (peek(j) == c && j->p < j->end) {
		j->p++;
		return true;
	}
	why[10] = c;
	return fail(j, why);
}

static bool skip_escape(struct json *j)
{
	size_t i;

	j->p++;
	if (j->p == j->end)
		return fail(j, "string does not end");
	if (*j->p != 'u')
		return *j->p != '\0' && strchr("\"\\/bfnrt", *j->p)
			       ? (j->p++, true)
			       : fail(j, "unknown escape in a string");
	for (j->p++, i = 0; i < 4; i++, j->p++)
		if (j->p == j->end || *j->p == '\0' || !strchr("0123456789abcdefABCDEF", *j->p))
			return fail(j, "\\u needs 4 hexadecimal digits");
	return true;
}

/* A string, quotes left out of *@out. */
static bool skip_string(struct json *j, struct str *out)
{
	if (!expect(j, '"'))
		return false;
	out->s = j->p;
	while (j->p < j->end && *j->p != '"') {
		if ((unsigned char)*j->p < ' ')
			return fail(j, "control character in a string");
		if (*j->p == '\\') {
			if (!skip_escape(j))
				return false;
		} else {
			j->p++;
		}
	}
	if (j->p == j->end)
		return fail(j, "string does not end");
	out->n = (size_t)(j->p - out->s);
	j->p++;
	return true;
}

static size_t skip_digits(struct json *j)
{
	const char *from = j->p;

	while (j->p < j->end && *j->p >= '0' && *j->p <= '9')
		j->p++;
	return (size_t)(j->p - from);
}

static bool skip_number(struct json *j)
{
	const char *first;

	if (*j->p == '-')
		j->p++;
	first = j->p;
	if (skip_digits(j) == 0)
		return fail(j, "expected a value");
	if (*first == '0' && j->p - first > 1)
		return fail(j, "number starts with 0");
	if (j->p < j->end && *j->p == '.') {
		j->p++;
		if (skip_digits(j) == 0)
			return fail(j, "number ends with its point");
	}
	if (j->p < j->end && (*j->p == 'e' || *j->p == 'E')) {
		j->p++;
		if (j->p < j->end && (*j->p == '+' || *j->p == '-'))
			j->p++;
		if (skip_digits(j) == 0)
			return fail(j, "number ends in its exponent");
	}
	return true;
}

static bool skip_word(struct json *j, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(j->end - j->p) < n || memcmp(j->p, word, n) != 0)
		return fail(j, "expected a value");
	j->p += n;
	return true;
}

static bool skip_value(struct json *j, unsigned depth);

/* What is between the brackets @open and @close; members have a name when it is an object. */
static bool skip_list(struct json *j, unsigned depth, char close)
{
	struct str name;

	if (depth >= DEPTH_MAX)
		return fail(j, "nested deeper than 32 levels");
	j->p++;
	if (peek(j) == close) {
		j->p++;
		return true;
	}
	for (;;) {
		if (close == '}' && (!skip_string(j, &name) || !expect(j, ':')))
			return false;
		if (!skip_value(j, depth + 1))
			return false;
		if (peek(j) == close) {
			j->p++;
			return true;
		}
		if (!expect(j, ','))
			return false;
	}
}

static bool skip_value(struct json *j, unsigned depth)
{
	struct str ignored;

	switch (peek(j)) {
	case '{':
		return skip_list(j, depth, '}');
	case '[':
		return skip_list(j, depth, ']');
	case '"':
		return skip_string(j, &ignored);
	case 't':
		return skip_word(j, "true");
	case 'f':
		return skip_word(j, "false");
	case 'n':
		return skip_word(j, "null");
	case '\0':
		return fail(j, "expected a value");
	default:
		return skip_number(j);
	}
}

static bool read_members(struct json *j, struct json_member *want, size_t n, struct str within);

/* Is @member called @name, in the object whose own name and dot are @within? */
static bool is_called(const struct json_member *member, struct str within, struct str name)
{
	return strncmp(member->name, within.s, within.n) == 0 &&
	       str_eq(name, member->name + within.n);
}

static bool is_wanted(const struct json_member *want, size_t n, struct str within, struct str name)
{
	for (size_t i = 0; i < n; i++)
		if (is_called(&want[i], within, name))
			return true;
	return false;
}

/* For a message: a name that is there, and whether it may be meant for one that is not. */
static void note_name(struct json *j, struct str name, bool wanted)
{
	const char *dot = strrchr(j->missing, '.');
	char text[sizeof j->like];
	struct near near;

	name_list_add(j->names, "", name);
	if (wanted || *j->like || name.n >= sizeof text)
		return;
	snprintf(text, sizeof text, "%.*s", (int)name.n, name.s);
	near_init(&near, text);
	near_add(&near, dot ? dot + 1 : j->missing);
	if (near_best(&near))
		strcpy(j->like, text);
}

/* Something is wanted of the object @name: its own name and dot. n is 0: nothing is. */
static struct str wanted_of(
	const struct json_member *want, size_t n, struct str within, struct str name)
{
	for (size_t i = 0; i < n; i++) {
		const char *rest = want[i].name + within.n;

		if (strncmp(want[i].name, within.s, within.n) == 0 &&
			strncmp(rest, name.s, name.n) == 0 && rest[name.n] == '.')
			return (struct str){want[i].name, within.n + name.n + 1};
	}
	return (struct str){0};
}

static bool keep_member(struct json *j, struct json_member *want, struct str name, struct str value)
{
	if (want->value.n > 0) {
		j->p = name.s - 1;
		snprintf(j->why, j->why_size, "'%s' is given twice", want->name);
		return false;
	}
	want->value = value;
	return true;
}

static bool read_member(struct json *j, struct json_member *want, size_t n, struct str within)
{
	struct str name, value, object;

	if (!skip_string(j, &name) || !expect(j, ':'))
		return false;
	if (j->names)
		note_name(j, name, is_wanted(want, n, within, name));
	object = wanted_of(want, n, within, name);
	value.s = peek(j) == '\0' ? j->end : j->p;
	if (object.n > 0 && *value.s == '{') {
		if (!read_members(j, want, n, object))
			return false;
	} else if (!skip_value(j, 1)) {
		return false;
	}
	value.n = (size_t)(j->p - value.s);
	for (size_t i = 0; i < n; i++)
		if (is_called(&want[i], within, name) && !keep_member(j, &want[i], name, value))
			return false;
	return true;
}

static bool read_members(struct json *j, struct json_member *want, size_t n, struct str within)
{
	if (!expect(j, '{'))
		return false;
	if (peek(j) != '}')
		do {
			if (!read_member(j, want, n, within))
				return false;
		} while (peek(j) == ',' && j->p++);
	return expect(j, '}');
}

static bool read_object(struct json *j, struct json_member *want, size_t n)
{
	if (!read_members(j, want, n, (struct str){"", 0}))
		return false;
	if (peek(j) != '\0' || j->p < j->end)
		return fail(j, "there is more behind the object");
	return true;
}

static bool is_missing(const struct json_member *m)
{
	return m->value.n == 0 && !m->optional;
}

/* Once more, for the names that are there; there is an object. */
static bool refuse_missing(struct json *j, struct str line, struct json_member *want, size_t n)
{
	struct buf missing, there;
	size_t many = 0;

	buf_init(&missing);
	buf_init(&there);
	for (size_t i = 0; i < n; i++) {
		if (is_missing(&want[i])) {
			name_list_add(&missing, "", str_of(want[i].name));
			j->missing = many++ ? j->missing : want[i].name;
		}
		want[i].value = (struct str){0};
	}
	j->p = line.s;
	j->names = &there;
	if (read_object(j, want, n) && there.n > 0)
		snprintf(j->why, j->why_size, "%s %s missing; there %s %s%s%s%s%s%s", missing.s,
			many > 1 ? "are" : "is", strchr(there.s, ',') ? "are" : "is", there.s,
			*j->like ? "; is '" : "", j->like, *j->like ? "' meant to be '" : "",
			*j->like ? j->missing : "", *j->like ? "'?" : "");
	else
		snprintf(j->why, j->why_size, "%s %s missing; the object is empty", missing.s,
			many > 1 ? "are" : "is");
	buf_finish(&missing);
	buf_finish(&there);
	return false;
}

bool json_line_read(struct str line, struct json_member *want, size_t n, const char **at, char *why,
	size_t why_size)
{
	struct json j = {line.s, line.s + line.n, why, why_size, NULL, "", ""};
	size_t i;

	for (i = 0; i < n; i++)
		want[i].value = (struct str){0};
	if (!read_object(&j, want, n)) {
		*at = j.p;
		return false;
	}
	*at = line.s;
	for (i = 0; i < n; i++)
		if (is_missing(&want[i]))
			return refuse_missing(&j, line, want, n);
	return true;
}
