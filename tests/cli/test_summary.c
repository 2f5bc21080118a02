/* The table and the JSON at the end of a run, and the line of progress. */
#include "tests/support/check.h"

#include <errno.h>
#include <fcntl.h>
#include <float.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/json.h"
#include "cli/progress.h"
#include "cli/summary.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define NOT_A_NUMBER ((double)NAN)

/* A row from its mean and half-width. */
static struct summary_row row(
	const char *scope, enum metric_id id, double mean, double half, size_t n)
{
	return (struct summary_row){scope, id, mean, half / 2, mean - half, mean + half, n};
}

static struct run_summary run_of(const char *policy, const struct summary_row *rows, size_t n)
{
	struct run_summary run = {"town", policy, RUN_COMPLETE, n, rows, 0, false, NULL};

	for (size_t i = 0; i < n; i++)
		run.n = rows[i].n > run.n ? rows[i].n : run.n;
	return run;
}

static char *print_summary(const struct summary *s)
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	summary_print(to, s);
	fclose(to);
	return text;
}

static char *print(const struct run_summary *runs, size_t n)
{
	return print_summary(&(struct summary){.runs = runs, .n_runs = n, .width = 80});
}

static void json(char **text, const struct run_summary *run)
{
	size_t size;
	FILE *to = open_memstream(text, &size);

	summary_json(to, run);
	fclose(to);
}

static void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no '%s' in:\n%s", part, text);
}

static void assert_lacks(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("'%s' in:\n%s", part, text);
}

/* One digit of the half-width, two when it starts with 1: .3812 -> .4, .01234 -> .012; a share of
 * .97 +- .0123 is 97.0 +- 1.2 %; all times below 1 s go to ms; what is 0 +- 0 is 0. */
static void cells_show_the_digits_that_the_interval_allows(void **state)
{
	const struct summary_row rows[] = {
		row("", METRIC_REQUESTS_CREATED, 4803.2, 12.34, 10),
		row("", METRIC_REQUESTS_DROPPED, 0, 0, 10),
		row("", METRIC_LATENCY_PER_TOKEN, 145.5234, 0.3812, 10),
		row("", METRIC_E2E_MEAN, 14.5523, 0.01234, 10),
		row("", METRIC_TTFT_P50, 0.04567, 0.00251, 10),
		row("", METRIC_QOS_SHARE, 0.97, 0.0123, 10),
		row("site:edge1", METRIC_BUSY_SHARE, 0, 0.002, 10),
	};
	const struct run_summary run = run_of("ours", rows, COUNT(rows));
	char *text = print(&run, 1);

	(void)state;
	assert_string_equal(text,
		"town: 10 replications, mean ± half-width of the 95 % interval, chance alone\n"
		"\n"
		"                                           ours\n"
		"requests     created               4803 ± 12\n"
		"             dropped                  0\n"
		"latency      mean     ms/token    145.5 ± 0.4\n"
		"end to end   mean     s          14.552 ± 0.012\n"
		"first token  p50      ms             46 ± 3\n"
		"goodput      in time  %            97.0 ± 1.2\n"
		"busy         edge1    %             0.0 ± 0.2\n");
	free(text);
}

static void policies_stand_side_by_side_and_gaps_are_dashes(void **state)
{
	const struct summary_row a[] = {row("", METRIC_E2E_P99, 3.25, 0.5, 4)};
	const struct summary_row b[] = {row("", METRIC_WAIT_MEAN, 2.5, 0.25, 4),
		row("", METRIC_E2E_P99, NOT_A_NUMBER, NOT_A_NUMBER, 0)};
	struct run_summary runs[2];
	char *text;

	(void)state;
	runs[0] = run_of("first", a, COUNT(a));
	runs[1] = run_of("second", b, COUNT(b));
	runs[1].status = RUN_INTERRUPTED;
	text = print(runs, 2);
	assert_string_equal(text,
		"town: 4 replications, mean ± half-width of the 95 % interval, chance alone\n"
		"second: interrupted after 4 replications\n"
		"\n"
		"                          first      second\n"
		"end to end  p99   s   3.2 ± 0.5     -\n"
		"wait        mean  s     -         2.5 ± 0.2\n");
	free(text);
}

static void one_replication_has_no_interval(void **state)
{
	const struct summary_row rows[] = {
		{"", METRIC_E2E_MEAN, 14.55234, NOT_A_NUMBER, NOT_A_NUMBER, NOT_A_NUMBER, 1}};
	const struct run_summary run = run_of("ours", rows, 1);
	char *text = print(&run, 1);

	(void)state;
	assert_string_equal(text, "town: 1 replication, so no interval\n\n"
				  "                       ours\n"
				  "end to end  mean  s   14.55\n");
	free(text);
}

static size_t columns_of(const char *line, size_t n)
{
	size_t i, columns = 0;

	for (i = 0; i < n; i++)
		columns += ((unsigned char)line[i] & 0xc0) != 0x80;
	return columns;
}

/* Twelve policies do not fit beside each other; every one must be there once, within 80 columns.
 */
static void many_policies_go_into_blocks_of_80_columns(void **state)
{
	const struct summary_row rows[] = {row("", METRIC_E2E_P99, 123.456, 0.2, 10),
		row("", METRIC_THROUGHPUT_TOKENS, 12345.6, 12, 10)};
	static const char *const names[] = {"p-one", "p-two", "p-three", "p-four", "p-five",
		"p-six", "p-seven", "p-eight", "p-nine", "p-ten", "p-eleven",
		"p-with-a-name-of-more-than-thirty-letters"};
	struct run_summary runs[COUNT(names)];
	const char *line, *end;
	char *text;
	size_t i, values = 0;

	(void)state;
	for (i = 0; i < COUNT(names); i++)
		runs[i] = run_of(names[i], rows, COUNT(rows));
	text = print(runs, COUNT(names));
	for (i = 0; i + 1 < COUNT(names); i++)
		assert_has(text, names[i]);
	assert_has(text, "p-with-a-name-of-more-t…\n"); /* 23 letters and the ellipsis */
	for (line = text; *line; line = end + 1) {
		end = strchr(line, '\n');
		assert_true(columns_of(line, (size_t)(end - line)) <= 80);
		for (; (line = strstr(line, "12346±12")) && line < end; line++)
			values++;
	}
	assert_int_equal(values, COUNT(names));
	free(text);
}

/* 200 columns: beside each other in one block, with one line for the metric. */
static void a_wide_terminal_is_used(void **state)
{
	const struct summary_row rows[] = {row("", METRIC_E2E_P99, 123.456, 0.2, 10)};
	struct run_summary runs[10];
	const char *at;
	char *text;
	size_t i, lines = 0;

	(void)state;
	for (i = 0; i < 10; i++)
		runs[i] = run_of("policy", rows, 1);
	text = print_summary(&(struct summary){.runs = runs, .n_runs = 10, .width = 200});
	for (at = text; (at = strstr(at, "end to end")); at++)
		lines++;
	assert_int_equal(lines, 1);
	free(text);
}

static void runs_of_different_numbers_say_how_many_each_has(void **state)
{
	const struct summary_row rows[] = {row("", METRIC_E2E_MEAN, 20, 1.5, 12)};
	struct run_summary runs[2];
	char *text;

	(void)state;
	runs[0] = run_of("first", rows, 1);
	runs[1] = run_of("second", rows, 1);
	runs[1].n = 40;
	text = print_summary(
		&(struct summary){.runs = runs, .n_runs = 2, .n_common = 12, .width = 80});
	assert_string_equal(text,
		"town: mean ± half-width of the 95 % interval, chance alone, over the 12\n"
		"replications that all have\n"
		"\n"
		"                             first       second\n"
		"replications              12           40\n"
		"end to end    mean  s   20.0 ± 1.5   20.0 ± 1.5\n");
	free(text);
}

static void what_is_alike_has_no_interval_and_says_why(void **state)
{
	const struct summary_row rows[] = {
		{"", METRIC_E2E_MEAN, 6.9, NOT_A_NUMBER, NOT_A_NUMBER, NOT_A_NUMBER, 10}};
	struct run_summary run = run_of("ours", rows, 1);
	char *text;

	(void)state;
	run.alike = true;
	text = print(&run, 1);
	assert_string_equal(text, "town: 10 replications, all alike, so no interval\n\n"
				  "                       ours\n"
				  "end to end  mean  s   6.900\n");
	free(text);
}

/* Of three links the one that sends most under any policy; 5 of 8 in the batch; a cost that is not
 * known is a dash, where other metrics without a value have no line. */
static void the_busiest_link_the_batches_and_the_bill_are_shown(void **state)
{
	const struct site_spec sites[] = {{.name = "edge"}, {.name = "cloud"}};
	const struct instance_spec instances[] = {{.name = "a", .site = {0}, .max_batch = 8},
		{.name = "b", .site = {0}, .max_batch = 8},
		{.name = "c", .site = {1}, .max_batch = 2}};
	const struct scenario_spec spec = {
		.n_sites = 2, .sites = sites, .n_instances = 3, .instances = instances};
	const struct summary_row rows[] = {
		row("", METRIC_ENERGY, 25600, 300, 4),
		row("", METRIC_COST, NOT_A_NUMBER, NOT_A_NUMBER, 0),
		row("", METRIC_TPOT_P50, NOT_A_NUMBER, NOT_A_NUMBER, 0),
		row("", METRIC_EDGE_SHARE, .25, .02, 4),
		row("site:edge", METRIC_BATCH_MEAN, 5, .25, 4),
		row("link:access/up", METRIC_BUSY_SHARE, .3, .01, 4),
		row("link:a-long-name-of-a-wan/down", METRIC_BUSY_SHARE, .5, .01, 4),
		row("link:access/down", METRIC_BUSY_SHARE, .4, .01, 4),
	};
	const struct run_summary run = run_of("ours", rows, COUNT(rows));
	char *text = print_summary(
		&(struct summary){.runs = &run, .n_runs = 1, .spec = &spec, .width = 80});

	(void)state;
	assert_string_equal(text,
		"town: 4 replications, mean ± half-width of the 95 % interval, chance alone\n"
		"\n"
		"                                           ours\n"
		"energy        total           kJ     25.6 ± 0.3\n"
		"cost          rent            USD       -\n"
		"served        edge            %        25 ± 2\n"
		"busiest link  a-long-name-o…  %      50.0 ± 1.0\n"
		"batch         edge            of 8    5.0 ± 0.2\n");
	free(text);
}

/* 3.5e12 B are 3 500 GB: five digits at most, not thirteen. */
static void bytes_and_shares_are_shown_in_units_that_one_reads(void **state)
{
	const struct summary_row rows[] = {
		row("", METRIC_KV_BYTES, 3.5e12, 1e11, 4),
		row("", METRIC_PREFIX_HIT_SHARE, .625, .02, 4),
		row("", METRIC_SPEC_ACCEPTANCE, .65, .01, 4),
	};
	const struct run_summary run = run_of("ours", rows, COUNT(rows));
	char *text = print(&run, 1);

	(void)state;
	assert_string_equal(strstr(text, "KV"), "KV handed on  sent        GB   3500 ± 100\n"
						"prefix cache  hit share   %      62 ± 2\n"
						"speculation   acceptance  %    65.0 ± 1.0\n");
	free(text);
}

static void a_policy_that_readers_must_know_of_is_marked(void **state)
{
	const struct summary_row rows[] = {row("", METRIC_E2E_MEAN, 20, 1.5, 12)};
	struct run_summary runs[2];
	char *text;

	(void)state;
	runs[0] = run_of("calm", rows, 1);
	runs[1] = run_of("late", rows, 1);
	runs[1].note = "does not keep up";
	text = print(runs, 2);
	assert_string_equal(text,
		"town: 12 replications, mean ± half-width of the 95 % interval, chance alone\n"
		"late !: does not keep up\n"
		"\n"
		"                            calm       late !\n"
		"end to end  mean  s   20.0 ± 1.5   20.0 ± 1.5\n");
	free(text);
}

/* Eight sites are shown of eleven; of instances nothing, as there are sites. */
static void a_crowd_of_sites_is_cut_and_said_so(void **state)
{
	struct summary_row rows[12];
	char scopes[12][20];
	struct run_summary run;
	char *text;
	size_t i;

	(void)state;
	for (i = 0; i < 12; i++) {
		snprintf(scopes[i], sizeof scopes[i], i < 11 ? "site:s%zu" : "instance:s%zu", i);
		rows[i] = row(scopes[i], METRIC_BUSY_SHARE, 0.5, 0.02, 10);
	}
	run = run_of("ours", rows, 12);
	text = print(&run, 1);
	assert_has(text, " s7 ");
	assert_lacks(text, " s8 ");
	assert_has(text, "busy: 3 more in the summary table of results.sqlite\n");
	free(text);
}

static void json_is_one_line_as_promised(void **state)
{
	const struct summary_row rows[] = {
		{"", METRIC_E2E_MEAN, 0.1, 0.5, -0.25, 1e300, 10},
		{"group:a\"b\\", METRIC_TPOT_P99, NOT_A_NUMBER, NOT_A_NUMBER, NOT_A_NUMBER,
			HUGE_VAL, 0},
	};
	const struct run_summary run = run_of("ours", rows, COUNT(rows));
	char *text;

	(void)state;
	json(&text, &run);
	assert_string_equal(text,
		"{\"name\":\"town\",\"policy\":\"ours\",\"status\":\"complete\",\"metrics\":["
		"{\"scope\":\"\",\"name\":\"e2e.mean_s\",\"unit\":\"s\",\"mean\":0.1,"
		"\"ci95\":[-0.25,1e+300],\"n\":10},"
		"{\"scope\":\"group:a\\\"b\\\\\",\"name\":\"tpot.p99_s\",\"unit\":\"s\","
		"\"mean\":null,\"ci95\":[null,null],\"n\":0}]}\n");
	free(text);
}

/* What SQLite's JSON reader takes out of it is what went in. */
static void json_reads_back_elsewhere(void **state)
{
	const double mean = 4503599627370497.5 / 3; /* needs all 17 digits */
	const struct summary_row rows[] = {row("group:ä\n\t\001", METRIC_E2E_MEAN, mean, 0.5, 7)};
	const struct run_summary run = run_of("o\"ur\\s", rows, 1);
	char *text;
	const char *at;
	sqlite3 *db;
	sqlite3_stmt *st;

	(void)state;
	json(&text, &run);
	assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
	sqlite3_prepare_v2(db,
		"SELECT json_extract(?1, '$.policy'), json_extract(?1, '$.metrics[0].scope'), "
		"json_extract(?1, '$.metrics[0].n'), json_type(?1, '$.metrics[0].ci95[1]')",
		-1, &st, NULL);
	sqlite3_bind_text(st, 1, text, -1, SQLITE_STATIC);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	assert_string_equal((const char *)sqlite3_column_text(st, 0), "o\"ur\\s");
	assert_string_equal((const char *)sqlite3_column_text(st, 1), "group:ä\n\t\001");
	assert_int_equal(sqlite3_column_int(st, 2), 7);
	assert_string_equal((const char *)sqlite3_column_text(st, 3), "real");
	sqlite3_finalize(st);
	sqlite3_close(db);
	at = strstr(text, "\"mean\":");
	assert_non_null(at);
	assert_true(strtod(at + strlen("\"mean\":"), NULL) == mean);
	free(text);
}

static void assert_number(double x, const char *want)
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	json_number(to, x);
	fclose(to);
	assert_string_equal(text, want);
	assert_true(strtod(text, NULL) == x);
	free(text);
}

/* Doubles and their shortest decimal forms: 2^-1074, 2^53 + 2, DBL_MAX, .1 + .2, a third. */
static void json_numbers_are_the_shortest_that_read_back(void **state)
{
	(void)state;
	assert_number(0.1, "0.1");
	assert_number(0.1 + 0.2, "0.30000000000000004");
	assert_number(9007199254740994.0, "9007199254740994");
	assert_number(DBL_MAX, "1.7976931348623157e+308");
	assert_number(1.0 / 3, "0.3333333333333333");
	assert_number(-2.5, "-2.5");
}

/* 123 456 789 events in 100 s are 1.2 M/s; at 34 % 100 s leave 100 x .66/.34 = 194 s. */
static void progress_says_how_far_and_how_long(void **state)
{
	const struct progress_now now = {"k-p-fcfs", 3, 10, 0.34, 123456789};
	char text[200];

	(void)state;
	progress_text(text, sizeof text, 100, &now, 100);
	assert_string_equal(
		text, " 34 %  k-p-fcfs  3 of 10 replications  1.2 M events/s  3 min 14 s left");
	progress_text(text, sizeof text, 40, &now, 100);
	assert_string_equal(text, " 34 %  k-p-fcfs  3 of 10 replications");
	progress_text(text, sizeof text, 100, &now, 0.5);
	assert_lacks(text, "left");
}

static void progress_is_silent_where_there_is_no_terminal(void **state)
{
	const struct progress_now now = {"k-p-fcfs", 3, 10, 0.34, 5};
	FILE *file = tmpfile();
	struct progress p;

	(void)state;
	progress_init(&p, file, false);
	progress_show(&p, &now);
	progress_clear(&p);
	fflush(file);
	assert_int_equal(ftell(file), 0);
	fclose(file);
}

/* Both ends of a pseudo-terminal 40 columns wide: what goes in at one comes out at the other. */
static void progress_draws_and_takes_away_its_line_on_a_terminal(void **state)
{
	const struct winsize size = {.ws_row = 24, .ws_col = 40};
	const struct progress_now now = {"k-p-fcfs", 3, 10, 0.34, 0};
	const int master = posix_openpt(O_RDWR | O_NOCTTY);
	char got[200] = "";
	struct progress p;
	FILE *terminal;
	size_t n = 0;
	ssize_t more;

	(void)state;
	if (master < 0) { /* a bare chroot has no /dev/pts */
		print_message("no pseudo-terminal here: %s\n", strerror(errno));
		skip();
	}
	assert_true(grantpt(master) == 0 && unlockpt(master) == 0);
	terminal = fopen(ptsname(master), "w");
	assert_non_null(terminal);
	assert_int_equal(ioctl(master, TIOCSWINSZ, &size), 0);
	progress_init(&p, terminal, true);
	progress_show(&p, &now); /* quiet */
	progress_init(&p, terminal, false);
	progress_show(&p, &now);
	progress_show(&p, &now); /* less than 0.2 s later */
	progress_clear(&p);
	progress_clear(&p);
	fclose(terminal);
	while ((more = read(master, got + n, sizeof got - 1 - n)) > 0) /* until hung up */
		n += (size_t)more;
	assert_string_equal(got, "\r 34 %  k-p-fcfs  3 of 10 replications\033[K\r\033[K");
	close(master);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cells_show_the_digits_that_the_interval_allows),
		cmocka_unit_test(policies_stand_side_by_side_and_gaps_are_dashes),
		cmocka_unit_test(one_replication_has_no_interval),
		cmocka_unit_test(many_policies_go_into_blocks_of_80_columns),
		cmocka_unit_test(a_wide_terminal_is_used),
		cmocka_unit_test(bytes_and_shares_are_shown_in_units_that_one_reads),
		cmocka_unit_test(a_policy_that_readers_must_know_of_is_marked),
		cmocka_unit_test(runs_of_different_numbers_say_how_many_each_has),
		cmocka_unit_test(what_is_alike_has_no_interval_and_says_why),
		cmocka_unit_test(the_busiest_link_the_batches_and_the_bill_are_shown),
		cmocka_unit_test(a_crowd_of_sites_is_cut_and_said_so),
		cmocka_unit_test(json_is_one_line_as_promised),
		cmocka_unit_test(json_reads_back_elsewhere),
		cmocka_unit_test(json_numbers_are_the_shortest_that_read_back),
		cmocka_unit_test(progress_says_how_far_and_how_long),
		cmocka_unit_test(progress_is_silent_where_there_is_no_terminal),
		cmocka_unit_test(progress_draws_and_takes_away_its_line_on_a_terminal),
	};

	return cmocka_run_group_tests_name("summary", tests, NULL, NULL);
}
