/* Any bytes as a trace, the first of them choosing the format: rows in order of time, and then
 * the end, or a refusal in words. */
#include "tests/fuzz/fuzz.h"

#include <assert.h>
#include <math.h>

#include "io/trace/arrival_trace.h"
#include "models/workload/spec.h"

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
	assert(got == 0 || (err.kind == ERR_INPUT && err.msg[0] && err.at.line > 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct trace_spec spec = {.rate_scale = 1, .window_s = {0, HUGE_VAL}};
	struct trace_source *source;
	struct err err = {0};
	struct fuzz_file file;

	if (n == 0)
		return 0;
	fuzz_file_make(&file, data + 1, n - 1);
	spec.file = file.path;
	spec.format = (enum trace_format)(data[0] % 4);
	if (arrival_trace_opener.open(&source, &spec, &err)) {
		read_rows(source);
		arrival_trace_opener.close(source);
	} else {
		assert(err.kind == ERR_INPUT && err.msg[0] && !source);
	}
	fuzz_file_drop(&file);
	return 0;
}
