#include "tests/support/priority_network.h"

#include "sim/drift_watch.h"
#include "sim/engine.h"
#include "sim/rng.h"

enum { EV_COME, EV_SERVED, EV_KINDS };
enum { STATIONS = 2, CLASSES = 4, NOBODY = CLASSES };

/* By station: who goes before whom. */
static const uint32_t first_of[STATIONS] = {3, 1}, second_of[STATIONS] = {0, 2};

struct world {
	const struct priority_network *net;
	struct engine *engine;
	struct rng arrivals, services;
	uint64_t q[CLASSES], n;
	uint32_t serves[STATIONS]; /* a class, or NOBODY */
	struct event_id done[STATIONS];
	struct drift_watch *watch;
	int end; /* 1: emptied; -1: has grown to @most */
};

/** Exponential services go on as if they began anew. */
static void serve(struct world *w, uint32_t s)
{
	uint32_t who = w->q[first_of[s]] > 0    ? first_of[s]
		       : w->q[second_of[s]] > 0 ? second_of[s]
						: (uint32_t)NOBODY;

	if (who == w->serves[s])
		return;
	if (w->serves[s] != NOBODY)
		engine_cancel(w->engine, w->done[s]);
	w->serves[s] = who;
	if (who != NOBODY)
		w->done[s] = engine_post(w->engine,
			rng_exponential(&w->services, w->net->service_s[who]),
			(struct event){.kind = EV_SERVED, .who = s});
}

static void look(struct world *w)
{
	drift_watch_level(w->watch, engine_now_ns(w->engine), w->n);
	if (w->net->backlog == 0 || w->end != 0)
		return;
	w->end = w->n <= w->net->least ? 1 : w->n >= w->net->most ? -1 : 0;
	if (w->end != 0)
		engine_stop(w->engine);
}

static double rate_per_s(const struct priority_network *n)
{
	return n->kind == LU_KUMAR ? n->rate_per_s : 2.0 * n->rate_per_s;
}

static void post_come(struct world *w)
{
	engine_post(w->engine, rng_exponential(&w->arrivals, 1.0 / rate_per_s(w->net)),
		(struct event){.kind = EV_COME});
}

static void join(struct world *w)
{
	bool other = w->net->kind == RYBKO_STOLYAR && rng_uniform(&w->arrivals) < 0.5;

	w->q[other ? 2 : 0]++;
	w->n++;
}

static void serve_all(struct world *w)
{
	for (uint32_t s = 0; s < STATIONS; s++)
		serve(w, s);
}

static void on_come(struct world *w, const struct event *ev)
{
	(void)ev;
	join(w);
	look(w);
	post_come(w);
	serve_all(w);
}

static void on_served(struct world *w, const struct event *ev)
{
	uint32_t class = w->serves[ev->who];

	w->serves[ev->who] = NOBODY;
	w->q[class]--;
	if (class == 3 || (class == 1 && w->net->kind == RYBKO_STOLYAR)) {
		w->n--;
		look(w);
	} else {
		w->q[class + 1]++;
	}
	serve_all(w);
}

static const struct event_handler handlers[EV_KINDS] = {
	[EV_COME] = {"come", on_come},
	[EV_SERVED] = {"served", on_served},
};

void priority_network_run(const struct priority_network *n, struct drift_evidence *out)
{
	struct world w = {.net = n, .serves = {NOBODY, NOBODY}};
	int64_t now_ns;

	w.engine = engine_create(handlers, EV_KINDS, &w);
	w.watch = drift_watch_create(0);
	rng_init(&w.arrivals, n->seed, n->replication, "arrivals", "");
	rng_init(&w.services, n->seed, n->replication, "services", "");
	for (uint64_t k = 0; k < n->backlog; k++)
		join(&w);
	drift_watch_level(w.watch, 0, w.n);
	drift_watch_restart(w.watch, 0);
	post_come(&w);
	serve_all(&w);
	engine_run(w.engine, ns_of_s(n->arrivals / rate_per_s(n)));
	now_ns = engine_now_ns(w.engine);
	drift_watch_evidence(w.watch, now_ns, now_ns, out);
	out->emptied = w.end > 0;
	out->doubled = w.end < 0;
	drift_watch_destroy(w.watch);
	engine_destroy(w.engine);
}
