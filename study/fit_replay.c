/* A log as arrivals of a world, and what the world makes of them. */
#include "study/fit_replay.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "models/cost/profile.h"
#include "models/probe.h"
#include "models/workload/trace.h"
#include "models/world/world.h"
#include "sim/rng.h"

/* What a trace_spec says of its file is where the rows are. */
struct feed {
	char name[16];
	const struct served_request *rows;
	const int64_t *arrival_ns;
	size_t n;
};

struct trace_source {
	const struct feed *feed;
	size_t given;
};

struct replay {
	struct scenario_spec spec;
	struct instance_spec instance;
	struct group_spec group;
	struct feed feed;
	const struct served_log *log;
	int64_t *arrival_ns;
};

struct probe_state {
	struct replayed *to;
	size_t n, n_done;
	size_t first_lost; /* that was not served; n: none */
};

/* Arrivals */

static bool feed_open(struct trace_source **out, const struct trace_spec *spec, struct err *err)
{
	(void)err;
	*out = mem_zalloc(1, sizeof **out);
	(*out)->feed = (const void *)spec->file;
	return true;
}

static int feed_next(struct trace_source *s, struct trace_row *row, struct err *err)
{
	const struct feed *f = s->feed;
	size_t i = s->given;

	(void)err;
	if (i == f->n)
		return 0;
	s->given++;
	*row = (struct trace_row){
		.at_ns = f->arrival_ns[i],
		.prompt_tok = f->rows[i].prompt_tok,
		.output_tok = f->rows[i].output_tok,
		.line = f->rows[i].line,
	};
	return 1;
}

static uint64_t feed_skipped(const struct trace_source *s)
{
	(void)s;
	return 0;
}

static void feed_close(struct trace_source *s)
{
	free(s);
}

static const struct trace_opener feed_opener = {feed_open, feed_next, feed_skipped, feed_close};

static int by_time(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void move_arrivals(struct replay *r, unsigned phase, double shift_s)
{
	int64_t ahead_ns = llround(0.5e9 * shift_s);
	struct rng rng;

	rng_init(&rng, 1, phase, "fit", "arrivals");
	for (size_t i = 0; i < r->log->n; i++)
		r->arrival_ns[i] = r->log->at[i].arrival_ns + ahead_ns +
				   llround(1e9 * shift_s * (rng_uniform(&rng) - 0.5));
	mem_sort(r->arrival_ns, r->log->n, sizeof *r->arrival_ns, by_time);
}

/* Answers */

static void on_ended(
	struct probe_state *p, enum moment m, int64_t at_ns, const struct request_row *r)
{
	(void)m;
	(void)at_ns;
	if (r->id >= p->n)
		return;
	if (r->fate == FATE_DONE) {
		p->to[r->id] = (struct replayed){
			.first_s = 1e-9 * (double)(r->heard_ns - r->created_ns),
			.end_s = 1e-9 * (double)(r->delivered_ns - r->created_ns),
			.arrival_ns = r->created_ns,
		};
		p->n_done++;
	} else if (r->id < p->first_lost) {
		p->first_lost = r->id;
	}
}

static const struct probe_ops ends_ops = {
	.name = "fit", .moments = 1u << MOMENT_ENDED, .request = on_ended};

void replay_create(
	struct replay **out, const struct scenario_spec *spec, const struct served_log *log)
{
	struct replay *r = mem_zalloc(1, sizeof *r);

	r->spec = *spec;
	r->instance = spec->instances[0];
	r->group = spec->groups[0];
	r->log = log;
	r->arrival_ns = mem_zalloc(log->n, sizeof *r->arrival_ns);
	r->feed = (struct feed){
		.name = "the log", .rows = log->at, .arrival_ns = r->arrival_ns, .n = log->n};
	r->group.arrivals = (struct arrival_spec){.process = ARRIVAL_TRACE,
		.trace = {.file = r->feed.name,
			.rate_scale = 1.0,
			.window_s = {0.0, HUGE_VAL},
			.clock_s = -1.0,
			.opener = &feed_opener,
			.at = r->group.arrivals.at},
		.at = r->group.arrivals.at};
	r->group.workload =
		(struct workload_spec){.kind = WORKLOAD_TRACE, .at = r->group.workload.at};
	r->spec.instances = &r->instance;
	r->spec.groups = &r->group;
	r->spec.run.horizon_s = 0.0;
	r->spec.run.horizon_trace = false;
	r->spec.run.requests = log->n;
	r->spec.run.warmup_auto = false;
	r->spec.run.warmup_s = r->spec.run.limit_s = 0.0;
	r->spec.record = (struct record_spec){0};
	*out = r;
}

void replay_destroy(struct replay *r)
{
	if (!r)
		return;
	free(r->arrival_ns);
	free(r);
}

static bool answered(const struct replay *r, const struct world_result *result,
	const struct probe_state *p, struct err *err)
{
	const struct served_request *q;

	if (result->status == RUN_INTERRUPTED)
		return err_stop(err);
	if (p->first_lost < p->n) {
		q = &r->log->at[p->first_lost];
		return err_at(err, (struct src_pos){r->log->file, q->line, q->col},
			"the scenario cannot serve this request of %u tokens and %u more",
			q->prompt_tok, q->output_tok);
	}
	if (result->status == RUN_FAILED || p->n_done < p->n)
		return err_run(err, "the replay failed: %s", result->failure);
	return true;
}

bool replay_run(
	struct replay *r, const struct replay_run *how, struct replayed *to, struct err *err)
{
	struct probe_state ends = {.to = to, .n = r->log->n, .first_lost = r->log->n};
	struct probe probe = {&ends_ops, &ends};
	struct world_result result = {0};
	struct world_setup setup = {.spec = &r->spec,
		.policy = r->spec.policies,
		.seed = r->spec.run.seed,
		.stop = how->stop};
	struct world *w;
	bool ok;

	move_arrivals(r, how->phase, how->shift_s);
	r->instance.profile = how->profile;
	profile_host(&r->instance.host_time, how->profile);
	if (!world_create(&w, &setup, err))
		return false;
	world_attach(w, &probe);
	if (how->also)
		world_attach(w, how->also);
	ok = world_run(w, &result, err) && answered(r, &result, &ends, err);
	world_result_finish(&result);
	world_destroy(w);
	return ok;
}
