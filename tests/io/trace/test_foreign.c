/* Traces as other tools write them: what each column says, how a format is told, and how rows that
 * are in no order get one. */
#include "tests/support/check.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/trace/arrival_trace.h"
#include "io/trace/bandwidth_trace.h"
#include "models/workload/spec.h"

static char path[] = "/tmp/offing-foreign-XXXXXX";

static int make_file(void **state)
{
	(void)state;
	close(mkstemp(path));
	return 0;
}

static int drop_file(void **state)
{
	(void)state;
	return unlink(path);
}

static void write_text(const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
	assert_int_equal(fclose(f), 0);
}

/** Rows as "ms prompt output[:ids]" in a line, or "error: ...". */
static void read_as(struct buf *to, enum trace_format format, bool contents)
{
	const struct trace_spec spec = {.file = path, .format = format, .contents = contents};
	struct trace_source *s;
	struct err err = {0};
	struct trace_row row;
	int got = -1;

	if (arrival_trace_opener.open(&s, &spec, &err)) {
		while ((got = arrival_trace_opener.next(s, &row, &err)) > 0) {
			buf_printf(to, "%g %u %u", 1e-6 * (double)row.at_ns, row.prompt_tok,
				row.output_tok);
			if (row.n_ids > 0)
				buf_printf(to, ":%ux%u", row.n_ids, row.id_tok);
			buf_puts(to, "; ");
			free(row.ids);
		}
		arrival_trace_opener.close(s);
	}
	if (got < 0)
		buf_printf(to, "error: %u:%u: %s", err.at.line, err.at.col, err.msg);
}

static void check_rows(const char *text, enum trace_format format, const char *want)
{
	struct buf got;

	write_text(text);
	for (size_t i = 0; i < 2; i++) { /* by its name, and by itself */
		buf_init(&got);
		read_as(&got, i ? TRACE_AUTO : format, false);
		assert_string_equal(got.s, want);
		buf_finish(&got);
	}
}

static void vidur_and_splitwise_count_seconds_as_written(void **state)
{
	(void)state;
	check_rows("arrived_at,num_prefill_tokens,num_decode_tokens\n0.5,374,44\n4.25,396,109\n",
		TRACE_VIDUR, "500 374 44; 4250 396 109; ");
	check_rows("request_id,request_type,application_id,arrival_timestamp,batch_size,"
		   "prompt_size,token_size\n0,2,0,1,1,4096,32\n1,2,0,3.5,1,2048,8\n",
		TRACE_SPLITWISE, "1000 4096 32; 3500 2048 8; ");
}

/* Sent at 7.25 and 7 s: from the first, 250 and 0 ms. The server counted 12 tokens of one prompt,
 * its chat template with it; of the other it is a beginning of 30 and the rest. */
static void blis_counts_from_the_first_and_puts_beginnings_in_front(void **state)
{
	static const char text[] =
		"request_id,prefix_group,prefix_length,input_tokens,output_tokens,"
		"server_input_tokens,arrival_time_us,send_time_us,status\n"
		"1,,0,10,5,12,7250000,7250100,ok\n0,docs,30,7,9,39,7000000,7000000,ok\n"
		"2,,0,10,0,0,7300000,7300000,error\n";
	struct buf got;

	(void)state;
	check_rows(text, TRACE_BLIS, "0 37 9; 250 12 5; ");
	buf_init(&got);
	read_as(&got, TRACE_BLIS, true);
	assert_string_equal(got.s, "0 37 9:1x30; 250 12 5; ");
	buf_finish(&got);
}

static void llmservingsim_has_three_kinds_of_file(void **state)
{
	(void)state;
	check_rows("{\"input_toks\": 147, \"output_toks\": 13, \"arrival_time_ns\": 4059740}\n"
		   "{\"input_toks\": 15, \"output_toks\": 2, \"arrival_time_ns\": 1000000}\n",
		TRACE_LLMSERVINGSIM, "1 15 2; 4.05974 147 13; ");
	check_rows("{\"request_id\": \"bench-0\", \"input_toks\": 23, \"output_toks\": 5, "
		   "\"arrival_time\": 1787267980.5, \"queued_ts\": 27536.6}\n"
		   "{\"request_id\": \"bench-1\", \"input_toks\": 10, \"output_toks\": 7, "
		   "\"arrival_time\": 1787267980.75, \"queued_ts\": 27537}\n",
		TRACE_LLMSERVINGSIM, "0 23 5; 250 10 7; ");
	check_rows("instance id,request id,model,input,output,arrival,end_time,latency\n"
		   "0,5,m,399,520,604000000,16708505576,16103675685\n"
		   "0,7,m,1379,519,46000000,16708505576,15896568723\n",
		TRACE_LLMSERVINGSIM, "46 1379 519; 604 399 520; ");
}

/* 16 tokens make a block; two prompts that begin with the same 32 have two blocks in common. */
static void tokens_make_blocks_that_are_equal_when_they_are(void **state)
{
	const struct trace_spec spec = {
		.file = path, .format = TRACE_LLMSERVINGSIM, .contents = true};
	struct trace_source *s;
	struct trace_row row[2];
	struct err err = {0};
	struct buf text;

	(void)state;
	buf_init(&text);
	for (int r = 0; r < 2; r++) {
		buf_printf(&text,
			"{\"input_toks\":50,\"output_toks\":2,\"arrival_time_ns\":%d,"
			"\"input_tok_ids\":[",
			r);
		for (int k = 0; k < 50; k++)
			buf_printf(&text, "%s%d", k ? ", " : "", k < 40 ? 7 * k : k + 100 * r);
		buf_puts(&text, "]}\n");
	}
	write_text(text.s);
	buf_finish(&text);
	assert_true(arrival_trace_opener.open(&s, &spec, &err));
	for (int r = 0; r < 2; r++)
		assert_int_equal(arrival_trace_opener.next(s, &row[r], &err), 1);
	assert_int_equal(row[0].n_ids, 3);
	assert_int_equal(row[0].id_tok, 16);
	assert_true(row[0].ids[0] == row[1].ids[0] && row[0].ids[1] == row[1].ids[1]);
	assert_true(row[0].ids[0] != row[0].ids[1] && row[0].ids[2] != row[1].ids[2]);
	free(row[0].ids);
	free(row[1].ids);
	arrival_trace_opener.close(s);
}

/* Requests are written as they end; one that failed has no lengths. */
static void aiperf_is_put_in_order_and_failures_are_left_out(void **state)
{
#define RECORD(start, isl, osl) \
	"{\"metadata\": {\"session_num\": 4, \"request_start_ns\": " start \
	"}, \"metrics\": {\"input_sequence_length\": {\"value\": " isl \
	", \"unit\": \"tokens\"}, \"output_sequence_length\": {\"value\": " osl \
	", \"unit\": \"tokens\"}}, \"error\": null}\n"
	(void)state;
	check_rows(RECORD("1759813207500000000", "550", "9") //
		"{\"metadata\": {\"request_start_ns\": 1759813207100000000}, \"metrics\": "
		"{\"error_isl\": {\"value\": 550}}, \"error\": {\"code\": 499}}\n" //
		RECORD("1759813207250000000", "12", "30"),
		TRACE_AIPERF, "150 12 30; 400 550 9; ");
}

/* A stamp is read up to the row behind it, which is refused with the ids it has. */
static void a_time_that_goes_back_is_refused_whatever_prompts_share(void **state)
{
	struct buf got;

	(void)state;
	write_text("{\"timestamp\": 5000, \"input_length\": 600, \"output_length\": 5, "
		   "\"hash_ids\": [1, 2]}\n"
		   "{\"timestamp\": 4000, \"input_length\": 600, \"output_length\": 5, "
		   "\"hash_ids\": [1, 3]}\n");
	buf_init(&got);
	read_as(&got, TRACE_MOONCAKE, true);
	assert_string_equal(got.s, "error: 2:15: timestamp goes back by 1000 ms; a trace must be "
				   "in order of time");
	buf_finish(&got);
}

static void what_vllm_measured_comes_again(void **state)
{
	(void)state;
	check_rows("{\"date\": \"x\", \"request_throughput\": 2.5, \"input_lens\": [10, 7, 3], "
		   "\"output_lens\": [3, 2, 0], \"ttfts\": [0.25, 0.5, 0], \"itls\": [[0.1, 0.1], "
		   "[0.2], []], \"start_times\": [100.5, 100, 101]}",
		TRACE_VLLM_BENCH, "0 7 2; 500 10 3; ");
}

static void objects_of_our_own_columns_are_a_trace(void **state)
{
	(void)state;
	check_rows("{\"arrival_s\": 0.5, \"prompt_tokens\": 3, \"output_tokens\": 4}\n", TRACE_CSV,
		"500 3 4; ");
}

/* Which format it is */

static void a_format_that_is_not_certain_is_asked_for(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{"arrived_at,num_prefill_tokens,num_decode_tokens,arrival_s,prompt_tokens,"
		 "output_tokens\n",
			"error: 1:1: this could be of format csv or vidur: say which"},
		{"arrived_at,num_prefil_tokens,num_decode_tokens\n",
			"error: 1:1: this is of no known format: it has 'arrived_at', "
			"'num_prefil_tokens', 'num_decode_tokens'; the nearest is vidur, which "
			"also needs 'num_prefill_tokens'"},
		{"x,y\n1,2\n",
			"error: 1:1: this is of no known format (csv, azure, mooncake, burstgpt, "
			"vidur, splitwise, blis, llmservingsim, aiperf, vllm-bench); it begins "
			"'x,y'"},
		{"arrived_at;num_prefill_tokens;num_decode_tokens\n",
			"error: 1:1: fields are separated by commas, not semicolons; the first "
			"line is 'arrived_at;num_prefill_tokens;num_decode...'"},
		{"\n\n", "error: 1:1: file is empty"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct buf got;

		write_text(cases[i].text);
		buf_init(&got);
		read_as(&got, TRACE_AUTO, false);
		assert_string_equal(got.s, cases[i].want);
		buf_finish(&got);
	}
}

static void sessions_that_wait_for_answers_are_refused(void **state)
{
	struct buf got;

	(void)state;
	write_text("{\"session_id\": \"s\", \"arrival_time_ns\": 5, \"sub_requests\": "
		   "[{\"input_toks\": 1472, \"output_toks\": 133}]}\n");
	buf_init(&got);
	read_as(&got, TRACE_LLMSERVINGSIM, false);
	assert_non_null(strstr(got.s, "sessions of LLMServingSim (sub_requests) are not read"));
	buf_finish(&got);
}

/* 1787267980082 ms are in 2026. */
static void a_clock_of_another_unit_is_named(void **state)
{
	static const struct {
		enum trace_format format;
		const char *text, *want;
	} cases[] = {
		{TRACE_CSV, "arrival_s,prompt_tokens,output_tokens\n1787267980082,2,3\n",
			"milliseconds since 1970"},
		{TRACE_VIDUR,
			"arrived_at,num_prefill_tokens,num_decode_tokens\n1787267980082000,2,3\n",
			"microseconds since 1970"},
		{TRACE_MOONCAKE,
			"{\"timestamp\": 1787267980082000000, \"input_length\": 2, "
			"\"output_length\": 3}\n",
			"nanoseconds since 1970"},
		{TRACE_AZURE, "TIMESTAMP,ContextTokens,GeneratedTokens\n1787267980,2,3\n",
			"seconds since 1970"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct buf got;

		write_text(cases[i].text);
		buf_init(&got);
		read_as(&got, cases[i].format, false);
		if (!strstr(got.s, cases[i].want))
			fail_msg("%s", got.s);
		buf_finish(&got);
	}
}

/* Bandwidth */

static void check_curve(enum bandwidth_format format, const char *text, const char *want)
{
	const struct rate_curve *c;
	struct err err = {0};
	struct arena a;
	struct buf got;

	write_text(text);
	arena_init(&a);
	buf_init(&got);
	if (!bandwidth_trace_columns(&c, &a, format, path, 0, (struct src_pos){0}, &err))
		buf_printf(&got, "error: %u:%u: %s", err.at.line, err.at.col, err.msg);
	else
		for (size_t i = 0; i < c->n; i++)
			buf_printf(&got, "%g ms %g kB/s; ", 1e-6 * (double)c->at_ns[i],
				1e-3 * c->bytes_per_s[i]);
	assert_string_equal(got.s, want);
	buf_finish(&got);
	arena_finish(&a);
}

/* The rate of a line holds until its time: 2 Mbit/s = 250 kB/s from 0 to 1.5 s, then 4. */
static void pensieve_sends_at_a_rate_until_its_time(void **state)
{
	(void)state;
	check_curve(
		BANDWIDTH_PENSIEVE, "10 1\n11.5\t2\n12 4\n", "0 ms 250 kB/s; 1500 ms 500 kB/s; ");
	check_curve(BANDWIDTH_PENSIEVE, "10 1\n",
		"error: 0:0: a trace of format pensieve needs two lines");
	check_curve(BANDWIDTH_PENSIEVE, "10 1\n10 2\n",
		"error: 2:1: times must increase: 10 s after 10 s");
}

static void milliseconds_and_kilobits_hold_from_then_on(void **state)
{
	(void)state;
	check_curve(BANDWIDTH_MS_KBIT, "1000 800\n1500 0\n1750.5 1600\n",
		"0 ms 100 kB/s; 500 ms 0 kB/s; 750.5 ms 200 kB/s; ");
	check_curve(BANDWIDTH_MS_KBIT, "1000 800 5\n",
		"error: 1:1: a line should be 2 numbers with blanks between them, not 3");
}

/* 248069 bytes in the 1008 ms that end at 549692 ms: 246.1 kB/s. */
static void hsdpa_has_bytes_of_the_interval_that_ends(void **state)
{
	(void)state;
	check_curve(BANDWIDTH_HSDPA,
		"1289406399 549692 59.851754 10.781778 252000 1008\n"
		"1289406400 550772 59.851864 10.781833 108000 1080\n",
		"0 ms 250 kB/s; 1008 ms 100 kB/s; ");
	check_curve(BANDWIDTH_HSDPA, "1289406399 549692 59.8 10.7 252000 0\n",
		"error: 1:36: the last column should be the milliseconds since the line before, "
		"not '0'");
}

static void a_format_of_bandwidth_is_told_by_its_first_line(void **state)
{
	static const struct {
		const char *text;
		enum bandwidth_format want;
	} cases[] = {
		{"t_s,rate\n", BANDWIDTH_RATE},
		{"\n 12\n", BANDWIDTH_MAHIMAHI},
		{"1289406399 549692 59.8 10.7 252000 10\n", BANDWIDTH_HSDPA},
	};
	enum bandwidth_format got;
	struct err err = {0};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		write_text(cases[i].text);
		assert_true(bandwidth_trace_format(&got, path, (struct src_pos){0}, &err));
		assert_int_equal(got, cases[i].want);
	}
	write_text("0 1.5\n");
	assert_false(bandwidth_trace_format(&got, path, (struct src_pos){0}, &err));
	assert_string_equal(err.msg,
		"this could be of format pensieve (seconds, Mbit/s) or ms-kbit "
		"(milliseconds, kbit/s): say which");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vidur_and_splitwise_count_seconds_as_written),
		cmocka_unit_test(blis_counts_from_the_first_and_puts_beginnings_in_front),
		cmocka_unit_test(llmservingsim_has_three_kinds_of_file),
		cmocka_unit_test(tokens_make_blocks_that_are_equal_when_they_are),
		cmocka_unit_test(aiperf_is_put_in_order_and_failures_are_left_out),
		cmocka_unit_test(a_time_that_goes_back_is_refused_whatever_prompts_share),
		cmocka_unit_test(what_vllm_measured_comes_again),
		cmocka_unit_test(objects_of_our_own_columns_are_a_trace),
		cmocka_unit_test(a_format_that_is_not_certain_is_asked_for),
		cmocka_unit_test(sessions_that_wait_for_answers_are_refused),
		cmocka_unit_test(a_clock_of_another_unit_is_named),
		cmocka_unit_test(pensieve_sends_at_a_rate_until_its_time),
		cmocka_unit_test(milliseconds_and_kilobits_hold_from_then_on),
		cmocka_unit_test(hsdpa_has_bytes_of_the_interval_that_ends),
		cmocka_unit_test(a_format_of_bandwidth_is_told_by_its_first_line),
	};
	return cmocka_run_group_tests_name("foreign traces", tests, make_file, drop_file);
}
