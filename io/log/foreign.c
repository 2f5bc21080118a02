/* What other tools write of each request (docs/formats.md has the sources). */
#include <stdlib.h>
#include <string.h>

#include "io/log/log_parts.h"
#include "io/text/trace_value.h"

#define NS_PER_S INT64_C(1000000000)

static const struct line_limits LIMITS = {.bytes = UINT64_C(4000000000), .lines = 10000000};
static const char TOKENS_RULE[] = "a whole number from 1 to 1000000000";

enum field { ARRIVAL, PROMPT, OUTPUT, FIRST, END, OTHER, MORE };

/** Reads what a row says beyond its tokens, which are known. */
struct form {
	struct heading_format heading;
	bool (*times)(const struct row_reader *r, const struct str *value, struct served_request *q,
		struct err *err);
	bool (*answered)(const struct str *value);
};

static bool time_at(const struct row_reader *r, size_t column, const struct str *value,
	int64_t unit_ns, int64_t *out, struct err *err)
{
	return trace_time(value[column], unit_ns, out) ||
	       row_reader_refuse_time(r, column, value[column], "a number from 0 to 9e9 s", err);
}

static bool time_after(const struct row_reader *r, size_t column, const struct str *value,
	int64_t unit_ns, int64_t from_ns, int64_t *out, struct err *err)
{
	if (!time_at(r, column, value, unit_ns, out, err))
		return false;
	return !__builtin_add_overflow(*out, from_ns, out) ||
	       row_reader_refuse(r, column, value[column], "a time within 292 years", err);
}

/* BLIS TraceV2: the server has a request when it was sent, which without a limit on those under
 * way is when it came. */

static const struct csv_column blis_columns[] = {
	[ARRIVAL] = {"arrival_time_us", CSV_NEEDED},
	[PROMPT] = {"input_tokens", CSV_NEEDED},
	[OUTPUT] = {"output_tokens", CSV_NEEDED},
	[FIRST] = {"first_chunk_time_us", CSV_NEEDED},
	[END] = {"last_chunk_time_us", CSV_NEEDED},
	[OTHER] = {"send_time_us", CSV_OPTIONAL},
	[MORE] = {"status", CSV_OPTIONAL},
	{"server_input_tokens", CSV_OPTIONAL},
	{"prefix_length", CSV_OPTIONAL},
};

static bool blis_times(const struct row_reader *r, const struct str *value,
	struct served_request *q, struct err *err)
{
	const int64_t us = 1000;
	int64_t sent_ns = 0;
	uint32_t counted, prefix;

	if (value[OTHER].n > 0 && !time_at(r, OTHER, value, us, &sent_ns, err))
		return false;
	if (trace_whole(value[MORE + 1], LOG_TOK_MAX, &counted) && counted > 0)
		q->prompt_tok = counted;
	else if (trace_whole(value[MORE + 2], LOG_TOK_MAX, &prefix))
		q->prompt_tok += prefix; /* a beginning that is shared */
	if (sent_ns > 0)
		q->arrival_ns = sent_ns;
	else if (!time_at(r, ARRIVAL, value, us, &q->arrival_ns, err))
		return false;
	return time_at(r, FIRST, value, us, &q->first_ns, err) &&
	       time_at(r, END, value, us, &q->end_ns, err);
}

static bool blis_answered(const struct str *value)
{
	uint32_t first = 0;

	if (value[MORE].n > 0 && !str_eq(value[MORE], "ok"))
		return false;
	return !trace_whole(value[FIRST], LOG_TOK_MAX, &first) || first > 0; /* 0: not known */
}

/* LLMServingSim, what its `bench` measured of vLLM: arrivals are of the wall clock, the rest of
 * the engine's, in which a request came when it was queued. */

static const struct csv_column bench_columns[] = {
	[ARRIVAL] = {"arrival_time", CSV_NEEDED},
	[PROMPT] = {"input_toks", CSV_NEEDED},
	[OUTPUT] = {"output_toks", CSV_NEEDED},
	[FIRST] = {"first_token_ts", CSV_NEEDED},
	[END] = {"last_token_ts", CSV_NEEDED},
	[OTHER] = {"queued_ts", CSV_OPTIONAL},
};

static bool bench_times(const struct row_reader *r, const struct str *value,
	struct served_request *q, struct err *err)
{
	const int64_t far_ns = 100000 * NS_PER_S; /* two clocks are further apart */

	if (!time_at(r, ARRIVAL, value, NS_PER_S, &q->arrival_ns, err) ||
		!time_at(r, FIRST, value, NS_PER_S, &q->first_ns, err) ||
		!time_at(r, END, value, NS_PER_S, &q->end_ns, err))
		return false;
	return value[OTHER].n == 0 || llabs(q->arrival_ns - q->first_ns) < far_ns ||
	       time_at(r, OTHER, value, NS_PER_S, &q->arrival_ns, err);
}

/* LLMServingSim, what it simulated: nanoseconds, the last two from the arrival. */

static const struct csv_column sim_columns[] = {
	[ARRIVAL] = {"arrival", CSV_NEEDED},
	[PROMPT] = {"input", CSV_NEEDED},
	[OUTPUT] = {"output", CSV_NEEDED},
	[FIRST] = {"TTFT", CSV_NEEDED},
	[END] = {"latency", CSV_NEEDED},
	[OTHER] = {"queuing_delay", CSV_NEEDED},
};

static bool sim_times(const struct row_reader *r, const struct str *value, struct served_request *q,
	struct err *err)
{
	return time_at(r, ARRIVAL, value, 1, &q->arrival_ns, err) &&
	       time_after(r, FIRST, value, 1, q->arrival_ns, &q->first_ns, err) &&
	       time_after(r, END, value, 1, q->arrival_ns, &q->end_ns, err);
}

/* AIPerf: spans with the unit of each beside it; of one that failed there are none. */

static const struct csv_column aiperf_columns[] = {
	[ARRIVAL] = {"metadata.request_start_ns", CSV_NEEDED},
	[PROMPT] = {"metrics.input_sequence_length.value", CSV_OPTIONAL},
	[OUTPUT] = {"metrics.output_sequence_length.value", CSV_OPTIONAL},
	[FIRST] = {"metrics.time_to_first_token.value", CSV_OPTIONAL},
	[END] = {"metrics.request_latency.value", CSV_OPTIONAL},
	[OTHER] = {"metrics.time_to_first_token.unit", CSV_OPTIONAL},
	[MORE] = {"metrics.request_latency.unit", CSV_OPTIONAL},
};

static bool unit_of(const struct row_reader *r, size_t column, const struct str *value,
	int64_t *unit_ns, struct err *err)
{
	static const struct {
		const char *word;
		int64_t ns;
	} units[] = {{"ns", 1}, {"us", 1000}, {"ms", 1000000}, {"sec", NS_PER_S}, {"s", NS_PER_S}};

	*unit_ns = 1000000; /* what it shows by itself */
	if (value[column].n == 0)
		return true;
	for (size_t u = 0; u < sizeof units / sizeof units[0]; u++)
		if (str_eq(value[column], units[u].word)) {
			*unit_ns = units[u].ns;
			return true;
		}
	return row_reader_refuse(r, column, value[column], "ns, us, ms or sec", err);
}

static bool aiperf_times(const struct row_reader *r, const struct str *value,
	struct served_request *q, struct err *err)
{
	int64_t first_unit_ns, end_unit_ns;

	return time_at(r, ARRIVAL, value, 1, &q->arrival_ns, err) &&
	       unit_of(r, OTHER, value, &first_unit_ns, err) &&
	       unit_of(r, MORE, value, &end_unit_ns, err) &&
	       time_after(r, FIRST, value, first_unit_ns, q->arrival_ns, &q->first_ns, err) &&
	       time_after(r, END, value, end_unit_ns, q->arrival_ns, &q->end_ns, err);
}

/* The table */

static bool has_all(const struct str *value)
{
	return value[OUTPUT].n > 0 && value[FIRST].n > 0 && value[END].n > 0;
}

#define FORM(word, shape, columns, times, answered) \
	{ \
		{(word), (shape), sizeof(columns) / sizeof(columns)[0], (columns)}, (times), \
			(answered) \
	}
static const struct form forms[] = {
	FORM("blis", ROWS_CSV, blis_columns, blis_times, blis_answered),
	FORM("llmservingsim", ROWS_JSON, bench_columns, bench_times, has_all),
	FORM("llmservingsim", ROWS_CSV, sim_columns, sim_times, has_all),
	FORM("aiperf", ROWS_JSON, aiperf_columns, aiperf_times, has_all),
};

static const struct form *form_of(const struct heading *h)
{
	for (size_t k = 0; k < sizeof forms / sizeof forms[0]; k++)
		if (heading_fits(h, &forms[k].heading))
			return &forms[k];
	return NULL;
}

bool log_is_foreign(const struct heading *h)
{
	return form_of(h) != NULL;
}

/* Rows */

static bool tokens(const struct row_reader *r, size_t column, const struct str *value,
	uint32_t *out, struct err *err)
{
	return (trace_whole(value[column], LOG_TOK_MAX, out) && *out > 0) ||
	       row_reader_refuse(r, column, value[column], TOKENS_RULE, err);
}

static bool read_row(const struct form *f, struct log_rows *rows, const struct row_reader *r,
	const struct str *value, struct err *err)
{
	struct served_request q = {0};

	if (!f->answered(value) || value[OUTPUT].n == 0 || str_eq(value[OUTPUT], "0")) {
		rows->n_unanswered++;
		return true;
	}
	log_place(&q, r, value[FIRST]);
	return tokens(r, PROMPT, value, &q.prompt_tok, err) &&
	       tokens(r, OUTPUT, value, &q.output_tok, err) && f->times(r, value, &q, err) &&
	       log_add(rows, &q, err);
}

bool log_foreign_read(struct log_rows *rows, const struct heading *h, struct err *err)
{
	const struct form *f = form_of(h);
	struct str value[CSV_COLUMNS];
	struct row_reader r;
	int got = 1;

	if (!row_reader_open(&r, f->heading.shape, rows->file, LIMITS, f->heading.columns,
		    f->heading.n, f->heading.word, (struct src_pos){0}, err))
		return false;
	while (got > 0 && (got = row_reader_next(&r, value, err)) > 0)
		if (!read_row(f, rows, &r, value, err))
			got = -1;
	row_reader_close(&r);
	return got == 0;
}
