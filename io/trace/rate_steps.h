#ifndef OFFING_IO_TRACE_RATE_STEPS_H
#define OFFING_IO_TRACE_RATE_STEPS_H

#include "io/text/line_reader.h"
#include "io/trace/bandwidth_trace.h"

/** Between the files of io/trace/: rates as they are read, at times counted from the first. */
struct rate_steps {
	struct rate_step *at;
	size_t n, cap;
	int64_t first_ns;
};

/** Cut the next word off *@rest, of those between blanks and commas, without quotes around it.
 *  False: there is none left. */
bool bandwidth_word(struct str *rest, struct str *word);

/** What a trace of bandwidth may have. */
extern const struct line_limits bandwidth_limits;

/** "RULE, not 'TEXT'", at @text of @line. Always false. */
bool bandwidth_refuse(const struct line_reader *r, struct str line, struct str text,
	const char *rule, struct err *err);

/** A rate that @text spells in units of @unit_bytes_per_s. */
MUST_CHECK bool bandwidth_rate(double *bytes_per_s, const struct line_reader *r, struct str line,
	struct str text, double unit_bytes_per_s, struct err *err);

/** From @at_ns on @bytes_per_s; times must increase: else an error at @time of @line. */
MUST_CHECK bool rate_steps_add(struct rate_steps *s, const struct line_reader *r, struct str line,
	struct str time, int64_t at_ns, double bytes_per_s, struct err *err);

/** A curve of them in @arena, which repeats after @period_ns unless that is 0. */
MUST_CHECK bool rate_steps_curve(const struct rate_curve **out, struct arena *arena,
	const struct rate_steps *s, int64_t period_ns, struct src_pos at, struct err *err);

#endif
