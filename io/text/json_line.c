#include "io/text/json_line.h"

#include <stdio.h>
#include <string.h>

#include "io/text/name_list.h"

#define DEPTH_MAX 32

struct json {
	const char *p, *end;
	char *why;
	size_t why_size;
	struct buf *names; /* of all members, for a message; NULL: not asked for */
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

static bool read_member(struct json *j, struct json_member *want, size_t n)
{
	struct str name, value;
	size_t i;

	if (!skip_string(j, &name) || !expect(j, ':'))
		return false;
	if (j->names)
		name_list_add(j->names, "", name);
	skip_blanks(j);
	value.s = j->p;
	if (!skip_value(j, 1))
		return false;
	value.n = (size_t)(j->p - value.s);
	for (i = 0; i < n; i++) {
		if (!str_eq(name, want[i].name))
			continue;
		if (want[i].value.n > 0) {
			j->p = name.s - 1;
			snprintf(j->why, j->why_size, "'%s' is given twice", want[i].name);
			return false;
		}
		want[i].value = value;
	}
	return true;
}

static bool read_object(struct json *j, struct json_member *want, size_t n)
{
	if (!expect(j, '{'))
		return false;
	if (peek(j) != '}')
		do {
			if (!read_member(j, want, n))
				return false;
		} while (peek(j) == ',' && j->p++);
	if (!expect(j, '}'))
		return false;
	if (peek(j) != '\0' || j->p < j->end)
		return fail(j, "there is more behind the object");
	return true;
}

/* Once more, for the names that are there; there is an object. */
static bool refuse_missing(
	struct json *j, struct str line, const struct json_member *want, size_t n)
{
	struct buf missing, there;
	size_t many = 0;

	buf_init(&missing);
	buf_init(&there);
	for (size_t i = 0; i < n; i++)
		if (want[i].value.n == 0) {
			name_list_add(&missing, "", str_of(want[i].name));
			many++;
		}
	j->p = line.s;
	j->names = &there;
	if (read_object(j, NULL, 0) && there.n > 0)
		snprintf(j->why, j->why_size, "%s %s missing; there %s %s", missing.s,
			many > 1 ? "are" : "is", strchr(there.s, ',') ? "are" : "is", there.s);
	else
		snprintf(j->why, j->why_size, "%s %s missing; the object is empty", missing.s,
			many > 1 ? "are" : "is");
	buf_finish(&missing);
	buf_finish(&there);
	return false;
}

bool json_line_read(struct str line, struct json_member *want, size_t n, bool one_more,
	const char **at, char *why, size_t why_size)
{
	struct json j = {line.s, line.s + line.n, why, why_size, NULL};
	size_t i;

	for (i = 0; i < n + one_more; i++)
		want[i].value = (struct str){0};
	if (!read_object(&j, want, n + one_more)) {
		*at = j.p;
		return false;
	}
	*at = line.s;
	for (i = 0; i < n; i++)
		if (want[i].value.n == 0)
			return refuse_missing(&j, line, want, n);
	return true;
}
