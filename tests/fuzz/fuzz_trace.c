/* Any bytes as a file, the first of them choosing its reader: rows in order of time and then the
 * end, a curve, a profile, or a refusal in words. */
#include "tests/fuzz/fuzz.h"

#include <assert.h>
#include <math.h>

#include "io/profile/file.h"
#include "io/trace/arrival_trace.h"
#include "io/trace/bandwidth_trace.h"
#include "models/workload/spec.h"

enum { FORMATS = TRACE_BURSTGPT + 1, RATES = FORMATS, MAHIMAHI, PROFILE, READERS };

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
		last_ns = row.at_ns;
	}
	if (got < 0)
		check_refusal(&err);
}

static void read_arrivals(const char *path, enum trace_format format)
{
	const struct trace_spec spec = {
		.file = path, .format = format, .rate_scale = 1, .window_s = {0, HUGE_VAL}};
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

static void read_other(const char *path, int reader)
{
	const struct src_pos at = {.file = path};
	const struct rate_curve *curve = NULL;
	const struct profile *profile;
	struct err err = {0};
	struct arena a;
	bool ok;

	arena_init(&a);
	if (reader == RATES)
		ok = bandwidth_trace_rates(&curve, &a, path, 0, 0, at, &err);
	else if (reader == MAHIMAHI)
		ok = bandwidth_trace_mahimahi(&curve, &a, path, at, &err);
	else
		ok = profile_read(&profile, &a, path, at, &err);
	if (!ok)
		check_refusal(&err);
	else if (curve)
		check_curve(curve);
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
	if (reader < FORMATS)
		read_arrivals(file.path, (enum trace_format)reader);
	else
		read_other(file.path, reader);
	fuzz_file_drop(&file);
	return 0;
}
