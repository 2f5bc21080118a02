/* Any bytes as a file, the first of them choosing its reader: rows in order of time and then the
 * end, a curve, a profile, a log, or a refusal in words. */
#include "tests/fuzz/fuzz.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "io/log/request_log.h"
#include "io/profile/file.h"
#include "io/trace/arrival_trace.h"
#include "io/trace/bandwidth_trace.h"
#include "models/workload/spec.h"

/* Told by letters from '0' on: the first four formats, then these, which came later. */
enum {
	FIRST_FORMATS = TRACE_BURSTGPT + 1,
	RATES = FIRST_FORMATS,
	MAHIMAHI,
	PROFILE,
	LATER_FORMATS, /* up to TRACE_AUTO */
	PENSIEVE = LATER_FORMATS + TRACE_AUTO - TRACE_BURSTGPT,
	MS_KBIT,
	HSDPA,
	LOG,
	READERS
};

static void check_refusal(const struct err *err)
{
	assert(err->kind == ERR_INPUT && err->msg[0] && err->at.file);
}

static void read_rows(struct trace_source *source)
{
	const struct trace_opener *t = &arrival_trace_opener;
	struct err err = {0};
	struct trace_row row;
	int64_t last_ns = 0;
	int got;

	while ((got = t->next(source, &row, &err)) > 0) {
		assert(row.at_ns >= last_ns && row.prompt_tok > 0 && row.output_tok > 0);
		assert(row.n_ids == 0 || row.id_tok > 0);
		last_ns = row.at_ns;
		free(row.ids);
	}
	if (got < 0)
		check_refusal(&err);
}

static void read_arrivals(const char *path, enum trace_format format)
{
	const struct trace_spec spec = {.file = path,
		.format = format,
		.rate_scale = 1,
		.window_s = {0, HUGE_VAL},
		.contents = true};
	struct trace_source *source;
	struct err err = {0};

	if (arrival_trace_opener.open(&source, &spec, &err)) {
		read_rows(source);
		arrival_trace_opener.close(source);
	} else {
		check_refusal(&err);
		assert(!source);
	}
}

static void check_curve(const struct rate_curve *c)
{
	assert(c->n > 0);
	for (size_t i = 1; i < c->n; i++)
		assert(c->at_ns[i] >= c->at_ns[i - 1]);
	assert(rate_curve_mean_bytes_per_s(c) >= 0.0);
}

static void check_log(const struct served_log *log)
{
	for (size_t i = 0; i < log->n; i++) {
		const struct served_request *q = &log->at[i];

		assert(q->arrival_ns >= (i ? q[-1].arrival_ns : 0) && q->prompt_tok > 0);
		assert(q->first_ns > q->arrival_ns && q->end_ns >= q->first_ns);
	}
}

static void read_other(const char *path, int reader)
{
	static const enum bandwidth_format formats[] = {
		BANDWIDTH_PENSIEVE, BANDWIDTH_MS_KBIT, BANDWIDTH_HSDPA};
	const struct src_pos at = {.file = path};
	const struct rate_curve *curve = NULL;
	const struct profile *profile;
	struct served_log log = {0};
	struct err err = {0};
	struct arena a;
	bool ok;

	arena_init(&a);
	if (reader == RATES)
		ok = bandwidth_trace_rates(&curve, &a, path, 0, 0, at, &err);
	else if (reader == MAHIMAHI)
		ok = bandwidth_trace_mahimahi(&curve, &a, path, at, &err);
	else if (reader == PROFILE)
		ok = profile_read(&profile, &a, path, at, &err);
	else if (reader == LOG)
		ok = request_log_read(&log, &a, path, &err);
	else
		ok = bandwidth_trace_columns(
			&curve, &a, formats[reader - PENSIEVE], path, 0, at, &err);
	if (!ok)
		check_refusal(&err);
	else if (curve)
		check_curve(curve);
	check_log(&log);
	arena_finish(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct fuzz_file file;
	int reader;

	if (n == 0)
		return 0;
	reader = (uint8_t)(data[0] - '0') % READERS;
	fuzz_file_make(&file, data + 1, n - 1);
	if (reader < FIRST_FORMATS)
		read_arrivals(file.path, (enum trace_format)reader);
	else if (reader >= LATER_FORMATS && reader < PENSIEVE)
		read_arrivals(
			file.path, (enum trace_format)(reader - LATER_FORMATS + FIRST_FORMATS));
	else
		read_other(file.path, reader);
	fuzz_file_drop(&file);
	return 0;
}
