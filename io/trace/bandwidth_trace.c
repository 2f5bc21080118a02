#include "io/trace/bandwidth_trace.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "io/text/line_reader.h"
#include "io/text/trace_value.h"

static const double MOST_S = 4.5e9, MOST_MS = 9e12, MOST_BYTES_PER_S = 1e15;
static const int64_t NS_PER_MS = 1000000;

/* mahimahi */

struct chances {
	int64_t *at_ns;
	size_t n, cap;
};

static bool chance_read(
	struct chances *c, const struct line_reader *r, struct str line, struct err *err)
{
	struct str word = str_trim(line);
	double ms;
	int64_t at_ns;

	if (word.n == 0)
		return true;
	if (!trace_number(word, &ms) || !(ms >= 0.0) || floor(ms) != ms || ms > MOST_MS)
		return err_at(err, line_reader_pos(r, line, word.s),
			"a line should be a whole number of milliseconds, not '%s'",
			trace_quote(word).s);
	at_ns = (int64_t)ms * NS_PER_MS;
	if (c->n > 0 && at_ns < c->at_ns[c->n - 1])
		return err_at(err, line_reader_pos(r, line, word.s),
			"times go back: %.0f ms after %lld ms", ms,
			(long long)(c->at_ns[c->n - 1] / NS_PER_MS));
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

	if (!line_reader_open(&r, file, at, err))
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

enum { MOST_COLUMNS = 16 };

struct rates {
	struct rate_step *steps;
	size_t n, cap;
	size_t time, rate, trace; /* columns; trace: MOST_COLUMNS when there is none */
	double unit_bytes_per_s;
	double number, first_s;
};

static const struct {
	const char *name;
	double unit_bytes_per_s;
} rate_columns[] = {
	{"rate", 1.0 / 8.0},
	{"rate_bps", 1.0 / 8.0},
	{"kbit_per_s", 1e3 / 8.0},
	{"mbit_per_s", 1e6 / 8.0},
};

static bool heading_read(
	struct rates *t, const struct line_reader *r, struct str line, struct err *err)
{
	struct str rest = line, field;

	t->time = t->rate = t->trace = MOST_COLUMNS;
	for (size_t i = 0; i < MOST_COLUMNS && str_split(&rest, ',', &field); i++) {
		struct str name = str_trim(field);

		if (str_eq(name, "t_s"))
			t->time = i;
		if (str_eq(name, "trace"))
			t->trace = i;
		for (size_t k = 0; k < sizeof rate_columns / sizeof *rate_columns; k++)
			if (str_eq(name, rate_columns[k].name)) {
				t->rate = i;
				t->unit_bytes_per_s = rate_columns[k].unit_bytes_per_s;
			}
	}
	if (t->time == MOST_COLUMNS || t->rate == MOST_COLUMNS)
		return err_at(err, line_reader_pos(r, line, line.s),
			"a trace of rates starts with a line that names its columns: t_s and rate "
			"(bit/s), kbit_per_s or mbit_per_s");
	return true;
}

static bool row_add(struct rates *t, const struct line_reader *r, struct str line,
	const struct str *field, double t_s, double rate, struct err *err)
{
	int64_t at_ns;

	if (t->n == 0)
		t->first_s = t_s;
	t_s -= t->first_s;
	at_ns = ns_of_s(t_s);
	if (t->n > 0 && at_ns <= t->steps[t->n - 1].at_ns)
		return err_at(err, line_reader_pos(r, line, field[t->time].s),
			"times must increase: %g s after %g s", t_s + t->first_s,
			s_of_ns(t->steps[t->n - 1].at_ns) + t->first_s);
	t->steps = mem_grow(t->steps, t->n, &t->cap, sizeof *t->steps);
	t->steps[t->n++] = (struct rate_step){at_ns, rate * t->unit_bytes_per_s};
	return true;
}

static bool row_read(struct rates *t, const struct line_reader *r, struct str line, struct err *err)
{
	struct str rest = line, field[MOST_COLUMNS] = {{0}};
	double t_s, rate, number = 0.0;
	size_t n = 0;

	if (str_trim(line).n == 0)
		return true;
	while (n < MOST_COLUMNS && str_split(&rest, ',', &field[n])) {
		field[n] = str_trim(field[n]);
		n++;
	}
	if (t->time >= n || t->rate >= n)
		return err_at(err, line_reader_pos(r, line, line.s), "a value is missing");
	if (t->trace < n && !trace_number(field[t->trace], &number))
		return err_at(err, line_reader_pos(r, line, field[t->trace].s),
			"trace should be a number, not '%s'", trace_quote(field[t->trace]).s);
	if (number < t->number || number > t->number)
		return true;
	if (!trace_number(field[t->time], &t_s) || !(fabs(t_s) <= MOST_S))
		return err_at(err, line_reader_pos(r, line, field[t->time].s),
			"t_s should be a number of seconds, not '%s'",
			trace_quote(field[t->time]).s);
	if (!trace_number(field[t->rate], &rate) || !(rate >= 0.0) || !(rate <= MOST_BYTES_PER_S))
		return err_at(err, line_reader_pos(r, line, field[t->rate].s),
			"a rate should be a number of at least 0, not '%s'",
			trace_quote(field[t->rate]).s);
	return row_add(t, r, line, field, t_s, rate, err);
}

bool bandwidth_trace_rates(const struct rate_curve **out, struct arena *arena, const char *file,
	double number, int64_t period_ns, struct src_pos at, struct err *err)
{
	struct rates t = {.number = number};
	struct line_reader r;
	struct str line = {0};
	bool ok;
	int got;

	if (!line_reader_open(&r, file, at, err))
		return false;
	got = line_reader_next(&r, &line, err);
	ok = got > 0 ? heading_read(&t, &r, line, err) : got == 0;
	while (ok && got > 0 && (got = line_reader_next(&r, &line, err)) > 0)
		ok = row_read(&t, &r, line, err);
	ok = ok && got == 0;
	if (ok && t.n == 0)
		ok = err_at(
			err, (struct src_pos){.file = file}, "there is no row of trace %g", number);
	if (ok && period_ns > 0 && t.steps[t.n - 1].at_ns >= period_ns)
		ok = err_at(err, at,
			"the trace must repeat after more than its last time, %g s, not %g s",
			s_of_ns(t.steps[t.n - 1].at_ns), s_of_ns(period_ns));
	if (ok)
		*out = rate_curve_of_steps(arena, t.steps, t.n, period_ns);
	line_reader_close(&r);
	free(t.steps);
	return ok;
}
