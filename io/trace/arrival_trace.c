/* Traces of requests: rows in order of time, those of one stamp laid out over a tick. */
#include "io/trace/arrival_trace.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "io/log/request_log.h"
#include "io/trace/arrival_formats.h"

enum {
	SHARING_ROWS_MAX = 65536,  /* with one stamp */
	PROBED_ROWS = 1000,        /* that show the clock of a file */
	SORTED_ROWS_MAX = 10000000 /* kept to be put in order */
};

#define NS_PER_S INT64_C(1000000000)

struct trace_source {
	const char *file;
	const struct arrival_format *format;
	struct arrival_reader reader;
	bool any; /* a row was read: first_ns and last_ns are set */
	int64_t first_ns, last_ns;

	/* Files in any order: all of them. */
	bool whole;
	struct trace_row *rows;
	size_t n_rows, rows_cap, given;

	/* The rows of one stamp, and the first one of the next. */
	int64_t clock_ns; /* 0: rows come when they are stamped */
	struct trace_row *sharing;
	size_t n_sharing, n_given, cap_sharing;
	int64_t span_ns;
	struct trace_row ahead;
	bool has_ahead, ended;
};

/* Rows */

static bool in_order(struct trace_source *s, struct src_pos at, int64_t ns, struct err *err)
{
	const bool is_ms = s->format->unit_ns == NS_PER_S / 1000;

	if (s->any && ns < s->last_ns)
		return err_at(err, at, "%s goes back by %g %s; a trace must be in order of time",
			s->format->columns[FIELD_TIME].name,
			(is_ms ? 1e-6 : 1e-9) * (double)(s->last_ns - ns), is_ms ? "ms" : "s");
	if (!s->any)
		s->first_ns = s->format->from_first ? ns : 0;
	s->any = true;
	s->last_ns = ns;
	return true;
}

/* The next row with output as the file has it, from the first one on. */
static int stream_row(struct trace_source *s, struct trace_row *row, struct err *err)
{
	struct src_pos at;
	int got;

	do {
		got = arrival_reader_next(&s->reader, row, &at, err);
		if (got <= 0)
			return got;
		if (!in_order(s, at, row->at_ns, err)) {
			free(row->ids);
			row->ids = NULL;
			return -1;
		}
	} while (got == 2);
	row->at_ns -= s->first_ns;
	return 1;
}

/* The next row with output, at its time in the file. */
static int read_row(struct trace_source *s, struct trace_row *row, struct err *err)
{
	if (!s->whole)
		return stream_row(s, row, err);
	if (s->given == s->n_rows)
		return 0;
	*row = s->rows[s->given];
	s->rows[s->given++].ids = NULL; /* it has them now */
	s->last_ns = row->at_ns;
	return 1;
}

/* Files in any order */

static int by_time(const void *a, const void *b)
{
	const struct trace_row *x = a, *y = b;

	if (x->at_ns != y->at_ns)
		return x->at_ns < y->at_ns ? -1 : 1;
	return (x->line > y->line) - (x->line < y->line);
}

static void sort_rows(struct trace_source *s)
{
	const int64_t first_ns = s->format->from_first && s->any ? s->first_ns : 0;

	mem_sort(s->rows, s->n_rows, sizeof *s->rows, by_time);
	for (size_t i = 0; i < s->n_rows; i++)
		s->rows[i].at_ns -= first_ns;
	s->whole = true;
}

static bool add_row(struct trace_source *s, const struct trace_row *row, struct err *err)
{
	if (s->n_rows == SORTED_ROWS_MAX)
		return err_at(err, (struct src_pos){s->file, row->line, 1},
			"more than %d requests in a file that may be in any order",
			SORTED_ROWS_MAX);
	s->rows = mem_grow(s->rows, s->n_rows, &s->rows_cap, sizeof *s->rows);
	s->rows[s->n_rows++] = *row;
	return true;
}

static bool read_whole(struct trace_source *s, struct err *err)
{
	struct trace_row row;
	struct src_pos at;
	int got;

	while ((got = arrival_reader_next(&s->reader, &row, &at, err)) > 0) {
		s->first_ns = s->any && s->first_ns < row.at_ns ? s->first_ns : row.at_ns;
		s->any = true;
		if (got == 1 && !add_row(s, &row, err)) {
			free(row.ids);
			return false;
		}
	}
	if (got == 0)
		sort_rows(s);
	return got == 0;
}

/* What a server's log says of its requests. */
static bool read_bench(struct trace_source *s, struct err *err)
{
	struct served_log log;
	struct arena a;
	bool ok;

	arena_init(&a);
	ok = request_log_read(&log, &a, s->file, err);
	for (size_t i = 0; ok && i < log.n; i++)
		ok = add_row(s,
			&(struct trace_row){.at_ns = log.at[i].arrival_ns,
				.prompt_tok = log.at[i].prompt_tok,
				.output_tok = log.at[i].output_tok,
				.line = log.at[i].line},
			err);
	s->reader.skipped = ok ? log.n_unanswered : 0;
	s->whole = true;
	arena_finish(&a);
	return ok;
}

/* Rows that share a stamp */

static bool share(struct trace_source *s, struct trace_row *row, struct err *err)
{
	if (s->n_sharing == SHARING_ROWS_MAX)
		return err_at(err, (struct src_pos){s->file, row->line, 1},
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

static int next_of_sharing(struct trace_source *s, struct trace_row *row, struct err *err)
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
 * tick apart. Else it has a finer clock, and what shares a stamp came at once. Times that come in
 * batches are never nearer than a second. */
static int64_t tick_of(struct trace_source *s)
{
	int64_t tick_ns = NS_PER_S, gap_ns = INT64_MAX, before_ns = -1;
	struct err ignored = {0};
	struct trace_row row;

	for (size_t n = 0; n < PROBED_ROWS && read_row(s, &row, &ignored) > 0; n++) {
		free(row.ids);
		while (s->last_ns % tick_ns != 0)
			tick_ns /= 10;
		if (n > 0 && s->last_ns > before_ns && s->last_ns - before_ns < gap_ns)
			gap_ns = s->last_ns - before_ns;
		before_ns = s->last_ns;
	}
	if (s->format->batch_ns > 0 && gap_ns >= NS_PER_S)
		return s->format->batch_ns;
	return gap_ns == tick_ns || s->format->coarse ? tick_ns : 0;
}

/* The table that models/ calls through */

static void free_ids(struct trace_row *rows, size_t from, size_t n)
{
	for (size_t k = from; k < n; k++)
		free(rows[k].ids);
	free(rows);
}

static void trace_close(struct trace_source *s)
{
	if (!s)
		return;
	arrival_reader_close(&s->reader);
	free_ids(s->sharing, s->n_given, s->n_sharing);
	free_ids(s->rows, s->given, s->n_rows);
	if (s->has_ahead)
		free(s->ahead.ids);
	free(s);
}

static struct trace_source *open_file(
	const struct arrival_format *format, const struct trace_spec *spec, struct err *err)
{
	struct trace_source *s = mem_zalloc(1, sizeof *s);
	bool ok;

	s->file = spec->file;
	s->format = format;
	if (format->word == TRACE_VLLM_BENCH)
		ok = read_bench(s, err);
	else
		ok = arrival_reader_open(&s->reader, format, spec, err) &&
		     (!format->any_order || read_whole(s, err));
	if (ok)
		return s;
	trace_close(s);
	return NULL;
}

/* Reads the first rows of a file that must show its clock. */
static bool find_clock(struct trace_source *s, const struct trace_spec *spec, struct err *err)
{
	struct trace_spec plain = *spec;
	struct trace_source *probe;

	s->clock_ns = spec->clock_s > 0.0 ? llround(1e9 * spec->clock_s) : 0;
	if (spec->clock_s != 0.0 || s->whole) /* such are logs of a fine clock */
		return true;
	plain.contents = false;
	probe = open_file(s->format, &plain, err);
	if (!probe)
		return false;
	s->clock_ns = tick_of(probe);
	trace_close(probe);
	return true;
}

static bool trace_open(struct trace_source **out, const struct trace_spec *spec, struct err *err)
{
	const struct arrival_format *format = arrival_format_of(spec, err);

	*out = format ? open_file(format, spec, err) : NULL;
	if (!*out || find_clock(*out, spec, err))
		return *out != NULL;
	trace_close(*out);
	*out = NULL;
	return false;
}

static int trace_next(struct trace_source *s, struct trace_row *out, struct err *err)
{
	return s->clock_ns > 0 ? next_of_sharing(s, out, err) : read_row(s, out, err);
}

static uint64_t trace_skipped(const struct trace_source *s)
{
	return s->reader.skipped;
}

const struct trace_opener arrival_trace_opener = {
	.open = trace_open,
	.next = trace_next,
	.skipped = trace_skipped,
	.close = trace_close,
};
