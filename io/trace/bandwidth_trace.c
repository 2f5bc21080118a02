#include "io/trace/bandwidth_trace.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/quote.h"
#include "io/text/csv.h"
#include "io/text/trace_value.h"

#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S INT64_C(1000000000)

static const double MOST_BYTES_PER_S = 1e15;

enum { MOST_CHANCES = 10000000, MOST_RATES = 2000000 }; /* of one trace, kept in memory */

static const struct line_limits LIMITS = {.bytes = UINT64_C(4000000000), .lines = 100000000};

static bool bad_value(const struct line_reader *r, struct str line, struct str text,
	const char *rule, struct err *err)
{
	char quoted[QUOTE_SIZE];

	if (!line_reader_shows(r, text, line, err))
		return false;
	return err_at(err, line_reader_pos(r, line, text.s), "%s, not '%s'", rule,
		quote_bytes(quoted, sizeof quoted, text.s, text.n));
}

static bool too_many(const struct line_reader *r, int most, struct err *err)
{
	return err_at(err, (struct src_pos){r->file, r->line, 1},
		"a trace of bandwidth has at most %d rows", most);
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
		return bad_value(
			r, line, word, "a line should be a whole number of milliseconds", err);
	if (c->n > 0 && at_ns < c->at_ns[c->n - 1])
		return err_at(err, line_reader_pos(r, line, word.s),
			"times go back: %jd ms after %jd ms", (intmax_t)(at_ns / NS_PER_MS),
			(intmax_t)(c->at_ns[c->n - 1] / NS_PER_MS));
	if (c->n == MOST_CHANCES)
		return too_many(r, MOST_CHANCES, err);
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

	if (!line_reader_open(&r, file, LIMITS, at, err))
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
	struct rate_step *steps;
	size_t n, cap;
	double number;
	int64_t first_ns;
};

/* Seconds, which may lie before 0. */
static bool read_time(const struct rates *t, struct str text, int64_t *ns, struct err *err)
{
	bool below = text.n > 0 && text.s[0] == '-';
	struct str size = below ? (struct str){text.s + 1, text.n - 1} : text;

	if (!trace_time(size, NS_PER_S, ns))
		return bad_value(&t->csv.lines, t->csv.line, text,
			"t_s should be a number of seconds, at most 9e9", err);
	*ns = below ? -*ns : *ns;
	return true;
}

static bool row_add(
	struct rates *t, struct str time, int64_t at_ns, double bytes_per_s, struct err *err)
{
	const struct line_reader *r = &t->csv.lines;

	if (t->n == 0)
		t->first_ns = at_ns;
	if (t->n > 0 && at_ns - t->first_ns <= t->steps[t->n - 1].at_ns)
		return err_at(err, line_reader_pos(r, t->csv.line, time.s),
			"times must increase: %.10g s after %.10g s", s_of_ns(at_ns),
			s_of_ns(t->steps[t->n - 1].at_ns + t->first_ns));
	if (t->n == MOST_RATES)
		return too_many(r, MOST_RATES, err);
	t->steps = mem_grow(t->steps, t->n, &t->cap, sizeof *t->steps);
	t->steps[t->n++] = (struct rate_step){at_ns - t->first_ns, bytes_per_s};
	return true;
}

static bool row_read(struct rates *t, const struct str value[CSV_COLUMNS], struct err *err)
{
	const struct line_reader *r = &t->csv.lines;
	double rate, number = 0.0;
	int64_t at_ns;

	if (t->csv.at[TRACE] != SIZE_MAX && !trace_number(value[TRACE], &number))
		return bad_value(r, t->csv.line, value[TRACE], "trace should be a number", err);
	if (number < t->number || number > t->number)
		return true;
	if (!read_time(t, value[TIME], &at_ns, err))
		return false;
	if (!trace_number(value[t->rate], &rate))
		rate = -1.0;
	rate *= unit_bytes_per_s[t->rate];
	if (!(rate >= 0.0) || !(rate <= MOST_BYTES_PER_S))
		return bad_value(r, t->csv.line, value[t->rate],
			"a rate should be a number from 0 to 8e15 bit/s", err);
	return row_add(t, value[TIME], at_ns, rate, err);
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
	if (got == 0 && t->n == 0)
		return err_at(err, (struct src_pos){.file = t->csv.lines.file},
			"there is no row of trace %g", t->number);
	return got == 0;
}

static bool curve_of(const struct rate_curve **out, struct arena *arena, const struct rates *t,
	int64_t period_ns, struct src_pos at, struct err *err)
{
	const int64_t last_ns = t->steps[t->n - 1].at_ns;

	if (period_ns > 0 && last_ns >= period_ns)
		return err_at(err, at,
			"the trace must repeat after more than its last time, %.10g s, not %.10g s",
			s_of_ns(last_ns), s_of_ns(period_ns));
	*out = rate_curve_of_steps(arena, t->steps, t->n, period_ns);
	return true;
}

bool bandwidth_trace_rates(const struct rate_curve **out, struct arena *arena, const char *file,
	double number, int64_t period_ns, struct src_pos at, struct err *err)
{
	struct rates t = {.number = number};
	bool ok;

	if (!csv_open(&t.csv, file, LIMITS, columns, COLUMNS, "a trace of rates", at, err))
		return false;
	ok = rows_read(&t, err) && curve_of(out, arena, &t, period_ns, at, err);
	csv_close(&t.csv);
	free(t.steps);
	return ok;
}
