/* A synthetic instance, for checks against queueing theory: service times come from a
 * distribution. `fifo`: `slots` servers, one line. `ps`: the servers are shared equally, each
 * request at rate min(1, slots / n); one pending event however many share (attained service in
 * virtual time). */

#include "models/serving/causes.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "models/ev.h"
#include "models/probe.h"
#include "sim/rng.h"
#include "sim/waitline.h"

struct instance_state {
	struct instance *i;
	uint32_t slots;
	bool shared;          /* processor sharing */
	struct dist *service; /* of groups without a law of their own; NULL: they go elsewhere */
	struct dist **own;    /* by group; NULL: it has none */
	size_t n_own;
	struct rng rng;
	uint32_t n; /* in service */

	struct waitline line; /* fifo */

	/* ps: attained service, the same for all in service since they joined */
	struct rankline finish; /* by attained service at the end */
	double attained_s;
	int64_t at_ns; /* when attained_s was brought up to date */
	struct event_id next;
};

static struct dist *law_of(const struct instance_state *s, struct group_id g)
{
	return g.i < s->n_own && s->own[g.i] ? s->own[g.i] : s->service;
}

static double draw(struct instance_state *s, uint32_t seq)
{
	return dist_draw(law_of(s, instance_sequence(s->i, seq)->group), &s->rng);
}

static void begin(struct instance_state *s, uint32_t seq)
{
	struct sequence *q = instance_sequence(s->i, seq);

	q->started_ns = engine_now_ns(s->i->engine);
	sequence_charge(q, CAUSE_INSTANCE_WAIT, q->started_ns);
	s->n++;
}

/** The whole answer at once. */
static void end(struct instance_state *s, uint32_t seq)
{
	struct sequence *q = instance_sequence(s->i, seq);

	q->first_token_ns = engine_now_ns(s->i->engine);
	sequence_charge(q, CAUSE_SERVICE, q->first_token_ns);
	instance_served(s->i, seq);
}

/* fifo */

static void fifo_start(struct instance_state *s, uint32_t seq)
{
	begin(s, seq);
	post_served(s->i->engine, draw(s, seq), s->i->id, seq);
}

static void fifo_enqueue(struct instance_state *s, uint32_t seq)
{
	if (s->n < s->slots)
		fifo_start(s, seq);
	else
		waitline_push(&s->line, seq);
}

static void fifo_served(struct instance_state *s, uint32_t seq)
{
	s->n--;
	end(s, seq);
	if (waitline_count(&s->line) > 0)
		fifo_start(s, (uint32_t)waitline_pop(&s->line));
}

/* ps */

static double rate(const struct instance_state *s)
{
	return s->n <= s->slots ? 1.0 : (double)s->slots / (double)s->n;
}

static void ps_advance(struct instance_state *s)
{
	int64_t now_ns = engine_now_ns(s->i->engine);

	if (s->n > 0)
		s->attained_s += s_of_ns(now_ns - s->at_ns) * rate(s);
	else
		s->attained_s = 0.0; /* start afresh: no digits lost over a long run */
	s->at_ns = now_ns;
}

static void ps_post(struct instance_state *s)
{
	double left_s;

	if (s->n == 0)
		return;
	left_s = rankline_first_rank(&s->finish) - s->attained_s;
	s->next = post_served(s->i->engine, left_s > 0.0 ? left_s / rate(s) : 0.0, s->i->id, NO_ID);
}

static void ps_enqueue(struct instance_state *s, uint32_t seq)
{
	ps_advance(s);
	if (s->n > 0)
		engine_cancel(s->i->engine, s->next);
	begin(s, seq);
	rankline_push(&s->finish, s->attained_s + draw(s, seq), seq);
	ps_post(s);
}

static void ps_served(struct instance_state *s)
{
	uint32_t seq;

	ps_advance(s);
	seq = (uint32_t)rankline_pop(&s->finish);
	s->n--;
	ps_post(s);
	end(s, seq);
}

static void tell_levels(struct instance_state *s)
{
	instance_works(s->i, (double)s->n, s->n < s->slots ? (double)s->n / (double)s->slots : 1.0);
	instance_tell_full(s->i, s->n >= s->slots);
}

static void station_enqueue(struct instance *i, uint32_t seq)
{
	struct instance_state *s = i->state;

	if (s->shared)
		ps_enqueue(s, seq);
	else
		fifo_enqueue(s, seq);
	tell_levels(s);
}

/** EV_SERVED; @seq is NO_ID under processor sharing. */
static bool station_advance(struct instance *i, uint32_t seq)
{
	struct instance_state *s = i->state;

	if (s->shared)
		ps_served(s);
	else
		fifo_served(s, seq);
	tell_levels(s);
	return true;
}

/* Questions */

static bool station_can_hold(const struct instance *i, const struct demand *d)
{
	return law_of(i->state, d->group) != NULL;
}

/** The mean service of those assigned. */
static double mean_of(const struct instance_state *s, struct load l)
{
	if (s->n_own == 0)
		return dist_mean(s->service);
	return fmax(0.0, l.service_s) / (double)l.n;
}

static struct expectation station_expect(
	const struct instance *i, const struct demand *d, struct load others)
{
	const struct instance_state *s = i->state;
	const struct dist *law = law_of(s, d->group);
	double mean_s = law ? dist_mean(law) : HUGE_VAL;
	struct expectation e = {.decode_s = mean_s};

	if (others.n < s->slots)
		return e;
	if (s->shared)
		e.decode_s = mean_s * (double)(others.n + 1) / (double)s->slots;
	else
		e.wait_s =
			mean_of(s, others) * (double)(others.n - s->slots + 1) / (double)s->slots;
	return e;
}

/** With laws by group: its work, which is all that members of a class differ by. */
static double station_step_s(const struct instance *i, struct load others)
{
	const struct instance_state *s = i->state;

	if (s->n_own > 0)
		return fmax(0.0, others.service_s);
	return dist_mean(s->service) * (double)(others.n + 1);
}

/** With laws by group what is expected of it is not tokens, but its mean service. */
static void station_assigned(struct instance *i, uint32_t seq, bool place)
{
	struct sequence *q = instance_sequence(i, seq);
	double mean_s;

	(void)place;
	if (i->state->n_own == 0)
		return;
	mean_s = dist_mean(law_of(i->state, q->group));
	i->context_tok += mean_s - q->expected_tok;
	q->expected_tok = mean_s;
}

/** Its capacity includes its own line. */
static uint32_t places(const struct instance_spec *spec)
{
	if (spec->capacity > 0)
		return spec->capacity;
	return spec->discipline == DISCIPLINE_PS ? UINT32_MAX : spec->slots + spec->ahead;
}

static bool create_own(struct instance_state *s, const struct instance_spec *spec, struct err *err)
{
	for (size_t k = 0; k < spec->n_service_of; k++)
		if (spec->service_of[k].group.i >= s->n_own)
			s->n_own = spec->service_of[k].group.i + (size_t)1;
	s->own = mem_zalloc(s->n_own, sizeof(*s->own));
	for (size_t k = 0; k < spec->n_service_of; k++) {
		const struct group_service *of = &spec->service_of[k];

		if (!dist_create(&s->own[of->group.i], &of->law, err))
			return false;
	}
	return true;
}

static bool station_init(struct instance *i, const struct instance_build *b, struct err *err)
{
	struct instance_state *s = i->state;

	i->places = places(b->spec);
	i->capacity = b->spec->capacity;
	s->i = i;
	s->slots = b->spec->slots;
	s->shared = b->spec->discipline == DISCIPLINE_PS;
	rng_init(&s->rng, b->seed, b->replication, "service", b->spec->name);
	waitline_init(&s->line);
	rankline_init(&s->finish);
	if (b->spec->n_service_of > 0 && !create_own(s, b->spec, err))
		return false;
	return b->spec->named_only || dist_create(&s->service, &b->spec->service, err);
}

static void station_finish(struct instance *i)
{
	struct instance_state *s = i->state;

	waitline_finish(&s->line);
	rankline_finish(&s->finish);
	dist_destroy(s->service);
	for (size_t g = 0; g < s->n_own; g++)
		dist_destroy(s->own[g]);
	free(s->own);
}

static bool station_drew(const struct instance *i)
{
	return rng_drawn(&i->state->rng);
}

const struct instance_ops instance_station = {
	.name = "station",
	.state_size = sizeof(struct instance_state),
	.init = station_init,
	.finish = station_finish,
	.can_hold = station_can_hold,
	.has_memory = station_can_hold,
	.expect = station_expect,
	.step_s = station_step_s,
	.assigned = station_assigned,
	.enqueue = station_enqueue,
	.advance = station_advance,
	.drew = station_drew,
};
