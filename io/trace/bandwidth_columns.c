/* Traces of bandwidth that have no heading: numbers between blanks or commas. */
#include <stdlib.h>

#include "io/text/trace_value.h"
#include "io/trace/rate_steps.h"

#define NS_PER_S INT64_C(1000000000)
#define NS_PER_MS INT64_C(1000000)

enum { WORDS_MOST = 8, HSDPA_WORDS = 6, HSDPA_AT = 1, HSDPA_BYTES = 4, HSDPA_FOR = 5 };

struct columns {
	struct line_reader lines;
	struct str line;
	size_t n;
	struct str word[WORDS_MOST]; /* of the line in hand, without quotes around them */
	enum bandwidth_format format;
	struct rate_steps steps;
	bool any;
	int64_t last_ns; /* of the line before */
};

static void split(struct columns *c)
{
	struct str rest = c->line;

	for (c->n = 0; c->n < WORDS_MOST && bandwidth_word(&rest, &c->word[c->n]);)
		c->n++;
}

static bool refuse(const struct columns *c, size_t i, const char *rule, struct err *err)
{
	return bandwidth_refuse(&c->lines, c->line, c->word[i], rule, err);
}

static bool time_of(
	const struct columns *c, size_t i, int64_t unit_ns, int64_t *ns, struct err *err)
{
	return trace_time(c->word[i], unit_ns, ns) ||
	       refuse(c, i,
		       unit_ns == NS_PER_S ? "a time should be a number of seconds, at most 9e9"
					   : "a time should be a number of milliseconds, at most "
					     "9e12",
		       err);
}

/* Pensieve's simulator sends at the rate of a line from the time of the line before on. */
static bool pensieve_line(struct columns *c, struct err *err)
{
	int64_t at_ns;
	double rate;

	if (!time_of(c, 0, NS_PER_S, &at_ns, err) ||
		!bandwidth_rate(&rate, &c->lines, c->line, c->word[1], 1e6 / 8.0, err))
		return false;
	if (c->any && at_ns <= c->last_ns)
		return err_at(err, line_reader_pos(&c->lines, c->line, c->word[0].s),
			"times must increase: %.10g s after %.10g s", s_of_ns(at_ns),
			s_of_ns(c->last_ns));
	if (c->any &&
		!rate_steps_add(&c->steps, &c->lines, c->line, c->word[0], c->last_ns, rate, err))
		return false;
	c->any = true;
	c->last_ns = at_ns;
	return true;
}

static bool ms_kbit_line(struct columns *c, struct err *err)
{
	int64_t at_ns;
	double rate;

	return time_of(c, 0, NS_PER_MS, &at_ns, err) &&
	       bandwidth_rate(&rate, &c->lines, c->line, c->word[1], 1e3 / 8.0, err) &&
	       rate_steps_add(&c->steps, &c->lines, c->line, c->word[0], at_ns, rate, err);
}

/* What came in the milliseconds of the last column, which end with the second. */
static bool hsdpa_line(struct columns *c, struct err *err)
{
	int64_t at_ns, for_ns;
	double bytes;

	if (!time_of(c, HSDPA_AT, NS_PER_MS, &at_ns, err) ||
		!time_of(c, HSDPA_FOR, NS_PER_MS, &for_ns, err))
		return false;
	if (for_ns == 0 || for_ns > at_ns)
		return refuse(c, HSDPA_FOR,
			"the last column should be the milliseconds since the line before", err);
	if (!trace_number(c->word[HSDPA_BYTES], &bytes) || !(bytes >= 0.0))
		return refuse(c, HSDPA_BYTES, "the fifth column should be a number of bytes", err);
	return rate_steps_add(&c->steps, &c->lines, c->line, c->word[HSDPA_AT], at_ns - for_ns,
		bytes / s_of_ns(for_ns), err);
}

static bool read_line(struct columns *c, struct err *err)
{
	const size_t want = c->format == BANDWIDTH_HSDPA ? HSDPA_WORDS : 2;

	split(c);
	if (c->n == 0)
		return true;
	if (c->n != want) {
		if (!line_reader_shows(&c->lines, c->line, c->line, err))
			return false;
		return err_at(err, line_reader_pos(&c->lines, c->line, c->line.s),
			"a line should be %zu numbers with blanks between them, not %zu", want,
			c->n);
	}
	return c->format == BANDWIDTH_HSDPA     ? hsdpa_line(c, err)
	       : c->format == BANDWIDTH_MS_KBIT ? ms_kbit_line(c, err)
						: pensieve_line(c, err);
}

bool bandwidth_trace_columns(const struct rate_curve **out, struct arena *arena,
	enum bandwidth_format format, const char *file, int64_t period_ns, struct src_pos at,
	struct err *err)
{
	struct columns c = {.format = format};
	bool ok = true;
	int got = 0;

	if (!line_reader_open(&c.lines, file, bandwidth_limits, at, err))
		return false;
	while (ok && (got = line_reader_next(&c.lines, &c.line, err)) > 0)
		ok = read_line(&c, err);
	ok = ok && got == 0;
	if (ok && c.steps.n == 0)
		ok = err_at(err, (struct src_pos){.file = file}, "a trace of format %s needs %s",
			bandwidth_trace_formats[format],
			format == BANDWIDTH_PENSIEVE ? "two lines" : "a line");
	ok = ok && rate_steps_curve(out, arena, &c.steps, period_ns, at, err);
	line_reader_close(&c.lines);
	free(c.steps.at);
	return ok;
}
