#include "models/workload/trace_feed.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"

/* The next row in the window as the file has it. */
static int read_row(struct trace_feed *f, struct trace_row *row, struct err *err)
{
	int got;

	do {
		if (f->ended)
			return 0;
		*row = (struct trace_row){0};
		got = f->opener->next(f->source, row, err);
		if (got < 0)
			return got;
		f->ended = got == 0 || row->at_ns >= f->to_ns;
		if (!f->ended && row->at_ns >= f->from_ns)
			return 1;
		if (got > 0)
			free(row->ids);
	} while (true);
}

static int64_t ns_of(double s)
{
	return s < 9e9 ? llround(1e9 * s) : INT64_MAX;
}

static bool check_spec(const struct trace_spec *s, struct err *err)
{
	if (!(s->rate_scale > 0.0 && s->rate_scale <= 1e9))
		return err_at(err, s->at, "rate_scale must be above 0 and at most 1e9, not %g",
			s->rate_scale);
	if (!(s->window_s[0] >= 0.0))
		return err_at(err, s->at, "window must start at 0 s or later, not at %g s",
			s->window_s[0]);
	if (!(s->window_s[1] > s->window_s[0]))
		return err_at(err, s->at, "window must end after %g s, not at %g s", s->window_s[0],
			s->window_s[1]);
	return true;
}

bool trace_feed_open(struct trace_feed *f, const struct trace_spec *spec, struct err *err)
{
	int got;

	*f = (struct trace_feed){
		.opener = spec->opener,
		.rate_scale = spec->rate_scale,
	};
	if (!check_spec(spec, err))
		return false;
	f->from_ns = ns_of(spec->window_s[0]);
	f->to_ns = ns_of(spec->window_s[1]);
	if (!spec->opener->open(&f->source, spec, err))
		return false;
	f->ahead = mem_zalloc(TRACE_FEED_AHEAD, sizeof *f->ahead);
	while (f->n_ahead < TRACE_FEED_AHEAD) {
		got = read_row(f, &f->ahead[f->n_ahead], err);
		if (got < 0)
			return false;
		if (got == 0)
			break;
		f->n_ahead++;
	}
	if (f->ended)
		f->n_rows = f->n_ahead;
	if (f->n_ahead == 0 && spec->window_s[1] == HUGE_VAL)
		return err_at(err, spec->at, "'%s' has no requests from %g s on", spec->file,
			spec->window_s[0]);
	if (f->n_ahead == 0)
		return err_at(err, spec->at, "'%s' has no requests from %g s to %g s", spec->file,
			spec->window_s[0], spec->window_s[1]);
	return true;
}

void trace_feed_close(struct trace_feed *f)
{
	if (f->source)
		f->opener->close(f->source);
	for (; f->n_given < f->n_ahead; f->n_given++)
		free(f->ahead[f->n_given].ids);
	free(f->ahead);
	*f = (struct trace_feed){0};
}

/** From the window's start, scaled; a whole scale of 1 leaves every nanosecond as it is. */
static int64_t run_ns(const struct trace_feed *f, int64_t at_ns)
{
	long double scaled = (long double)(at_ns - f->from_ns) / (long double)f->rate_scale;

	return scaled < 9e18L ? llroundl(scaled) : INT64_MAX;
}

int trace_feed_next(struct trace_feed *f, struct trace_row *row, struct err *err)
{
	int got;

	if (f->n_given < f->n_ahead) {
		*row = f->ahead[f->n_given++];
	} else {
		got = read_row(f, row, err);
		if (got <= 0)
			return got;
	}
	row->at_ns = run_ns(f, row->at_ns);
	return 1;
}

int64_t trace_feed_first_ns(const struct trace_feed *f)
{
	return run_ns(f, f->ahead[0].at_ns);
}

uint64_t trace_feed_rows(const struct trace_feed *f)
{
	return f->n_rows;
}

double trace_feed_rate_per_s(const struct trace_feed *f)
{
	double span_s = 1e-9 * (double)(f->ahead[f->n_ahead - 1].at_ns - f->from_ns);

	if (f->ended && f->to_ns < INT64_MAX)
		span_s = 1e-9 * (double)(f->to_ns - f->from_ns);
	return span_s > 0.0 ? (double)f->n_ahead / span_s * f->rate_scale : 0.0;
}

uint64_t trace_feed_skipped(const struct trace_feed *f)
{
	return f->opener->skipped(f->source);
}
