#include "models/serving/station.h"

#include <stdlib.h>

#include "base/mem.h"
#include "models/ev.h"
#include "models/state.h"
#include "sim/waitline.h"

struct station {
	struct world *w;
	const struct instance_host *host;
	struct instance_id id;
	uint32_t slots;
	bool shared; /* processor sharing */
	struct dist *service;
	struct rng rng;
	uint32_t n; /* in service */

	struct waitline line; /* fifo */

	/* ps: attained service, the same for all in service since they joined */
	struct rankline finish; /* by attained service at the end */
	double attained_s;
	int64_t at_ns; /* when attained_s was brought up to date */
	struct event_id next;
};

static void levels_set(struct station *s)
{
	struct instance_metrics *m = &s->w->instances[s->id.i].metrics;
	int64_t now_ns = engine_now_ns(s->w->engine);

	level_set(&m->running, now_ns, (double)s->n);
	level_set(&m->busy, now_ns, s->n < s->slots ? (double)s->n / (double)s->slots : 1.0);
}

static struct request *begin(struct station *s, uint32_t slot)
{
	struct request *r = &s->w->requests.at[slot];

	r->started_ns = engine_now_ns(s->w->engine);
	s->n++;
	return r;
}

/* fifo */

static void fifo_start(struct station *s, uint32_t slot)
{
	begin(s, slot);
	post_served(s->w->engine, dist_draw(s->service, &s->rng), s->id, slot);
}

static void fifo_enqueue(struct station *s, uint32_t slot)
{
	if (s->n < s->slots)
		fifo_start(s, slot);
	else
		waitline_push(&s->line, slot);
}

static void fifo_served(struct station *s, uint32_t slot)
{
	s->n--;
	s->host->served(s->w, slot);
	if (waitline_count(&s->line) > 0)
		fifo_start(s, (uint32_t)waitline_pop(&s->line));
}

/* ps */

static double rate(const struct station *s)
{
	return s->n <= s->slots ? 1.0 : (double)s->slots / (double)s->n;
}

static void ps_advance(struct station *s)
{
	int64_t now_ns = engine_now_ns(s->w->engine);

	if (s->n > 0)
		s->attained_s += s_of_ns(now_ns - s->at_ns) * rate(s);
	else
		s->attained_s = 0.0; /* start afresh: no digits lost over a long run */
	s->at_ns = now_ns;
}

static void ps_post(struct station *s)
{
	double left_s;

	if (s->n == 0)
		return;
	left_s = rankline_first_rank(&s->finish) - s->attained_s;
	s->next = post_served(s->w->engine, left_s > 0.0 ? left_s / rate(s) : 0.0, s->id, NO_ID);
}

static void ps_enqueue(struct station *s, uint32_t slot)
{
	ps_advance(s);
	if (s->n > 0)
		engine_cancel(s->w->engine, s->next);
	begin(s, slot);
	rankline_push(&s->finish, s->attained_s + dist_draw(s->service, &s->rng), slot);
	ps_post(s);
}

static void ps_served(struct station *s)
{
	uint32_t slot;

	ps_advance(s);
	slot = (uint32_t)rankline_pop(&s->finish);
	s->n--;
	ps_post(s);
	s->host->served(s->w, slot);
}

void station_enqueue(struct station *s, uint32_t slot)
{
	if (s->shared)
		ps_enqueue(s, slot);
	else
		fifo_enqueue(s, slot);
	levels_set(s);
}

void station_served(struct station *s, uint32_t slot)
{
	if (s->shared)
		ps_served(s);
	else
		fifo_served(s, slot);
	levels_set(s);
}

double station_mean_s(const struct station *s)
{
	return dist_mean(s->service);
}

bool station_create(struct station **out, struct world *w, const struct instance_host *host,
	struct instance_id id, const struct instance_spec *spec, struct err *err)
{
	struct station *s = mem_zalloc(1, sizeof *s);

	*out = NULL;
	s->w = w;
	s->host = host;
	s->id = id;
	s->slots = spec->slots;
	s->shared = spec->discipline == DISCIPLINE_PS;
	rng_init(&s->rng, w->setup.seed, w->setup.replication, "service", spec->name);
	if (!dist_create(&s->service, &spec->service, err)) {
		free(s);
		return false;
	}
	waitline_init(&s->line);
	rankline_init(&s->finish);
	*out = s;
	return true;
}

void station_destroy(struct station *s)
{
	if (!s)
		return;
	waitline_finish(&s->line);
	rankline_finish(&s->finish);
	dist_destroy(s->service);
	free(s);
}
