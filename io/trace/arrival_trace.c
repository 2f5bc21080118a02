/* Traces of requests: CSV with named columns, or JSON lines. */
#include "io/trace/arrival_trace.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/quote.h"
#include "io/text/csv.h"
#include "io/text/json_line.h"
#include "io/text/trace_value.h"
#include "sim/dist.h"
#include "models/workload/spec.h"

enum field { FIELD_TIME, FIELD_PROMPT, FIELD_OUTPUT, FIELDS };

/* Of JSON: what each IDS_TOK tokens of a prompt are. */
static const char IDS[] = "hash_ids";
enum { IDS_TOK = 512 };

enum {
	SHARING_ROWS_MAX = 65536, /* with one stamp */
	PROBED_ROWS = 1000,       /* that show the clock of a file */
};

#define NS_PER_S INT64_C(1000000000)

static const struct line_limits LIMITS = {.bytes = UINT64_C(16000000000), .lines = 200000000};

const char *const arrival_trace_formats[] = {
	[TRACE_CSV] = "csv",
	[TRACE_AZURE] = "azure",
	[TRACE_MOONCAKE] = "mooncake",
	[TRACE_BURSTGPT] = "burstgpt",
	NULL,
};

struct format {
	struct csv_column fields[FIELDS];
	bool json;
	bool from_first;       /* time 0 is the first row's, else as written */
	int64_t unit_ns;       /* of times; 0: they are dates */
	int64_t clock_ns;      /* its ticks; 0: as the file shows, */
	bool coarse;           /* and then never finer than its digits */
	const char *time_rule; /* what a time must be */
};

#define COLUMNS(time, prompt, output) \
	{ \
		{(time), CSV_NEEDED}, {(prompt), CSV_NEEDED}, {(output), CSV_NEEDED}, \
	}
static const struct format formats[] = {
	[TRACE_CSV] = {.fields = COLUMNS("arrival_s", "prompt_tokens", "output_tokens"),
		.unit_ns = NS_PER_S,
		.time_rule = "a number of seconds from 0 to 9e9"},
	[TRACE_AZURE] = {.fields = COLUMNS("TIMESTAMP", "ContextTokens", "GeneratedTokens"),
		.from_first = true,
		.time_rule = "a time such as 2023-11-16 18:15:46.6805900"},
	[TRACE_MOONCAKE] = {.fields = COLUMNS("timestamp", "input_length", "output_length"),
		.json = true,
		.from_first = true,
		.unit_ns = NS_PER_S / 1000,
		.clock_ns = 3 * NS_PER_S, /* it wrote its times in batches */
		.time_rule = "a number of milliseconds from 0 to 9e12"},
	[TRACE_BURSTGPT] = {.fields = COLUMNS("Timestamp", "Request tokens", "Response tokens"),
		.from_first = true,
		.unit_ns = NS_PER_S,
		.coarse = true,
		.time_rule = "a number of seconds from 0 to 9e9"},
};

struct row {
	int64_t at_ns;
	uint32_t prompt_tok, output_tok;
	unsigned line;
	uint64_t *ids; /* NULL: none */
	uint32_t n_ids;
};

struct trace_source {
	struct csv_reader csv; /* of JSON only its lines */
	const struct format *format;
	bool contents; /* read IDS */
	bool any;      /* a row was read: first_ns and last_ns are set */
	int64_t first_ns, last_ns;
	uint64_t skipped;

	/* The rows of one stamp, and the first one of the next. */
	int64_t clock_ns; /* 0: rows come when they are stamped */
	struct row *sharing;
	size_t n_sharing, n_given, cap_sharing;
	int64_t span_ns;
	struct row ahead;
	bool has_ahead, ended;
};

/* Values */

static bool bad_value(const struct trace_source *s, struct str line, struct str text, enum field f,
	const char *rule, struct err *err)
{
	char quoted[QUOTE_SIZE];

	if (!line_reader_shows(&s->csv.lines, text, line, err))
		return false;
	return err_at(err, line_reader_pos(&s->csv.lines, line, text.s), "%s must be %s, not '%s'",
		s->format->fields[f].name, rule,
		quote_bytes(quoted, sizeof quoted, text.s, text.n));
}

static bool read_time(const struct trace_source *s, struct str line, struct str text, int64_t *ns,
	struct err *err)
{
	const int64_t unit_ns = s->format->unit_ns;

	if (unit_ns > 0 ? trace_time(text, unit_ns, ns) : trace_date_time(text, ns))
		return true;
	return bad_value(s, line, text, FIELD_TIME, s->format->time_rule, err);
}

static bool in_order(
	struct trace_source *s, struct str line, struct str text, int64_t ns, struct err *err)
{
	const bool is_ms = s->format->unit_ns == NS_PER_S / 1000;

	if (s->any && ns < s->last_ns)
		return err_at(err, line_reader_pos(&s->csv.lines, line, text.s),
			"%s goes back by %g %s; a trace must be in order of time",
			s->format->fields[FIELD_TIME].name,
			(is_ms ? 1e-6 : 1e-9) * (double)(s->last_ns - ns), is_ms ? "ms" : "s");
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
	row->line = s->csv.lines.line;
	return 1;
}

static bool bad_ids(const struct trace_source *s, struct str line, struct str text, struct err *err)
{
	char quoted[QUOTE_SIZE];

	if (!line_reader_shows(&s->csv.lines, text, line, err))
		return false;
	return err_at(err, line_reader_pos(&s->csv.lines, line, text.s),
		"%s must be a list of whole numbers from 0 to 2^64 - 1, not '%s'", IDS,
		quote_bytes(quoted, sizeof quoted, text.s, text.n));
}

/** Decimal digits alone; false also beyond 64 bits. */
static bool read_id(const char **at, const char *end, uint64_t *out)
{
	const char *p = *at;

	for (*out = 0; p < end && *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(*out, 10, out) ||
			__builtin_add_overflow(*out, (uint64_t)(*p - '0'), out))
			return false;
	if (p == *at)
		return false;
	*at = p;
	return true;
}

static const char *skip_blanks(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t' || *p == '\r'))
		p++;
	return p;
}

/** A list, as JSON has it: its form is known to be right. */
static bool read_ids(const struct trace_source *s, struct str line, struct str text,
	struct row *row, struct err *err)
{
	const char *p = text.s, *end = text.s + text.n;
	size_t cap = 0;

	if (*p != '[')
		return bad_ids(s, line, text, err);
	for (p = skip_blanks(p + 1, end); *p != ']'; p = skip_blanks(p, end)) {
		if (row->n_ids > 0)
			p = skip_blanks(p + 1, end); /* the comma */
		row->ids = mem_grow(row->ids, row->n_ids, &cap, sizeof *row->ids);
		if (!read_id(&p, end, &row->ids[row->n_ids]) ||
			(*(p = skip_blanks(p, end)) != ',' && *p != ']')) {
			free(row->ids);
			row->ids = NULL;
			return bad_ids(s, line, text, err);
		}
		row->n_ids++;
	}
	return true;
}

/* A value without quotes, which is a text in JSON. */
static struct str unquoted(struct str value)
{
	if (value.n < 2 || value.s[0] != '"')
		return value;
	return str_trim((struct str){value.s + 1, value.n - 2});
}

static int read_json(struct trace_source *s, struct str line, struct row *row, struct err *err)
{
	struct json_member want[FIELDS + 1];
	struct str text[FIELDS];
	char why[JSON_WHY_SIZE];
	const char *at;
	int got;

	for (size_t f = 0; f < FIELDS; f++)
		want[f].name = s->format->fields[f].name;
	want[FIELDS].name = IDS;
	if (!json_line_read(line, want, FIELDS, s->contents, &at, why, sizeof why)) {
		if (str_trim(line).s[0] == '[')
			snprintf(why, sizeof why, "a line should be one JSON object, not a list");
		if (line_reader_shows(&s->csv.lines, line, line, err))
			err_at(err, line_reader_pos(&s->csv.lines, line, at), "%s", why);
		return -1;
	}
	for (size_t f = 0; f < FIELDS; f++)
		text[f] = unquoted(want[f].value);
	got = read_values(s, line, text, row, err);
	if (got > 0 && s->contents && want[FIELDS].value.n > 0 &&
		!read_ids(s, line, want[FIELDS].value, row, err))
		return -1;
	return got;
}

/* The next row with output, at its time in the file. */
static int read_row(struct trace_source *s, struct row *row, struct err *err)
{
	struct str value[CSV_COLUMNS], line;
	int got;

	row->ids = NULL;
	row->n_ids = 0;
	for (;;) {
		do {
			got = s->format->json ? line_reader_next(&s->csv.lines, &line, err)
					      : csv_next(&s->csv, value, err);
			if (got <= 0)
				return got;
		} while (s->format->json && str_trim(line).n == 0);
		got = s->format->json ? read_json(s, line, row, err)
				      : read_values(s, s->csv.line, value, row, err);
		if (got != 0)
			return got;
		s->skipped++;
	}
}

/* Rows that share a stamp */

static bool share(struct trace_source *s, struct row *row, struct err *err)
{
	if (s->n_sharing == SHARING_ROWS_MAX)
		return err_at(err, (struct src_pos){s->csv.lines.file, row->line, 1},
			"more than %d requests at one time; with 'clock: exact' they come at once",
			SHARING_ROWS_MAX);
	s->sharing = mem_grow(s->sharing, s->n_sharing, &s->cap_sharing, sizeof *s->sharing);
	s->sharing[s->n_sharing++] = *row;
	row->ids = NULL; /* it has them now */
	return true;
}

/* Gather the rows of one stamp. They get the time until the next one, one tick at most. */
static int read_sharing(struct trace_source *s, struct err *err)
{
	int got = 1;

	s->n_sharing = s->n_given = 0;
	if (!s->has_ahead) {
		got = read_row(s, &s->ahead, err);
		s->has_ahead = got > 0;
	}
	while (got > 0 && (s->n_sharing == 0 || s->ahead.at_ns == s->sharing[0].at_ns)) {
		if (!share(s, &s->ahead, err))
			return -1;
		got = read_row(s, &s->ahead, err);
	}
	if (got < 0)
		return -1;
	s->has_ahead = got > 0;
	s->ended = !s->has_ahead;
	s->span_ns = s->clock_ns;
	if (s->has_ahead && s->ahead.at_ns - s->sharing[0].at_ns < s->span_ns)
		s->span_ns = s->ahead.at_ns - s->sharing[0].at_ns;
	return s->n_sharing > 0;
}

static int next_of_sharing(struct trace_source *s, struct row *row, struct err *err)
{
	int got;

	if (s->n_given == s->n_sharing) {
		got = s->ended ? 0 : read_sharing(s, err);
		if (got <= 0)
			return got;
	}
	*row = s->sharing[s->n_given];
	row->at_ns += s->span_ns * (int64_t)s->n_given / (int64_t)s->n_sharing;
	s->n_given++;
	return 1;
}

/* What the clock of the file can tell apart: the largest power of ten, in ns and at most a second,
 * of which all of the first stamps are multiples. A file of dense stamps shows it: two are one
 * tick apart. Else it has a finer clock, and what shares a stamp came at once. */
static int64_t tick_of(struct trace_source *s)
{
	int64_t tick_ns = NS_PER_S, gap_ns = INT64_MAX, before_ns = -1;
	struct err ignored = {0};
	struct row row;

	s->contents = false;
	for (size_t n = 0; n < PROBED_ROWS && read_row(s, &row, &ignored) > 0; n++) {
		while (s->last_ns % tick_ns != 0)
			tick_ns /= 10;
		if (n > 0 && s->last_ns > before_ns && s->last_ns - before_ns < gap_ns)
			gap_ns = s->last_ns - before_ns;
		before_ns = s->last_ns;
	}
	return gap_ns == tick_ns || s->format->coarse ? tick_ns : 0;
}

/* The table that models/ calls through */

static void trace_close(struct trace_source *s)
{
	if (!s)
		return;
	csv_close(&s->csv);
	for (size_t k = s->n_given; k < s->n_sharing; k++)
		free(s->sharing[k].ids);
	if (s->has_ahead)
		free(s->ahead.ids);
	free(s->sharing);
	free(s);
}

static struct trace_source *open_file(
	const struct format *format, const struct trace_spec *spec, struct err *err)
{
	struct trace_source *s = mem_zalloc(1, sizeof *s);
	char who[40];
	bool ok;

	snprintf(who, sizeof who, "format %s", arrival_trace_formats[spec->format]);
	s->format = format;
	s->contents = spec->contents;
	if (format->json)
		ok = line_reader_open(&s->csv.lines, spec->file, LIMITS, spec->at, err);
	else
		ok = csv_open(
			&s->csv, spec->file, LIMITS, format->fields, FIELDS, who, spec->at, err);
	if (ok)
		return s;
	free(s);
	return NULL;
}

/* Reads the first rows of a file that must show its clock. */
static bool find_clock(struct trace_source *s, const struct trace_spec *spec, struct err *err)
{
	struct trace_source *probe;

	s->clock_ns = spec->clock_s > 0.0 ? llround(1e9 * spec->clock_s) : s->format->clock_ns;
	if (spec->clock_s < 0.0)
		s->clock_ns = 0;
	if (spec->clock_s != 0.0 || s->clock_ns > 0)
		return true;
	probe = open_file(s->format, spec, err);
	if (!probe)
		return false;
	s->clock_ns = tick_of(probe);
	trace_close(probe);
	return true;
}

static bool trace_open(struct trace_source **out, const struct trace_spec *spec, struct err *err)
{
	assert(spec->format < sizeof formats / sizeof formats[0]);
	*out = open_file(&formats[spec->format], spec, err);
	if (!*out || find_clock(*out, spec, err))
		return *out != NULL;
	trace_close(*out);
	*out = NULL;
	return false;
}

static int trace_next(struct trace_source *s, struct trace_row *out, struct err *err)
{
	struct row row;
	int got = s->clock_ns > 0 ? next_of_sharing(s, &row, err) : read_row(s, &row, err);

	if (got <= 0)
		return got;
	*out = (struct trace_row){
		.at_ns = row.at_ns,
		.prompt_tok = row.prompt_tok,
		.output_tok = row.output_tok,
		.line = row.line,
		.ids = row.ids,
		.n_ids = row.n_ids,
		.id_tok = IDS_TOK,
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
