/* Logs of requests: what they are told by, and those of ours. */
#include "io/log/request_log.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "io/log/log_parts.h"
#include "io/text/heading.h"
#include "io/text/text_file.h"
#include "io/text/trace_value.h"

#define NS_PER_S INT64_C(1000000000)
#define NS_PER_MS INT64_C(1000000)

enum { LOG_BYTES_MAX = 1 << 28 };

static const struct line_limits LIMITS = {.bytes = LOG_BYTES_MAX, .lines = 10000000};

/* Our own: what each column is, in which unit, and whether it counts from the arrival. */

enum field { FIELD_ARRIVAL, FIELD_PROMPT, FIELD_OUTPUT, FIELD_FIRST, FIELD_END, FIELDS };

struct log_column {
	enum field field;
	int64_t unit_ns; /* 0: tokens */
	bool from_arrival;
};

static const struct csv_column names[] = {
	{"arrival_s", CSV_OPTIONAL},
	{"created_s", CSV_OPTIONAL},
	{"arrival_ms", CSV_OPTIONAL},
	{"prompt_tokens", CSV_NEEDED},
	{"output_tokens", CSV_NEEDED},
	{"first_token_s", CSV_OPTIONAL},
	{"first_token_ms", CSV_OPTIONAL},
	{"ttft_s", CSV_OPTIONAL},
	{"ttft_ms", CSV_OPTIONAL},
	{"last_token_s", CSV_OPTIONAL},
	{"last_token_ms", CSV_OPTIONAL},
	{"finished_s", CSV_OPTIONAL},
	{"end_s", CSV_OPTIONAL},
	{"e2e_s", CSV_OPTIONAL},
	{"e2e_ms", CSV_OPTIONAL},
	{"e2el_ms", CSV_OPTIONAL},
};

enum { COLUMNS = sizeof names / sizeof names[0] };

static const struct log_column columns[COLUMNS] = {
	{FIELD_ARRIVAL, NS_PER_S, false},
	{FIELD_ARRIVAL, NS_PER_S, false},
	{FIELD_ARRIVAL, NS_PER_MS, false},
	{FIELD_PROMPT, 0, false},
	{FIELD_OUTPUT, 0, false},
	{FIELD_FIRST, NS_PER_S, false},
	{FIELD_FIRST, NS_PER_MS, false},
	{FIELD_FIRST, NS_PER_S, true},
	{FIELD_FIRST, NS_PER_MS, true},
	{FIELD_END, NS_PER_S, false},
	{FIELD_END, NS_PER_MS, false},
	{FIELD_END, NS_PER_S, false},
	{FIELD_END, NS_PER_S, false},
	{FIELD_END, NS_PER_S, true},
	{FIELD_END, NS_PER_MS, true},
	{FIELD_END, NS_PER_MS, true},
};

static const char *const wanted[FIELDS] = {
	[FIELD_ARRIVAL] = "a time of arrival (arrival_s, arrival_ms, created_s)",
	[FIELD_FIRST] =
		"a time of the first token (first_token_s, first_token_ms, ttft_s, ttft_ms)",
	[FIELD_END] = "a time of the last token (last_token_s, last_token_ms, finished_s, end_s, "
		      "e2e_s, e2e_ms, e2el_ms)",
};

struct own_log {
	struct row_reader rows;
	size_t at[FIELDS]; /* the column that has it */
};

/* Is column @c in the row in hand? Of CSV it is in all of them. */
static bool has_column(const struct own_log *l, size_t c, const struct str *value)
{
	return l->rows.shape == ROWS_CSV ? l->rows.csv.at[c] != SIZE_MAX : value[c].s != NULL;
}

static bool choose_columns(struct own_log *l, const struct str *value, struct err *err)
{
	struct src_pos place = {l->rows.csv.lines.file, row_reader_line(&l->rows), 1};
	const char *where = l->rows.shape == ROWS_CSV ? "first line" : "line";

	for (size_t f = 0; f < FIELDS; f++)
		l->at[f] = COLUMNS;
	for (size_t c = 0; c < COLUMNS; c++) {
		size_t *at = &l->at[columns[c].field];

		if (!has_column(l, c, value))
			continue;
		if (*at < COLUMNS)
			return err_at(err, place,
				"columns '%s' and '%s' say the same: leave one of them out",
				names[*at].name, names[c].name);
		*at = c;
	}
	for (size_t f = 0; f < FIELDS; f++)
		if (l->at[f] == COLUMNS)
			return err_at(err, place, "%s lacks %s", where, wanted[f]);
	return true;
}

static bool time_of(const struct own_log *l, enum field f, const struct str *value,
	int64_t arrival_ns, int64_t *out, struct err *err)
{
	const struct log_column *c = &columns[l->at[f]];
	const struct str text = value[l->at[f]];

	if (!trace_time(text, c->unit_ns, out))
		return row_reader_refuse_time(&l->rows, l->at[f], text,
			c->unit_ns == NS_PER_S ? "a number of seconds from 0 to 9e9"
					       : "a number of milliseconds from 0 to 9e12",
			err);
	if (c->from_arrival && __builtin_add_overflow(*out, arrival_ns, out))
		return row_reader_refuse(&l->rows, l->at[f], text, "a time within 292 years", err);
	return true;
}

static bool tokens_of(const struct own_log *l, enum field f, uint32_t least,
	const struct str *value, uint32_t *out, struct err *err)
{
	const struct str text = value[l->at[f]];

	if (trace_whole(text, LOG_TOK_MAX, out) && *out >= least)
		return true;
	return row_reader_refuse(&l->rows, l->at[f], text,
		least ? "a whole number from 1 to 1000000000"
		      : "a whole number from 0 to 1000000000",
		err);
}

/* No last token: it was refused, or the log was closed first. */
static bool unanswered(const struct own_log *l, const struct str *value)
{
	return value[l->at[FIELD_END]].n == 0 || value[l->at[FIELD_FIRST]].n == 0 ||
	       value[l->at[FIELD_OUTPUT]].n == 0;
}

static bool own_row(
	const struct own_log *l, struct log_rows *rows, const struct str *value, struct err *err)
{
	struct served_request r = {0};

	if (!time_of(l, FIELD_ARRIVAL, value, 0, &r.arrival_ns, err))
		return false;
	if (unanswered(l, value)) {
		rows->n_unanswered++;
		return true;
	}
	if (!tokens_of(l, FIELD_PROMPT, 1, value, &r.prompt_tok, err) ||
		!tokens_of(l, FIELD_OUTPUT, 0, value, &r.output_tok, err))
		return false;
	if (r.output_tok == 0) {
		rows->n_unanswered++;
		return true;
	}
	log_place(&r, &l->rows, value[l->at[FIELD_FIRST]]);
	return time_of(l, FIELD_FIRST, value, r.arrival_ns, &r.first_ns, err) &&
	       time_of(l, FIELD_END, value, r.arrival_ns, &r.end_ns, err) && log_add(rows, &r, err);
}

static bool own_read(struct log_rows *rows, enum row_shape shape, struct err *err)
{
	struct own_log l = {0};
	struct str value[CSV_COLUMNS];
	int got;

	if (!row_reader_open(&l.rows, shape, rows->file, LIMITS, names, COLUMNS, "a log",
		    (struct src_pos){0}, err))
		return false;
	got = shape == ROWS_JSON || choose_columns(&l, NULL, err) ? 1 : -1;
	while (got > 0 && (got = row_reader_next(&l.rows, value, err)) > 0)
		if ((shape == ROWS_JSON && !choose_columns(&l, value, err)) ||
			!own_row(&l, rows, value, err))
			got = -1;
	row_reader_close(&l.rows);
	return got == 0;
}

/* All of them */

static int by_arrival(const void *a, const void *b)
{
	const struct served_request *x = a, *y = b;

	if (x->arrival_ns != y->arrival_ns)
		return x->arrival_ns < y->arrival_ns ? -1 : 1;
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return (x->col > y->col) - (x->col < y->col);
}

static void keep(struct served_log *out, struct arena *a, struct log_rows *rows)
{
	struct served_request *kept = arena_alloc(a, rows->n, sizeof *kept);
	int64_t from_ns;

	if (rows->n > 0) {
		mem_sort(rows->at, rows->n, sizeof *rows->at, by_arrival);
		memcpy(kept, rows->at, rows->n * sizeof *kept);
		from_ns = kept[0].arrival_ns;
		for (size_t i = 0; i < rows->n; i++) {
			kept[i].arrival_ns -= from_ns;
			kept[i].first_ns -= from_ns;
			kept[i].end_ns -= from_ns;
		}
	}
	*out = (struct served_log){arena_strdup(a, rows->file), rows->n, kept, rows->n_unanswered};
}

static bool bench_read(struct log_rows *rows, struct err *err)
{
	struct arena a;
	char *text;
	size_t n;
	bool ok;

	arena_init(&a);
	ok = text_file_read(&text, &n, &a, rows->file, LOG_BYTES_MAX, (struct src_pos){0}, err) &&
	     vllm_bench_read(rows, text, n, err);
	arena_finish(&a);
	return ok;
}

/* By its heading. What is of no known format is taken for one of ours, or for a result of `vllm
 * bench serve`, whose readers say what they miss. */
static bool read_rows(struct log_rows *rows, struct err *err)
{
	struct heading heading;
	struct arena a;
	bool ok;

	arena_init(&a);
	ok = heading_read(&heading, &a, rows->file, (struct src_pos){0}, err);
	if (ok && heading_has(&heading, "prompt_tokens") && heading.kind != HEADING_LIST)
		ok = own_read(rows, heading.kind == HEADING_NAMES ? ROWS_CSV : ROWS_JSON, err);
	else if (ok && log_is_foreign(&heading))
		ok = log_foreign_read(rows, &heading, err);
	else if (ok && heading.kind == HEADING_OBJECT)
		ok = bench_read(rows, err);
	else if (ok)
		ok = own_read(rows, ROWS_CSV, err);
	arena_finish(&a);
	return ok;
}

bool request_log_read(struct served_log *out, struct arena *a, const char *file, struct err *err)
{
	struct log_rows rows = {.file = file};
	bool ok;

	*out = (struct served_log){0};
	if (!strcmp(file, "-")) /* it is read twice */
		return err_input(err, "a log is read from a file, not from standard input");
	ok = read_rows(&rows, err);
	if (ok)
		keep(out, a, &rows);
	free(rows.at);
	return ok;
}
