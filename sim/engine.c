#include "sim/engine.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "sim/queue.h"

struct engine {
	struct engine_clock clock; /* first: engine_now_ns() */
	struct queue queue;
	const struct event_handler *handlers;
	size_t n_kinds;
	struct world *world;
	uint64_t events;
	uint64_t at_this_instant; /* events run at now_ns */
	uint64_t digest;
	bool digesting, stop, running;
};

struct engine *engine_create(const struct event_handler *handlers, size_t n_kinds, struct world *w)
{
	struct engine *e = mem_zalloc(1, sizeof *e);
	size_t i;

	for (i = 0; i < n_kinds; i++)
		assert(handlers[i].name && handlers[i].fn);
	e->handlers = handlers;
	e->n_kinds = n_kinds;
	e->world = w;
	queue_init(&e->queue);
	return e;
}

void engine_destroy(struct engine *e)
{
	if (!e)
		return;
	queue_finish(&e->queue);
	free(e);
}

double engine_now_s(const struct engine *e)
{
	return s_of_ns(e->clock.now_ns);
}

struct event_id engine_post_fields(
	struct engine *e, double in_s, uint32_t kind, uint32_t who, uint64_t what)
{
	assert(in_s >= 0.0); /* NaN fails too */
	assert(kind < e->n_kinds);
	return queue_post(&e->queue, ns_after(e->clock.now_ns, ns_of_s(in_s)), kind, who, what);
}

struct event_id engine_post_fields_at(
	struct engine *e, int64_t at_ns, uint32_t kind, uint32_t who, uint64_t what)
{
	assert(at_ns >= e->clock.now_ns);
	assert(kind < e->n_kinds);
	return queue_post(&e->queue, at_ns, kind, who, what);
}

bool engine_cancel(struct engine *e, struct event_id id)
{
	return queue_cancel(&e->queue, id);
}

static uint64_t mix(uint64_t h, uint64_t x)
{
	h = (h ^ x) * UINT64_C(0x9e3779b97f4a7c15);
	return h ^ h >> 32;
}

static void digest(struct engine *e, const struct event *ev)
{
	e->digest = mix(e->digest, (uint64_t)ev->at_ns);
	e->digest = mix(e->digest, (uint64_t)ev->kind << 32 | ev->who);
	e->digest = mix(e->digest, ev->what);
}

static void set_clock(struct engine *e, int64_t at_ns)
{
	if (at_ns == e->clock.now_ns)
		return;
	e->clock.now_ns = at_ns;
	e->at_this_instant = 0;
}

static void run_one(struct engine *e, const struct event *ev)
{
	assert(ev->at_ns >= e->clock.now_ns);
	set_clock(e, ev->at_ns);
	e->at_this_instant++;
	e->events++;
	if (e->digesting)
		digest(e, ev);
	e->handlers[ev->kind].fn(e->world, ev);
}

/** What is due by @last_ns; the clock is then at @clock_ns, INT64_MAX: where it was. */
static enum engine_end run(struct engine *e, int64_t last_ns, int64_t clock_ns)
{
	enum engine_end end = ENGINE_EMPTY;
	struct event ev;

	assert(!e->running && clock_ns >= e->clock.now_ns);
	e->running = true;
	e->stop = false;
	for (;;) {
		if (!queue_take(&e->queue, last_ns, &ev)) {
			if (clock_ns != INT64_MAX)
				set_clock(e, clock_ns);
			if (queue_count(&e->queue) > 0)
				end = ENGINE_UNTIL;
			break;
		}
		run_one(e, &ev);
		if (e->stop) {
			end = ENGINE_STOPPED;
			break;
		}
		if (e->at_this_instant == ENGINE_STUCK_EVENTS) {
			e->at_this_instant = 0;
			end = ENGINE_STUCK;
			break;
		}
	}
	e->running = false;
	return end;
}

enum engine_end engine_run(struct engine *e, int64_t until_ns)
{
	/* what is posted for NS_NEVER never happens */
	return run(e, until_ns < NS_NEVER ? until_ns : NS_NEVER - 1, until_ns);
}

enum engine_end engine_run_before(struct engine *e, int64_t end_ns)
{
	return run(e, end_ns - 1, end_ns);
}

void engine_stop(struct engine *e)
{
	e->stop = true;
}

uint64_t engine_events(const struct engine *e)
{
	return e->events;
}

size_t engine_pending(const struct engine *e)
{
	return queue_count(&e->queue);
}

void engine_digest_enable(struct engine *e)
{
	e->digesting = true;
	e->digest = UINT64_C(0x6f6666696e67); /* any constant but 0, which would swallow zeros */
}

uint64_t engine_digest(const struct engine *e)
{
	return e->digest;
}
