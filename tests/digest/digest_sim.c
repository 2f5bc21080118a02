/*
 * A small network that uses all of sim/: customers with patience (cancelled timers), a line by
 * rank and one by arrival, ties on a coarse clock, several streams and every statistic. Prints
 * the digest of the event sequence and the statistics to the last bit: the same for every
 * compiler, optimisation, address layout and allocator (same_digest.sh).
 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <gsl/gsl_randist.h>

#include "base/mem.h"
#include "sim/engine.h"
#include "sim/mser.h"
#include "sim/rng.h"
#include "sim/stat.h"
#include "sim/waitline.h"

enum { EV_ARRIVE, EV_SERVED, EV_LEAVE, EV_SAMPLE, EV_KINDS };
enum { STATIONS = 5, SAMPLES = 2000 };

struct customer {
	int64_t came_ns;
	struct event_id patience;
	bool waits;
};

struct world {
	struct engine *engine;
	struct customer *customer;
	size_t n, cap;
	struct waitline line[STATIONS];
	struct rankline urgent[STATIONS]; /* those with work below one second */
	bool busy[STATIONS];
	struct rng arrivals, work, route;
	struct stat_mean sojourn_s;
	struct stat_hist hist_s;
	struct stat_level in_system;
	double sample[SAMPLES];
	size_t n_samples, left;
};

/** Take the next of station @s into service, passing over those who lost patience. */
static void serve(struct world *w, uint32_t s)
{
	uint64_t c;

	while (!w->busy[s] && rankline_count(&w->urgent[s]) + waitline_count(&w->line[s]) > 0) {
		c = rankline_count(&w->urgent[s]) > 0 ? rankline_pop(&w->urgent[s])
						      : waitline_pop(&w->line[s]);
		if (!w->customer[c].waits)
			continue;
		w->customer[c].waits = false;
		assert(engine_cancel(w->engine, w->customer[c].patience));
		w->busy[s] = true;
		engine_post(w->engine, gsl_ran_gamma(rng_gsl(&w->work), 2.5, 0.6),
			(struct event){.kind = EV_SERVED, .who = s, .what = c});
	}
}

static void queue_up(struct world *w, uint32_t s, uint64_t c)
{
	const double rank = gsl_ran_lognormal(rng_gsl(&w->work), 0.2, 0.9);

	w->customer[c].waits = true;
	w->customer[c].patience = engine_post(w->engine, rng_exponential(&w->route, 8.0),
		(struct event){.kind = EV_LEAVE, .who = s, .what = c});
	if (rank < 1.0)
		rankline_push(&w->urgent[s], rank, c);
	else
		waitline_push(&w->line[s], c);
	serve(w, s);
}

static void on_arrive(struct world *w, const struct event *ev)
{
	const int64_t ms = 1000000;

	w->customer = mem_grow(w->customer, w->n, &w->cap, sizeof *w->customer);
	w->customer[w->n] = (struct customer){.came_ns = ev->at_ns};
	level_add(&w->in_system, ev->at_ns, 1.0);
	queue_up(w, (uint32_t)rng_below(&w->route, STATIONS), w->n++);
	engine_post_at(w->engine, /* whole ms: many ties */
		ev->at_ns + ns_of_s(rng_exponential(&w->arrivals, 0.5)) / ms * ms,
		(struct event){.kind = EV_ARRIVE});
}

static void on_served(struct world *w, const struct event *ev)
{
	const double sojourn_s = s_of_ns(ev->at_ns - w->customer[ev->what].came_ns);

	w->busy[ev->who] = false;
	if (rng_uniform(&w->route) < 0.4) {
		queue_up(w, (ev->who + 1) % STATIONS, ev->what);
	} else {
		stat_mean_add(&w->sojourn_s, sojourn_s);
		hist_add(&w->hist_s, sojourn_s);
		level_add(&w->in_system, ev->at_ns, -1.0);
	}
	serve(w, ev->who);
}

static void on_leave(struct world *w, const struct event *ev)
{
	w->customer[ev->what].waits = false;
	w->left++;
	level_add(&w->in_system, ev->at_ns, -1.0);
}

static void on_sample(struct world *w, const struct event *ev)
{
	w->sample[w->n_samples++] = w->in_system.value;
	if (w->n_samples < SAMPLES)
		engine_post(w->engine, 10.0, *ev);
}

static const struct event_handler handlers[EV_KINDS] = {
	[EV_ARRIVE] = {"arrive", on_arrive},
	[EV_SERVED] = {"served", on_served},
	[EV_LEAVE] = {"leave", on_leave},
	[EV_SAMPLE] = {"sample", on_sample},
};

static void print(const struct world *w)
{
	const int64_t now_ns = engine_now_ns(w->engine);
	struct stat_interval i;
	size_t cut;
	bool ok;

	ok = mser5_cut(w->sample, w->n_samples, &cut);
	stat_interval(&i, w->sample, w->n_samples, 0.95);
	printf("digest %016" PRIx64 " events %" PRIu64 " left %zu\n", engine_digest(w->engine),
		engine_events(w->engine), w->left);
	printf("sojourn %a %a %a\n", w->sojourn_s.mean, stat_mean_sd(&w->sojourn_s),
		hist_quantile(&w->hist_s, 0.99));
	printf("level %a %a cut %d %zu interval %a %a\n", level_mean(&w->in_system, now_ns),
		level_max(&w->in_system), ok, cut, i.lo, i.hi);
}

int main(void)
{
	struct world w = {0};
	size_t s;

	w.engine = engine_create(handlers, EV_KINDS, &w);
	engine_digest_enable(w.engine);
	rng_init(&w.arrivals, 1, 0, "arrivals", "users");
	rng_init(&w.work, 1, 0, "work", "stations");
	rng_init(&w.route, 1, 0, "route", "stations");
	level_init(&w.in_system, 0, 0.0);
	engine_post(w.engine, 0.0, (struct event){.kind = EV_ARRIVE});
	engine_post(w.engine, 0.0, (struct event){.kind = EV_SAMPLE});
	engine_run(w.engine, ns_of_s(20000.0));
	print(&w);
	engine_destroy(w.engine);
	hist_finish(&w.hist_s);
	for (s = 0; s < STATIONS; s++) {
		waitline_finish(&w.line[s]);
		rankline_finish(&w.urgent[s]);
	}
	free(w.customer);
	return 0;
}
