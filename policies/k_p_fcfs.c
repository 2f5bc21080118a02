/* k-p-fcfs, the paper's section 3.3.2: look at the K_q oldest requests, rank them, and give the
 * best that fits an instance with room now to the most suitable such instance. A request that can
 * still meet its deadline somewhere waits for such a place; one that can meet it nowhere is late
 * and takes what is free, or is dropped. */
#include <math.h>
#include <stdint.h>

#include "policies/all.h"
#include "policies/score.h"

enum { WINDOW_MAX = 4096 };

enum priority { PRIORITY_FCFS, PRIORITY_SJF, PRIORITY_EDF, PRIORITY_SLACK, PRIORITY_PREFILL };
enum assign { ASSIGN_EARLIEST_FINISH, ASSIGN_FASTEST, ASSIGN_LEAST_LOADED };
enum on_infeasible { ON_INFEASIBLE_SERVE, ON_INFEASIBLE_DROP };
enum lengths { LENGTHS_KNOWN, LENGTHS_MEAN, LENGTHS_QUANTILE };

/** What is known of a request in the window. None of it changes while it waits. */
struct seen {
	struct request_id id;
	enum phase phase;
	double key;          /* its rank: smaller goes first */
	double late_after_s; /* from then on it meets its deadline nowhere; HUGE_VAL: never */
};

struct ranked {
	double key;
	size_t at; /* in the window */
};

struct policy_state {
	size_t window;
	int priority, assign, on_infeasible, lengths;
	uint64_t idle_version; /* of the predictions behind @seen */
	size_t n_seen;
	struct seen seen[WINDOW_MAX];
	struct ranked heap[WINDOW_MAX]; /* scratch of next() */
};

struct least {
	double prefill_s, work_s, total_s;
};

static double length_tok(
	const struct policy_state *st, const struct view *v, const struct waiting *w)
{
	switch ((enum lengths)st->lengths) {
	case LENGTHS_MEAN:
		return v->groups[w->group.i].output_mean_tok;
	case LENGTHS_QUANTILE:
		return v->groups[w->group.i].output_q90_tok;
	case LENGTHS_KNOWN:
		break;
	}
	return w->output_tok;
}

/** The least of each over all classes that can serve @w, were they idle. */
static struct least least_idle(
	const struct policy_state *st, const struct view *v, const struct waiting *w)
{
	struct least least = {HUGE_VAL, HUGE_VAL, HUGE_VAL};
	const struct class_view *c;
	struct prediction p;

	for (c = v->classes; c < v->classes + v->n_classes; c++) {
		if (!v->can_serve(v, w, c->members[0]))
			continue;
		p = v->predict_idle(v, w, c->members[0], length_tok(st, v, w));
		least.prefill_s = fmin(least.prefill_s, p.prefill_s);
		least.work_s = fmin(least.work_s, p.prefill_s + p.decode_s);
		least.total_s = fmin(least.total_s, p.total_s);
	}
	return least;
}

/** In time until then, were all idle. While a prompt is computed its KV has until that is done to
 *  get away: only what takes longer makes it late later. */
static double late_after_s(const struct policy_state *st, const struct view *v,
	const struct waiting *w, const struct least *least)
{
	struct waiting ready = *w;

	if (w->ready_s <= v->now_s || v->now_s + least->total_s > w->deadline_s)
		return w->deadline_s - least->total_s;
	ready.ready_s = v->now_s;
	return w->deadline_s - least_idle(st, v, &ready).total_s;
}

static bool by_prediction(const struct policy_state *st)
{
	return st->priority != PRIORITY_FCFS && st->priority != PRIORITY_EDF;
}

static struct seen survey(
	const struct policy_state *st, const struct view *v, const struct waiting *w)
{
	struct seen s = {.id = w->id, .phase = w->phase, .late_after_s = HUGE_VAL};
	struct least least = {0};

	if (by_prediction(st) || w->deadline_s < HUGE_VAL)
		least = least_idle(st, v, w);
	if (w->deadline_s < HUGE_VAL)
		s.late_after_s = late_after_s(st, v, w, &least);
	switch ((enum priority)st->priority) {
	case PRIORITY_FCFS:
		break; /* all alike: the order of the queue decides */
	case PRIORITY_SJF:
		s.key = least.work_s;
		break;
	case PRIORITY_EDF:
		s.key = w->deadline_s;
		break;
	case PRIORITY_SLACK:
		s.key = s.late_after_s; /* slack at any moment is this less now */
		break;
	case PRIORITY_PREFILL:
		s.key = least.prefill_s;
		break;
	}
	return s;
}

/** Bring @seen in line with the @n oldest; only those that are new there are predicted. Both
 *  lists go by ascending id, so that one pass does; were they not, more would be predicted. */
static void look(struct policy_state *st, const struct view *v, size_t n)
{
	size_t i, j = 0;

	if (st->idle_version != v->idle_version)
		st->n_seen = 0;
	st->idle_version = v->idle_version;
	for (i = 0; i < n; i++) {
		while (j < st->n_seen && st->seen[j].id.n < v->waiting[i].id.n)
			j++;
		if (j < st->n_seen && st->seen[j].id.n == v->waiting[i].id.n &&
			st->seen[j].phase == v->waiting[i].phase)
			st->seen[i] = st->seen[j++];
		else
			st->seen[i] = survey(st, v, &v->waiting[i]);
	}
	st->n_seen = n;
}

static bool before(const struct ranked *a, const struct ranked *b)
{
	return a->key < b->key || (a->key == b->key && a->at < b->at);
}

static void sift_down(struct ranked *heap, size_t n, size_t i)
{
	struct ranked x = heap[i];
	size_t child;

	while ((child = 2 * i + 1) < n) {
		if (child + 1 < n && before(&heap[child + 1], &heap[child]))
			child++;
		if (!before(&heap[child], &x))
			break;
		heap[i] = heap[child];
		i = child;
	}
	heap[i] = x;
}

static void rank(struct policy_state *st, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		st->heap[i] = (struct ranked){.key = st->seen[i].key, .at = i};
	for (i = n / 2; i-- > 0;)
		sift_down(st->heap, n, i);
}

/** Take the first of the @n off the heap. */
static size_t pop(struct policy_state *st, size_t n)
{
	size_t at = st->heap[0].at;

	st->heap[0] = st->heap[n - 1];
	sift_down(st->heap, n - 1, 0);
	return at;
}

/** The member of @c to give @w to, if one fits and, unless it is @late, is in time. */
static bool candidate(const struct policy_state *st, const struct view *v, const struct waiting *w,
	struct class_id c, bool late, struct instance_id *out)
{
	static const enum rank by[] = {
		[ASSIGN_EARLIEST_FINISH] = RANK_STEP,
		[ASSIGN_FASTEST] = RANK_LOAD,
		[ASSIGN_LEAST_LOADED] = RANK_LOAD,
	};
	struct prediction idle;

	if (v->classes[c.i].n_free == 0 || !v->best(v, w, c, by[st->assign], out))
		return false;
	if (late || w->deadline_s == HUGE_VAL)
		return true;
	idle = v->predict_idle(v, w, *out, length_tok(st, v, w));
	return v->now_s <= w->deadline_s - idle.total_s;
}

static struct score rate(const struct policy_state *st, const struct view *v,
	const struct waiting *w, struct instance_id i)
{
	struct score s = {.instance = i};

	switch ((enum assign)st->assign) {
	case ASSIGN_EARLIEST_FINISH:
		s.first = v->predict(v, w, i, length_tok(st, v, w)).total_s;
		break;
	case ASSIGN_FASTEST:
		s.first = v->predict_idle(v, w, i, length_tok(st, v, w)).total_s;
		break;
	case ASSIGN_LEAST_LOADED:
		s.first = v->instances[i.i].assigned;
		s.second = v->instances[i.i].idle_since_s;
		break;
	}
	return s;
}

/** Where to put @w now; false when nowhere. A lone candidate is not rated at all. */
static bool place(const struct policy_state *st, const struct view *v, const struct waiting *w,
	bool late, struct instance_id *out)
{
	struct score best = {.instance = {NO_ID}}, s;
	struct instance_id i;
	size_t n = 0;
	uint32_t c;

	for (c = 0; c < v->n_classes; c++) {
		if (!candidate(st, v, w, (struct class_id){c}, late, &i))
			continue;
		if (n++ == 0) {
			best.instance = i;
			continue;
		}
		if (n == 2)
			best = rate(st, v, w, best.instance);
		s = rate(st, v, w, i);
		if (score_better(&s, &best))
			best = s;
	}
	*out = best.instance;
	return n > 0;
}

/** Requests may leave the queue: into an instance with room, or dropped for being late. */
static bool may_act(const struct policy_state *st, const struct view *v)
{
	return v->n_waiting > 0 && (v->n_free > 0 || st->on_infeasible == ON_INFEASIBLE_DROP);
}

static size_t window(const struct policy_state *st, const struct view *v)
{
	return v->n_waiting < st->window ? v->n_waiting : st->window;
}

static bool k_p_fcfs_next(struct policy_state *st, const struct view *v, struct assignment *out)
{
	const struct waiting *w;
	size_t left, at;
	bool late;

	if (!may_act(st, v))
		return false;
	left = window(st, v);
	look(st, v, left);
	rank(st, left);
	for (; left > 0; left--) {
		at = pop(st, left);
		w = &v->waiting[at];
		late = v->now_s > st->seen[at].late_after_s;
		*out = (struct assignment){.request = w->id, .instance = {NO_ID}};
		out->drop = late && st->on_infeasible == ON_INFEASIBLE_DROP;
		if (out->drop || place(st, v, w, late, &out->instance))
			return true;
	}
	return false;
}

/** A request that still hopes for a busy instance turns late with nothing else happening. */
static double k_p_fcfs_wake_s(struct policy_state *st, const struct view *v)
{
	double at_s = HUGE_VAL;
	size_t i, n = window(st, v);

	if (!may_act(st, v))
		return HUGE_VAL;
	look(st, v, n);
	for (i = 0; i < n; i++) {
		if (st->seen[i].late_after_s >= v->now_s)
			at_s = fmin(at_s, st->seen[i].late_after_s);
	}
	return at_s;
}

static const char *const priorities[] = {
	[PRIORITY_FCFS] = "fcfs",
	[PRIORITY_SJF] = "sjf",
	[PRIORITY_EDF] = "edf",
	[PRIORITY_SLACK] = "slack",
	[PRIORITY_PREFILL] = "prefill-first",
	NULL,
};

static const char *const assigns[] = {
	[ASSIGN_EARLIEST_FINISH] = "earliest-finish",
	[ASSIGN_FASTEST] = "fastest",
	[ASSIGN_LEAST_LOADED] = "least-loaded",
	NULL,
};

static const char *const on_infeasibles[] = {
	[ON_INFEASIBLE_SERVE] = "serve",
	[ON_INFEASIBLE_DROP] = "drop",
	NULL,
};

static const char *const lengthses[] = {
	[LENGTHS_KNOWN] = "known",
	[LENGTHS_MEAN] = "mean",
	[LENGTHS_QUANTILE] = "quantile",
	NULL,
};

static const struct param_spec params[] = {
	PARAM_COUNT(struct policy_state, window, "window", 8, 1, WINDOW_MAX,
		"K_q: how many of the oldest requests are looked at"),
	PARAM_CHOICE(struct policy_state, priority, "priority", priorities, PRIORITY_FCFS,
		"which of them goes first: the oldest, the least work, the earliest deadline, the "
		"least slack, the shortest prefill"),
	PARAM_CHOICE(struct policy_state, assign, "assign", assigns, ASSIGN_EARLIEST_FINISH,
		"where it goes: first answer expected, fastest when idle, fewest requests"),
	PARAM_CHOICE(struct policy_state, on_infeasible, "on_infeasible", on_infeasibles,
		ON_INFEASIBLE_SERVE,
		"what becomes of a request that can meet its deadline nowhere"),
	PARAM_CHOICE(struct policy_state, lengths, "lengths", lengthses, LENGTHS_KNOWN,
		"output length assumed: the true one, the group's mean, its 90 % quantile"),
	{0},
};

const struct policy_ops policy_k_p_fcfs = {
	.name = "k-p-fcfs",
	.summary = "the best of the oldest K_q requests to the most suitable instance with room",
	.state_size = sizeof(struct policy_state),
	.params = params,
	.next = k_p_fcfs_next,
	.wake_s = k_p_fcfs_wake_s,
};
