/* Traces of requests: CSV with named columns, or JSON lines. */
#include "io/trace/arrival_trace.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "io/text/json_line.h"
#include "io/text/line_reader.h"
#include "io/text/trace_value.h"
#include "sim/dist.h"
#include "models/workload/spec.h"

enum field { FIELD_TIME, FIELD_PROMPT, FIELD_OUTPUT, FIELDS };

#define BATCH_NS INT64_C(3000000000) /* Mooncake writes its times in batches of 3 s */
#define BATCH_ROWS_MAX 65536u

struct format {
	const char *name;
	const char *fields[FIELDS];
	bool json;
	bool from_first; /* time 0 is the first row's, else as written */
	bool batched;    /* rows of one time came during the BATCH_NS behind it */
	bool date;       /* times are dates, else numbers of @unit_s */
	double unit_s;
};

static const struct format formats[] = {
	[TRACE_CSV] = {.name = "csv",
		.fields = {"arrival_s", "prompt_tokens", "output_tokens"},
		.unit_s = 1.0},
	[TRACE_AZURE] = {.name = "azure",
		.fields = {"TIMESTAMP", "ContextTokens", "GeneratedTokens"},
		.from_first = true,
		.date = true},
	[TRACE_MOONCAKE] = {.name = "mooncake",
		.fields = {"timestamp", "input_length", "output_length"},
		.json = true,
		.from_first = true,
		.batched = true,
		.unit_s = 1e-3},
	[TRACE_BURSTGPT] = {.name = "burstgpt",
		.fields = {"Timestamp", "Request tokens", "Response tokens"},
		.from_first = true,
		.unit_s = 1.0},
};

struct row {
	int64_t at_ns;
	uint32_t prompt_tok, output_tok;
	unsigned line;
};

struct trace_source {
	struct line_reader lines;
	const struct format *format;
	size_t column[FIELDS]; /* csv: where they stand */
	size_t n_columns;
	bool any; /* a row was read: first_ns and last_ns are set */
	int64_t first_ns, last_ns;
	uint64_t skipped;

	/* batched: the rows of one time, and the first one of the next */
	struct row *batch;
	size_t n_batch, n_given, cap_batch;
	int64_t batch_span_ns;
	struct row ahead;
	bool has_ahead, ended;
};

/* Values */

static bool bad_value(const struct trace_source *s, struct str line, struct str text, enum field f,
	const char *rule, struct err *err)
{
	return err_at(err, line_reader_pos(&s->lines, line, text.s), "%s must be %s, not '%s'",
		s->format->fields[f], rule, trace_quote(text).s);
}

static bool read_time(const struct trace_source *s, struct str line, struct str text, int64_t *ns,
	struct err *err)
{
	if (s->format->date)
		return trace_date_time(text, ns) ||
		       bad_value(s, line, text, FIELD_TIME,
			       "a time such as 2023-11-16 18:15:46.6805900", err);
	return trace_seconds(text, s->format->unit_s, ns) ||
	       bad_value(s, line, text, FIELD_TIME, "a number from 0 to 9e9 seconds", err);
}

static bool in_order(
	struct trace_source *s, struct str line, struct str text, int64_t ns, struct err *err)
{
	if (s->any && ns < s->last_ns)
		return err_at(err, line_reader_pos(&s->lines, line, text.s),
			"%s goes back by %g s; a trace must be in order of time",
			s->format->fields[FIELD_TIME], 1e-9 * (double)(s->last_ns - ns));
	if (!s->any)
		s->first_ns = s->format->from_first ? ns : 0;
	s->any = true;
	s->last_ns = ns;
	return true;
}

/* 1: a row; 0: no row, it has no output; -1: wrong. */
static int read_values(struct trace_source *s, struct str line, const struct str text[FIELDS],
	struct row *row, struct err *err)
{
	if (!read_time(s, line, text[FIELD_TIME], &row->at_ns, err) ||
		!in_order(s, line, text[FIELD_TIME], row->at_ns, err))
		return -1;
	row->output_tok = 0;
	if (text[FIELD_OUTPUT].n > 0 &&
		!trace_whole(text[FIELD_OUTPUT], DIST_COUNT_MAX, &row->output_tok)) {
		bad_value(s, line, text[FIELD_OUTPUT], FIELD_OUTPUT,
			"a whole number from 0 to 1000000000", err);
		return -1;
	}
	if (row->output_tok == 0)
		return 0;
	if (!trace_whole(text[FIELD_PROMPT], DIST_COUNT_MAX, &row->prompt_tok) ||
		row->prompt_tok == 0) {
		bad_value(s, line, text[FIELD_PROMPT], FIELD_PROMPT,
			"a whole number from 1 to 1000000000", err);
		return -1;
	}
	row->at_ns -= s->first_ns;
	row->line = s->lines.line;
	return 1;
}

/* CSV */

/* Cut the next field off. Quotes around it are left out; a doubled one inside stays doubled. */
static bool cut_field(struct str *rest, struct str *field)
{
	size_t i;

	if (!rest->s || rest->n == 0 || rest->s[0] != '"') {
		if (!str_split(rest, ',', field))
			return false;
		*field = str_trim(*field);
		return true;
	}
	for (i = 1; i < rest->n; i++)
		if (rest->s[i] == '"' && (i + 1 == rest->n || rest->s[i + 1] == ','))
			break;
	*field = (struct str){rest->s + 1, i - 1};
	if (i + 1 < rest->n)
		*rest = (struct str){rest->s + i + 2, rest->n - i - 2};
	else
		*rest = (struct str){0};
	return true;
}

static int read_csv(struct trace_source *s, struct str line, struct row *row, struct err *err)
{
	struct str text[FIELDS] = {{0}}, rest = line, field;
	size_t column, f;

	for (column = 0; cut_field(&rest, &field); column++)
		for (f = 0; f < FIELDS; f++)
			if (column == s->column[f])
				text[f] = field;
	if (column != s->n_columns) {
		err_at(err, line_reader_pos(&s->lines, line, line.s),
			"row has %zu fields, not %zu as the first line", column, s->n_columns);
		return -1;
	}
	return read_values(s, line, text, row, err);
}

static bool read_header(struct trace_source *s, struct err *err)
{
	struct src_pos at = {s->lines.file, 1, 1};
	struct str line, rest, field;
	size_t f;
	int got = line_reader_next(&s->lines, &line, err);

	if (got < 0)
		return false;
	if (got == 0)
		return err_at(err, at, "file is empty");
	if (line.n >= 3 && memcmp(line.s, "\xef\xbb\xbf", 3) == 0) /* byte order mark */
		line = (struct str){line.s + 3, line.n - 3};
	for (f = 0; f < FIELDS; f++)
		s->column[f] = SIZE_MAX;
	for (rest = line; cut_field(&rest, &field); s->n_columns++)
		for (f = 0; f < FIELDS; f++)
			if (str_eq(field, s->format->fields[f]))
				s->column[f] = s->n_columns;
	for (f = 0; f < FIELDS; f++)
		if (s->column[f] == SIZE_MAX)
			return err_at(err, at,
				"first line has no column '%s', which format %s needs",
				s->format->fields[f], s->format->name);
	return true;
}

/* JSON lines */

static int read_json(struct trace_source *s, struct str line, struct row *row, struct err *err)
{
	struct json_member want[FIELDS];
	struct str text[FIELDS];
	const char *at;
	char why[80];
	size_t f;

	for (f = 0; f < FIELDS; f++)
		want[f].name = s->format->fields[f];
	if (!json_line_read(line, want, FIELDS, &at, why, sizeof why)) {
		err_at(err, line_reader_pos(&s->lines, line, at), "%s", why);
		return -1;
	}
	for (f = 0; f < FIELDS; f++)
		text[f] = want[f].value;
	return read_values(s, line, text, row, err);
}

/* The next row with output, at its time in the file. */
static int read_row(struct trace_source *s, struct row *row, struct err *err)
{
	struct str line;
	int got;

	for (;;) {
		got = line_reader_next(&s->lines, &line, err);
		if (got <= 0)
			return got;
		if (str_trim(line).n == 0)
			continue;
		got = s->format->json ? read_json(s, line, row, err) : read_csv(s, line, row, err);
		if (got != 0)
			return got;
		s->skipped++;
	}
}

/* Batches */

static bool add_to_batch(struct trace_source *s, const struct row *row, struct err *err)
{
	if (s->n_batch == BATCH_ROWS_MAX)
		return err_at(err, (struct src_pos){s->lines.file, row->line, 1},
			"more than %u requests at one time", BATCH_ROWS_MAX);
	s->batch = mem_grow(s->batch, s->n_batch, &s->cap_batch, sizeof *s->batch);
	s->batch[s->n_batch++] = *row;
	return true;
}

/* Gather the rows of one time. They get the time until the next batch, 3 s at most. */
static int read_batch(struct trace_source *s, struct err *err)
{
	int got = 1;

	s->n_batch = s->n_given = 0;
	if (!s->has_ahead)
		got = read_row(s, &s->ahead, err);
	while (got > 0 && (s->n_batch == 0 || s->ahead.at_ns == s->batch[0].at_ns)) {
		if (!add_to_batch(s, &s->ahead, err))
			return -1;
		got = read_row(s, &s->ahead, err);
	}
	if (got < 0)
		return -1;
	s->has_ahead = got > 0;
	s->ended = !s->has_ahead;
	s->batch_span_ns = BATCH_NS;
	if (s->has_ahead && s->ahead.at_ns - s->batch[0].at_ns < BATCH_NS)
		s->batch_span_ns = s->ahead.at_ns - s->batch[0].at_ns;
	return s->n_batch > 0;
}

static int next_of_batch(struct trace_source *s, struct row *row, struct err *err)
{
	int got;

	if (s->n_given == s->n_batch) {
		got = s->ended ? 0 : read_batch(s, err);
		if (got <= 0)
			return got;
	}
	*row = s->batch[s->n_given];
	row->at_ns += s->batch_span_ns * (int64_t)s->n_given / (int64_t)s->n_batch;
	s->n_given++;
	return 1;
}

/* The table that models/ calls through */

static void trace_close(struct trace_source *s)
{
	if (!s)
		return;
	line_reader_close(&s->lines);
	free(s->batch);
	free(s);
}

static bool trace_open(struct trace_source **out, const struct trace_spec *spec, struct err *err)
{
	struct trace_source *s = mem_zalloc(1, sizeof *s);

	*out = NULL;
	assert(spec->format < sizeof formats / sizeof formats[0]);
	s->format = &formats[spec->format];
	if (!line_reader_open(&s->lines, spec->file, spec->at, err) ||
		(!s->format->json && !read_header(s, err))) {
		trace_close(s);
		return false;
	}
	*out = s;
	return true;
}

static int trace_next(struct trace_source *s, struct trace_row *out, struct err *err)
{
	struct row row;
	int got = s->format->batched ? next_of_batch(s, &row, err) : read_row(s, &row, err);

	if (got <= 0)
		return got;
	*out = (struct trace_row){
		.at_s = (double)row.at_ns / 1e9,
		.prompt_tok = row.prompt_tok,
		.output_tok = row.output_tok,
		.line = row.line,
	};
	return 1;
}

static uint64_t trace_skipped(const struct trace_source *s)
{
	return s->skipped;
}

const struct trace_opener arrival_trace_opener = {
	.open = trace_open,
	.next = trace_next,
	.skipped = trace_skipped,
	.close = trace_close,
};
