/* The chain unit by unit: states, which of them to keep, and the way back to the best placement. */
#include "plan/placement_search.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"

enum {
	NO_STATE = UINT32_MAX,
	MASK = 64,      /* executors in a set */
	LOOK = 4096,    /* states between looks at the clock */
	LOOKED_AT = 16, /* candidates for each state to be kept, at most */
	CANDIDATES_LEAST = 4096,
	CANDIDATES_MOST = 6000000,
};

/* What is kept of a state to the end: the way back, and what its stage took of memory. */
struct trace {
	uint32_t up;    /* the state one unit before */
	uint32_t stage; /* the last state of the stage before */
	int16_t on;
	bool streamed;
	double own_bytes, host_bytes; /* of its stage so far */
};

struct state {
	double s, fetch_s, most_fetch_s, most_wait_s; /* fetch_s and most_wait_s: of this stage */
	double toll_s;                                /* prices of memory and entries so far */
	uint64_t visited; /* a set of up to 64 executors, a hash of more */
	uint32_t trace;
	uint32_t same; /* the next one in its bucket */
	int16_t on, first;
	bool streams;
};

/* A state that could be. */
struct candidate {
	double score;
	uint32_t from; /* among the states before */
	int16_t on;
	bool streamed;
};

struct level {
	struct state *states;
	size_t n, cap;
};

struct machine {
	struct search *s;
	const struct placement_problem *p;
	const int *twin;
	struct level now, then;
	struct trace *traces;
	size_t n_traces, cap_traces;
	struct candidate *candidates;
	size_t n_candidates, cap_candidates;
	uint32_t *buckets;
	size_t n_buckets;
	int *shared; /* memories of more than one executor */
	size_t n_shared;
	double limit;     /* scores of this unit that are no use */
	double cut_score; /* the least of those dropped though they might win */
	uint32_t best;    /* trace of the best end */
	bool exact_sets;  /* visited is a set */
};

static uint64_t bit_of(const struct machine *m, size_t on)
{
	uint64_t z = (uint64_t)on + 0x9e3779b97f4a7c15;

	if (m->exact_sets)
		return UINT64_C(1) << on;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	return z ^ (z >> 27);
}

static bool has_visited(const struct machine *m, const struct state *s, size_t on)
{
	if (m->exact_sets)
		return s->visited >> on & 1;
	for (uint32_t t = s->trace; t != NO_STATE; t = m->traces[t].stage)
		if ((size_t)m->traces[t].on == on)
			return true;
	return false;
}

/* Bytes of @memory that the stages up to and with @t take. */
static double used_bytes(const struct machine *m, uint32_t t, int memory)
{
	double sum = 0.0;

	for (; t != NO_STATE; t = m->traces[t].stage) {
		const struct placement_executor *e = &m->p->executors[m->traces[t].on];

		if (e->memory == memory)
			sum += m->traces[t].own_bytes;
		if (e->host == memory)
			sum += m->traces[t].host_bytes;
	}
	return sum;
}

/* One unit more. */
struct move {
	size_t unit, on;
	bool streamed, stays;
	double own_bytes, host_bytes; /* that it adds */
};

static struct move move_of(
	const struct machine *m, const struct state *from, size_t unit, size_t on, bool streamed)
{
	const struct placement_unit *u = &m->p->units[unit];
	struct move v = {.unit = unit, .on = on, .streamed = streamed};

	v.stays = from && (size_t)from->on == on;
	v.own_bytes = u->kv_bytes + (streamed ? 0.0 : u->bytes);
	if (streamed && !(v.stays && from->streams))
		v.own_bytes += m->p->executors[on].buffer_bytes;
	v.host_bytes = streamed ? u->bytes : 0.0;
	return v;
}

static bool has_room(const struct machine *m, const struct state *from, const struct move *v)
{
	const struct placement_executor *e = &m->p->executors[v->on];
	uint32_t t = from ? from->trace : NO_STATE;

	if (used_bytes(m, t, e->memory) + v->own_bytes > m->s->b->capacity[e->memory])
		return false;
	return !v->streamed ||
	       used_bytes(m, t, e->host) + v->host_bytes <= m->s->b->capacity[e->host];
}

/* The state after @v; its trace is not made yet. */
static struct state after(const struct machine *m, const struct state *from, const struct move *v)
{
	const struct placement_problem *p = m->p;
	const struct placement_executor *e = &p->executors[v->on];
	struct state to = {.first = (int16_t)v->on};

	if (from)
		to = *from;
	if (!from)
		to.s = bound_enter_s(m->s->b, v->on);
	else if (!v->stays)
		to.s += placement_hop_s(p, (size_t)from->on, v->on);
	if (!v->stays) {
		to.toll_s += m->s->b->entry_s[v->on];
		to.visited ^= bit_of(m, v->on);
		to.fetch_s = to.most_wait_s = 0.0;
		to.streams = false;
	}
	to.on = (int16_t)v->on;
	to.s += placement_exec_s(p, v->unit, v->on);
	to.toll_s += v->own_bytes * bound_byte_s(m->s->b, e->memory);
	if (v->streamed) {
		double wait_s = placement_wait_s(p, v->unit, v->on);

		to.s += fmin(wait_s, to.most_wait_s);
		to.most_wait_s = fmax(wait_s, to.most_wait_s);
		to.fetch_s += placement_fetch_s(p, v->unit, v->on);
		to.most_fetch_s = fmax(to.fetch_s, to.most_fetch_s);
		to.toll_s += v->host_bytes * bound_byte_s(m->s->b, e->host);
		to.streams = true;
	}
	return to;
}

/* What a state and all that follows cannot beat; at the end what it is. */
static double score_of(const struct machine *m, const struct state *s, size_t units)
{
	const struct bound *b = m->s->b;
	double draft_s = b->draft == PLACEMENT_NONE ? 0.0 : m->p->draft_s[b->draft];
	size_t on = (size_t)s->on, first = (size_t)s->first;

	if (units == m->p->n_units)
		return fmax(s->most_fetch_s, s->s + draft_s + m->p->executors[on].leave_s +
						     placement_back_s(m->p, on, first));
	return fmax(s->most_fetch_s,
		s->s + s->toll_s + b->fixed_s + bound_rest_s(b, first, units, on, s->streams));
}

static double worth(const struct search *s)
{
	return s->objective * (1.0 - fmax(s->gap, 1e-12));
}

static int by_score(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	if (x->score != y->score)
		return x->score < y->score ? -1 : 1;
	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	if (x->on != y->on)
		return x->on < y->on ? -1 : 1;
	return (int)x->streamed - (int)y->streamed;
}

/* More than will be looked at: the less promising half goes, and so do more of its kind. */
static void thin(struct machine *m)
{
	size_t keep = m->n_candidates / 2;

	mem_sort(m->candidates, m->n_candidates, sizeof *m->candidates, by_score);
	m->limit = m->candidates[keep].score;
	m->cut_score = fmin(m->cut_score, m->limit);
	m->s->cut = true;
	m->n_candidates = keep;
}

static size_t candidates_most(const struct machine *m)
{
	double wanted = LOOKED_AT * (double)m->s->width;

	return (size_t)fmax(CANDIDATES_LEAST, fmin(CANDIDATES_MOST, wanted));
}

static void propose(struct machine *m, uint32_t from, size_t unit, size_t on, bool streamed)
{
	const struct state *f = from == NO_STATE ? NULL : &m->now.states[from];
	struct move v;
	struct state to;
	double score;

	if (!(placement_exec_s(m->p, unit, on) < HUGE_VAL) ||
		(streamed && !(placement_fetch_s(m->p, unit, on) < HUGE_VAL)))
		return;
	v = move_of(m, f, unit, on, streamed);
	to = after(m, f, &v);
	score = score_of(m, &to, unit + 1);
	if (!(score < m->limit)) {
		if (score < m->s->objective)
			m->cut_score = fmin(m->cut_score, score);
		return;
	}
	if (!has_room(m, f, &v))
		return;
	m->candidates =
		mem_grow(m->candidates, m->n_candidates, &m->cap_candidates, sizeof *m->candidates);
	m->candidates[m->n_candidates++] = (struct candidate){score, from, (int16_t)on, streamed};
	if (m->n_candidates == candidates_most(m))
		thin(m);
}

static bool may_enter(const struct machine *m, const struct state *from, size_t on)
{
	int twin = m->twin[on];

	if (from && has_visited(m, from, on))
		return false;
	if (twin == PLACEMENT_NONE)
		return true;
	return from && has_visited(m, from, (size_t)twin);
}

static bool is_over(struct machine *m)
{
	m->s->stopped = m->s->stopped || (m->s->stop && atomic_load(m->s->stop));
	m->s->timed_out = m->s->timed_out || clock_s() >= m->s->end_s;
	return m->s->stopped || m->s->timed_out;
}

/* All states that @from leads to. */
static void expand(struct machine *m, uint32_t from, size_t unit)
{
	const struct state *f = from == NO_STATE ? NULL : &m->now.states[from];

	for (size_t d = 0; d < m->p->n_executors; d++) {
		if (f && (size_t)f->on != d &&
			!(placement_hop_s(m->p, (size_t)f->on, d) < HUGE_VAL))
			continue;
		if (!(f && (size_t)f->on == d) && !may_enter(m, f, d))
			continue;
		propose(m, from, unit, d, false);
		propose(m, from, unit, d, true);
	}
}

static bool expand_all(struct machine *m, size_t unit)
{
	m->n_candidates = 0;
	m->limit = worth(m->s);
	if (unit == 0)
		expand(m, NO_STATE, unit);
	for (size_t i = 0; i < m->now.n; i++) {
		if (i % LOOK == 0 && is_over(m))
			return false;
		expand(m, (uint32_t)i, unit);
	}
	return true;
}

static uint32_t *bucket_of(struct machine *m, const struct state *s)
{
	uint64_t z = s->visited * 0x9e3779b97f4a7c15 + (uint64_t)s->on * 0xbf58476d1ce4e5b9;

	if (m->p->back_s)
		z += (uint64_t)s->first * 0x94d049bb133111eb;
	z ^= z >> 29;
	return &m->buckets[z % m->n_buckets];
}

static bool less_used(const struct machine *m, const struct state *a, const struct state *b,
	uint32_t b_trace, int memory)
{
	double more = memory == m->p->executors[a->on].memory && b->streams && !a->streams
			      ? m->p->executors[a->on].buffer_bytes
			      : 0.0;

	return used_bytes(m, a->trace, memory) + more <= used_bytes(m, b_trace, memory);
}

/* Whatever may follow @b may follow @a, and takes no longer. */
static bool beats(const struct machine *m, const struct state *a, const struct state *b)
{
	const struct placement_executor *e = &m->p->executors[a->on];

	if (a->visited != b->visited || a->on != b->on || (m->p->back_s && a->first != b->first))
		return false;
	if (a->s > b->s || a->most_fetch_s > b->most_fetch_s || a->fetch_s > b->fetch_s ||
		a->most_wait_s > b->most_wait_s || !less_used(m, a, b, b->trace, e->memory))
		return false;
	if (e->host != PLACEMENT_NONE && !less_used(m, a, b, b->trace, e->host))
		return false;
	for (size_t i = 0; i < m->n_shared; i++)
		if (!less_used(m, a, b, b->trace, m->shared[i]))
			return false;
	return true;
}

static void make_trace(struct machine *m, const struct state *from, const struct move *v)
{
	struct trace t = {
		NO_STATE, NO_STATE, (int16_t)v->on, v->streamed, v->own_bytes, v->host_bytes};

	if (from) {
		t.up = from->trace;
		t.stage = from->trace;
		if (v->stays) {
			t.stage = m->traces[from->trace].stage;
			t.own_bytes += m->traces[from->trace].own_bytes;
			t.host_bytes += m->traces[from->trace].host_bytes;
		}
	}
	m->traces = mem_grow(m->traces, m->n_traces, &m->cap_traces, sizeof *m->traces);
	m->traces[m->n_traces++] = t;
}

/* Take @c unless a state that is there already beats it. */
static void admit(struct machine *m, const struct candidate *c, size_t unit)
{
	const struct state *from = c->from == NO_STATE ? NULL : &m->now.states[c->from];
	struct move v = move_of(m, from, unit, (size_t)c->on, c->streamed);
	struct state to = after(m, from, &v);
	uint32_t *bucket = NULL;

	make_trace(m, from, &v);
	to.trace = (uint32_t)m->n_traces - 1;
	to.same = NO_STATE;
	if (m->exact_sets) {
		bucket = bucket_of(m, &to);
		for (uint32_t i = *bucket; i != NO_STATE; i = m->then.states[i].same)
			if (beats(m, &m->then.states[i], &to)) {
				m->n_traces--;
				return;
			}
		to.same = *bucket;
		*bucket = (uint32_t)m->then.n;
	}
	m->then.states = mem_grow(m->then.states, m->then.n, &m->then.cap, sizeof *m->then.states);
	m->then.states[m->then.n++] = to;
}

static void clear_buckets(struct machine *m)
{
	size_t wanted = 2 * (m->n_candidates < m->s->width ? m->n_candidates : m->s->width) + 1;

	if (m->n_buckets < wanted) {
		free(m->buckets);
		m->n_buckets = wanted;
		m->buckets = mem_zalloc(m->n_buckets, sizeof *m->buckets);
	}
	memset(m->buckets, 0xff, m->n_buckets * sizeof *m->buckets);
}

/* The best of the candidates, from the best on, become the states. */
static bool select_states(struct machine *m, size_t unit)
{
	struct level done;

	mem_sort(m->candidates, m->n_candidates, sizeof *m->candidates, by_score);
	clear_buckets(m);
	m->then.n = 0;
	for (size_t i = 0; i < m->n_candidates; i++) {
		if (m->then.n == m->s->width) {
			m->cut_score = fmin(m->cut_score, m->candidates[i].score);
			m->s->cut = true;
			break;
		}
		if (i % LOOK == 0 && is_over(m))
			return false;
		admit(m, &m->candidates[i], unit);
	}
	done = m->now;
	m->now = m->then;
	m->then = done;
	return true;
}

/* The best state after the last unit, if it is better than what is known. */
static void finish(struct machine *m)
{
	struct search *s = m->s;
	double best = s->objective;
	size_t unit = m->p->n_units;

	for (size_t i = 0; i < m->now.n; i++) {
		double objective = score_of(m, &m->now.states[i], m->p->n_units);

		if (objective < best) {
			best = objective;
			m->best = m->now.states[i].trace;
		}
	}
	if (m->best == NO_STATE)
		return;
	s->objective = best;
	for (uint32_t t = m->best; t != NO_STATE; t = m->traces[t].up)
		s->homes[--unit] = (struct placement_home){m->traces[t].on, m->traces[t].streamed};
	if (m->p->draft)
		s->homes[m->p->n_units] = (struct placement_home){s->b->draft, false};
}

/* Executors of @memory, those that stream from it too. */
static size_t users_of(const struct placement_problem *p, int memory)
{
	size_t n = 0;

	for (size_t d = 0; d < p->n_executors; d++)
		n += p->executors[d].memory == memory || p->executors[d].host == memory;
	return n;
}

static void find_shared(struct machine *m)
{
	m->shared = mem_zalloc(m->p->n_memories + 1, sizeof *m->shared);
	for (size_t i = 0; i < m->p->n_memories; i++)
		if (users_of(m->p, (int)i) > 1)
			m->shared[m->n_shared++] = (int)i;
}

/* The least score among what was left when time ran out. */
static double pending(const struct machine *m, size_t units)
{
	double least = HUGE_VAL;

	if (units == 0)
		return m->s->b->least_s;
	for (size_t i = 0; i < m->now.n; i++)
		least = fmin(least, score_of(m, &m->now.states[i], units));
	return least;
}

void search_run(struct search *s, const int *twin)
{
	struct machine m = {
		.s = s, .p = s->b->p, .twin = twin, .cut_score = HUGE_VAL, .best = NO_STATE};
	size_t units = 0;

	m.exact_sets = m.p->n_executors <= MASK;
	if (m.exact_sets)
		find_shared(&m);
	while (units < m.p->n_units && expand_all(&m, units) && select_states(&m, units))
		units++;
	if (units == m.p->n_units)
		finish(&m);
	else
		m.cut_score = fmin(m.cut_score, pending(&m, units));
	s->bound_s = fmax(s->b->least_s, fmin(s->objective, m.cut_score));
	s->bound_s = fmin(s->bound_s, s->objective);
	free(m.now.states);
	free(m.then.states);
	free(m.traces);
	free(m.candidates);
	free(m.buckets);
	free(m.shared);
}
