#include "models/offload/stale.h"

#include <math.h>
#include <stdlib.h>

#include "models/ev.h"
#include "models/offload/scheduler_parts.h"

/* What was assigned to an instance in all, for differences. */
struct given {
	uint32_t n;
	uint32_t kv_blocks;
	double context_tok;
};

/* On its way here. */
struct report {
	int64_t sent_ns;
	uint32_t instance, room;
	struct load load;
	double kv_fill;
	struct given given; /* by then */
};

/* An instance, as the scheduler keeps its books. */
struct book {
	struct report last; /* that is here */
	struct given given;
	struct load was; /* in truth, when last touched */
};

struct stale {
	int64_t delay_ns;
	struct scheduler *shown;
	struct book *books;
	struct aged *aged;
	uint32_t taken_tok; /* prompt of what is being assigned */
	/* reports under way, oldest first */
	struct report *queue;
	size_t head, n, cap; /* cap: a power of two, or 0 */
	int64_t posted_ns;   /* for when the last EV_REPORT was */
};

/* Reports */

static void post(struct scheduler *s)
{
	struct stale *st = s->stale;
	int64_t due_ns;

	if (st->n == 0)
		return;
	due_ns = ns_after(st->queue[st->head].sent_ns, st->delay_ns);
	if (due_ns <= st->posted_ns)
		return;
	st->posted_ns = due_ns;
	post_report(s->engine, due_ns);
}

static void grow(struct stale *st)
{
	size_t old = st->cap, cap = old ? 2 * old : 64;

	st->queue = mem_resize(st->queue, cap, sizeof *st->queue);
	for (size_t k = 0; k < st->head; k++) /* what went round the end */
		st->queue[old + k] = st->queue[k];
	st->cap = cap;
}

static void send(struct scheduler *s, const struct report *r)
{
	struct stale *st = s->stale;

	if (st->n == st->cap)
		grow(st);
	st->queue[(st->head + st->n++) & (st->cap - 1)] = *r;
	post(s);
}

/** Show what is known: the last report, and what was assigned since. */
static void show(struct stale *st, struct instance_id i)
{
	const struct book *b = &st->books[i.i];
	const struct report *r = &b->last;
	uint32_t own = b->given.n - r->given.n, room = r->room;
	struct aged *a = &st->aged[i.i];

	a->load.n = r->load.n + own;
	a->load.context_tok = r->load.context_tok;
	if (own > 0)
		a->load.context_tok += b->given.context_tok - r->given.context_tok;
	a->kv_fill = r->kv_fill;
	if (a->kv_blocks > 0)
		a->kv_fill = fmin(1.0, a->kv_fill + (b->given.kv_blocks - r->given.kv_blocks) /
							    (double)a->kv_blocks);
	if (room != UINT32_MAX)
		room = room > own ? room - own : 0;
	view_show(st->shown, i, a->load.n, room, r->sent_ns);
}

static void receive(struct scheduler *s)
{
	struct stale *st = s->stale;
	int64_t now_ns = engine_now_ns(s->engine);

	while (st->n > 0 && ns_after(st->queue[st->head].sent_ns, st->delay_ns) <= now_ns) {
		struct instance_id i = {st->queue[st->head].instance};

		st->books[i.i].last = st->queue[st->head];
		st->head = (st->head + 1) & (st->cap - 1);
		st->n--;
		show(st, i);
	}
	post(s);
}

static struct report report_of(const struct scheduler *s, struct instance_id i)
{
	const struct instance *of = instance_of(s, i);
	struct gauge gauge;

	return (struct report){
		.sent_ns = engine_now_ns(s->engine),
		.instance = i.i,
		.room = instance_room(of),
		.load = instance_load(of),
		.kv_fill = instance_gauge(of, &gauge) ? gauge.kv_fill : 0.0,
		.given = s->stale->books[i.i].given,
	};
}

void stale_taken(struct stale *st, uint32_t prompt_tok)
{
	st->taken_tok = prompt_tok;
}

void stale_touch(struct scheduler *s, struct instance_id i)
{
	struct book *b = &s->stale->books[i.i];
	const struct instance *of = instance_of(s, i);
	struct load now = instance_load(of);
	bool more = now.n > b->was.n; /* only what is assigned adds to it */
	struct report r;

	if (more) {
		b->given.n += now.n - b->was.n;
		b->given.context_tok += now.context_tok - b->was.context_tok;
		b->given.kv_blocks += aged_blocks(of, s->stale->taken_tok);
	}
	b->was = now;
	r = report_of(s, i);
	send(s, &r);
	if (more)
		show(s->stale, i);
}

/* What is shown */

struct scheduler *stale_view(struct scheduler *s)
{
	struct scheduler *shown = s->stale->shown;

	receive(s);
	shown->guard = s->guard;
	shown->view.now_s = s->view.now_s;
	shown->view.n_waiting = s->view.n_waiting;
	shown->view.waiting = s->view.waiting;
	shown->view.idle_version = s->view.idle_version;
	return shown;
}

/** A copy with arrays of its own for what is old. */
static struct scheduler *copy_of(struct scheduler *s)
{
	size_t n = s->view.n_instances, classes = s->view.n_classes;
	struct scheduler *c = arena_alloc(s->arena, 1, sizeof *c);

	*c = *s;
	c->stale = NULL;
	c->seats = arena_alloc(s->arena, n, sizeof *c->seats);
	c->instance_views = arena_alloc(s->arena, n, sizeof *c->instance_views);
	c->class_views = arena_alloc(s->arena, classes, sizeof *c->class_views);
	c->rankings = arena_alloc(s->arena, classes, sizeof *c->rankings);
	for (size_t i = 0; i < n; i++) {
		c->seats[i] = s->seats[i];
		c->instance_views[i] = s->instance_views[i];
	}
	for (size_t k = 0; k < classes; k++)
		c->class_views[k] = s->class_views[k];
	c->view.instances = c->instance_views;
	c->view.classes = c->class_views;
	return c;
}

void stale_create(struct scheduler *s, double delay_s)
{
	size_t n = s->view.n_instances;
	struct stale *st = mem_zalloc(1, sizeof *st);

	s->stale = st;
	st->delay_ns = ns_of_s(delay_s);
	st->posted_ns = INT64_MIN;
	st->shown = copy_of(s);
	st->books = arena_alloc(s->arena, n, sizeof *st->books);
	st->aged = arena_alloc(s->arena, n, sizeof *st->aged);
	st->shown->aged = st->aged;
	for (uint32_t i = 0; i < n; i++) {
		const struct instance *of = instance_of(s, (struct instance_id){i});
		struct gauge gauge;

		st->books[i].last = report_of(s, (struct instance_id){i});
		if (instance_gauge(of, &gauge))
			st->aged[i].kv_blocks = (uint32_t)fmin(gauge.kv_blocks, UINT32_MAX);
		show(st, (struct instance_id){i});
	}
}

void stale_finish(struct stale *st)
{
	if (!st)
		return;
	free(st->queue);
	free(st);
}
