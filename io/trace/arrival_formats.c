/* How others write what came when: docs/formats.md has the sources. */
#include "io/trace/arrival_formats.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "io/trace/arrival_trace.h"

#define NS_PER_S INT64_C(1000000000)

const char *const arrival_trace_formats[] = {
	[TRACE_CSV] = "csv",
	[TRACE_AZURE] = "azure",
	[TRACE_MOONCAKE] = "mooncake",
	[TRACE_BURSTGPT] = "burstgpt",
	[TRACE_VIDUR] = "vidur",
	[TRACE_SPLITWISE] = "splitwise",
	[TRACE_BLIS] = "blis",
	[TRACE_LLMSERVINGSIM] = "llmservingsim",
	[TRACE_AIPERF] = "aiperf",
	[TRACE_VLLM_BENCH] = "vllm-bench",
	[TRACE_AUTO] = "auto",
	NULL,
};

#define COLUMNS(time, prompt, output) \
	{(time), CSV_NEEDED}, {(prompt), CSV_NEEDED}, \
	{ \
		(output), CSV_NEEDED \
	}
#define IN_SECONDS .unit_ns = NS_PER_S, .time_rule = "a number of seconds from 0 to 9e9"
#define IN_NANOSECONDS .unit_ns = 1, .time_rule = "a number of nanoseconds from 0 to 9e18"

static const struct arrival_format arrival_formats[] = {
	{.word = TRACE_CSV,
		.n = 3,
		.columns = {COLUMNS("arrival_s", "prompt_tokens", "output_tokens")},
		IN_SECONDS},
	{.word = TRACE_CSV,
		.shape = ROWS_JSON,
		.n = 3,
		.columns = {COLUMNS("arrival_s", "prompt_tokens", "output_tokens")},
		IN_SECONDS},
	{.word = TRACE_AZURE,
		.n = 3,
		.columns = {COLUMNS("TIMESTAMP", "ContextTokens", "GeneratedTokens")},
		.from_first = true,
		.time_rule = "a time such as 2023-11-16 18:15:46.6805900"},
	{.word = TRACE_MOONCAKE,
		.shape = ROWS_JSON,
		.n = 4,
		.columns = {COLUMNS("timestamp", "input_length", "output_length"),
			{"hash_ids", CSV_OPTIONAL}},
		.ids = IDS_GIVEN,
		.id_tok = 512,
		.from_first = true,
		.unit_ns = NS_PER_S / 1000,
		.batch_ns = 3 * NS_PER_S,
		.time_rule = "a number of milliseconds from 0 to 9e12"},
	{.word = TRACE_BURSTGPT,
		.n = 3,
		.columns = {COLUMNS("Timestamp", "Request tokens", "Response tokens")},
		.from_first = true,
		.coarse = true,
		IN_SECONDS},
	{.word = TRACE_VIDUR,
		.n = 3,
		.columns = {COLUMNS("arrived_at", "num_prefill_tokens", "num_decode_tokens")},
		IN_SECONDS},
	{.word = TRACE_SPLITWISE,
		.n = 3,
		.columns = {COLUMNS("arrival_timestamp", "prompt_size", "token_size")},
		IN_SECONDS},
	{.word = TRACE_BLIS,
		.n = 6,
		.columns = {COLUMNS("arrival_time_us", "input_tokens", "output_tokens"),
			{"prefix_group", CSV_OPTIONAL}, {"prefix_length", CSV_OPTIONAL},
			{"server_input_tokens", CSV_OPTIONAL}},
		.ids = IDS_PREFIX,
		.from_first = true,
		.any_order = true,
		.unit_ns = 1000,
		.time_rule = "a number of microseconds from 0 to 9e15"},
	{.word = TRACE_LLMSERVINGSIM,
		.shape = ROWS_JSON,
		.n = 4,
		.columns = {COLUMNS("arrival_time_ns", "input_toks", "output_toks"),
			{"input_tok_ids", CSV_OPTIONAL}},
		.ids = IDS_TOKENS,
		.id_tok = 16,
		.any_order = true,
		IN_NANOSECONDS},
	{.word = TRACE_LLMSERVINGSIM, /* bench: a real server's, by the wall clock */
		.shape = ROWS_JSON,
		.n = 3,
		.columns = {COLUMNS("arrival_time", "input_toks", "output_toks")},
		.from_first = true,
		.any_order = true,
		IN_SECONDS},
	{.word = TRACE_LLMSERVINGSIM, /* what it wrote of its own requests */
		.n = 4,
		.columns = {COLUMNS("arrival", "input", "output"), {"end_time", CSV_NEEDED}},
		.any_order = true,
		IN_NANOSECONDS},
	{.word = TRACE_AIPERF,
		.shape = ROWS_JSON,
		.n = 3,
		.columns = {{"metadata.request_start_ns", CSV_NEEDED},
			{"metrics.input_sequence_length.value", CSV_OPTIONAL},
			{"metrics.output_sequence_length.value", CSV_OPTIONAL}},
		.from_first = true,
		.any_order = true,
		IN_NANOSECONDS},
	{.word = TRACE_VLLM_BENCH, /* one object, read by io/log */
		.shape = ROWS_JSON,
		.n = 1,
		.columns = {{"request_throughput", CSV_NEEDED}}},
};

enum { FORMATS = sizeof arrival_formats / sizeof arrival_formats[0] };

/* The only one of its word, and of @shape unless that is any; NULL: there are several, or none. */
static const struct arrival_format *only(enum trace_format word, bool any, enum row_shape shape)
{
	const struct arrival_format *found = NULL;

	for (size_t k = 0; k < FORMATS; k++) {
		if (arrival_formats[k].word != word || (!any && arrival_formats[k].shape != shape))
			continue;
		if (found)
			return NULL;
		found = &arrival_formats[k];
	}
	return found;
}

static const struct arrival_format *chosen(
	const struct heading *h, enum trace_format word, struct err *err)
{
	struct heading_format formats[FORMATS];
	const struct arrival_format *one;
	size_t k;

	if (heading_has(h, "sub_requests")) {
		err_at(err, (struct src_pos){h->file, 1, 1},
			"sessions of LLMServingSim (sub_requests) are not read: each of their "
			"requests waits for an answer; 'sessions' of a group are such");
		return NULL;
	}
	one = only(word, false, h->kind == HEADING_NAMES ? ROWS_CSV : ROWS_JSON);
	if (one)
		return one;
	for (k = 0; k < FORMATS; k++)
		formats[k] = (struct heading_format){arrival_trace_formats[arrival_formats[k].word],
			arrival_formats[k].shape, arrival_formats[k].n, arrival_formats[k].columns};
	return heading_choose(&k, h, formats, FORMATS,
		       word == TRACE_AUTO ? NULL : arrival_trace_formats[word], err)
		       ? &arrival_formats[k]
		       : NULL;
}

static const struct arrival_format *by_heading(const struct trace_spec *spec, struct err *err)
{
	const struct arrival_format *found = NULL;
	struct heading heading;
	struct arena a;

	arena_init(&a);
	if (heading_read(&heading, &a, spec->file, spec->at, err))
		found = chosen(&heading, spec->format, err);
	arena_finish(&a);
	return found;
}

const struct arrival_format *arrival_format_of(const struct trace_spec *spec, struct err *err)
{
	const struct arrival_format *f = only(spec->format, true, ROWS_CSV);

	return f ? f : by_heading(spec, err);
}
