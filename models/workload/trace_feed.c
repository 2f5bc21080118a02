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
		got = f->opener->next(f->source, row, err);
		if (got < 0)
			return got;
		f->ended = got == 0 || row->at_s >= f->to_s;
	} while (f->ended || row->at_s < f->from_s);
	return 1;
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
		.from_s = spec->window_s[0],
		.to_s = spec->window_s[1],
		.rate_scale = spec->rate_scale,
	};
	if (!check_spec(spec, err) || !spec->opener->open(&f->source, spec, err))
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
	if (f->n_ahead == 0 && f->to_s == HUGE_VAL)
		return err_at(
			err, spec->at, "'%s' has no requests from %g s on", spec->file, f->from_s);
	if (f->n_ahead == 0)
		return err_at(err, spec->at, "'%s' has no requests from %g s to %g s", spec->file,
			f->from_s, f->to_s);
	return true;
}

void trace_feed_close(struct trace_feed *f)
{
	if (f->source)
		f->opener->close(f->source);
	free(f->ahead);
	*f = (struct trace_feed){0};
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
	row->at_s = (row->at_s - f->from_s) / f->rate_scale;
	return 1;
}

double trace_feed_rate_per_s(const struct trace_feed *f)
{
	double span_s = f->ahead[f->n_ahead - 1].at_s - f->from_s;

	if (f->ended && f->to_s < HUGE_VAL)
		span_s = f->to_s - f->from_s;
	return span_s > 0.0 ? (double)f->n_ahead / span_s * f->rate_scale : 0.0;
}

uint64_t trace_feed_skipped(const struct trace_feed *f)
{
	return f->opener->skipped(f->source);
}
