/* The global queue and the loop around the policy. */

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "models/ev.h"
#include "models/state.h"

/* Requests with deadlines differ one by one: look at this many, the oldest, at each event. */
enum { STARVED_LOOKS = 256 };

static void line_make_room(struct line *l)
{
	size_t cap = l->cap;

	if (l->head + l->n < l->cap)
		return;
	if (l->head > l->cap / 2) { /* slide back, amortised over what was taken */
		memmove(l->waiting, l->waiting + l->head, l->n * sizeof *l->waiting);
		memmove(l->slot, l->slot + l->head, l->n * sizeof *l->slot);
		l->head = 0;
		return;
	}
	l->waiting = mem_grow(l->waiting, l->cap, &cap, sizeof *l->waiting);
	l->slot = mem_grow(l->slot, l->cap, &l->cap, sizeof *l->slot);
}

/** Take the entry at @place out; the older ones move up. */
static void line_take(struct line *l, size_t place)
{
	memmove(l->waiting + l->head + 1, l->waiting + l->head, place * sizeof *l->waiting);
	memmove(l->slot + l->head + 1, l->slot + l->head, place * sizeof *l->slot);
	l->head++;
	l->n--;
	if (l->n == 0)
		l->head = 0;
}

static void line_show(struct world *w)
{
	w->view.n_waiting = w->line.n;
	w->view.waiting = w->line.waiting + w->line.head;
}

/** Only LLM instances care, and there the prompt is within the context. */
static size_t prompt_of(const struct world *w, uint32_t slot)
{
	uint32_t group = w->requests.at[slot].group;

	return w->spec->groups[group].model.i == NO_ID ? 0 : world_sequence(w, slot)->prompt_tok;
}

void scheduler_push(struct world *w, uint32_t slot)
{
	struct line *l = &w->line;
	const struct request *r = &w->requests.at[slot];
	const struct sequence *q = world_sequence(w, slot);

	line_make_room(l);
	l->slot[l->head + l->n] = slot;
	l->waiting[l->head + l->n] = (struct waiting){
		.id = {r->n},
		.group = {r->group},
		.created_s = s_of_ns(r->created_ns),
		.deadline_s = r->deadline_ns == NS_NEVER ? HUGE_VAL : s_of_ns(r->deadline_ns),
		.prompt_tok = q->prompt_tok,
		.output_tok = q->output_tok,
		.home_instance = view_home(w, slot),
	};
	l->n++;
	shortest_add(&w->groups[r->group].waiting, prompt_of(w, slot));
	line_show(w);
	level_set(&w->metrics.line, engine_now_ns(w->engine), (double)l->n);
	w->wanted = true;
}

static bool find(const struct line *l, struct request_id id, size_t *place)
{
	for (*place = 0; *place < l->n; (*place)++)
		if (l->waiting[l->head + *place].id.n == id.n)
			return true;
	return false;
}

/** An assignment that breaks the rules is the policy's fault and ends the run. */
static bool refuse(struct world *w, const struct assignment *a, const char *why, struct err *err)
{
	return err_run(err, "policy '%s' assigned request %llu to instance %u: %s",
		w->setup.policy->ops->name, (unsigned long long)a->request.n, a->instance.i, why);
}

static bool allowed(struct world *w, const struct assignment *a, size_t place, struct err *err)
{
	const struct waiting *q = &w->view.waiting[place];

	if (a->drop)
		return true;
	if (a->instance.i >= w->spec->n_instances)
		return refuse(w, a, "there is no such instance", err);
	if (!w->view.can_serve(&w->view, q, a->instance))
		return refuse(w, a, "it can never serve it", err);
	if (!w->setup.policy->ops->eager && !w->view.fits(&w->view, q, a->instance))
		return refuse(w, a, "it has no room for it now", err);
	return true;
}

/** Take what @a names out of the queue. */
static bool take(struct world *w, const struct assignment *a, struct decision *out, struct err *err)
{
	size_t place;
	uint32_t slot;
	struct request *r;

	if (!find(&w->line, a->request, &place))
		return refuse(w, a, "that request is not waiting", err);
	if (!allowed(w, a, place, err))
		return false;
	slot = w->line.slot[w->line.head + place];
	line_take(&w->line, place);
	line_show(w);
	level_set(&w->metrics.line, engine_now_ns(w->engine), (double)w->line.n);
	r = &w->requests.at[slot];
	shortest_remove(&w->groups[r->group].waiting, prompt_of(w, slot));
	engine_cancel(w->engine, r->late);
	*out = (struct decision){.slot = slot, .instance = a->instance, .drop = a->drop};
	return true;
}

static double least_idle_s(const struct world *w, const struct waiting *q)
{
	double least = HUGE_VAL;

	for (size_t c = 0; c < w->view.n_classes; c++) {
		struct instance_id i = w->class_views[c].members[0];
		double s;

		if (!w->view.can_serve(&w->view, q, i))
			continue;
		s = w->view.predict_idle(&w->view, q, i, q->output_tok).total_s;
		least = s < least ? s : least;
	}
	return least;
}

/** Could an instance with room serve @q as 1b-1e stand now? */
static bool could_start(const struct world *w, const struct waiting *q)
{
	const struct view *v = &w->view;
	bool hopeless = q->deadline_s < HUGE_VAL && v->now_s + least_idle_s(w, q) > q->deadline_s;
	struct instance_id i;

	for (uint32_t c = 0; c < v->n_classes; c++) {
		if (v->classes[c].n_free == 0 ||
			!v->best(v, q, (struct class_id){c}, RANK_IDLE, &i))
			continue;
		if (hopeless || !(q->deadline_s < HUGE_VAL) ||
			v->now_s + v->predict_idle(v, q, i, q->output_tok).total_s <= q->deadline_s)
			return true;
	}
	return false;
}

/** Without deadlines the shortest prompt of a group starts where any of its requests can
 *  (its answer is left out: every instance with room is taken to hold it in the end). */
static bool group_could_start(const struct world *w, uint32_t g)
{
	const struct group *group = &w->groups[g];
	struct waiting shortest = {
		.group = {g}, .deadline_s = HUGE_VAL, .home_instance = {NO_ID}, .output_tok = 1};

	if (group->waiting.n == 0)
		return false;
	shortest.prompt_tok = (uint32_t)shortest_least(&group->waiting);
	return could_start(w, &shortest);
}

static bool starves(const struct world *w)
{
	size_t n = w->line.n < STARVED_LOOKS ? w->line.n : STARVED_LOOKS;
	bool deadlines = false;

	for (uint32_t g = 0; g < w->spec->n_groups; g++) {
		if (w->spec->groups[g].deadline_s < HUGE_VAL)
			deadlines = deadlines || w->groups[g].waiting.n > 0;
		else if (group_could_start(w, g))
			return true;
	}
	for (size_t k = 0; deadlines && k < n; k++)
		if (w->view.waiting[k].deadline_s < HUGE_VAL && could_start(w, &w->view.waiting[k]))
			return true;
	return false;
}

/** Definition 2: room and a request it could serve must not coexist. */
static void note_starved(struct world *w)
{
	bool starved = w->view.n_free > 0 && w->line.n > 0 && starves(w);

	level_set(&w->metrics.starved, engine_now_ns(w->engine), starved ? 1.0 : 0.0);
}

/** Be told when the deadline of what waits at @last turns hopeless. */
static void watch_deadline(struct world *w, size_t last)
{
	struct request *r = &w->requests.at[w->line.slot[last]];
	double in_s;

	if (r->deadline_ns == NS_NEVER || r->late.stamp != 0)
		return;
	in_s = w->line.waiting[last].deadline_s - w->view.now_s -
	       least_idle_s(w, &w->line.waiting[last]);
	if (in_s >= 0.0) /* one tick later it is strictly too late */
		r->late = post_late(w->engine,
			ns_after(engine_now_ns(w->engine), ns_after(ns_of_s(in_s), 1)),
			w->line.slot[last]);
}

static void set_alarm(struct world *w)
{
	const struct policy_ops *ops = w->setup.policy->ops;
	int64_t now_ns = engine_now_ns(w->engine), at_ns;
	double at_s;

	if (!ops->wake_s)
		return;
	engine_cancel(w->engine, w->alarm);
	at_s = w->line.n > 0 ? ops->wake_s(w->policy, &w->view) : HUGE_VAL;
	if (!(at_s < HUGE_VAL))
		return;
	at_ns = ns_of_s(at_s);
	w->alarm = post_wake(w->engine, ns_after(at_ns > now_ns ? at_ns : now_ns, 1));
}

int scheduler_next(struct world *w, struct decision *out, struct err *err)
{
	struct assignment a = {.instance = {NO_ID}};

	if (w->line.n == 0 || !w->setup.policy->ops->next(w->policy, &w->view, &a))
		return 0;
	return take(w, &a, out, err) ? 1 : -1;
}

bool scheduler_wakes(struct world *w)
{
	if (w->line.n == 0 && w->metrics.starved.value > 0.0)
		level_set(&w->metrics.starved, engine_now_ns(w->engine), 0.0);
	if (w->failed || w->line.n == 0)
		return false;
	w->view.now_s = engine_now_s(w->engine);
	return true;
}

void scheduler_rests(struct world *w)
{
	note_starved(w);
	if (w->line.n > 0)
		watch_deadline(w, w->line.head + w->line.n - 1);
	set_alarm(w);
}

void scheduler_rates_changed(struct world *w)
{
	w->view.idle_version++;
	w->view.now_s = engine_now_s(w->engine);
	for (size_t k = w->line.head; k < w->line.head + w->line.n; k++) {
		struct request *r = &w->requests.at[w->line.slot[k]];

		engine_cancel(w->engine, r->late);
		r->late = (struct event_id){0, 0};
		watch_deadline(w, k);
	}
}
