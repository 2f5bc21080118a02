/* A Jackson network on sim/ alone: engine, streams, lines. A customer is the time at which it
 * came and whether it counts, which its events carry. */
#include "study/validate.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "sim/engine.h"
#include "sim/rng.h"
#include "sim/waitline.h"

enum { EV_ENTER, EV_SERVED, EV_KINDS };

struct station {
	struct waitline line;
	unsigned busy;
	struct rng arrivals, service, route;
};

struct world {
	const struct jackson *net;
	const struct validate_job *job;
	struct engine *engine;
	struct station *stations;
	uint64_t entered, left; /* of those that count */
	struct stat_mean sojourn_s;
};

static uint64_t customer(struct world *w, int64_t now_ns)
{
	bool counts = now_ns >= ns_of_s(w->job->warmup_s) && w->entered < w->job->customers;

	w->entered += counts;
	return (uint64_t)now_ns << 1 | counts;
}

static void serve(struct world *w, uint32_t k, uint64_t who)
{
	struct station *s = &w->stations[k];

	s->busy++;
	engine_post(w->engine, rng_exponential(&s->service, w->net->service_s[k]),
		(struct event){.kind = EV_SERVED, .who = k, .what = who});
}

static void join(struct world *w, uint32_t k, uint64_t who)
{
	if (w->stations[k].busy < w->net->servers[k])
		serve(w, k, who);
	else
		waitline_push(&w->stations[k].line, who);
}

static void leave(struct world *w, uint64_t who, int64_t now_ns)
{
	if (!(who & 1))
		return;
	stat_mean_add(&w->sojourn_s, s_of_ns(now_ns - (int64_t)(who >> 1)));
	if (++w->left == w->job->customers || (w->job->stop && atomic_load(w->job->stop)))
		engine_stop(w->engine);
}

static void post_enter(struct world *w, uint32_t k)
{
	engine_post(w->engine,
		rng_exponential(&w->stations[k].arrivals, 1.0 / w->net->outside_per_s[k]),
		(struct event){.kind = EV_ENTER, .who = k});
}

static void on_enter(struct world *w, const struct event *ev)
{
	post_enter(w, ev->who);
	join(w, ev->who, customer(w, ev->at_ns));
}

static void on_served(struct world *w, const struct event *ev)
{
	const double *route = w->net->route + ev->who * w->net->n;
	struct station *s = &w->stations[ev->who];
	double u = rng_uniform(&s->route);
	uint32_t to = 0;

	s->busy--;
	if (waitline_count(&s->line) > 0)
		serve(w, ev->who, waitline_pop(&s->line));
	while (to < w->net->n && u >= route[to])
		u -= route[to++];
	if (to < w->net->n)
		join(w, to, ev->what);
	else
		leave(w, ev->what, ev->at_ns);
}

static const struct event_handler handlers[EV_KINDS] = {
	[EV_ENTER] = {"enter", on_enter},
	[EV_SERVED] = {"served", on_served},
};

static void start(struct world *w)
{
	char name[20];

	for (uint32_t k = 0; k < w->net->n; k++) {
		struct station *s = &w->stations[k];

		snprintf(name, sizeof name, "%u", k);
		rng_init(&s->arrivals, w->job->seed, w->job->replication, "arrivals", name);
		rng_init(&s->service, w->job->seed, w->job->replication, "service", name);
		rng_init(&s->route, w->job->seed, w->job->replication, "route", name);
		waitline_init(&s->line);
		if (w->net->outside_per_s[k] > 0.0)
			post_enter(w, k);
	}
}

bool validate_network(
	double *out, const struct validate_case *c, const struct validate_job *j, struct err *err)
{
	struct world w = {
		.net = c->network,
		.job = j,
		.engine = engine_create(handlers, EV_KINDS, &w),
		.stations = mem_zalloc(c->network->n, sizeof *w.stations),
	};

	(void)err; /* endless arrivals: it runs until engine_stop() */
	start(&w);
	engine_run(w.engine, INT64_MAX);
	*out = w.sojourn_s.mean;
	engine_destroy(w.engine);
	for (size_t k = 0; k < c->network->n; k++)
		waitline_finish(&w.stations[k].line);
	free(w.stations);
	return true;
}
