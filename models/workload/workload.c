/* The requests of a user group: an arrival process and lengths, each with a stream. */
#include "models/workload/workload.h"

#include <assert.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics.h>
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "models/workload/arrivals.h"
#include "models/workload/dataset.h"
#include "models/workload/prefixes.h"
#include "models/workload/sessions.h"
#include "models/workload/trace_feed.h"

struct lengths {
	uint32_t prompt_tok, output_tok;
};

struct workload {
	enum arrival_process process;
	enum workload_kind kind;
	uint64_t ids_scope; /* of what a trace says that prompts share */
	struct rng arrivals_rng, lengths_rng;

	struct arrivals *arrivals; /* open loop */
	struct dist *think;        /* closed */
	struct trace_feed feed;    /* trace */

	struct prefixes *prefixes;
	struct sessions *sessions;

	struct dist *prompt, *output;
	const struct dataset *dataset;
	struct lengths *rows;
	size_t n_rows;

	double rate_per_s;
	double output_mean_tok, output_q90_tok;
	uint64_t rows_skipped;
};

/* Mean and 90 % quantile of the outputs; @tok is sorted on the way. */
static void summarise_outputs(struct workload *w, double *tok, size_t n)
{
	gsl_sort(tok, 1, n);
	w->output_mean_tok = gsl_stats_mean(tok, 1, n);
	w->output_q90_tok = gsl_stats_quantile_from_sorted_data(tok, 1, n, 0.9);
}

static bool open_dists(struct workload *w, const struct workload_spec *s, struct err *err)
{
	if (!dist_create(&w->prompt, &s->prompt_tok, err) ||
		!dist_create(&w->output, &s->output_tok, err))
		return false;
	w->output_mean_tok = fmax(dist_mean(w->output), 1.0);
	w->output_q90_tok = fmax(dist_quantile(w->output, 0.9), 1.0);
	return true;
}

static bool read_rows(
	struct workload *w, const struct trace_spec *s, struct trace_feed *f, struct err *err)
{
	struct trace_spec lengths = *s;
	struct trace_row row;
	size_t cap = 0;
	int got;

	lengths.clock_s = -1.0; /* when they came does not matter */
	lengths.contents = false;
	if (!trace_feed_open(f, &lengths, err))
		return false;
	while ((got = trace_feed_next(f, &row, err)) > 0) {
		if (w->n_rows == WORKLOAD_ROWS_MAX)
			return err_at(err, s->at,
				"'%s' has more than %u requests to draw from; choose a window",
				s->file, WORKLOAD_ROWS_MAX);
		w->rows = mem_grow(w->rows, w->n_rows, &cap, sizeof *w->rows);
		w->rows[w->n_rows++] = (struct lengths){row.prompt_tok, row.output_tok};
		free(row.ids);
	}
	w->rows_skipped += trace_feed_skipped(f);
	return got == 0;
}

static bool open_rows(struct workload *w, const struct trace_spec *s, struct err *err)
{
	struct trace_feed f;
	bool ok = read_rows(w, s, &f, err);
	double *tok;
	size_t i;

	trace_feed_close(&f);
	if (!ok)
		return false;
	tok = mem_zalloc(w->n_rows, sizeof *tok);
	for (i = 0; i < w->n_rows; i++)
		tok[i] = w->rows[i].output_tok;
	summarise_outputs(w, tok, w->n_rows);
	free(tok);
	return true;
}

static bool open_trace_lengths(struct workload *w, const struct group_spec *g, struct err *err)
{
	double *tok;
	size_t i;

	if (w->process != ARRIVAL_TRACE)
		return err_at(err, g->workload.at,
			"workload of '%s' comes with its arrivals, but these are not a trace",
			g->name);
	tok = mem_zalloc(w->feed.n_ahead, sizeof *tok);
	for (i = 0; i < w->feed.n_ahead; i++)
		tok[i] = w->feed.ahead[i].output_tok;
	summarise_outputs(w, tok, w->feed.n_ahead);
	free(tok);
	return true;
}

static bool open_lengths(struct workload *w, const struct group_spec *g, struct err *err)
{
	const struct workload_spec *s = &g->workload;

	switch (s->kind) {
	case WORKLOAD_NONE:
		return true;
	case WORKLOAD_DATASET:
		w->dataset = s->dataset;
		w->output_mean_tok = dataset_output_mean_tok(s->dataset);
		w->output_q90_tok = dataset_output_quantile_tok(s->dataset, 0.9);
		return true;
	case WORKLOAD_DISTS:
		return open_dists(w, s, err);
	case WORKLOAD_ROWS:
		return open_rows(w, &s->rows, err);
	case WORKLOAD_TRACE:
		return open_trace_lengths(w, g, err);
	}
	assert(!"a kind of workload");
	return false;
}

static bool open_arrivals(struct workload *w, const struct arrival_spec *s, struct err *err)
{
	switch (s->process) {
	case ARRIVAL_CLOSED:
		return dist_create(&w->think, &s->think, err);
	case ARRIVAL_SATURATED:
		return s->outstanding > 0 ||
		       err_at(err, s->at, "outstanding must be at least 1, not 0");
	case ARRIVAL_TRACE:
		if (!trace_feed_open(&w->feed, &s->trace, err))
			return false;
		w->rate_per_s = trace_feed_rate_per_s(&w->feed);
		return true;
	case ARRIVAL_POISSON:
	case ARRIVAL_DETERMINISTIC:
	case ARRIVAL_GAMMA:
	case ARRIVAL_WEIBULL:
	case ARRIVAL_MMPP:
	case ARRIVAL_SCHEDULE:
		break;
	}
	if (!arrivals_create(&w->arrivals, s, &w->arrivals_rng, err))
		return false;
	w->rate_per_s = arrivals_rate_per_s(w->arrivals);
	return true;
}

bool workload_create(struct workload **out, const struct group_spec *group, uint64_t seed,
	uint32_t replication, struct err *err)
{
	struct workload *w = mem_zalloc(1, sizeof *w);

	*out = NULL;
	w->process = group->arrivals.process;
	w->kind = group->workload.kind;
	rng_init(&w->arrivals_rng, seed, replication, "arrivals", group->name);
	rng_init(&w->lengths_rng, seed, replication, "lengths", group->name);
	if (group->arrivals.process == ARRIVAL_TRACE && group->arrivals.trace.file)
		w->ids_scope = content_scope(CONTENT_TRACE, group->arrivals.trace.file);
	if (!open_arrivals(w, &group->arrivals, err) || !open_lengths(w, group, err) ||
		!prefixes_create(&w->prefixes, group, seed, replication, err) ||
		!sessions_create(&w->sessions, group, seed, replication, err)) {
		workload_destroy(w);
		return false;
	}
	*out = w;
	return true;
}

void workload_destroy(struct workload *w)
{
	if (!w)
		return;
	arrivals_destroy(w->arrivals);
	dist_destroy(w->think);
	trace_feed_close(&w->feed);
	prefixes_destroy(w->prefixes);
	sessions_destroy(w->sessions);
	dist_destroy(w->prompt);
	dist_destroy(w->output);
	free(w->rows);
	free(w);
}

static struct lengths draw_lengths(const struct workload *w, struct rng *r)
{
	struct lengths draw = {0, 0};

	switch (w->kind) {
	case WORKLOAD_DATASET:
		dataset_draw(w->dataset, r, &draw.prompt_tok, &draw.output_tok);
		return draw;
	case WORKLOAD_DISTS:
		draw.prompt_tok = dist_draw_count(w->prompt, r);
		draw.output_tok = dist_draw_count(w->output, r);
		return draw;
	case WORKLOAD_ROWS:
		return w->rows[rng_below(r, w->n_rows)];
	case WORKLOAD_NONE:
	case WORKLOAD_TRACE:
		break;
	}
	return draw;
}

/** What is shared stands before what was drawn. */
static void put_behind_prefix(struct workload *w, struct lengths l, struct request_draw *draw)
{
	*draw = (struct request_draw){.prompt_tok = l.prompt_tok, .output_tok = l.output_tok};
	if (!w->prefixes)
		return;
	prefixes_draw(w->prefixes, &draw->content);
	draw->prompt_tok += draw->content.prefix_tok;
}

struct request_draw workload_draw(struct workload *w)
{
	struct request_draw draw;

	put_behind_prefix(w, draw_lengths(w, &w->lengths_rng), &draw);
	return draw;
}

uint32_t workload_turns(const struct workload *w, uint64_t n)
{
	return sessions_turns(w->sessions, n);
}

struct request_draw workload_turn(const struct workload *w, uint64_t n, uint32_t k, double *think_s)
{
	struct rng r = sessions_turn(w->sessions, n, k, think_s);
	struct lengths l = draw_lengths(w, &r);

	return (struct request_draw){.prompt_tok = l.prompt_tok, .output_tok = l.output_tok};
}

double workload_think_s(struct workload *w)
{
	assert(w->think);
	return dist_draw(w->think, &w->arrivals_rng);
}

static int next_of_trace(
	struct workload *w, int64_t *at_ns, struct request_draw *draw, struct err *err)
{
	struct trace_row row;
	int got = trace_feed_next(&w->feed, &row, err);

	if (got <= 0)
		return got;
	if (row.at_ns >= ARRIVAL_LAST_NS) {
		free(row.ids);
		return 0;
	}
	*at_ns = row.at_ns;
	put_behind_prefix(w,
		w->kind == WORKLOAD_TRACE ? (struct lengths){row.prompt_tok, row.output_tok}
					  : draw_lengths(w, &w->lengths_rng),
		draw);
	draw->content.ids = row.ids;
	draw->content.n_ids = row.n_ids;
	draw->content.id_tok = row.id_tok;
	for (uint32_t k = 0; k < row.n_ids; k++)
		row.ids[k] = content_key(w->ids_scope, row.ids[k]);
	return 1;
}

int workload_next(struct workload *w, int64_t *at_ns, struct request_draw *draw, struct err *err)
{
	if (!w->arrivals)
		return next_of_trace(w, at_ns, draw, err);
	if (!arrivals_next(w->arrivals, &w->arrivals_rng, at_ns))
		return 0;
	put_behind_prefix(w, draw_lengths(w, &w->lengths_rng), draw);
	return 1;
}

double workload_rate_per_s(const struct workload *w)
{
	return w->rate_per_s;
}

uint64_t workload_most(const struct workload *w)
{
	uint64_t rows = w->feed.source ? trace_feed_rows(&w->feed) : 0;

	return rows > 0 && !w->sessions ? rows : UINT64_MAX;
}

int64_t workload_first_ns(const struct workload *w)
{
	return w->feed.source ? trace_feed_first_ns(&w->feed) : 0;
}

double workload_output_mean_tok(const struct workload *w)
{
	return w->output_mean_tok;
}

double workload_output_q90_tok(const struct workload *w)
{
	return w->output_q90_tok;
}

bool workload_drew(const struct workload *w)
{
	return rng_drawn(&w->arrivals_rng) || rng_drawn(&w->lengths_rng) ||
	       prefixes_drew(w->prefixes) || sessions_drew(w->sessions);
}

uint64_t workload_rows_skipped(const struct workload *w)
{
	return w->rows_skipped + (w->feed.source ? trace_feed_skipped(&w->feed) : 0);
}
