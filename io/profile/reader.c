/* Words, numbers and complaints of the profile parser. */
#include "io/profile/reader.h"

#include <stdlib.h>
#include <string.h>

#include "base/near.h"
#include "base/quote.h"

enum { MAX_NUMBER = 40 };

bool reader_fail(struct profile_reader *r, unsigned col, const char *rule, const char *text)
{
	char buf[QUOTE_SIZE];
	struct src_pos at = {.file = r->path, .line = r->line, .col = col};

	if (text)
		return err_at(r->err, at, "%s, not '%s'", rule, quote(buf, sizeof buf, text));
	return err_at(r->err, at, "%s", rule);
}

bool reader_unknown(struct profile_reader *r, const struct token *t, const char *what,
	const char *const *known, size_t n)
{
	char buf[QUOTE_SIZE];
	struct src_pos at = {.file = r->path, .line = r->line, .col = t->col};
	struct near near;

	near_init(&near, t->text);
	for (size_t i = 0; i < n; i++)
		near_add(&near, known[i]);
	quote(buf, sizeof buf, t->text);
	if (near_best(&near))
		return err_at(r->err, at, "unknown %s '%s'; did you mean '%s'?", what, buf,
			near_best(&near));
	return err_at(r->err, at, "unknown %s '%s'", what, buf);
}

size_t reader_word(const char *word, const char *const *words, size_t n)
{
	size_t i = 0;

	while (i < n && strcmp(words[i], word) != 0)
		i++;
	return i;
}

bool reader_number(
	struct profile_reader *r, double *out, const struct token *t, double min, double max)
{
	char *end, rule[96];
	size_t n = strlen(t->text);

	snprintf(rule, sizeof rule, "must be a number from %g to %g", min, max);
	if (n == 0 || n > MAX_NUMBER || strspn(t->text, "0123456789+-.eE") != n)
		return reader_fail(r, t->col, rule, t->text);
	*out = strtod(t->text, &end);
	if (*end || !(*out >= min && *out <= max))
		return reader_fail(r, t->col, rule, t->text);
	return true;
}

bool reader_whole(struct profile_reader *r, uint64_t *out, const struct token *t, double min)
{
	double x;

	if (!reader_number(r, &x, t, min, 1e9))
		return false;
	*out = (uint64_t)x;
	if ((double)*out != x)
		return reader_fail(r, t->col, "must be a whole number", t->text);
	return true;
}

bool reader_seconds(struct profile_reader *r, double *out, const struct token *t)
{
	return reader_number(r, out, t, 1e-9, 1e5);
}

size_t reader_cut(struct token *t, char *s, unsigned col)
{
	size_t n = 0;

	while (n < PROFILE_TOKENS) {
		size_t blanks = strspn(s, " \t"), len;

		s += blanks;
		col += (unsigned)blanks;
		len = strcspn(s, " \t");
		if (len == 0)
			break;
		t[n++] = (struct token){s, col};
		s += len;
		col += (unsigned)len;
		if (*s)
			*s++ = '\0', col++;
	}
	return n;
}

bool reader_missing(struct profile_reader *r, const char *what)
{
	return err_at(r->err, (struct src_pos){.file = r->path}, "the profile has no %s", what);
}
