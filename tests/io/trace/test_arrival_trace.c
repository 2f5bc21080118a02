/* The trace readers: what they read, what they refuse, what they cost. */
#include "tests/support/check.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zlib.h>

#include "base/str.h"
#include "io/text/trace_value.h"
#include "io/trace/arrival_trace.h"
#include "models/workload/spec.h"

static const struct trace_opener *const reader = &arrival_trace_opener;

/* A file of its own for each test process. */
static const char *temp_path(void)
{
	static char path[64];

	snprintf(path, sizeof path, "/tmp/offing_trace_%ld", (long)getpid());
	return path;
}

static void write_file(const char *text, size_t n)
{
	FILE *f = fopen(temp_path(), "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

static int drop_file(void **state)
{
	(void)state;
	unlink(temp_path());
	return 0;
}

static struct trace_source *open_file(const char *file, enum trace_format format)
{
	const struct trace_spec spec = {.file = file, .format = format};
	struct err err = {0};
	struct trace_source *s;

	if (!reader->open(&s, &spec, &err))
		fail_msg("%s", err.msg);
	return s;
}

static struct trace_row row_of(struct trace_source *s)
{
	struct trace_row row = {0};
	struct err err = {0};

	if (reader->next(s, &row, &err) != 1)
		fail_msg("no row: %s", err.msg);
	return row;
}

static void check_row(struct trace_source *s, double at_s, uint32_t prompt, uint32_t output)
{
	const struct trace_row row = row_of(s);

	assert_int_equal(row.at_ns, (int64_t)(1e9 * at_s + 0.5));
	assert_int_equal(row.prompt_tok, prompt);
	assert_int_equal(row.output_tok, output);
}

static void check_end(struct trace_source *s, uint64_t skipped)
{
	struct trace_row row;
	struct err err = {0};

	assert_int_equal(reader->next(s, &row, &err), 0);
	assert_int_equal(err.kind, ERR_NONE);
	assert_int_equal(reader->skipped(s), skipped);
	reader->close(s);
}

static struct trace_source *open_text(const char *text, enum trace_format format)
{
	write_file(text, strlen(text));
	return open_file(temp_path(), format);
}

/* What is read */

#define SHARED_STAMPS "arrival_s,prompt_tokens,output_tokens\n0,5,5\n0,7,7\n2,8,8\n3,9,9\n"

static void plain_csv_keeps_its_times(void **state)
{
	struct trace_source *s = open_text("arrival_s,prompt_tokens,output_tokens\n"
					   "2.5,120,60\n"
					   "2.5,7,3\n"
					   "1e2,5,9\n",
		TRACE_CSV);

	(void)state;
	check_row(s, 2.5, 120, 60);
	check_row(s, 2.5, 7, 3);
	check_row(s, 100.0, 5, 9);
	check_end(s, 0);
	/* any order of columns, more of them, CR LF, quotes, blanks, no last line end */
	s = open_text("\xef\xbb\xbfid,output_tokens,\"prompt_tokens\",arrival_s\r\n"
		      "a,60,120,1e-05\r\n"
		      "\r\n"
		      "\"b,\"\"c\",  3.0,\"7\",.25",
		TRACE_CSV);
	check_row(s, 1e-5, 120, 60);
	check_row(s, 0.25, 7, 3);
	check_end(s, 0);
}

/* 18:17:03.9799600 to 18:17:04.0319600 are 52 ms; midnight is passed on the way. */
static void azure_times_start_with_the_first_row(void **state)
{
	struct trace_source *s = open_text("TIMESTAMP,ContextTokens,GeneratedTokens\n"
					   "2023-11-16 18:17:03.9799600,4808,10\n"
					   "2023-11-16 18:17:04.0319600,3180,8\n"
					   "2023-11-17 00:00:00,110,27\n",
		TRACE_AZURE);

	(void)state;
	check_row(s, 0.0, 4808, 10);
	check_row(s, 0.052, 3180, 8);
	check_row(s, 20576.02004, 110, 27); /* 24 h - 18:17:03.97996 */
	check_end(s, 0);
}

static void azure_times_may_carry_a_zone(void **state)
{
	struct trace_source *s = open_text("TIMESTAMP,ContextTokens,GeneratedTokens\n"
					   "2024-05-10 00:00:00.009930+00:00,2162,5\n"
					   "2024-05-10 01:00:00.509930+01:00,2399,6\n"
					   "2024-05-09T18:30:01Z,76,15\n",
		TRACE_AZURE);
	struct trace_row row;
	struct err err = {0};

	(void)state;
	check_row(s, 0.0, 2162, 5);
	check_row(s, 0.5, 2399, 6);
	assert_int_equal(reader->next(s, &row, &err), -1); /* 5.5 h back */
	assert_string_equal(
		err.msg, "TIMESTAMP goes back by 19799.5 s; a trace must be in order of time");
	assert_int_equal(err.at.line, 4);
	assert_int_equal(err.at.col, 1);
	reader->close(s);
	s = open_text("TIMESTAMP,NumImages,ContextTokens,GeneratedTokens\n"
		      "2024-02-29T23:59:59.5Z,2,2162,5\n"
		      "2024-02-29 18:30:00.75-0530,0,76,15\n",
		TRACE_AZURE);
	check_row(s, 0.0, 2162, 5);
	check_row(s, 1.25, 76, 15);
	check_end(s, 0);
}

/* A failed request of BurstGPT has no response tokens. */
static void burstgpt_rows_without_output_are_counted(void **state)
{
	struct trace_source *s =
		open_text("Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n"
			  "5,ChatGPT,472,18,490,Conversation log\n"
			  "45,ChatGPT,1087,0,1087,Conversation log\n"
			  "45,GPT-4,0,,0,API log\n"
			  "118,GPT-4,417,276,693,Conversation log\n",
			TRACE_BURSTGPT);

	(void)state;
	check_row(s, 0.0, 472, 18);
	check_row(s, 113.0, 417, 276);
	check_end(s, 2);
}

/* Ten rows a second written in whole seconds: one every 0.1 s, as they came, in the last second
 * too. Two rows of the same hundredth elsewhere keep their time, and so do bursts at
 * multiples of 10 s: no two stamps show that the clock ticks in seconds. */
static void coarse_clocks_are_laid_out_over_their_tick(void **state)
{
	struct buf text;
	struct trace_source *s;

	(void)state;
	buf_init(&text);
	buf_puts(&text, "Timestamp,Request tokens,Response tokens\n");
	for (size_t n = 0; n < 30; n++)
		buf_printf(&text, "%zu.0,%zu,5\n", n / 10, n + 1);
	s = open_text(text.s, TRACE_BURSTGPT);
	for (size_t n = 0; n < 30; n++)
		check_row(s, 0.1 * (double)n, (uint32_t)n + 1, 5);
	check_end(s, 0);
	buf_finish(&text);
	s = open_text("arrival_s,prompt_tokens,output_tokens\n3,2,2\n4,3,2\n4,4,2\n6,5,2\n6,6,2\n",
		TRACE_CSV);
	check_row(s, 3.0, 2, 2);
	check_row(s, 4.0, 3, 2);
	check_row(s, 4.5, 4, 2);
	check_row(s, 6.0, 5, 2);
	check_row(s, 6.5, 6, 2);
	check_end(s, 0);
	s = open_text(
		"arrival_s,prompt_tokens,output_tokens\n0,2,2\n0,3,2\n10,4,2\n10,5,2\n", TRACE_CSV);
	check_row(s, 0.0, 2, 2);
	check_row(s, 0.0, 3, 2);
	check_row(s, 10.0, 4, 2);
	check_row(s, 10.0, 5, 2);
	check_end(s, 0);
	s = open_text("TIMESTAMP,ContextTokens,GeneratedTokens\n2024-02-29 23:59:59,2,2\n"
		      "2024-02-29 23:59:59,3,2\n2024-03-01 00:00:00,4,2\n2024-03-01 00:00:00,5,2\n",
		TRACE_AZURE);
	check_row(s, 0.0, 2, 2);
	check_row(s, 0.5, 3, 2);
	check_row(s, 1.0, 4, 2);
	check_row(s, 1.5, 5, 2);
	check_end(s, 0);
}

/* The same two rows of one stamp under each clock. */
static void the_clock_of_a_trace_can_be_given(void **state)
{
	static const struct {
		double clock_s, second_s;
	} cases[] = {{0.0, 0.5}, {-1.0, 0.0}, {0.2, 0.1}, {3.0, 1.0}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct trace_spec spec = {
			.file = temp_path(), .format = TRACE_CSV, .clock_s = cases[i].clock_s};
		struct err err = {0};
		struct trace_source *s;

		write_file(SHARED_STAMPS, sizeof SHARED_STAMPS - 1);
		assert_true(reader->open(&s, &spec, &err));
		check_row(s, 0.0, 5, 5);
		check_row(s, cases[i].second_s, 7, 7); /* 3 s: no further than the next, at 2 s */
		check_row(s, 2.0, 8, 8);
		check_row(s, 3.0, 9, 9);
		check_end(s, 0);
	}
}

/* Milliseconds of an epoch, whose seconds as doubles are 256 ns apart; digits behind the
 * nanosecond are rounded, and no exponent or length of digits costs one. */
static void times_are_whole_nanoseconds_from_the_file_on(void **state)
{
	static const struct {
		const char *text;
		int64_t ms_ns, s_ns;
	} cases[] = {
		{"1700000000001", INT64_C(1700000000001000000), -1},
		{"1750000000.123456789", INT64_C(1750000000123457), INT64_C(1750000000123456789)},
		{"8999999999.999999999", INT64_C(9000000000000000), INT64_C(8999999999999999999)},
		{"9000000000.0000000004", INT64_C(9000000000000000), INT64_C(9000000000000000000)},
		{"9000000000.000000001", INT64_C(9000000000000000), -1},
		{"0.0000000005", 0, 1},
		{"0.00000000049999999999999999999999", 0, 0},
		{"00000000000000000000000000012.5", INT64_C(12500000), INT64_C(12500000000)},
		{"125e-1", INT64_C(12500000), INT64_C(12500000000)},
		{".125E+2", INT64_C(12500000), INT64_C(12500000000)},
		{"1e-999", 0, 0},
		{"7e12", INT64_C(7000000000000000000), -1},
		{"1e9999", -1, -1},
		{"0e9999", 0, 0},
		{"", -1, -1},
		{".", -1, -1},
		{"-1", -1, -1},
		{"1e", -1, -1},
		{"1e+", -1, -1},
		{"1.2.3", -1, -1},
		{"0x10", -1, -1},
		{"inf", -1, -1},
		{"1 2", -1, -1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		int64_t ms_ns = -1, s_ns = -1;
		bool ms_ok = trace_time(str_of(cases[i].text), 1000000, &ms_ns);
		bool s_ok = trace_time(str_of(cases[i].text), 1000000000, &s_ns);

		if (!ms_ok)
			ms_ns = -1;
		if (!s_ok)
			s_ns = -1;
		if (ms_ns != cases[i].ms_ns || s_ns != cases[i].s_ns)
			fail_msg("%s: %jd and %jd ns", cases[i].text, (intmax_t)ms_ns,
				(intmax_t)s_ns);
	}
}

/* Three rows at 0 and the next at 3 s: one a second. Two at 3 s, then 4.5 s: 0.75 s apart.
 * The last batch of two has its 3 s. */
static void mooncake_batches_are_spread_until_the_next(void **state)
{
	struct trace_source *s =
		open_text("{\"timestamp\": 0, \"input_length\": 6758, \"output_length\": 500, "
			  "\"hash_ids\": [0, 1]}\n"
			  "{\"timestamp\": 0, \"input_length\": 7322, \"output_length\": 490}\n"
			  "{\"output_length\":794,\"input_length\":7236,\"timestamp\":0}\n"
			  "{\"timestamp\": 3000, \"input_length\": 11, \"output_length\": 12}\n"
			  "{\"timestamp\": 3000, \"input_length\": 13, \"output_length\": 14, "
			  "\"x\": {\"y\": [null, true, \"}\\\"\\u00e4\", -1.5e3]}}\n"
			  "{\"timestamp\": 3000, \"input_length\": 13, \"output_length\": 0}\n"
			  "{\"timestamp\": 4500, \"input_length\": 15, \"output_length\": 16}\n"
			  "{\"timestamp\": 4500.0, \"input_length\": 17, \"output_length\": 18}\n",
			TRACE_MOONCAKE);

	(void)state;
	check_row(s, 0.0, 6758, 500);
	check_row(s, 1.0, 7322, 490);
	check_row(s, 2.0, 7236, 794);
	check_row(s, 3.0, 11, 12);
	check_row(s, 3.75, 13, 14);
	check_row(s, 4.5, 15, 16);
	check_row(s, 6.0, 17, 18);
	check_end(s, 1);
}

/** The next row of @s has the ids of @text, one by one: "7 0"; "": none. */
static void check_ids(struct trace_source *s, const char *text)
{
	struct trace_row row = {0};
	struct err err = {0};
	char got[200] = "";
	size_t n = 0;

	assert_int_equal(reader->next(s, &row, &err), 1);
	for (uint32_t k = 0; k < row.n_ids; k++)
		n += (size_t)snprintf(
			got + n, sizeof got - n, "%s%ju", k > 0 ? " " : "", (uintmax_t)row.ids[k]);
	assert_string_equal(got, text);
	if (row.n_ids > 0)
		assert_int_equal(row.id_tok, 512);
	free(row.ids);
}

/* Read when they are asked for, in any place and spacing; a row without has none, and one without
 * output takes none along. The same through the rows that share a stamp, and of a reader that is
 * closed in the middle of them. */
static void hash_ids_are_read_when_asked_for(void **state)
{
	static const char text[] =
		"{\"hash_ids\": [ 7 , 0,18446744073709551615 ], \"timestamp\": 0, "
		"\"input_length\": 1500, \"output_length\": 5}\n"
		"{\"timestamp\": 0, \"input_length\": 600, \"output_length\": 0, "
		"\"hash_ids\": [1, 2]}\n"
		"{\"timestamp\": 0, \"input_length\": 600, \"output_length\": 5}\n"
		"{\"timestamp\": 0, \"input_length\": 600, \"output_length\": 5, \"hash_ids\":[]}\n"
		"{\"timestamp\": 9, \"input_length\": 9, \"output_length\": 5, \"hash_ids\": "
		"[4]}\n";
	struct trace_spec spec = {.file = temp_path(), .format = TRACE_MOONCAKE};
	struct trace_source *s;
	struct err err = {0};

	(void)state;
	write_file(text, sizeof text - 1);
	for (int exact = 0; exact < 2; exact++) {
		spec.clock_s = exact ? -1.0 : 0.0;
		for (int rows = 0; rows < 5; rows++) {
			static const char *const ids[] = {"7 0 18446744073709551615", "", "", "4"};

			spec.contents = rows < 4 || exact;
			assert_true(reader->open(&s, &spec, &err));
			for (int k = 0; k <= rows && k < 4; k++)
				check_ids(s, spec.contents ? ids[k] : "");
			reader->close(s);
		}
	}
}

static void gzipped_files_are_read_directly(void **state)
{
	static const char text[] = "arrival_s,prompt_tokens,output_tokens\n0.5,120,60\n1.5,7,3\n";
	gzFile gz = gzopen(temp_path(), "wb");
	struct trace_source *s;

	(void)state;
	assert_int_equal(gzwrite(gz, text, sizeof text - 1), sizeof text - 1);
	assert_int_equal(gzclose(gz), Z_OK);
	s = open_file(temp_path(), TRACE_CSV);
	check_row(s, 0.5, 120, 60);
	check_row(s, 1.5, 7, 3);
	check_end(s, 0);
}

/* What is refused */

/* Open @text and read to the end; the message with its line and column. */
static const char *complaint(const char *text, size_t n, enum trace_format format)
{
	const struct trace_spec spec = {.file = temp_path(), .format = format};
	static char msg[400];
	struct err err = {0};
	struct trace_source *s;
	struct trace_row row;
	bool ok;

	write_file(text, n);
	ok = reader->open(&s, &spec, &err);
	while (ok && reader->next(s, &row, &err) > 0)
		;
	reader->close(s);
	assert_int_equal(err.kind, ERR_INPUT);
	assert_string_equal(err.at.file, temp_path());
	snprintf(msg, sizeof msg, "%u:%u: %s", err.at.line, err.at.col, err.msg);
	return msg;
}

#define CSV "arrival_s,prompt_tokens,output_tokens\n"
#define AZURE "TIMESTAMP,ContextTokens,GeneratedTokens\n"

static void malformed_rows_are_refused_with_their_place(void **state)
{
	static const struct {
		enum trace_format format;
		const char *text, *msg;
	} cases[] = {
		{TRACE_CSV, "", "1:1: file is empty"},
		{TRACE_CSV, "time,in,out\n",
			"1:1: first line lacks 'arrival_s', 'prompt_tokens', "
			"'output_tokens', which format csv needs; it has 'time', 'in', 'out'"},
		{TRACE_BURSTGPT, "Timestamp,Model,Request tokens\n",
			"1:1: first line lacks 'Response tokens', which format burstgpt "
			"needs; it has 'Timestamp', 'Model', 'Request tokens'"},
		{TRACE_CSV, CSV "1,2,3\n4,5\n", "3:1: row has 2 fields, not 3 as the first line"},
		{TRACE_CSV, CSV "1,2,3,4\n", "2:1: row has 4 fields, not 3 as the first line"},
		{TRACE_CSV, CSV "x1,2,3\n",
			"2:1: arrival_s must be a number of seconds from 0 to 9e9, not 'x1'"},
		{TRACE_CSV, CSV "-2.5,2,3\n",
			"2:1: arrival_s must be a number of seconds from 0 to 9e9, not '-2.5'"},
		{TRACE_CSV, CSV "nan,2,3\n",
			"2:1: arrival_s must be a number of seconds from 0 to 9e9, not 'nan'"},
		{TRACE_CSV, CSV "0x10,2,3\n",
			"2:1: arrival_s must be a number of seconds from 0 to 9e9, not '0x10'"},
		{TRACE_CSV, CSV "1e999,2,3\n",
			"2:1: arrival_s must be a number of seconds from 0 to 9e9, not '1e999'"},
		{TRACE_CSV, CSV "9.1e9,2,3\n",
			"2:1: arrival_s must be a number of seconds from 0 to 9e9, not '9.1e9'"},
		{TRACE_CSV, CSV ",2,3\n",
			"2:1: arrival_s must be a number of seconds from 0 to 9e9, not ''"},
		{TRACE_CSV, CSV "1.5,2,3\n\n1.25,2,3\n",
			"4:1: arrival_s goes back by 0.25 s; a trace must be in order of time"},
		{TRACE_CSV, CSV "1.5,-2,3\n",
			"2:5: prompt_tokens must be a whole number from 1 to 1000000000, not '-2'"},
		{TRACE_CSV, CSV "1.5, 0 ,3\n",
			"2:6: prompt_tokens must be a whole number from 1 to 1000000000, not '0'"},
		{TRACE_CSV, CSV "1.5,,3\n",
			"2:5: prompt_tokens must be a whole number from 1 to 1000000000, not ''"},
		{TRACE_CSV, CSV "1.5,2,1000000001\n",
			"2:7: output_tokens must be a whole number from 0 to 1000000000, "
			"not '1000000001'"},
		{TRACE_CSV, CSV "1.5,2,3.5\n",
			"2:7: output_tokens must be a whole number from 0 to 1000000000, not "
			"'3.5'"},
		{TRACE_CSV, CSV "1.5,2,99999999999999999999999999; 8888888888888888\n",
			"2:7: output_tokens must be a whole number from 0 to 1000000000, "
			"not '99999999999999999999999999; 888888888888...'"},
		{TRACE_CSV, CSV "1.5,2,9\x01\n", "2:8: there is a control character (U+0001) here"},
		{TRACE_CSV, CSV "1.5,2,9\xff\n", "2:8: not a text file: byte 0xff is not UTF-8"},
		{TRACE_AZURE, AZURE "2023-02-30 18:17:03.97,4808,10\n",
			"2:1: TIMESTAMP must be a time such as 2023-11-16 18:15:46.6805900, "
			"not '2023-02-30 18:17:03.97'"},
		{TRACE_AZURE, AZURE "2023-11-16 18:17:03.,4808,10\n",
			"2:1: TIMESTAMP must be a time such as 2023-11-16 18:15:46.6805900, "
			"not '2023-11-16 18:17:03.'"},
		{TRACE_AZURE, AZURE "2023-11-16 24:17:03,4808,10\n",
			"2:1: TIMESTAMP must be a time such as 2023-11-16 18:15:46.6805900, "
			"not '2023-11-16 24:17:03'"},
		{TRACE_AZURE, AZURE "2023-11-16 18:17:03+1,4808,10\n",
			"2:1: TIMESTAMP must be a time such as 2023-11-16 18:15:46.6805900, "
			"not '2023-11-16 18:17:03+1'"},
		{TRACE_MOONCAKE, "{\"timestamp\": 27}\n",
			"1:1: 'input_length', 'output_length' are missing; there is 'timestamp'"},
		{TRACE_MOONCAKE, "[1]\n", "1:1: a line should be one JSON object, not a list"},
		{TRACE_MOONCAKE, "{}\n",
			"1:1: 'timestamp', 'input_length', 'output_length' are missing; the object "
			"is empty"},
		{TRACE_MOONCAKE, "7\n", "1:1: expected '{'"},
		{TRACE_MOONCAKE, "{\"timestamp\" 27}\n", "1:14: expected ':'"},
		{TRACE_MOONCAKE, "{\"timestamp\": }\n", "1:15: expected a value"},
		{TRACE_MOONCAKE, "{\"timestamp\": 27, }\n", "1:19: expected '\"'"},
		{TRACE_MOONCAKE, "{\"timestamp\": 27 \"a\": 2}\n", "1:18: expected '}'"},
		{TRACE_MOONCAKE, "{\"timestamp\": 27, \"a\": [2 3]}\n", "1:27: expected ','"},
		{TRACE_MOONCAKE, "{\"timestamp\": 27", "1:17: expected '}'"},
		{TRACE_MOONCAKE, "{\"timestamp\": 27, \"timestamp\": 28}\n",
			"1:19: 'timestamp' is given twice"},
		{TRACE_MOONCAKE, "{\"timestamp\": 027}\n", "1:18: number starts with 0"},
		{TRACE_MOONCAKE, "{\"a\": \"b\\q\"}\n", "1:10: unknown escape in a string"},
		{TRACE_MOONCAKE, "{\"a\": \"b", "1:9: string does not end"},
		{TRACE_MOONCAKE, "{\"a\": tru}", "1:7: expected a value"},
		{TRACE_MOONCAKE, "{\"a\": 1} 2\n", "1:10: there is more behind the object"},
		{TRACE_MOONCAKE,
			"{\"timestamp\": 2, \"input_length\": \"nine\", \"output_length\": 3}\n",
			"1:35: input_length must be a whole number from 1 to 1000000000, "
			"not 'nine'"},
		{TRACE_MOONCAKE,
			"{\"timestamp\": -2.5, \"input_length\": 9, \"output_length\": 3}\n",
			"1:15: timestamp must be a number of milliseconds from 0 to 9e12, "
			"not '-2.5'"},
		{TRACE_MOONCAKE,
			"{\"timestamp\": 7, \"input_length\": 9, \"output_length\": 3}\n"
			"{\"timestamp\": 5, \"input_length\": 9, \"output_length\": 3}\n",
			"2:15: timestamp goes back by 2 ms; a trace must be in order of time"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_string_equal(
			complaint(cases[i].text, strlen(cases[i].text), cases[i].format),
			cases[i].msg);
}

static void deep_nesting_and_long_lines_are_refused(void **state)
{
	static char text[(1u << 20) + 100];

	(void)state;
	memset(text, '[', 100);
	memcpy(text, "{\"a\":", 5);
	assert_string_equal(complaint(text, 100, TRACE_MOONCAKE),
		"1:37: nested deeper than 32 levels"); /* the object and 31 lists are open */
	memset(text, '1', sizeof text);
	memcpy(text, CSV, sizeof CSV - 1);
	assert_string_equal(
		complaint(text, sizeof text, TRACE_CSV), "2:1: line is longer than 1048576 bytes");
}

static void gzipped_files_cut_short_or_damaged_are_refused(void **state)
{
	gzFile gz = gzopen(temp_path(), "wb");
	unsigned char raw[4096];
	size_t n, i;
	FILE *f;

	(void)state;
	gzputs(gz, CSV);
	for (i = 0; i < 1000; i++)
		gzprintf(gz, "%zu.%zu,%zu,7\n", i, i * i % 10, i * i * i % 977 + 1);
	assert_int_equal(gzclose(gz), Z_OK);
	f = fopen(temp_path(), "rb");
	assert_non_null(f);
	n = fread(raw, 1, sizeof raw, f);
	fclose(f);
	assert_in_range(n, 1000, sizeof raw - 1);
	assert_non_null(strstr(
		complaint((char *)raw, n - 9, TRACE_CSV), ": the gzipped file is cut short"));
	raw[n - 8] ^= 1; /* of the check sum */
	assert_non_null(strstr(complaint((char *)raw, n, TRACE_CSV), ": cannot unpack: "));
}

static void missing_files_are_refused_where_they_are_named(void **state)
{
	const struct trace_spec spec = {
		.file = "/nowhere/t.csv", .format = TRACE_CSV, .at = {"x.yaml", 12, 9}};
	struct trace_source *s;
	struct err err = {0};

	(void)state;
	assert_false(reader->open(&s, &spec, &err));
	assert_null(s);
	assert_string_equal(err.msg, "cannot open '/nowhere/t.csv': No such file or directory");
	assert_int_equal(err.at.line, 12);
}

/* The traces as published. Counts: the files' line counts. */

static void check_published(const char *file, enum trace_format format, size_t rows, double span_s,
	double tol_s, double prompt_mean, double output_mean)
{
	double prompt = 0.0, output = 0.0;
	int64_t at_ns = 0;
	struct trace_source *s;
	struct trace_row row;
	struct err err = {0};
	size_t n = 0;

	if (access(file, R_OK) != 0) {
		print_message("skipped: there is no %s\n", file);
		skip();
	}
	s = open_file(file, format);
	for (; reader->next(s, &row, &err) > 0; n++) {
		assert_true(row.at_ns >= at_ns);
		at_ns = row.at_ns;
		prompt += row.prompt_tok;
		output += row.output_tok;
	}
	assert_int_equal(err.kind, ERR_NONE);
	assert_int_equal(n, rows);
	assert_int_equal(reader->skipped(s), 0);
	assert_near(1e-9 * (double)at_ns, span_s, tol_s);
	assert_near(prompt / (double)n, prompt_mean, 0.05); /* computed apart, to one digit */
	assert_near(output / (double)n, output_mean, 0.05);
	reader->close(s);
}

static void azure_conversations_are_19366_rows(void **state)
{
	(void)state;
	check_published(SHARED_DATA "/AzureLLMInferenceTrace_conv.csv.gz", TRACE_AZURE, 19366,
		3501.7, 0.05, 1154.7, 211.1);
}

/* The last batch, at 3536.999 s, is spread over less than 3 s. */
static void mooncake_conversations_are_12031_rows(void **state)
{
	(void)state;
	check_published(SHARED_DATA "/mooncake_conversation_trace.jsonl.gz", TRACE_MOONCAKE, 12031,
		3538.499, 1.5, 12035.1, 342.6);
}

/* A million rows, 20 MB: the heap must not grow while they are read. */
static void memory_does_not_grow_with_the_file(void **state)
{
	const size_t rows = 1000000;
	struct trace_source *s;
	struct trace_row row;
	struct err err = {0};
	struct mallinfo2 before, after;
	size_t n;
	FILE *f = fopen(temp_path(), "wb");

	(void)state;
	assert_non_null(f);
	fputs(CSV, f);
	for (n = 0; n < rows; n++)
		fprintf(f, "%zu.%03zu,%zu,%zu\n", n / 8, n % 8 * 125, 100 + n % 900, 1 + n % 300);
	assert_int_equal(fclose(f), 0);
	before = mallinfo2();
	s = open_file(temp_path(), TRACE_CSV);
	for (n = 0; n < rows; n++)
		assert_int_equal(reader->next(s, &row, &err), 1);
	after = mallinfo2();
	assert_int_equal(row.at_ns, INT64_C(124999875000000)); /* 999 999 / 8 s */
	check_end(s, 0);
	assert_true(after.uordblks + after.hblkhd < before.uordblks + before.hblkhd + (512u << 10));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_csv_keeps_its_times),
		cmocka_unit_test(azure_times_start_with_the_first_row),
		cmocka_unit_test(azure_times_may_carry_a_zone),
		cmocka_unit_test(burstgpt_rows_without_output_are_counted),
		cmocka_unit_test(mooncake_batches_are_spread_until_the_next),
		cmocka_unit_test(hash_ids_are_read_when_asked_for),
		cmocka_unit_test(coarse_clocks_are_laid_out_over_their_tick),
		cmocka_unit_test(the_clock_of_a_trace_can_be_given),
		cmocka_unit_test(times_are_whole_nanoseconds_from_the_file_on),
		cmocka_unit_test(gzipped_files_are_read_directly),
		cmocka_unit_test(malformed_rows_are_refused_with_their_place),
		cmocka_unit_test(deep_nesting_and_long_lines_are_refused),
		cmocka_unit_test(gzipped_files_cut_short_or_damaged_are_refused),
		cmocka_unit_test(missing_files_are_refused_where_they_are_named),
		cmocka_unit_test(azure_conversations_are_19366_rows),
		cmocka_unit_test(mooncake_conversations_are_12031_rows),
		cmocka_unit_test(memory_does_not_grow_with_the_file),
	};

	return cmocka_run_group_tests_name("arrival_trace", tests, NULL, drop_file);
}
