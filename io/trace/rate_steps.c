#include "io/trace/rate_steps.h"

#include <stdlib.h>

#include "base/quote.h"
#include "io/text/trace_value.h"

enum { MOST_RATES = 2000000 }; /* of one trace, kept in memory */

static const double MOST_BYTES_PER_S = 1e15;

const struct line_limits bandwidth_limits = {.bytes = UINT64_C(4000000000), .lines = 100000000};

static bool is_between(char c)
{
	return c == ' ' || c == '\t' || c == ',';
}

bool bandwidth_word(struct str *rest, struct str *word)
{
	const char *p = rest->s, *end = rest->s + rest->n;

	while (p < end && is_between(*p))
		p++;
	for (word->s = p; p < end && !is_between(*p);)
		p++;
	word->n = (size_t)(p - word->s);
	*rest = (struct str){p, (size_t)(end - p)};
	if (word->n == 0)
		return false;
	if (word->n >= 2 && word->s[0] == '"' && word->s[word->n - 1] == '"')
		*word = (struct str){word->s + 1, word->n - 2};
	return true;
}

bool bandwidth_refuse(const struct line_reader *r, struct str line, struct str text,
	const char *rule, struct err *err)
{
	char quoted[QUOTE_SIZE];

	if (!line_reader_shows(r, text, line, err))
		return false;
	return err_at(err, line_reader_pos(r, line, text.s), "%s, not '%s'", rule,
		quote_bytes(quoted, sizeof quoted, text.s, text.n));
}

bool bandwidth_rate(double *bytes_per_s, const struct line_reader *r, struct str line,
	struct str text, double unit_bytes_per_s, struct err *err)
{
	if (!trace_number(text, bytes_per_s))
		*bytes_per_s = -1.0;
	*bytes_per_s *= unit_bytes_per_s;
	return (*bytes_per_s >= 0.0 && *bytes_per_s <= MOST_BYTES_PER_S) ||
	       bandwidth_refuse(
		       r, line, text, "a rate should be a number from 0 to 8e15 bit/s", err);
}

bool rate_steps_add(struct rate_steps *s, const struct line_reader *r, struct str line,
	struct str time, int64_t at_ns, double bytes_per_s, struct err *err)
{
	if (s->n == 0)
		s->first_ns = at_ns;
	if (s->n > 0 && at_ns - s->first_ns <= s->at[s->n - 1].at_ns)
		return err_at(err, line_reader_pos(r, line, time.s),
			"times must increase: %.10g s after %.10g s", s_of_ns(at_ns),
			s_of_ns(s->at[s->n - 1].at_ns + s->first_ns));
	if (s->n == MOST_RATES)
		return err_at(err, (struct src_pos){r->file, r->line, 1},
			"a trace of bandwidth has at most %d rows", MOST_RATES);
	s->at = mem_grow(s->at, s->n, &s->cap, sizeof *s->at);
	s->at[s->n++] = (struct rate_step){at_ns - s->first_ns, bytes_per_s};
	return true;
}

bool rate_steps_curve(const struct rate_curve **out, struct arena *arena,
	const struct rate_steps *s, int64_t period_ns, struct src_pos at, struct err *err)
{
	const int64_t last_ns = s->at[s->n - 1].at_ns;

	if (period_ns > 0 && last_ns >= period_ns)
		return err_at(err, at,
			"the trace must repeat after more than its last time, %.10g s, not %.10g s",
			s_of_ns(last_ns), s_of_ns(period_ns));
	*out = rate_curve_of_steps(arena, s->at, s->n, period_ns);
	return true;
}
