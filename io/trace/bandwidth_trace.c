#include "io/trace/bandwidth_trace.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "io/text/heading.h"
#include "io/text/trace_value.h"
#include "io/trace/rate_steps.h"

#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S INT64_C(1000000000)

enum { MOST_CHANCES = 10000000 }; /* of one trace, kept in memory */

/* Which format */

const char *const bandwidth_trace_formats[] = {
	[BANDWIDTH_MAHIMAHI] = "mahimahi",
	[BANDWIDTH_RATE] = "rate",
	[BANDWIDTH_PENSIEVE] = "pensieve",
	[BANDWIDTH_MS_KBIT] = "ms-kbit",
	[BANDWIDTH_HSDPA] = "hsdpa",
	[BANDWIDTH_AUTO] = "auto",
	NULL,
};

/* Numbers of a line without heading, between blanks or commas; 0: one is none. */
static size_t numbers_of(struct str line)
{
	struct str word;
	double number;
	size_t n = 0;

	for (; bandwidth_word(&line, &word); n++)
		if (!trace_number(word, &number))
			return 0;
	return n;
}

static bool format_of(enum bandwidth_format *out, const struct heading *h, struct err *err)
{
	const struct src_pos at = {h->file, 1, 1};

	switch (numbers_of(h->line)) {
	case 0:
		*out = BANDWIDTH_RATE; /* a heading, whose reader says what it lacks */
		return true;
	case 1:
		*out = BANDWIDTH_MAHIMAHI;
		return true;
	case 2:
		return err_at(err, at,
			"this could be of format pensieve (seconds, Mbit/s) or ms-kbit "
			"(milliseconds, kbit/s): say which");
	case 6:
		*out = BANDWIDTH_HSDPA;
		return true;
	default:
		return err_at(err, at,
			"this is of no known format: a line has 1 number in mahimahi, 2 in "
			"pensieve and ms-kbit, 6 in hsdpa, and rate has a heading");
	}
}

bool bandwidth_trace_format(
	enum bandwidth_format *out, const char *file, struct src_pos at, struct err *err)
{
	struct heading heading;
	struct arena a;
	bool ok;

	arena_init(&a);
	ok = heading_read(&heading, &a, file, at, err) && format_of(out, &heading, err);
	arena_finish(&a);
	return ok;
}

/* mahimahi */

struct chances {
	int64_t *at_ns;
	size_t n, cap;
};

/* What is between quotes, if there are any. */
static struct str unquoted(struct str word)
{
	if (word.n < 2 || word.s[0] != '"' || word.s[word.n - 1] != '"')
		return word;
	return str_trim((struct str){word.s + 1, word.n - 2});
}

static bool chance_read(
	struct chances *c, const struct line_reader *r, struct str line, struct err *err)
{
	struct str word = unquoted(str_trim(line));
	int64_t at_ns;

	if (word.n == 0)
		return true;
	if (!trace_time(word, NS_PER_MS, &at_ns) || at_ns % NS_PER_MS != 0)
		return bandwidth_refuse(
			r, line, word, "a line should be a whole number of milliseconds", err);
	if (c->n > 0 && at_ns < c->at_ns[c->n - 1])
		return err_at(err, line_reader_pos(r, line, word.s),
			"times go back: %jd ms after %jd ms", (intmax_t)(at_ns / NS_PER_MS),
			(intmax_t)(c->at_ns[c->n - 1] / NS_PER_MS));
	if (c->n == MOST_CHANCES)
		return err_at(err, (struct src_pos){r->file, r->line, 1},
			"a trace of bandwidth has at most %d rows", MOST_CHANCES);
	c->at_ns = mem_grow(c->at_ns, c->n, &c->cap, sizeof *c->at_ns);
	c->at_ns[c->n++] = at_ns;
	return true;
}

bool bandwidth_trace_mahimahi(const struct rate_curve **out, struct arena *arena, const char *file,
	struct src_pos at, struct err *err)
{
	struct line_reader r;
	struct chances c = {0};
	struct str line;
	bool ok = true;
	int got = 0;

	if (!line_reader_open(&r, file, bandwidth_limits, at, err))
		return false;
	while (ok && (got = line_reader_next(&r, &line, err)) > 0)
		ok = chance_read(&c, &r, line, err);
	ok = ok && got == 0;
	if (ok && (c.n == 0 || c.at_ns[c.n - 1] == 0))
		ok = err_at(err, (struct src_pos){.file = file},
			"a mahimahi trace needs a line above 0 ms");
	if (ok)
		*out = rate_curve_of_chances(arena, c.at_ns, c.n);
	line_reader_close(&r);
	free(c.at_ns);
	return ok;
}

/* Rates */

enum { TIME, TRACE, RATE, RATE_BPS, KBIT, MBIT, COLUMNS };

static const struct csv_column columns[COLUMNS] = {
	[TIME] = {"t_s", CSV_NEEDED},
	[TRACE] = {"trace", CSV_OPTIONAL},
	[RATE] = {"rate", CSV_ONE_OF},
	[RATE_BPS] = {"rate_bps", CSV_ONE_OF},
	[KBIT] = {"kbit_per_s", CSV_ONE_OF},
	[MBIT] = {"mbit_per_s", CSV_ONE_OF},
};
static const double unit_bytes_per_s[COLUMNS] = {
	[RATE] = 1.0 / 8.0, [RATE_BPS] = 1.0 / 8.0, [KBIT] = 1e3 / 8.0, [MBIT] = 1e6 / 8.0};

struct rates {
	struct csv_reader csv;
	size_t rate; /* the column that is there */
	struct rate_steps steps;
	double number;
};

/* Seconds, which may lie before 0. */
static bool read_time(const struct rates *t, struct str text, int64_t *ns, struct err *err)
{
	bool below = text.n > 0 && text.s[0] == '-';
	struct str size = below ? (struct str){text.s + 1, text.n - 1} : text;

	if (!trace_time(size, NS_PER_S, ns))
		return bandwidth_refuse(&t->csv.lines, t->csv.line, text,
			"t_s should be a number of seconds, at most 9e9", err);
	*ns = below ? -*ns : *ns;
	return true;
}

static bool row_read(struct rates *t, const struct str value[CSV_COLUMNS], struct err *err)
{
	const struct line_reader *r = &t->csv.lines;
	double rate, number = 0.0;
	int64_t at_ns;

	if (t->csv.at[TRACE] != SIZE_MAX && !trace_number(value[TRACE], &number))
		return bandwidth_refuse(
			r, t->csv.line, value[TRACE], "trace should be a number", err);
	if (number < t->number || number > t->number)
		return true;
	return read_time(t, value[TIME], &at_ns, err) &&
	       bandwidth_rate(
		       &rate, r, t->csv.line, value[t->rate], unit_bytes_per_s[t->rate], err) &&
	       rate_steps_add(&t->steps, r, t->csv.line, value[TIME], at_ns, rate, err);
}

static bool rows_read(struct rates *t, struct err *err)
{
	struct str value[CSV_COLUMNS];
	int got;

	for (t->rate = RATE; t->csv.at[t->rate] == SIZE_MAX;)
		t->rate++;
	while ((got = csv_next(&t->csv, value, err)) > 0)
		if (!row_read(t, value, err))
			return false;
	if (got == 0 && t->steps.n == 0)
		return err_at(err, (struct src_pos){.file = t->csv.lines.file},
			"there is no row of trace %g", t->number);
	return got == 0;
}

bool bandwidth_trace_rates(const struct rate_curve **out, struct arena *arena, const char *file,
	double number, int64_t period_ns, struct src_pos at, struct err *err)
{
	struct rates t = {.number = number};
	bool ok;

	if (!csv_open(
		    &t.csv, file, bandwidth_limits, columns, COLUMNS, "a trace of rates", at, err))
		return false;
	ok = rows_read(&t, err) && rate_steps_curve(out, arena, &t.steps, period_ns, at, err);
	csv_close(&t.csv);
	free(t.steps.at);
	return ok;
}
