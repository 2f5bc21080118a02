/* A row of a trace, whatever its format. */
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "io/text/trace_value.h"
#include "io/trace/arrival_formats.h"
#include "io/trace/arrival_trace.h"
#include "models/content.h"
#include "sim/dist.h"

static const struct line_limits LIMITS = {.bytes = UINT64_C(16000000000), .lines = 200000000};
static const char TOKENS_RULE[] = "a whole number from 0 to 1000000000";
static const char PROMPT_RULE[] = "a whole number from 1 to 1000000000";

/* Lists of whole numbers */

static const char *skip_blanks(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t' || *p == '\r'))
		p++;
	return p;
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

/** A list, as JSON has it: its form is known to be right. */
static bool read_list(struct trace_row *row, struct str text)
{
	const char *p = text.s, *end = text.s + text.n;
	size_t cap = 0;

	if (*p != '[')
		return false;
	for (p = skip_blanks(p + 1, end); *p != ']'; p = skip_blanks(p, end)) {
		if (row->n_ids > 0)
			p = skip_blanks(p + 1, end); /* the comma */
		row->ids = mem_grow(row->ids, row->n_ids, &cap, sizeof *row->ids);
		if (!read_id(&p, end, &row->ids[row->n_ids]) ||
			(*(p = skip_blanks(p, end)) != ',' && *p != ']')) {
			free(row->ids);
			row->ids = NULL;
			return false;
		}
		row->n_ids++;
	}
	return true;
}

/** Each @n tokens become one id; what is left over is nobody else's. */
static void join_tokens(struct trace_row *row, uint32_t n)
{
	uint32_t blocks = row->n_ids / n;

	for (uint32_t b = 0; b < blocks; b++) {
		uint64_t id = b + 1;

		for (uint32_t k = 0; k < n; k++)
			id = content_mix(id + row->ids[(size_t)b * n + k]);
		row->ids[b] = id;
	}
	row->n_ids = blocks;
}

static bool read_ids(const struct arrival_reader *r, const struct str *value, struct trace_row *row,
	struct err *err)
{
	const struct str text = value[FIELD_IDS];

	row->id_tok = r->format->id_tok;
	if (text.n == 0)
		return true;
	if (!read_list(row, text))
		return row_reader_refuse(&r->rows, FIELD_IDS, text,
			"a list of whole numbers from 0 to 2^64 - 1", err);
	if (r->format->ids == IDS_TOKENS)
		join_tokens(row, row->id_tok);
	return true;
}

/* A beginning that is shared by name, in front of the prompt. What the server counted has it, and
 * what its chat template added. */
static bool read_prefix(const struct arrival_reader *r, const struct str *value,
	struct trace_row *row, struct err *err)
{
	const struct str name = value[FIELD_IDS], length = value[FIELD_MORE];
	uint32_t tok = 0, counted = 0;
	char text[64];

	if (length.n > 0 && !trace_whole(length, DIST_COUNT_MAX, &tok))
		return row_reader_refuse(&r->rows, FIELD_MORE, length, TOKENS_RULE, err);
	if (value[FIELD_MORE + 1].n > 0 &&
		!trace_whole(value[FIELD_MORE + 1], DIST_COUNT_MAX, &counted))
		return row_reader_refuse(
			&r->rows, FIELD_MORE + 1, value[FIELD_MORE + 1], TOKENS_RULE, err);
	if (name.n == 0 && counted > 0)
		row->prompt_tok = counted;
	if (name.n == 0 || tok == 0)
		return true;
	row->prompt_tok += tok;
	if (row->prompt_tok > DIST_COUNT_MAX)
		return row_reader_refuse(&r->rows, FIELD_MORE, length, TOKENS_RULE, err);
	if (!r->contents)
		return true;
	snprintf(text, sizeof text, "%.*s", (int)name.n, name.s);
	row->ids = mem_zalloc(1, sizeof *row->ids);
	row->ids[row->n_ids++] = content_scope(CONTENT_PREFIX, text);
	row->id_tok = tok;
	return true;
}

/* Rows */

static bool read_time(const struct arrival_reader *r, struct str text, int64_t *ns, struct err *err)
{
	const int64_t unit_ns = r->format->unit_ns;

	if (unit_ns > 0 ? trace_time(text, unit_ns, ns) : trace_date_time(text, ns))
		return true;
	return row_reader_refuse_time(&r->rows, FIELD_TIME, text, r->format->time_rule, err);
}

static bool read_prompt(const struct arrival_reader *r, const struct str *value,
	struct trace_row *row, struct err *err)
{
	const struct str text = value[FIELD_PROMPT];
	const bool prefixed = r->format->ids == IDS_PREFIX;

	if (!trace_whole(text, DIST_COUNT_MAX, &row->prompt_tok))
		return row_reader_refuse(&r->rows, FIELD_PROMPT, text, PROMPT_RULE, err);
	if (prefixed && !read_prefix(r, value, row, err))
		return false;
	if (row->prompt_tok == 0)
		return row_reader_refuse(&r->rows, FIELD_PROMPT, text, PROMPT_RULE, err);
	return prefixed || !r->contents || r->format->ids == IDS_NONE ||
	       read_ids(r, value, row, err);
}

/* 1: a row; 0: no row, it has no output; -1: wrong. */
static int read_row(
	struct arrival_reader *r, const struct str *value, struct trace_row *row, struct err *err)
{
	const struct str output = value[FIELD_OUTPUT];

	*row = (struct trace_row){.line = row_reader_line(&r->rows)};
	if (!read_time(r, value[FIELD_TIME], &row->at_ns, err))
		return -1;
	if (output.n > 0 && !trace_whole(output, DIST_COUNT_MAX, &row->output_tok)) {
		row_reader_refuse(&r->rows, FIELD_OUTPUT, output, TOKENS_RULE, err);
		return -1;
	}
	if (row->output_tok == 0)
		return 0;
	return read_prompt(r, value, row, err) ? 1 : -1;
}

int arrival_reader_next(
	struct arrival_reader *r, struct trace_row *row, struct src_pos *at, struct err *err)
{
	struct str value[CSV_COLUMNS];
	int got = row_reader_next(&r->rows, value, err);

	if (got <= 0)
		return got;
	*at = row_reader_pos(&r->rows, value[FIELD_TIME]);
	got = read_row(r, value, row, err);
	r->skipped += got == 0;
	return got == 0 ? 2 : got;
}

bool arrival_reader_open(struct arrival_reader *r, const struct arrival_format *format,
	const struct trace_spec *spec, struct err *err)
{
	char who[40];

	*r = (struct arrival_reader){.format = format, .contents = spec->contents};
	snprintf(who, sizeof who, "format %s", arrival_trace_formats[format->word]);
	return row_reader_open(&r->rows, format->shape, spec->file, LIMITS, format->columns,
		format->n, who, spec->at, err);
}

void arrival_reader_close(struct arrival_reader *r)
{
	row_reader_close(&r->rows);
}
