/* Logs of requests: columns and units, JSON of vLLM, and what is left out. Errors: tests/bad. */
#include "tests/support/check.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/log/request_log.h"
#include "tests/support/arena_bed.h"

static bool read_text(struct served_log *log, const char *text, struct err *err)
{
	char path[] = "/tmp/offing-log-XXXXXX";
	int fd = mkstemp(path);
	bool ok;

	assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
	ok = request_log_read(log, &arena, path, err);
	unlink(path);
	return ok;
}

static struct served_log log_of(const char *text)
{
	struct err err = {0};
	struct served_log log;

	if (!read_text(&log, text, &err))
		fail_msg("%u:%u: %s", err.at.line, err.at.col, err.msg);
	return log;
}

static void is(const struct served_request *q, int64_t arrival_ms, int64_t first_ms, int64_t end_ms,
	uint32_t prompt_tok, uint32_t output_tok)
{
	assert_int_equal(q->arrival_ns, arrival_ms * 1000000);
	assert_int_equal(q->first_ns, first_ms * 1000000);
	assert_int_equal(q->end_ns, end_ms * 1000000);
	assert_int_equal(q->prompt_tok, prompt_tok);
	assert_int_equal(q->output_tok, output_tok);
}

/* Arrivals at 7.5 s and 7.25 s: from the first, 0 and 250 ms. */
static void columns_may_come_in_any_order_and_rows_too(void **state)
{
	struct served_log log = log_of("output_tokens,start_s,first_token_s,arrival_s,last_token_s,"
				       "prompt_tokens,preemptions\n"
				       "12,7.5,7.6,7.5,8.5,300,0\n"
				       "1,7.3,7.35,7.25,7.35,40,0\n");

	(void)state;
	assert_int_equal(log.n, 2);
	is(&log.at[0], 0, 100, 100, 40, 1);
	is(&log.at[1], 250, 350, 1250, 300, 12);
	assert_int_equal(log.at[0].line, 3);
}

static void times_may_count_from_the_arrival_and_in_milliseconds(void **state)
{
	struct served_log log = log_of("arrival_ms,prompt_tokens,output_tokens,ttft_ms,e2e_s\n"
				       "1000,30,5,40,0.25\n"
				       "1500,30,5,60.5,0.26\n");

	(void)state;
	is(&log.at[0], 0, 40, 250, 30, 5);
	assert_int_equal(log.at[1].first_ns, 560500000);
	assert_int_equal(log.at[1].end_ns, 760000000);
}

/* As the table `request` of results.sqlite is called. */
static void our_own_requests_are_a_log(void **state)
{
	struct served_log log =
		log_of("run,id,prompt_tokens,output_tokens,created_s,started_s,first_token_s,"
		       "finished_s,fate\n"
		       "1,0,64,8,2,2,2.125,2.5,done\n"
		       "1,1,64,8,3,,,,in_system\n");

	(void)state;
	assert_int_equal(log.n, 1);
	assert_int_equal(log.n_unanswered, 1);
	is(&log.at[0], 0, 125, 500, 64, 8);
}

/* Start 100.5 s, first token 250 ms later, then 10 + 20 + 30 ms; the second failed. */
static void what_vllm_writes_is_a_log(void **state)
{
	static const char *const texts[] = {
		"{\"date\": \"20260101-1\", \"request_rate\": \"inf\", \"input_lens\": [11, 5, 9], "
		"\"output_lens\": [4, 0, 1], \"ttfts\": [0.25, 0.0, 0.125], \"itls\": [[0.01, "
		"0.02, "
		"0.03], [], []], \"start_times\": [100.5, 100.6, 101.5], \"errors\": [\"\", "
		"\"x]\", "
		"\"\"]}\n",
		"{\n  \"start_times\": [\n    100.5,\n    100.6,\n    101.5\n  ],\n  \"ttfts\": "
		"[\n    "
		"0.25,\n    0.0,\n    1.25e-1\n  ],\n  \"itls\": [\n    [\n      0.01,\n      "
		"0.02,\n"
		"      0.03\n    ],\n    [],\n    []\n  ],\n  \"input_lens\": [11, 5, 9],\n"
		"  \"output_lens\": [4, 0, 1]\n}\n",
	};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct served_log log = log_of(texts[i]);

		assert_int_equal(log.n, 2);
		assert_int_equal(log.n_unanswered, 1);
		is(&log.at[0], 0, 250, 310, 11, 4);
		is(&log.at[1], 1000, 1125, 1125, 9, 1);
	}
}

/* As others write them: sent at 7.25 s, first chunk .1 s later, last 1 s after that. */
static void blis_counts_from_when_a_request_was_sent(void **state)
{
	struct served_log log =
		log_of("request_id,prefix_group,prefix_length,input_tokens,output_tokens,"
		       "server_input_tokens,arrival_time_us,send_time_us,first_chunk_time_us,"
		       "last_chunk_time_us,status\n"
		       "0,,0,300,12,312,7000000,7250000,7350000,8350000,ok\n"
		       "1,docs,40,30,5,0,7500000,0,7600000,7700000,ok\n"
		       "2,,0,30,0,0,7600000,7600000,0,0,timeout\n");

	(void)state;
	assert_int_equal(log.n, 2);
	assert_int_equal(log.n_unanswered, 1);
	is(&log.at[0], 0, 100, 1100, 312, 12);
	is(&log.at[1], 250, 350, 450, 70, 5);
}

/* The engine's clock has no more to do with the wall's than a day allows. */
static void llmservingsim_measures_from_the_queue_of_the_engine(void **state)
{
	struct served_log log = log_of(
		"{\"input_toks\": 300, \"output_toks\": 12, \"arrival_time\": 1787267980.08, "
		"\"queued_ts\": 27536.5, \"first_token_ts\": 27536.75, \"last_token_ts\": "
		"27538.5}\n"
		"{\"input_toks\": 30, \"output_toks\": 5, \"arrival_time\": 1787267980.09, "
		"\"queued_ts\": 27537, \"first_token_ts\": 27537.25, \"last_token_ts\": "
		"27537.5}\n");

	(void)state;
	assert_int_equal(log.n, 2);
	is(&log.at[0], 0, 250, 2000, 300, 12);
	is(&log.at[1], 500, 750, 1000, 30, 5);
	log = log_of("instance id,request id,model,input,output,arrival,end_time,latency,"
		     "queuing_delay,TTFT,TPOT,ITL\n"
		     "0,5,m,399,52,604000000,1604000000,1000000000,5,250000000,7,\"[200, 30]\"\n");
	is(&log.at[0], 0, 250, 1000, 399, 52);
}

static void aiperf_says_the_unit_of_each_span(void **state)
{
	struct served_log log =
		log_of("{\"metadata\": {\"request_start_ns\": 1759813207500000000}, \"metrics\": "
		       "{\"input_sequence_length\": {\"value\": 550, \"unit\": \"tokens\"}, "
		       "\"time_to_first_token\": {\"value\": 250, \"unit\": \"ms\"}, "
		       "\"request_latency\": {\"value\": 1.5, \"unit\": \"sec\"}, "
		       "\"output_sequence_length\": {\"value\": 9, \"unit\": \"tokens\"}}, "
		       "\"error\": null}\n"
		       "{\"metadata\": {\"request_start_ns\": 1759813207600000000}, \"metrics\": "
		       "{\"error_isl\": {\"value\": 550, \"unit\": \"tokens\"}}, "
		       "\"error\": {\"code\": 499}}\n");

	(void)state;
	assert_int_equal(log.n, 1);
	assert_int_equal(log.n_unanswered, 1);
	is(&log.at[0], 0, 250, 1500, 550, 9);
}

static void a_wrong_row_before_right_ones_is_refused(void **state)
{
	static const char text[] = "input_tokens,output_tokens,arrival_time_us,first_chunk_time_us,"
				   "last_chunk_time_us\n"
				   "300,12,x,7350000,8350000\n300,12,7000000,7350000,8350000\n";
	struct err err = {0};
	struct served_log log;

	(void)state;
	assert_false(read_text(&log, text, &err));
	assert_string_equal(err.msg, "arrival_time_us must be a number from 0 to 9e9 s, not 'x'");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			blis_counts_from_when_a_request_was_sent, arena_begin, arena_end),
		cmocka_unit_test_setup_teardown(llmservingsim_measures_from_the_queue_of_the_engine,
			arena_begin, arena_end),
		cmocka_unit_test_setup_teardown(
			aiperf_says_the_unit_of_each_span, arena_begin, arena_end),
		cmocka_unit_test_setup_teardown(
			a_wrong_row_before_right_ones_is_refused, arena_begin, arena_end),
		cmocka_unit_test_setup_teardown(
			columns_may_come_in_any_order_and_rows_too, arena_begin, arena_end),
		cmocka_unit_test_setup_teardown(
			times_may_count_from_the_arrival_and_in_milliseconds, arena_begin,
			arena_end),
		cmocka_unit_test_setup_teardown(our_own_requests_are_a_log, arena_begin, arena_end),
		cmocka_unit_test_setup_teardown(what_vllm_writes_is_a_log, arena_begin, arena_end),
	};

	return cmocka_run_group_tests_name("request_log", tests, NULL, NULL);
}
