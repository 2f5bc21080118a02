/* One dialect for all readers: what may vary without a difference, and what is refused by its name,
 * tried on each of them. */
#include "tests/support/check.h"

#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/log/request_log.h"
#include "io/profile/file.h"
#include "io/scenario/scenario.h"
#include "io/text/line_reader.h"
#include "io/trace/arrival_trace.h"
#include "io/trace/bandwidth_trace.h"
#include "models/workload/spec.h"
#include "policies/all.h"

/* Readers: what a file says, as text, or "error: ..." */

static void say_error(struct buf *to, const struct err *err)
{
	buf_clear(to);
	buf_printf(to, "error: %s:%u:%u: %s", err->at.file ? err->at.file : "", err->at.line,
		err->at.col, err->msg);
}

static void read_arrivals(struct buf *to, const char *file, enum trace_format format)
{
	const struct trace_spec spec = {.file = file, .format = format, .rate_scale = 1.0};
	struct trace_source *s;
	struct trace_row row;
	struct err err = {0};
	int got = -1;

	if (arrival_trace_opener.open(&s, &spec, &err)) {
		while ((got = arrival_trace_opener.next(s, &row, &err)) > 0)
			buf_printf(to, "%jd %u %u\n", (intmax_t)row.at_ns, row.prompt_tok,
				row.output_tok);
		arrival_trace_opener.close(s);
	}
	if (got < 0)
		say_error(to, &err);
}

static void read_csv(struct buf *to, const char *file)
{
	read_arrivals(to, file, TRACE_CSV);
}

static void read_azure(struct buf *to, const char *file)
{
	read_arrivals(to, file, TRACE_AZURE);
}

static void read_burstgpt(struct buf *to, const char *file)
{
	read_arrivals(to, file, TRACE_BURSTGPT);
}

static void read_mooncake(struct buf *to, const char *file)
{
	read_arrivals(to, file, TRACE_MOONCAKE);
}

static void read_vidur(struct buf *to, const char *file)
{
	read_arrivals(to, file, TRACE_VIDUR);
}

static void read_splitwise(struct buf *to, const char *file)
{
	read_arrivals(to, file, TRACE_SPLITWISE);
}

static void read_blis(struct buf *to, const char *file)
{
	read_arrivals(to, file, TRACE_BLIS);
}

static void read_llmservingsim(struct buf *to, const char *file)
{
	read_arrivals(to, file, TRACE_LLMSERVINGSIM);
}

static void read_aiperf(struct buf *to, const char *file)
{
	read_arrivals(to, file, TRACE_AIPERF);
}

static void read_auto(struct buf *to, const char *file)
{
	read_arrivals(to, file, TRACE_AUTO);
}

static void read_log(struct buf *to, const char *file)
{
	struct served_log log;
	struct err err = {0};
	struct arena a;

	arena_init(&a);
	if (!request_log_read(&log, &a, file, &err))
		say_error(to, &err);
	else
		for (size_t i = 0; i < log.n; i++)
			buf_printf(to, "%jd %jd %jd %u %u\n", (intmax_t)log.at[i].arrival_ns,
				(intmax_t)log.at[i].first_ns, (intmax_t)log.at[i].end_ns,
				log.at[i].prompt_tok, log.at[i].output_tok);
	arena_finish(&a);
}

static void read_curve(struct buf *to, const char *file, enum bandwidth_format format)
{
	const struct rate_curve *c = NULL;
	struct err err = {0};
	struct arena a;
	bool ok;

	arena_init(&a);
	if (format == BANDWIDTH_MAHIMAHI)
		ok = bandwidth_trace_mahimahi(&c, &a, file, (struct src_pos){0}, &err);
	else if (format == BANDWIDTH_RATE)
		ok = bandwidth_trace_rates(&c, &a, file, 0, 0, (struct src_pos){0}, &err);
	else
		ok = bandwidth_trace_columns(&c, &a, format, file, 0, (struct src_pos){0}, &err);
	for (size_t i = 0; ok && i < c->n; i++)
		buf_printf(to, "%jd %g\n", (intmax_t)c->at_ns[i],
			c->kind == CURVE_STEPS ? c->bytes_per_s[i] : 0.0);
	if (!ok)
		say_error(to, &err);
	arena_finish(&a);
}

static void read_rates(struct buf *to, const char *file)
{
	read_curve(to, file, BANDWIDTH_RATE);
}

static void read_mahimahi(struct buf *to, const char *file)
{
	read_curve(to, file, BANDWIDTH_MAHIMAHI);
}

static void read_pensieve(struct buf *to, const char *file)
{
	read_curve(to, file, BANDWIDTH_PENSIEVE);
}

static void read_ms_kbit(struct buf *to, const char *file)
{
	read_curve(to, file, BANDWIDTH_MS_KBIT);
}

static void read_hsdpa(struct buf *to, const char *file)
{
	read_curve(to, file, BANDWIDTH_HSDPA);
}

static void read_profile(struct buf *to, const char *file)
{
	const struct profile *p;
	struct err err = {0};
	struct arena a;

	arena_init(&a);
	if (profile_read(&p, &a, file, (struct src_pos){0}, &err))
		buf_printf(to, "%s|%s|%s|%s %zu", p->device, p->runtime, p->model, p->date,
			p->grid->n_decode);
	else
		say_error(to, &err);
	arena_finish(&a);
}

static void read_scenario(struct buf *to, const char *file)
{
	const struct scenario_request req = {
		.file = file, .policies = policies_all(), .traces = &arrival_trace_opener};
	struct scenario *s;
	struct err_list errs;

	err_list_init(&errs);
	if (scenario_read(&s, &req, &errs)) {
		buf_puts(to, s->text);
		scenario_destroy(s);
	} else {
		say_error(to, &errs.items[0]);
	}
	err_list_finish(&errs);
}

enum shape { CSV, WORDS, JSON, TEXT };

/** @text has no quotes, no blanks around fields and ends with a line feed. */
static const struct reader {
	const char *name;
	void (*read)(struct buf *to, const char *file);
	enum shape shape;
	const char *text;
	const char *columns; /* that it needs, as messages list them */
	const char *first;   /* a value, with what is around it, that is not a time of day */
	const char *twice;   /* a file in which something is there twice */
	const char *quoted;  /* of JSON: a value that may be in quotes */
} readers[] = {
	{"csv", read_csv, CSV, "arrival_s,prompt_tokens,output_tokens\n0.5,10,5\n1.25,7,9\n",
		"'arrival_s', 'prompt_tokens', 'output_tokens'", "0.5,",
		"arrival_s,prompt_tokens,output_tokens,prompt_tokens\n0,10,5,99\n", NULL},
	{"azure", read_azure, CSV,
		"TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03.97,48,10\n"
		"2023-11-16 18:17:04.03,31,8\n",
		"'TIMESTAMP', 'ContextTokens', 'GeneratedTokens'", "2023-11-16 18:17:03.97,",
		"TIMESTAMP,\"TIMESTAMP\",ContextTokens,GeneratedTokens\n", NULL},
	{"burstgpt", read_burstgpt, CSV,
		"Timestamp,Request tokens,Response tokens\n5,472,18\n45,1087,230\n",
		"'Timestamp', 'Request tokens', 'Response tokens'", "5,472",
		"Timestamp,Request tokens,Response tokens, Response tokens\n", NULL},
	{"mooncake", read_mooncake, JSON,
		"{\"timestamp\":27,\"input_length\":6,\"output_length\":5}\n"
		"{\"timestamp\":3027,\"input_length\":7,\"output_length\":4}\n",
		"'timestamp', 'input_length', 'output_length'", ":27",
		"{\"timestamp\": 5, \"timestamp\": 5, \"input_length\": 6, \"output_length\": 5}\n",
		":3027"},
	{"rates", read_rates, CSV, "t_s,kbit_per_s\n0,800\n2.5,1600\n",
		"'t_s', one of 'rate', 'rate_bps', 'kbit_per_s', 'mbit_per_s'", "0,800",
		"t_s,rate,t_s\n0,5,9\n", NULL},
	{"mahimahi", read_mahimahi, WORDS, "5\n5\n12\n", NULL, "12", NULL, NULL},
	{"profile", read_profile, TEXT,
		"offing-profile: 1\ndevice: d\nruntime: r\nmodel: m\nprecision: fp16\n"
		"provenance: measured\nsigma.step: 0.05\ndate: today\n[decode]\n1 0 0.01\n2 0 "
		"0.02\n"
		"[prefill]\n1 0 0.01\n[attention]\n1 0 0.001\n",
		"offing-profile, device, runtime, model, precision, provenance", ": 0.05",
		"offing-profile: 1\ndevice: d\ndevice: d\n", NULL},
	{"scenario", read_scenario, TEXT,
		"name: s\nrun: {horizon: 10 s}\ninstances: {a: {site: c, service: 1 ms}}\n"
		"sites: {c: {tier: cloud}}\nusers: {u: {arrivals: {process: poisson, rate: 1 "
		"/s}}}\n"
		"policy: {name: fcfs}\n",
		NULL, ": 10 s", "name: s\nname: s\n", NULL},
	{"vidur", read_vidur, CSV,
		"arrived_at,num_prefill_tokens,num_decode_tokens\n0.5,10,5\n1.25,7,9\n",
		"'arrived_at', 'num_prefill_tokens', 'num_decode_tokens'", "0.5,",
		"arrived_at,num_prefill_tokens,num_decode_tokens,arrived_at\n", NULL},
	{"splitwise", read_splitwise, CSV,
		"request_id,arrival_timestamp,prompt_size,token_size\n0,0.5,10,5\n1,1.25,7,9\n",
		"'arrival_timestamp', 'prompt_size', 'token_size'", "0.5,",
		"arrival_timestamp,prompt_size,token_size,token_size\n", NULL},
	{"blis", read_blis, CSV,
		"request_id,prefix_group,prefix_length,input_tokens,output_tokens,arrival_time_us\n"
		"1,,0,10,5,2000000\n0,a,30,7,9,1500000\n",
		"'arrival_time_us', 'input_tokens', 'output_tokens'", "2000000",
		"arrival_time_us,input_tokens,output_tokens,input_tokens\n", NULL},
	{"llmservingsim", read_llmservingsim, JSON,
		"{\"input_toks\":10,\"output_toks\":5,\"arrival_time_ns\":4059740}\n"
		"{\"input_toks\":7,\"output_toks\":4,\"arrival_time_ns\":405974}\n",
		NULL, ":4059740",
		"{\"input_toks\":10,\"output_toks\":5,\"arrival_time_ns\":1,\"arrival_time_ns\":2}"
		"\n",
		":405974}"},
	{"its own requests", read_llmservingsim, CSV,
		"instance id,arrival,end_time,input,output\n0,604829891,900000000,10,5\n"
		"0,14059740,700000000,7,4\n",
		"'arrival', 'input', 'output', 'end_time'", "604829891",
		"arrival,end_time,input,output,input\n", NULL},
	{"aiperf", read_aiperf, JSON,
		"{\"metadata\":{\"request_start_ns\":1759813207532900363},\"metrics\":{"
		"\"input_sequence_length\":{\"value\":55,\"unit\":\"tokens\"},"
		"\"output_sequence_length\":{\"value\":9,\"unit\":\"tokens\"}},\"error\":null}\n"
		"{\"metadata\":{\"request_start_ns\":1759813207522900363},\"metrics\":{"
		"\"input_sequence_length\":{\"value\":57}},\"error\":{\"code\":499}}\n",
		"'metadata.request_start_ns'", ":1759813207532900363",
		"{\"metadata\":{\"request_start_ns\":1,\"request_start_ns\":1}}\n",
		":1759813207522900363"},
	{"auto", read_auto, CSV,
		"num_prefill_tokens,arrived_at,num_decode_tokens\n10,0.5,5\n7,1.25,9\n", NULL,
		"0.5,", "arrived_at,num_prefill_tokens,num_decode_tokens,arrived_at\n", NULL},
	{"pensieve", read_pensieve, WORDS, "0,1.5\n0.88,2.5\n1.5,0\n", NULL, "0.88", NULL, NULL},
	{"ms-kbit", read_ms_kbit, WORDS, "0,1500\n880,2500\n1500,0\n", NULL, "880", NULL, NULL},
	{"hsdpa", read_hsdpa, WORDS,
		"1289406399,549692,59.8,10.7,248069,1008\n1289406400,550772,59.8,10.7,191698,"
		"1080\n",
		NULL, "550772", NULL, NULL},
	{"log", read_log, CSV,
		"arrival_s,prompt_tokens,output_tokens,first_token_s,last_token_s\n"
		"0.5,10,5,0.75,1\n1.25,7,9,1.5,2\n",
		"'prompt_tokens', 'output_tokens'", "0.5,",
		"arrival_s,prompt_tokens,output_tokens,ttft_s,e2e_s,ttft_s\n", NULL},
	{"log of objects", read_log, JSON,
		"{\"arrival_s\":0.5,\"prompt_tokens\":10,\"output_tokens\":5,\"ttft_ms\":250,"
		"\"e2el_ms\":500}\n"
		"{\"arrival_s\":1.25,\"prompt_tokens\":7,\"output_tokens\":9,\"ttft_ms\":260,"
		"\"e2el_ms\":700}\n",
		NULL, ":0.5",
		"{\"arrival_s\":1,\"arrival_s\":1,\"prompt_tokens\":10,\"output_tokens\":5}\n",
		":260"},
	{"log of vLLM", read_log, JSON,
		"{\"start_times\":[0.5,1.25],\"input_lens\":[10,7],\"output_lens\":[3,2],"
		"\"ttfts\":[0.25,0.25],\"itls\":[[0.125,0.125],[0.5]],\"duration\":77}\n",
		"'start_times', 'input_lens', 'output_lens', 'ttfts', 'itls'", ":77",
		"{\"ttfts\": [], \"ttfts\": [], \"start_times\": []}\n", ":77"},
	{"log of blis", read_log, CSV,
		"input_tokens,output_tokens,arrival_time_us,send_time_us,first_chunk_time_us,"
		"last_chunk_time_us,status\n"
		"10,5,500000,0,750000,1000000,ok\n7,9,1250000,1250000,1500000,2000000,ok\n",
		NULL, "500000,",
		"input_tokens,output_tokens,arrival_time_us,first_chunk_time_us,"
		"last_chunk_time_us,input_tokens\n",
		NULL},
	{"log of llmservingsim", read_log, JSON,
		"{\"input_toks\":23,\"output_toks\":5,\"arrival_time\":1787267980.08,"
		"\"queued_ts\":27536.5,\"first_token_ts\":27537.25,\"last_token_ts\":27554}\n",
		NULL, ":1787267980.08",
		"{\"input_toks\":23,\"input_toks\":5,\"output_toks\":5,\"arrival_time\":1,"
		"\"first_token_ts\":2,\"last_token_ts\":3}\n",
		":27537.25"},
	{"log of aiperf", read_log, JSON,
		"{\"metadata\":{\"request_start_ns\":1759813207532900363},\"metrics\":{"
		"\"input_sequence_length\":{\"value\":55,\"unit\":\"tokens\"},"
		"\"time_to_first_token\":{\"value\":250,\"unit\":\"ms\"},"
		"\"request_latency\":{\"value\":0.5,\"unit\":\"sec\"},"
		"\"output_sequence_length\":{\"value\":9,\"unit\":\"tokens\"}},\"error\":null}\n",
		NULL, ":1759813207532900363",
		"{\"metadata\":{\"request_start_ns\":1,\"request_start_ns\":1}}\n", ":250"},
};
enum { READERS = sizeof readers / sizeof readers[0] };

/* Files */

static char folder[] = "/tmp/offing-dialect-XXXXXX";
static char path[sizeof folder + 8];

static void write_bytes(const char *bytes, size_t n, bool gzipped)
{
	gzFile to = gzopen(path, gzipped ? "wb1" : "wbT"); /* T: as it is */

	assert_non_null(to);
	if (n > 0)
		assert_int_equal(gzwrite(to, bytes, (unsigned)n), n);
	assert_int_equal(gzclose(to), Z_OK);
}

static void write_text(const char *text)
{
	write_bytes(text, strlen(text), false);
}

/** What reader @r says of the file that was written, until the next call. */
static const char *said(const struct reader *r)
{
	static struct buf buf;

	buf_finish(&buf);
	buf_init(&buf);
	r->read(&buf, path);
	return buf.s;
}

/** @text with every @from as @to. */
static char *replaced(const char *text, const char *from, const char *to)
{
	struct buf b;

	buf_init(&b);
	while (*text) {
		size_t n = strlen(from);

		if (strncmp(text, from, n) != 0) {
			buf_putc(&b, *text++);
			continue;
		}
		buf_puts(&b, to);
		text += n;
	}
	return b.s;
}

/* What makes no difference */

static char *plain(const struct reader *r)
{
	return replaced(r->text, "\n", "\n");
}

static char *with_mark(const struct reader *r)
{
	char *s = NULL;

	assert_true(asprintf(&s, "\xef\xbb\xbf%s", r->text) > 0);
	return s;
}

static char *with_cr_lf(const struct reader *r)
{
	return replaced(r->text, "\n", "\r\n");
}

static char *with_mark_and_cr_lf(const struct reader *r)
{
	char *crlf = with_cr_lf(r), *s = NULL;

	assert_true(asprintf(&s, "\xef\xbb\xbf%s", crlf) > 0);
	free(crlf);
	return s;
}

static char *without_last_line_end(const struct reader *r)
{
	char *s = plain(r);

	s[strlen(s) - 1] = '\0';
	return s;
}

static char *with_blank_lines(const struct reader *r)
{
	return replaced(r->text, "\n", "\n\n");
}

static char *with_blanks_around(const struct reader *r)
{
	char *s, *t;

	if (r->shape == TEXT) /* YAML is made of blanks; a profile has them behind the line */
		return replaced(r->text, "\n", "  \n");
	s = replaced(r->text, ",", " , \t");
	t = replaced(s, "\n", "  \n");
	free(s);
	return t;
}

static char *quoted_value(const struct reader *r)
{
	char quoted[64];

	snprintf(quoted, sizeof quoted, ":\"%.*s\"%s", (int)strcspn(r->quoted + 1, "}"),
		r->quoted + 1, strchr(r->quoted, '}') ? "}" : "");
	return replaced(r->text, r->quoted, quoted);
}

static char *with_quotes(const struct reader *r)
{
	char *s, *t;

	if (r->shape == JSON)
		return quoted_value(r);
	if (r->shape == TEXT) {
		s = replaced(r->text, "date: today", "date: \"today\"");
		t = replaced(s, "name: s\n", "name: \"s\"\n");
		free(s);
		return t;
	}
	s = replaced(r->text, ",", "\",\"");
	t = replaced(s, "\n", "\"\n\"");
	free(s);
	assert_true(asprintf(&s, "\"%s", t) > 0);
	free(t);
	s[strlen(s) - 1] = '\0'; /* the quote behind the last line */
	return s;
}

static const struct variant {
	const char *name;
	char *(*text)(const struct reader *r);
	bool gzipped;
} variants[] = {
	{"gzip", plain, true},
	{"byte order mark", with_mark, false},
	{"CR LF", with_cr_lf, false},
	{"mark, CR LF and gzip", with_mark_and_cr_lf, true},
	{"no last line end", without_last_line_end, false},
	{"blank lines", with_blank_lines, false},
	{"blanks around fields", with_blanks_around, false},
	{"quotes", with_quotes, false},
};

static void a_dialect_makes_no_difference(void **state)
{
	(void)state;
	for (size_t r = 0; r < READERS; r++) {
		char *want;

		write_text(readers[r].text);
		want = mem_strdup(said(&readers[r]));
		if (!strncmp(want, "error", 5))
			fail_msg("%s: %s", readers[r].name, want);
		for (size_t v = 0; v < sizeof variants / sizeof variants[0]; v++) {
			char *text = variants[v].text(&readers[r]);

			write_bytes(text, strlen(text), variants[v].gzipped);
			if (strcmp(said(&readers[r]), want) != 0)
				fail_msg("%s, %s: %s", readers[r].name, variants[v].name,
					said(&readers[r]));
			free(text);
		}
		free(want);
	}
}

/* What is refused by its name */

#define BYTES(s) (s), sizeof(s) - 1

static void what_is_no_text_is_refused_by_its_name(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
		const char *want;
	} cases[] = {
		{BYTES("\xfd"
		       "7zXZ\0\0\4"),
			"is compressed with xz"},
		{BYTES("\x28\xb5\x2f\xfd\0abc"), "is compressed with zstd"},
		{BYTES("BZh91AY&SY"), "is compressed with bzip2"},
		{BYTES("\x04\x22\x4d\x18 lz4"), "is compressed with lz4"},
		{BYTES("PK\3\4\24\0\0\0"), "is a zip archive"},
		{BYTES("7z\xbc\xaf\x27\x1c\0\4"), "is a 7z archive"},
		{BYTES("version https://git-lfs.github.com/spec/v1\noid sha256:4d\nsize 4\n"),
			"is a Git LFS pointer, not the file itself"},
		{BYTES("/annex/objects/SHA256E-s9--77\n"), "is a git-annex pointer"},
		{BYTES("\xff\xfet\0_\0s\0"), "is UTF-16 text"},
		{BYTES("\xfe\xff\0t\0_\0s"), "is UTF-16 text"},
		{BYTES("<!DOCTYPE html>\n<html>"), "is a web page"},
		{BYTES("PAR1\25\4\25"), "is a Parquet file"},
	};

	(void)state;
	for (size_t r = 0; r < READERS; r++)
		for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
			for (int packed = 0; packed < 2; packed++) {
				write_bytes(cases[i].bytes, cases[i].n, packed);
				if (!strstr(said(&readers[r]), cases[i].want))
					fail_msg("%s, %s: %s", readers[r].name, cases[i].want,
						said(&readers[r]));
			}
}

static void an_archive_of_tar_is_named(void **state)
{
	char block[1024] = "trace.csv";

	(void)state;
	memcpy(block + 257, "ustar", 6);
	for (size_t r = 0; r < READERS; r++) {
		write_bytes(block, sizeof block, true);
		if (!strstr(said(&readers[r]), "is a tar archive"))
			fail_msg("%s: %s", readers[r].name, said(&readers[r]));
	}
}

/** Write @text gzipped, without its last @less bytes. */
static void write_cut(const char *text, size_t less)
{
	struct stat st;

	write_bytes(text, strlen(text), true);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(truncate(path, st.st_size - (off_t)less), 0);
}

static void broken_and_doubled_gzip_is_refused(void **state)
{
	char bytes[600];
	ssize_t n;
	int fd;

	(void)state;
	for (size_t r = 0; r < READERS; r++) {
		write_cut(readers[r].text, 9);
		if (!strstr(said(&readers[r]), "the gzipped file is cut short"))
			fail_msg("%s: %s", readers[r].name, said(&readers[r]));
		write_bytes(BYTES(""), true);
		write_bytes(readers[r].text, strlen(readers[r].text), true);
		fd = open(path, O_RDONLY);
		n = read(fd, bytes, sizeof bytes);
		close(fd);
		assert_in_range(n, 20, sizeof bytes - 1);
		write_bytes(bytes, (size_t)n, true);
		if (!strstr(said(&readers[r]), "is gzipped twice"))
			fail_msg("%s: %s", readers[r].name, said(&readers[r]));
	}
}

/** A value becomes @to. */
static char *with_first_value(const struct reader *r, const char *to)
{
	const size_t n = strlen(r->first);
	char *other = NULL, *s;

	assert_true(asprintf(&other, "%s%s%s",
			    r->first[0] != ':' ? ""
			    : r->shape == JSON ? ":"
					       : ": ",
			    to,
			    r->first[n - 1] == ','  ? ","
			    : strchr(r->first, ',') ? ",4"
						    : "") > 0);
	s = replaced(r->text, r->first, other);
	free(other);
	return s;
}

static void characters_that_do_not_show_are_named(void **state)
{
	static const struct {
		const char *value, *want;
	} cases[] = {
		{"\xc2\xa0"
		 "3",
			"no-break space"},
		{"3\xe2\x80\x8b", "zero-width space"},
		{"3\xe2\x80\xaf"
		 "s",
			"narrow no-break space"},
		{"3\xef\xbb\xbf", "byte order mark"},
	};

	(void)state;
	for (size_t r = 0; r < READERS; r++)
		for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
			char *text = with_first_value(&readers[r], cases[i].value);

			write_text(text);
			if (!strstr(said(&readers[r]), cases[i].want))
				fail_msg("%s, %s: %s", readers[r].name, cases[i].want,
					said(&readers[r]));
			free(text);
		}
}

/* Headings of tables */

static void headings_name_all_that_is_missing_and_what_is_there(void **state)
{
	static const char *const want[] = {"it has 'mine', 'yours'", "there are 'mine', 'yours'"};

	(void)state;
	for (size_t r = 0; r < READERS; r++) {
		if (!readers[r].columns)
			continue;
		write_text(readers[r].shape == JSON   ? "{\"mine\": 4, \"yours\": 5}\n"
			   : readers[r].shape == TEXT ? "# nothing\n"
						      : "mine,yours\n4,5\n");
		if (!strstr(said(&readers[r]), readers[r].columns))
			fail_msg("%s: %s", readers[r].name, said(&readers[r]));
		if (readers[r].shape != TEXT &&
			!strstr(said(&readers[r]), want[readers[r].shape == JSON]))
			fail_msg("%s: %s", readers[r].name, said(&readers[r]));
	}
}

/** The first name that @r needs, without that of the object it is in; its last two letters
 *  change places in @slip. False: there is none of some length. */
static bool slip_of_the_pen(const struct reader *r, char name[64], char slip[64])
{
	const char *from = r->columns ? strchr(r->columns, '\'') : NULL, *end;
	size_t n;

	if (!from || r->shape == TEXT)
		return false;
	end = strchr(from + 1, '\'');
	for (const char *c = from + 1; c < end; c++)
		from = *c == '.' ? c : from;
	n = (size_t)(end - from) - 1;
	if (n < 5)
		return false;
	snprintf(name, 64, "%.*s", (int)n, from + 1);
	strcpy(slip, name);
	slip[n - 1] = name[n - 2];
	slip[n - 2] = name[n - 1];
	return true;
}

static void a_name_that_looks_like_a_missing_one_is_pointed_out(void **state)
{
	size_t tried = 0;

	(void)state;
	for (size_t r = 0; r < READERS; r++) {
		char name[64], slip[64], want[160], *text;

		if (!slip_of_the_pen(&readers[r], name, slip))
			continue;
		text = replaced(readers[r].text, name, slip);
		write_text(text);
		free(text);
		snprintf(want, sizeof want, "is '%s' meant to be '", slip);
		if (!strstr(said(&readers[r]), want))
			fail_msg("%s: %s", readers[r].name, said(&readers[r]));
		tried++;
	}
	assert_true(tried >= 10);
}

static void semicolons_and_tabs_are_named(void **state)
{
	(void)state;
	for (size_t r = 0; r < READERS; r++) {
		char *semicolons = replaced(readers[r].text, ",", ";");
		char *tabs = replaced(readers[r].text, ",", "\t");

		if (readers[r].shape == CSV) {
			write_text(semicolons);
			if (!strstr(said(&readers[r]), "separated by commas, not semicolons"))
				fail_msg("%s: %s", readers[r].name, said(&readers[r]));
			write_text(tabs);
			if (!strstr(said(&readers[r]), "separated by commas, not tabs"))
				fail_msg("%s: %s", readers[r].name, said(&readers[r]));
		}
		free(semicolons);
		free(tabs);
	}
}

/** Every column, key or member of the first line once more. */
static void what_is_there_twice_is_refused(void **state)
{
	(void)state;
	for (size_t r = 0; r < READERS; r++) {
		if (!readers[r].twice)
			continue;
		write_text(readers[r].twice);
		if (!strstr(said(&readers[r]), "twice") && !strstr(said(&readers[r]), "only once"))
			fail_msg("%s: %s", readers[r].name, said(&readers[r]));
	}
	write_text("t_s,rate,mbit_per_s\n0,5,9\n");
	assert_non_null(strstr(said(&readers[4]), "columns 'rate' and 'mbit_per_s' say the same"));
}

/* What is no file */

static void what_is_no_regular_file_is_refused_at_once(void **state)
{
	(void)state;
	for (size_t r = 0; r < READERS; r++) {
		unlink(path);
		if (!strstr(said(&readers[r]), "No such file or directory"))
			fail_msg("%s: %s", readers[r].name, said(&readers[r]));
		assert_int_equal(mkfifo(path, 0600), 0); /* nobody writes to it */
		if (!strstr(said(&readers[r]), "is a pipe, not a file"))
			fail_msg("%s: %s", readers[r].name, said(&readers[r]));
		unlink(path);
		assert_int_equal(mkdir(path, 0700), 0);
		if (!strstr(said(&readers[r]), "is a folder, not a file"))
			fail_msg("%s: %s", readers[r].name, said(&readers[r]));
		rmdir(path);
		assert_int_equal(symlink("/dev/zero", path), 0);
		if (!strstr(said(&readers[r]), "is a device, not a file"))
			fail_msg("%s: %s", readers[r].name, said(&readers[r]));
		unlink(path);
	}
}

/* Sizes: of a few kB gzipped */

static void write_many(const char *line, size_t times)
{
	gzFile to = gzopen(path, "wb1");
	size_t n = strlen(line);
	static char block[1 << 16];
	size_t whole = sizeof block / n;

	assert_non_null(to);
	for (size_t i = 0; i < whole; i++)
		memcpy(block + i * n, line, n);
	for (; times > whole; times -= whole)
		gzwrite(to, block, (unsigned)(whole * n));
	gzwrite(to, block, (unsigned)(times * n));
	assert_int_equal(gzclose(to), Z_OK);
}

static void small_files_do_not_become_large_ones(void **state)
{
	(void)state;
	write_many("        \n", 2000000);
	assert_non_null(strstr(said(&readers[7]), "has more than 4 MB of text"));
	assert_non_null(strstr(said(&readers[6]), "has more than 16 MB of text"));
	write_many("5\n", 10000001);
	assert_non_null(strstr(said(&readers[5]), "at most 10000000 rows"));
}

static void limits_of_bytes_and_lines_hold(void **state)
{
	const struct line_limits limits[] = {
		{.bytes = 1000, .lines = 900}, {.bytes = 100000, .lines = 9}};
	const char *const want[] = {"has more than 1 kB of text", "file has more than 9 lines"};
	struct line_reader r;
	struct err err;
	struct str line;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		err = (struct err){0};
		write_many("0123456\n", 500);
		assert_true(line_reader_open(&r, path, limits[i], (struct src_pos){0}, &err));
		while (line_reader_next(&r, &line, &err) > 0)
			assert_int_equal(line.n, 7);
		assert_string_equal(err.msg, want[i]);
		line_reader_close(&r);
	}
	write_many("0123456\n", 9); /* as many as may be */
	err = (struct err){0};
	assert_true(line_reader_open(&r, path, limits[1], (struct src_pos){0}, &err));
	for (size_t i = 0; i < 9; i++)
		assert_int_equal(line_reader_next(&r, &line, &err), 1);
	assert_int_equal(line_reader_next(&r, &line, &err), 0);
	line_reader_close(&r);
}

static int make_folder(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/file", folder);
	return 0;
}

static int drop_folder(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_dialect_makes_no_difference),
		cmocka_unit_test(what_is_no_text_is_refused_by_its_name),
		cmocka_unit_test(an_archive_of_tar_is_named),
		cmocka_unit_test(broken_and_doubled_gzip_is_refused),
		cmocka_unit_test(characters_that_do_not_show_are_named),
		cmocka_unit_test(headings_name_all_that_is_missing_and_what_is_there),
		cmocka_unit_test(a_name_that_looks_like_a_missing_one_is_pointed_out),
		cmocka_unit_test(semicolons_and_tabs_are_named),
		cmocka_unit_test(what_is_there_twice_is_refused),
		cmocka_unit_test(what_is_no_regular_file_is_refused_at_once),
		cmocka_unit_test(small_files_do_not_become_large_ones),
		cmocka_unit_test(limits_of_bytes_and_lines_hold),
	};
	return cmocka_run_group_tests_name("dialect", tests, make_folder, drop_folder);
}
