/* Pictures: the data beside them, what gnuplot is handed, and what happens without it. */
#include "tests/support/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/report/plot.h"
#include "io/report/style.h"

enum { MANY = 200 };

static const char odd[] = "it's \"odd\", <b>&\\ $x %s `ls`";

struct bench {
	struct figure f;
	struct buf out;
	struct err err;
	char dir[64], file[128], path[4096];
};

static int make(void **state)
{
	static struct bench b;

	b = (struct bench){0};
	figure_init(&b.f);
	buf_init(&b.out);
	strcpy(b.dir, "/tmp/offing-plot-XXXXXX");
	snprintf(b.path, sizeof b.path, "%s", getenv("PATH"));
	*state = &b;
	return mkdtemp(b.dir) ? 0 : -1;
}

static int drop(void **state)
{
	struct bench *b = *state;
	char command[128];

	setenv("PATH", b->path, 1);
	figure_finish(&b->f);
	buf_finish(&b->out);
	snprintf(command, sizeof command, "rm -rf '%s'", b->dir);
	return system(command);
}

static const char *in(struct bench *b, const char *name)
{
	snprintf(b->file, sizeof b->file, "%s/%s", b->dir, name);
	return b->file;
}

/** gnuplot is not needed to build or to run offing. */
static void need_gnuplot(void)
{
	if (system("gnuplot --version >/dev/null 2>&1") != 0)
		skip();
}

/** What @name in the folder holds. */
static const char *content(struct bench *b, const char *name)
{
	FILE *f = fopen(in(b, name), "rb");
	char piece[4096];
	size_t n;

	assert_non_null(f);
	buf_clear(&b->out);
	while ((n = fread(piece, 1, sizeof piece, f)) > 0)
		buf_add(&b->out, piece, n);
	fclose(f);
	return b->out.s;
}

/** What gnuplot says when a user runs the script. */
static const char *said(struct bench *b, const char *script)
{
	char command[256], piece[512];
	FILE *f;
	size_t n;

	snprintf(command, sizeof command, "cd '%s' && LC_ALL=C.UTF-8 gnuplot -d '%s' 2>&1", b->dir,
		script);
	f = popen(command, "r");
	buf_clear(&b->out);
	while ((n = fread(piece, 1, sizeof piece, f)) > 0)
		buf_add(&b->out, piece, n);
	assert_int_equal(pclose(f), 0);
	return b->out.s;
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (const char *at = text; (at = strstr(at, what)); at++)
		n++;
	return n;
}

static const struct plot_point two[] = {
	{2.5, 1.25, 1.0, 1.5, 7}, {10.0, 3.0, (double)NAN, (double)NAN, 1}};
static const struct plot_point one[] = {{5.0, 0.25, 0.125, 0.5, 10}};
static const struct plot_point gaps[] = {
	{2.5, (double)NAN, (double)NAN, (double)NAN, 0}, {10.0, 4.0, -1.0, 9.0, 3}};
static const struct plot_series three[] = {
	{"fcfs", NULL, 2, two}, {odd, NULL, 1, one}, {"gaps", NULL, 2, gaps}};
static const struct plot_chart chart = {
	.title = "latency",
	.by = "policy",
	.x = {.name = "links.wan.rate", .label = "links.wan.rate [Mbps]"},
	.y = {.name = "e2e.p95_s", .label = "end to end, p95 [s]"},
	.n = 3,
	.series = three,
};

/* Written by hand. Of what was not measured there is no row. */
static void data_hold_every_point_and_its_interval(void **state)
{
	struct bench *b = *state;

	assert_true(plot_lines(&b->f, &chart, &b->err));
	assert_string_equal(b->f.data.s,
		"links.wan.rate,e2e.p95_s,ci_low,ci_high,n,policy\n"
		"2.5,1.25,1,1.5,7,fcfs\n"
		"10,3,,,1,fcfs\n"
		"5,0.25,0.125,0.5,10,\"it's \"\"odd\"\", <b>&\\ $x %s `ls`\"\n"
		"10,4,-1,9,3,gaps\n");
}

static void words_on_an_axis_stand_in_the_data_with_their_place(void **state)
{
	static const char *const words[] = {"never", "a, \"b\""};
	static const struct plot_point at[] = {{0.0, 2.0, 1.0, 3.0, 4}, {1.0, 5.0, 4.5, 5.5, 4}};
	static const struct plot_series series = {"fcfs", NULL, 2, at};
	struct plot_chart c = chart;
	struct bench *b = *state;

	c.x = (struct plot_axis){"users", "users", false, words, 2};
	c.n = 1;
	c.series = &series;
	assert_true(plot_lines(&b->f, &c, &b->err));
	assert_string_equal(b->f.data.s, "place,e2e.p95_s,ci_low,ci_high,n,users,policy\n"
					 "0,2,1,3,4,never,fcfs\n"
					 "1,5,4.5,5.5,4,\"a, \"\"b\"\"\",fcfs\n");
}

/* The word "not" of each form is in no other; "policy" is not drawn, the three names are. */
static void every_form_is_drawn_whatever_the_names_are(void **state)
{
	static const char *const files[] = {"a.png", "b.svg", "c.pdf"};
	static const char *const begins[] = {"\x89PNG", "<?xml", "%PDF"};
	static const char *const scripts[] = {"a.gp", "b.gp", "c.gp"};
	struct bench *b = *state;

	need_gnuplot();
	assert_true(plot_lines(&b->f, &chart, &b->err));
	for (size_t i = 0; i < 3; i++) {
		assert_true(figure_write(&b->f, in(b, files[i]), "made by\na test", &b->err));
		assert_string_equal(said(b, scripts[i]), "");
		assert_memory_equal(content(b, files[i]), begins[i], 4);
		assert_true(b->out.n > 2000);
	}
	content(b, "b.svg");
	assert_non_null(strstr(b->out.s, "it's \"odd\", &lt;b>&amp;\\ $x %s `ls`"));
	assert_non_null(strstr(b->out.s, ">fcfs<"));
	assert_non_null(strstr(b->out.s, "links.wan.rate [Mbps]"));
}

typedef bool (*draw_fn)(struct figure *, const struct plot_chart *, struct err *);

static const draw_fn kinds[] = {plot_lines, plot_bars, plot_heat};
enum { KINDS = sizeof kinds / sizeof *kinds };

/** Draw @c anew as x.svg, and see that gnuplot has nothing to say of it. */
static void draw_quietly(struct bench *b, draw_fn draw, const struct plot_chart *c)
{
	buf_clear(&b->f.data);
	buf_clear(&b->f.script);
	buf_clear(&b->f.title);
	assert_true(draw(&b->f, c, &b->err));
	(void)!figure_write(&b->f, in(b, "x.svg"), "", &b->err);
	assert_string_equal(b->err.msg, "");
	assert_string_equal(said(b, "x.gp"), "");
}

static void every_kind_of_chart_shows_odd_names_gaps_and_single_points(void **state)
{
	static const char *const words[] = {"never", odd};
	static const struct plot_point at[] = {{0.0, 2.0, 1.0, 3.0, 4}, {1.0, 5.0, 5.0, 5.0, 4}};
	static const struct plot_series apart = {odd, NULL, 2, at};
	struct plot_chart c = chart;
	struct bench *b = *state;

	need_gnuplot();
	for (size_t k = 0; k < KINDS; k++) {
		draw_quietly(b, kinds[k], &chart);
		content(b, "x.svg");
		assert_non_null(strstr(b->out.s, "it's \"odd\", &lt;b>&amp;\\ $x %s `ls`"));
		c.n = 1;
		c.series = &apart;
		c.x = (struct plot_axis){"users", "users", false, words, 2};
		draw_quietly(b, kinds[k], &c);
		content(b, "x.svg");
		assert_non_null(strstr(b->out.s, "it's \"odd\", &lt;b>&amp;\\ $x %s"));
		c.series = &three[1];
		c.x = chart.x;
		draw_quietly(b, kinds[k], &c);
	}
}

/* 2.5, 5 and 10 occur; 5 in the second series alone. */
static void bars_and_fields_stand_at_the_numbers_that_occur(void **state)
{
	struct bench *b = *state;

	for (size_t k = 1; k < KINDS; k++) {
		buf_clear(&b->f.data);
		assert_true(kinds[k](&b->f, &chart, &b->err));
		assert_string_equal(b->f.data.s,
			"place,e2e.p95_s,ci_low,ci_high,n,links.wan.rate,policy\n"
			"0,1.25,1,1.5,7,2.5,fcfs\n"
			"2,3,,,1,10,fcfs\n"
			"1,0.25,0.125,0.5,10,5,\"it's \"\"odd\"\", <b>&\\ $x %s `ls`\"\n"
			"2,4,-1,9,3,10,gaps\n");
	}
}

static void one_point_and_two_hundred_are_drawn_without_a_warning(void **state)
{
	static struct plot_point points[MANY];
	static const size_t sizes[] = {1, MANY};
	struct plot_series s = {"fcfs", NULL, 0, points};
	struct plot_chart c = chart;
	struct bench *b = *state;

	need_gnuplot();
	c.n = 1;
	c.series = &s;
	for (size_t i = 0; i < MANY; i++)
		points[i] = (struct plot_point){1.0 + (double)i, 3.0, 2.0, 4.5, 10};
	for (size_t k = 0; k < 4 * KINDS; k++) {
		s.n = sizes[k % 2];
		c.y.log = k / 2 % 2;
		c.x.log = c.y.log && k < 4;
		draw_quietly(b, kinds[k / 4], &c);
		assert_int_equal(count(content(b, "x.csv"), "\n"), 1 + s.n);
	}
}

/* A walk of 100 000 steps with one high point and one low one. Every row of the data is a point of
 * it; both extremes and both ends are among them. */
static void a_long_curve_keeps_its_extremes_and_its_ends(void **state)
{
	enum { LONG = 100000 };
	static double x[LONG], y[LONG];
	const struct plot_trace trace = {"fcfs", NULL, LONG, x, y, (double)NAN};
	const struct plot_traces t = {.title = "",
		.by = "policy",
		.note = "",
		.x = {"t_s", "time [s]", false, NULL, 0},
		.y = {"q", "queue", false, NULL, 0},
		.cut = "",
		.n = 1,
		.traces = &trace};
	struct bench *b = *state;
	struct str rest, line;
	size_t rows = 0;
	double least = HUGE_VAL, most = -HUGE_VAL, first = -1.0, last = -1.0;

	for (size_t i = 0; i < LONG; i++) {
		x[i] = (double)i / 8.0;
		y[i] = (double)((i * 7919) % 101);
	}
	y[33333] = 1000.0;
	y[66667] = -500.0;
	assert_true(plot_traces(&b->f, &t, &b->err));
	rest = str_of(b->f.data.s);
	assert_true(str_split(&rest, '\n', &line));
	while (str_split(&rest, '\n', &line) && line.n > 0) {
		const double at = strtod(line.s, NULL),
			     value = strtod(strchr(line.s, ',') + 1, NULL);

		assert_true(value == y[(size_t)(at * 8.0)]);
		assert_true(at > last);
		first = rows++ ? first : at;
		last = at;
		least = fmin(least, value);
		most = fmax(most, value);
	}
	assert_true(rows > PLOT_PIXELS && rows <= 4 * (PLOT_PIXELS + 1));
	assert_true(least == -500.0 && most == 1000.0);
	assert_true(first == 0.0 && last == x[LONG - 1]);
}

static void curves_in_panels_and_together_are_drawn_without_a_warning(void **state)
{
	static const double x[] = {0.0, 1.0, 2.0, 4.0}, flat[] = {0.0, 0.0, 0.0, 0.0},
			    gap[] = {3.0, (double)NAN, 2.0, 9.0}, none[] = {(double)NAN};
	const struct plot_trace traces[] = {{"fcfs", NULL, 4, x, flat, 1.5},
		{odd, NULL, 4, x, gap, (double)NAN}, {"empty", NULL, 1, x, none, (double)NAN},
		{"one", NULL, 1, x, gap, 2.0}};
	struct plot_traces t = {.title = odd,
		.by = "policy",
		.note = "what this is",
		.x = {"t_s", "time [s]", false, NULL, 0},
		.y = {"q", "queue", false, NULL, 0},
		.from_zero = true,
		.cut = "cut",
		.n = 4,
		.traces = traces};
	struct bench *b = *state;

	need_gnuplot();
	for (int k = 0; k < 6; k++) {
		t.panels = (enum plot_panels)(k % 3);
		t.steps = k >= 3;
		buf_clear(&b->f.data);
		buf_clear(&b->f.script);
		assert_true(plot_traces(&b->f, &t, &b->err));
		(void)!figure_write(&b->f, in(b, "x.svg"), "", &b->err);
		assert_string_equal(b->err.msg, "");
		assert_string_equal(said(b, "x.gp"), "");
		assert_true(count(content(b, "x.svg"), "it's \"odd\"") >= 2);
		buf_clear(&b->out);
		assert_true(figure_text(&b->out, &b->f, 90, 30, &b->err));
	}
}

/* Of "a" three stays of which the third begins as the first ends: two lines, and one between; "b"
 * has one that never started and one that never ended. */
static void stays_that_overlap_lie_in_lines_of_their_own(void **state)
{
	const double none = (double)NAN;
	const struct results_span stays[] = {{"a", 4, 0.0, 0.5, 1.0, 3.0, true},
		{"a", 5, 1.0, 2.0, 2.5, 6.0, true}, {"a", 6, 3.0, 3.0, none, 5.0, false},
		{odd, 7, 0.0, 0.0, 0.25, none, true}, {odd, 8, 2.0, none, none, none, true}};
	const struct plot_gantt g = {"", 5, stays};
	const struct plot_gantt empty = {"", 0, stays};
	struct bench *b = *state;

	assert_true(plot_gantt(&b->f, &g, &b->err));
	assert_string_equal(b->f.data.s,
		"line,arrived_s,started_s,first_token_s,left_s,request,tokens,instance\n"
		"0,0,0.5,1,3,4,1,a\n"
		"1,1,2,2.5,6,5,1,a\n"
		"0,3,3,,5,6,0,a\n"
		"3,0,0,0.25,,7,1,\"it's \"\"odd\"\", <b>&\\ $x %s `ls`\"\n"
		"4,2,,,,8,1,\"it's \"\"odd\"\", <b>&\\ $x %s `ls`\"\n");
	assert_false(plot_gantt(&b->f, &empty, &b->err));
	assert_non_null(strstr(b->err.msg, "there is nothing to draw"));
	need_gnuplot();
	b->err = (struct err){0};
	(void)!figure_write(&b->f, in(b, "x.svg"), "", &b->err);
	assert_string_equal(b->err.msg, "");
	assert_string_equal(said(b, "x.gp"), "");
	buf_clear(&b->out);
	assert_true(figure_text(&b->out, &b->f, 90, 30, &b->err));
	assert_non_null(strstr(b->out.s, "w waits, p prompt, t tokens, s service"));
}

static void refused(struct bench *b, const struct plot_chart *c, const char *why)
{
	b->err = (struct err){0};
	assert_false(plot_lines(&b->f, c, &b->err));
	assert_int_equal(b->err.kind, ERR_INPUT);
	assert_non_null(strstr(b->err.msg, why));
}

static void nothing_to_draw_and_impossible_logarithms_are_told(void **state)
{
	static const struct plot_point none[] = {{1.0, (double)NAN, 0.0, 0.0, 0}};
	static const struct plot_point zero[] = {{0.0, 2.0, 1.0, 3.0, 5}, {1.0, 0.0, 0.0, 0.0, 5}};
	struct plot_series s = {"fcfs", NULL, 1, none};
	struct plot_chart c = chart;
	struct bench *b = *state;

	c.n = 0;
	refused(b, &c, "there is nothing to draw: 'e2e.p95_s' has no value");
	c.n = 1;
	c.series = &s;
	refused(b, &c, "there is nothing to draw: 'e2e.p95_s' has no value");
	s = (struct plot_series){"fcfs", NULL, 2, zero};
	c.x.log = true;
	refused(b, &c, "no logarithm of 'links.wan.rate': it goes down to 0");
	c.x.log = false;
	c.y.log = true;
	refused(b, &c, "no logarithm of 'e2e.p95_s': it goes down to 0");
}

/* The limit -1 of an interval has no logarithm; the mean 4 has. */
static void an_interval_below_zero_forbids_no_logarithm(void **state)
{
	struct plot_chart c = chart;
	struct bench *b = *state;

	need_gnuplot();
	c.y.log = true;
	assert_true(plot_lines(&b->f, &c, &b->err));
	assert_true(figure_write(&b->f, in(b, "x.svg"), "", &b->err));
	assert_string_equal(said(b, "x.gp"), "");
}

/* The interval of "gaps" goes down to -1, its mean is 4 and the least of all 0.25. */
static void an_interval_ends_at_0_where_nothing_can_be_below(void **state)
{
	struct plot_chart c = chart;
	struct bench *b = *state;

	assert_true(plot_lines(&b->f, &c, &b->err));
	assert_null(strstr(b->f.script.s, "set yrange [0:"));
	buf_clear(&b->f.script);
	c.y.never_below_0 = true;
	assert_true(plot_lines(&b->f, &c, &b->err));
	assert_non_null(strstr(b->f.script.s, "set yrange [0:"));
}

static void without_gnuplot_the_script_and_the_data_are_there(void **state)
{
	struct bench *b = *state;

	assert_true(plot_lines(&b->f, &chart, &b->err));
	setenv("PATH", b->dir, 1);
	assert_false(figure_write(&b->f, in(b, "x.png"), "", &b->err));
	assert_int_equal(b->err.kind, ERR_RUN);
	assert_non_null(strstr(b->err.msg, "gnuplot is not installed"));
	assert_int_not_equal(access(in(b, "x.png"), F_OK), 0);
	assert_string_equal(content(b, "x.csv"), b->f.data.s);
	assert_non_null(strstr(content(b, "x.gp"), "data = 'x.csv'"));
}

static void what_is_there_is_replaced_only_by_force(void **state)
{
	static const char *const there[] = {"x.png", "x.gp", "x.csv"};
	struct bench *b = *state;
	char file[128];

	for (size_t i = 0; i < 3; i++) {
		FILE *f = fopen(in(b, there[i]), "w");

		assert_non_null(f);
		fclose(f);
		snprintf(file, sizeof file, "%s/x.png", b->dir);
		b->err = (struct err){0};
		assert_false(figure_may_write(file, false, &b->err));
		assert_non_null(strstr(b->err.msg, there[i]));
		assert_non_null(strstr(b->err.msg, "--force"));
		assert_true(figure_may_write(file, true, &b->err));
		assert_int_equal(unlink(in(b, there[i])), 0);
	}
	assert_true(figure_may_write(file, false, &b->err));
}

static void a_picture_has_one_of_three_endings(void **state)
{
	static const char *const bad[] = {"x", "x.jpg", ".png", "dir.png/x", "a\nb.png", ""};
	struct bench *b = *state;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		b->err = (struct err){0};
		assert_false(figure_may_write(bad[i], true, &b->err));
		assert_int_equal(b->err.kind, ERR_INPUT);
	}
}

/** Add what stands behind each @before in @text, up to a quote or a bracket, and a blank. */
static void names_behind(struct buf *out, const char *text, const char *before)
{
	for (const char *at = text; (at = strstr(at, before));) {
		at += strlen(before);
		buf_add(out, at, strcspn(at, "'\")"));
		buf_putc(out, ' ');
	}
}

/* Markers are defined in each and referred to. */
static void identifiers_of_two_pictures_in_a_page_differ(void **state)
{
	struct buf names, uses;
	struct bench *b = *state;
	struct str rest, name;

	need_gnuplot();
	buf_init(&names);
	buf_init(&uses);
	assert_true(plot_lines(&b->f, &chart, &b->err));
	assert_true(figure_svg(&b->out, &b->f, "fig1", &b->err));
	assert_memory_equal(b->out.s, "<svg", 4);
	assert_non_null(strstr(b->out.s, "<title>latency</title>"));
	names_behind(&names, b->out.s, "id='");
	names_behind(&names, b->out.s, "id=\"");
	names_behind(&uses, b->out.s, "href='#");
	names_behind(&uses, b->out.s, "url(#");
	assert_true(count(names.s, " ") > 10 && count(uses.s, " ") > 3);
	for (rest = str_of(names.s); str_split(&rest, ' ', &name);)
		assert_memory_equal(name.s, name.n ? "fig1" : "", name.n ? 4 : 0);
	for (rest = str_of(uses.s); str_split(&rest, ' ', &name);) {
		char text[64];

		snprintf(text, sizeof text, "%.*s ", (int)name.n, name.s);
		assert_non_null(strstr(names.s, text));
	}
	buf_finish(&names);
	buf_finish(&uses);
}

static void text_for_a_terminal_fits_into_it(void **state)
{
	struct bench *b = *state;
	struct str rest, line;
	size_t lines = 0;

	need_gnuplot();
	assert_true(plot_lines(&b->f, &chart, &b->err));
	assert_true(figure_text(&b->out, &b->f, 80, 24, &b->err));
	for (rest = str_of(b->out.s); str_split(&rest, '\n', &line); lines++)
		assert_true(line.n <= 80);
	assert_true(lines >= 18 && lines <= 25);
	assert_non_null(strstr(b->out.s, "fcfs"));
}

/* As style.gp lists them: k-p-fcfs 1, cloud-only 2, edge-only 3, fcfs 4. The second "fcfs" and
 * names of no policy take what nobody has, in order. */
static void colours_belong_to_policies_wherever_they_stand(void **state)
{
	static const char *const names[] = {
		"ours", "fcfs", "edge-only", "theirs", "fcfs", "k-p-fcfs"};
	static const char *const many[20] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k",
		"l", "fcfs", "n", "o", "p", "q", "r", "s", "t"};
	unsigned lines[20];
	unsigned seen = 0;

	(void)state;
	style_lines(lines, 6, names);
	assert_int_equal(lines[1], 4);
	assert_int_equal(lines[2], 3);
	assert_int_equal(lines[5], 1);
	assert_int_equal(lines[0], 2);
	assert_int_equal(lines[3], 5);
	assert_int_equal(lines[4], 6);
	style_lines(lines, 20, many);
	assert_int_equal(lines[12], 4);
	for (size_t i = 0; i < STYLE_LINES; i++)
		seen |= 1u << lines[i];
	assert_int_equal(seen, ((1u << STYLE_LINES) - 1) << 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(data_hold_every_point_and_its_interval, make, drop),
		cmocka_unit_test_setup_teardown(
			words_on_an_axis_stand_in_the_data_with_their_place, make, drop),
		cmocka_unit_test_setup_teardown(
			every_form_is_drawn_whatever_the_names_are, make, drop),
		cmocka_unit_test_setup_teardown(
			every_kind_of_chart_shows_odd_names_gaps_and_single_points, make, drop),
		cmocka_unit_test_setup_teardown(
			bars_and_fields_stand_at_the_numbers_that_occur, make, drop),
		cmocka_unit_test_setup_teardown(
			a_long_curve_keeps_its_extremes_and_its_ends, make, drop),
		cmocka_unit_test_setup_teardown(
			curves_in_panels_and_together_are_drawn_without_a_warning, make, drop),
		cmocka_unit_test_setup_teardown(
			stays_that_overlap_lie_in_lines_of_their_own, make, drop),
		cmocka_unit_test_setup_teardown(
			one_point_and_two_hundred_are_drawn_without_a_warning, make, drop),
		cmocka_unit_test_setup_teardown(
			nothing_to_draw_and_impossible_logarithms_are_told, make, drop),
		cmocka_unit_test_setup_teardown(
			an_interval_below_zero_forbids_no_logarithm, make, drop),
		cmocka_unit_test_setup_teardown(
			an_interval_ends_at_0_where_nothing_can_be_below, make, drop),
		cmocka_unit_test_setup_teardown(
			without_gnuplot_the_script_and_the_data_are_there, make, drop),
		cmocka_unit_test_setup_teardown(
			what_is_there_is_replaced_only_by_force, make, drop),
		cmocka_unit_test_setup_teardown(a_picture_has_one_of_three_endings, make, drop),
		cmocka_unit_test_setup_teardown(
			identifiers_of_two_pictures_in_a_page_differ, make, drop),
		cmocka_unit_test_setup_teardown(text_for_a_terminal_fits_into_it, make, drop),
		cmocka_unit_test(colours_belong_to_policies_wherever_they_stand),
	};

	return cmocka_run_group_tests_name("plot", tests, NULL, NULL);
}
