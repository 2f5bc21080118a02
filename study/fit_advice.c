/* What a log could not tell, and what would tell it. */
#include <gsl/gsl_sort_double.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "study/fit_parts.h"

/* Constants this close are estimated, but only together. */
static const double close_correlation = 0.95;

/* What was asked, and how many decoded together: 5 % and 95 % quantiles. */
struct seen {
	double prompt[2], context[2], together[2];
};

static void quantiles(double *out, double *x, size_t n)
{
	gsl_sort(x, 1, n);
	out[0] = gsl_stats_quantile_from_sorted_data(x, 1, n, 0.05);
	out[1] = gsl_stats_quantile_from_sorted_data(x, 1, n, 0.95);
}

/* How many of @g decode when request @i has its first token. */
static double together_at(const struct served_log *g, size_t i)
{
	int64_t at_ns = g->at[i].first_ns;
	size_t n = 0;

	for (size_t k = 0; k < g->n; k++)
		n += g->at[k].first_ns <= at_ns && at_ns < g->at[k].end_ns;
	return (double)n;
}

static struct seen seen_of(const struct fit *f)
{
	double *x = mem_zalloc(3 * f->n_requests, sizeof *x);
	double *prompt = x, *context = x + f->n_requests, *together = context + f->n_requests;
	struct seen s;
	size_t n = 0;

	for (size_t l = 0; l < f->s->n_logs; l++)
		for (size_t i = 0; i < f->s->logs[l].n; i++, n++) {
			const struct served_request *q = &f->s->logs[l].at[i];

			prompt[n] = q->prompt_tok;
			context[n] = q->prompt_tok + 0.5 * q->output_tok;
			together[n] = together_at(&f->s->logs[l], i);
		}
	quantiles(s.prompt, prompt, n);
	quantiles(s.context, context, n);
	quantiles(s.together, together, n);
	free(x);
	return s;
}

__attribute__((format(printf, 2, 3))) static void note(struct fit_result *out, const char *fmt, ...)
{
	va_list ap;

	if (out->n_notes == FIT_NOTES_MOST)
		return;
	va_start(ap, fmt);
	vsnprintf(out->notes[out->n_notes++], sizeof out->notes[0], fmt, ap);
	va_end(ap);
}

/* What sets @k apart. */
static void measure_next(char *to, size_t size, enum fit_constant k, const struct seen *s)
{
	switch (k) {
	case FIT_CONTEXT:
		snprintf(to, size,
			"prompts or answers far longer than others (most contexts are %.0f to %.0f "
			"tokens here)",
			s->context[0], s->context[1]);
		break;
	case FIT_TOKENS:
	case FIT_PROMPT:
		snprintf(to, size,
			"short prompts beside long ones (most have %.0f to %.0f tokens here)",
			s->prompt[0], s->prompt[1]);
		break;
	case FIT_ATTENTION:
		snprintf(to, size, "prompts several times as long (most end at %.0f tokens here)",
			s->prompt[1]);
		break;
	case FIT_REQUEST:
		snprintf(to, size,
			"a load at which prompts come beside answers (mostly %.0f to %.0f "
			"sequences "
			"decode together here)",
			s->together[0], s->together[1]);
		break;
	default:
		snprintf(to, size,
			"a lower and a higher load (mostly %.0f to %.0f sequences decode together "
			"here)",
			s->together[0], s->together[1]);
	}
}

static void note_dropped(
	struct fit_result *out, const struct fit *f, enum fit_constant k, const struct seen *s)
{
	const char *name = fit_constants[k].name;
	char next[160];

	measure_next(next, sizeof next, k, s);
	if (f->fate[k] == FIT_ALIKE)
		note(out,
			"the logs cannot tell '%s' from '%s', so it stays as the profile has it: "
			"measure %s",
			name, fit_constants[f->like[k]].name, next);
	else if (f->fate[k] == FIT_WEAK)
		note(out,
			"the logs hardly depend on '%s', so it stays as the profile has it: "
			"measure %s",
			name, next);
}

static void note_pair(
	struct fit_result *out, enum fit_constant a, enum fit_constant b, const struct seen *s)
{
	char next[160];

	if (fabs(out->correlation[a][b]) < close_correlation)
		return;
	measure_next(next, sizeof next, b, s);
	note(out, "the logs hardly tell '%s' from '%s' (correlation %.2f): measure %s",
		fit_constants[a].name, fit_constants[b].name, out->correlation[a][b], next);
}

void fit_advise(struct fit_result *out, const struct fit *f)
{
	struct seen s = seen_of(f);

	for (enum fit_constant k = 0; k < FIT_CONSTANTS; k++)
		note_dropped(out, f, k, &s);
	for (enum fit_constant a = 0; a < FIT_CONSTANTS; a++)
		for (enum fit_constant b = a + 1; b < FIT_CONSTANTS; b++)
			note_pair(out, a, b, &s);
}
