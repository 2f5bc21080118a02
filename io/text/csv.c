#include "io/text/csv.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/near.h"
#include "base/quote.h"
#include "io/text/name_list.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static void skip_blanks(struct str *rest)
{
	while (rest->n > 0 && is_blank(*rest->s)) {
		rest->s++;
		rest->n--;
	}
}

/* What is between the quotes at the front of *@rest, doubled ones left doubled; behind them only
 * blanks may stand before the next comma. */
static const char *cut_quoted(struct str *rest, struct str *field)
{
	const char *s = rest->s + 1, *end = rest->s + rest->n, *comma;

	while (s < end && !(*s == '"' && (s + 1 == end || s[1] != '"')))
		s += *s == '"' ? 2 : 1;
	if (s >= end)
		return "a quote does not end on its line";
	*field = (struct str){rest->s + 1, (size_t)(s - rest->s) - 1};
	*rest = (struct str){s + 1, (size_t)(end - s) - 1};
	skip_blanks(rest);
	if (rest->n > 0 && *rest->s != ',')
		return "there is more behind a quoted field";
	comma = rest->n > 0 ? rest->s : NULL;
	*rest = comma ? (struct str){comma + 1, rest->n - 1} : (struct str){0};
	return NULL;
}

int csv_cut(struct str *rest, struct str *field, const char **why)
{
	if (!rest->s)
		return 0;
	skip_blanks(rest);
	if (rest->n == 0 || *rest->s != '"') {
		if (!str_split(rest, ',', field))
			return 0;
		*field = str_trim(*field);
		return 1;
	}
	*why = cut_quoted(rest, field);
	return *why ? -1 : 1;
}

/* 1: a field was cut off *@rest; 0: there is none left; -1: see @err. */
static int cut_field(
	const struct csv_reader *r, struct str *rest, struct str *field, struct err *err)
{
	const char *why, *from = rest->s;
	int got = csv_cut(rest, field, &why);

	if (got < 0)
		err_at(err, line_reader_pos(&r->lines, r->line, from), "%s", why);
	return got;
}

/* The heading */

/* Where the heading is complained about. */
static struct src_pos heading_at(const struct csv_reader *r)
{
	return (struct src_pos){r->lines.file, r->lines.line, 1};
}

static bool refuse_twice(const struct csv_reader *r, const char *name, size_t first, size_t second,
	const char *s, struct err *err)
{
	return err_at(err, line_reader_pos(&r->lines, r->line, s),
		"column '%s' is there twice, as number %zu and number %zu", name, first + 1,
		second + 1);
}

static bool find_columns(struct csv_reader *r, struct err *err)
{
	struct str rest = r->line, field;
	int got;

	for (size_t i = 0; i < r->n_columns; i++)
		r->at[i] = SIZE_MAX;
	for (; (got = cut_field(r, &rest, &field, err)) > 0; r->n_fields++)
		for (size_t i = 0; i < r->n_columns; i++) {
			if (!str_eq(field, r->columns[i].name))
				continue;
			if (r->at[i] != SIZE_MAX)
				return refuse_twice(
					r, r->columns[i].name, r->at[i], r->n_fields, field.s, err);
			r->at[i] = r->n_fields;
		}
	return got == 0;
}

static void add_columns_there(const struct csv_reader *r, struct buf *to)
{
	struct str rest = r->line, field;
	struct err ignored = {0};

	while (cut_field(r, &rest, &field, &ignored) > 0)
		name_list_add(to, "", field);
}

/* Columns that are missing, in the order they were asked for. */
static void add_columns_missing(const struct csv_reader *r, struct buf *to)
{
	bool one_there = false, first = true;

	for (size_t i = 0; i < r->n_columns; i++)
		one_there |= r->columns[i].need == CSV_ONE_OF && r->at[i] != SIZE_MAX;
	for (size_t i = 0; i < r->n_columns; i++) {
		const struct csv_column *c = &r->columns[i];

		if (c->need == CSV_NEEDED && r->at[i] == SIZE_MAX)
			name_list_add(to, "", str_of(c->name));
		if (c->need != CSV_ONE_OF || one_there)
			continue;
		name_list_add(to, first ? "one of " : "", str_of(c->name));
		first = false;
	}
}

const char *csv_other_separator(struct str line)
{
	if (memchr(line.s, ',', line.n))
		return NULL;
	if (memchr(line.s, ';', line.n))
		return "semicolons";
	return memchr(line.s, '\t', line.n) ? "tabs" : NULL;
}

static bool is_known(const struct csv_reader *r, struct str name)
{
	for (size_t i = 0; i < r->n_columns; i++)
		if (str_eq(name, r->columns[i].name))
			return true;
	return false;
}

/* A column that is there and looks like the first one missing: "did you mean". */
static void add_nearest(const struct csv_reader *r, struct buf *to)
{
	struct str rest = r->line, field;
	struct err ignored = {0};

	while (cut_field(r, &rest, &field, &ignored) > 0) {
		char name[64], quoted[QUOTE_SIZE];
		struct near near;

		if (field.n == 0 || is_known(r, field))
			continue;
		snprintf(name, sizeof name, "%.*s", (int)field.n, field.s);
		near_init(&near, name);
		for (size_t i = 0; i < r->n_columns; i++)
			if (r->at[i] == SIZE_MAX && r->columns[i].need != CSV_OPTIONAL)
				near_add(&near, r->columns[i].name);
		if (!near_best(&near))
			continue;
		buf_printf(to, "; is '%s' meant to be '%s'?",
			quote_bytes(quoted, sizeof quoted, field.s, field.n), near_best(&near));
		return;
	}
}

static bool refuse_missing(
	const struct csv_reader *r, const char *missing, const char *who, struct err *err)
{
	const char *other = csv_other_separator(r->line);
	char quoted[QUOTE_SIZE];
	struct buf there;

	if (!line_reader_shows(&r->lines, r->line, r->line, err))
		return false;
	if (other)
		return err_at(err, heading_at(r),
			"fields are separated by commas, not %s; the first line is '%s'", other,
			quote_bytes(quoted, sizeof quoted, r->line.s, r->line.n));
	buf_init(&there);
	add_columns_there(r, &there);
	add_nearest(r, &there);
	err_at(err, heading_at(r), "first line lacks %s, which %s needs; it has %s", missing, who,
		there.s);
	buf_finish(&there);
	return false;
}

static bool refuse_two(const struct csv_reader *r, struct err *err)
{
	const char *one = NULL;

	for (size_t i = 0; i < r->n_columns; i++) {
		if (r->columns[i].need != CSV_ONE_OF || r->at[i] == SIZE_MAX)
			continue;
		if (one)
			return err_at(err, heading_at(r),
				"columns '%s' and '%s' say the same: leave one of them out", one,
				r->columns[i].name);
		one = r->columns[i].name;
	}
	return true;
}

static bool check_heading(const struct csv_reader *r, const char *who, struct err *err)
{
	struct buf missing;
	bool ok = true;

	buf_init(&missing);
	add_columns_missing(r, &missing);
	if (missing.n > 0)
		ok = refuse_missing(r, missing.s, who, err);
	buf_finish(&missing);
	return ok && refuse_two(r, err);
}

static bool read_heading(struct csv_reader *r, const char *who, struct err *err)
{
	int got = line_reader_next(&r->lines, &r->line, err);

	if (got == 0)
		return err_at(err, (struct src_pos){r->lines.file, 1, 1}, "file is empty");
	return got > 0 && find_columns(r, err) && check_heading(r, who, err);
}

bool csv_open(struct csv_reader *r, const char *file, struct line_limits limits,
	const struct csv_column *columns, size_t n, const char *who, struct src_pos at,
	struct err *err)
{
	assert(n <= CSV_COLUMNS);
	*r = (struct csv_reader){.columns = columns, .n_columns = n};
	if (!line_reader_open(&r->lines, file, limits, at, err))
		return false;
	if (read_heading(r, who, err))
		return true;
	csv_close(r);
	return false;
}

void csv_close(struct csv_reader *r)
{
	line_reader_close(&r->lines);
}

/* Rows */

static int refuse_row(const struct csv_reader *r, size_t n, struct err *err)
{
	const struct src_pos at = line_reader_pos(&r->lines, r->line, r->line.s);
	const char *other = csv_other_separator(r->line);

	if (!line_reader_shows(&r->lines, r->line, r->line, err))
		return -1;
	if (other)
		err_at(err, at, "fields are separated by commas, not %s", other);
	else
		err_at(err, at, "row has %zu field%s, not %zu as the first line", n,
			n == 1 ? "" : "s", r->n_fields);
	return -1;
}

int csv_next(struct csv_reader *r, struct str value[CSV_COLUMNS], struct err *err)
{
	struct str rest, field;
	size_t n;
	int got = line_reader_next_text(&r->lines, &r->line, err);

	if (got <= 0)
		return got;
	rest = r->line;
	memset(value, 0, CSV_COLUMNS * sizeof *value);
	for (n = 0; (got = cut_field(r, &rest, &field, err)) > 0; n++)
		for (size_t i = 0; i < r->n_columns; i++)
			if (n == r->at[i])
				value[i] = field;
	if (got < 0)
		return -1;
	return n == r->n_fields ? 1 : refuse_row(r, n, err);
}

void csv_print_quoted(FILE *to, const char *text)
{
	fputc('"', to);
	for (; *text; text++) {
		fputs(*text == '"' ? "\"" : "", to);
		fputc(*text, to);
	}
	fputc('"', to);
}
