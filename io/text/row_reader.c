#include "io/text/row_reader.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/quote.h"
#include "io/text/json_line.h"
#include "io/text/trace_value.h"

bool row_reader_open(struct row_reader *r, enum row_shape shape, const char *file,
	struct line_limits limits, const struct csv_column *columns, size_t n, const char *who,
	struct src_pos at, struct err *err)
{
	assert(n <= CSV_COLUMNS);
	*r = (struct row_reader){.csv = {.columns = columns, .n_columns = n}, .shape = shape};
	if (shape == ROWS_CSV)
		return csv_open(&r->csv, file, limits, columns, n, who, at, err);
	return line_reader_open(&r->csv.lines, file, limits, at, err);
}

void row_reader_close(struct row_reader *r)
{
	csv_close(&r->csv);
}

/* Rows */

/* Without quotes, which a text has in JSON; a list in quotes is no list. Of null nothing. */
static struct str plain(struct str value)
{
	if (value.n == 4 && !memcmp(value.s, "null", 4))
		return (struct str){value.s, 0};
	if (value.n < 2 || value.s[0] != '"' || value.s[1] == '[')
		return value;
	return str_trim((struct str){value.s + 1, value.n - 2});
}

/* Of several names for one thing exactly one. */
static bool one_of(const struct row_reader *r, const struct json_member *want, struct err *err)
{
	const struct csv_column *columns = r->csv.columns;
	const char *asked = NULL, *one = NULL;

	for (size_t i = 0; i < r->csv.n_columns; i++) {
		if (columns[i].need != CSV_ONE_OF)
			continue;
		asked = asked ? asked : columns[i].name;
		if (want[i].value.n == 0)
			continue;
		if (one)
			return err_at(err, row_reader_pos(r, r->csv.line),
				"'%s' and '%s' say the same: leave one of them out", one,
				columns[i].name);
		one = columns[i].name;
	}
	return !asked || one ||
	       err_at(err, row_reader_pos(r, r->csv.line), "'%s' is missing", asked);
}

static bool read_object(struct row_reader *r, struct str value[CSV_COLUMNS], struct err *err)
{
	struct json_member want[CSV_COLUMNS];
	char why[JSON_WHY_SIZE];
	const char *at;

	for (size_t i = 0; i < r->csv.n_columns; i++)
		want[i] = (struct json_member){.name = r->csv.columns[i].name,
			.optional = r->csv.columns[i].need != CSV_NEEDED};
	if (!json_line_read(r->csv.line, want, r->csv.n_columns, &at, why, sizeof why)) {
		if (str_trim(r->csv.line).s[0] == '[')
			snprintf(why, sizeof why, "a line should be one JSON object, not a list");
		return line_reader_shows(&r->csv.lines, r->csv.line, r->csv.line, err) &&
		       err_at(err, line_reader_pos(&r->csv.lines, r->csv.line, at), "%s", why);
	}
	for (size_t i = 0; i < r->csv.n_columns; i++)
		value[i] = plain(want[i].value);
	return one_of(r, want, err);
}

int row_reader_next(struct row_reader *r, struct str value[CSV_COLUMNS], struct err *err)
{
	int got;

	if (r->shape == ROWS_CSV)
		return csv_next(&r->csv, value, err);
	got = line_reader_next_text(&r->csv.lines, &r->csv.line, err);
	if (got <= 0)
		return got;
	return read_object(r, value, err) ? 1 : -1;
}

/* Places and messages */

unsigned row_reader_line(const struct row_reader *r)
{
	return r->csv.lines.line;
}

struct src_pos row_reader_pos(const struct row_reader *r, struct str value)
{
	return line_reader_pos(&r->csv.lines, r->csv.line, value.s ? value.s : r->csv.line.s);
}

bool row_reader_refuse(const struct row_reader *r, size_t column, struct str value,
	const char *rule, struct err *err)
{
	char quoted[QUOTE_SIZE];

	if (!line_reader_shows(&r->csv.lines, value, r->csv.line, err))
		return false;
	return err_at(err, row_reader_pos(r, value), "%s must be %s, not '%s'",
		r->csv.columns[column].name, rule,
		quote_bytes(quoted, sizeof quoted, value.s ? value.s : "", value.n));
}

/* Which unit a clock has that shows @text since 1970, some time from 2001 to 2100; NULL: none. */
static const char *unit_of_epoch(struct str text)
{
	static const struct {
		double per_s;
		const char *name;
	} units[] = {{1.0, "seconds"}, {1e3, "milliseconds"}, {1e6, "microseconds"},
		{1e9, "nanoseconds"}};
	double number;

	if (!trace_number(text, &number))
		return NULL;
	for (size_t u = 0; u < sizeof units / sizeof units[0]; u++)
		if (number >= 978307200.0 * units[u].per_s &&
			number < 4102444800.0 * units[u].per_s)
			return units[u].name;
	return NULL;
}

bool row_reader_refuse_time(const struct row_reader *r, size_t column, struct str value,
	const char *rule, struct err *err)
{
	const char *unit = unit_of_epoch(value);
	char longer[200];

	if (!unit)
		return row_reader_refuse(r, column, value, rule, err);
	snprintf(longer, sizeof longer, "%s (this looks like %s since 1970)", rule, unit);
	return row_reader_refuse(r, column, value, longer, err);
}
