/* The life of a request: created, queued, assigned, uploaded, served, downloaded,
 * done; or rejected, or dropped on the way. */

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "models/ev.h"
#include "models/world/state.h"

static uint32_t pool_take(struct request_pool *p)
{
	uint32_t slot = p->free;

	if (slot != NO_ID) {
		p->free = p->at[slot].next_free;
		return slot;
	}
	p->at = mem_grow(p->at, p->n, &p->cap, sizeof *p->at);
	if (p->sequences.has_contents)
		p->sequences.contents = mem_grow(p->sequences.contents, p->n,
			&p->sequences.contents_cap, sizeof *p->sequences.contents);
	p->sequences.at =
		mem_grow(p->sequences.at, p->n, &p->sequences.cap, sizeof *p->sequences.at);
	if (p->has_foreseen)
		p->foreseen = mem_grow(p->foreseen, p->n, &p->foreseen_cap, sizeof *p->foreseen);
	p->sequences.n++;
	return (uint32_t)p->n++;
}

/** Prompt and answer must fit the model's context; false when they cannot. */
static bool fit_context(const struct world *w, const struct group_spec *g, struct sequence *q)
{
	uint32_t context;

	if (g->model.i == NO_ID)
		return true;
	context = w->spec->models[g->model.i].shape.context;
	if ((uint64_t)q->prompt_tok + q->output_tok <= context)
		return true;
	if (!g->workload.truncate || q->output_tok >= context)
		return false;
	q->prompt_tok = context - q->output_tok;
	return true;
}

/** As the scheduler sees it. */
static struct waiting waiting_of(const struct world *w, uint32_t slot)
{
	const struct request *r = &w->requests.at[slot];
	const struct sequence *q = world_sequence(w, slot);

	return (struct waiting){
		.id = {r->n},
		.group = {r->group},
		.phase = r->prefill == NO_ID ? PHASE_PREFILL : PHASE_DECODE,
		.from = {r->prefill},
		.ready_s = s_of_ns(r->prefill == NO_ID ? r->created_ns : r->kv.ready_ns),
		.created_s = s_of_ns(r->created_ns),
		.deadline_s = r->deadline_ns == NS_NEVER ? HUGE_VAL : s_of_ns(r->deadline_ns),
		.prompt_tok = q->prompt_tok,
		.output_tok = q->output_tok,
		.home_instance = {NO_ID},
		.whose = slot + 1,
	};
}

/** The instance that made its first token. */
static uint32_t first_instance(const struct request *r)
{
	return r->prefill != NO_ID ? r->prefill : r->instance;
}

/** When the first token of one that is done came to its user: now it is known where from. */
static int64_t heard_ns(const struct world *w, const struct request *r, int64_t first_token_ns)
{
	const struct route *down =
		world_route(w, r->group, (struct instance_id){first_instance(r)}, true);

	return ns_after(first_token_ns, ns_of_s(down->delay_s));
}

static struct foreseen foreseen_of(const struct world *w, uint32_t slot)
{
	bool known = w->requests.has_foreseen && w->requests.at[slot].assigned_ns != TIME_NONE;

	return known ? w->requests.foreseen[slot] : (struct foreseen){0};
}

/** Nothing is known of what nobody keeps. */
static const struct content *content_of(const struct world *w, uint32_t slot)
{
	static const struct content unknown;

	return w->requests.sequences.has_contents ? &w->requests.sequences.contents[slot]
						  : &unknown;
}

void request_say(struct world *w, uint32_t slot, enum moment m, enum fate fate, int64_t now_ns)
{
	const struct request *r = &w->requests.at[slot];
	const struct sequence *q = world_sequence(w, slot);
	const struct content *c = content_of(w, slot);

	probes_request(&w->probes, m, now_ns,
		&(struct request_row){
			.id = r->n,
			.group = r->group,
			.model = w->spec->groups[r->group].model.i,
			.instance = r->instance,
			.prefill = first_instance(r),
			.joined_ns = q->joined_ns,
			.prompt_tok = q->prompt_tok,
			.output_tok = q->output_tok,
			.preemptions = q->preemptions,
			.rounds = q->round,
			.fate = fate,
			.measured = r->measured,
			.created_ns = r->created_ns,
			.assigned_ns = r->assigned_ns,
			.uploaded_ns = r->uploaded_ns,
			.started_ns = q->started_ns,
			.first_token_ns = q->first_token_ns,
			.finished_ns = r->finished_ns,
			.delivered_ns = fate == FATE_DONE ? now_ns : TIME_NONE,
			.deadline_ns = r->deadline_ns == NS_NEVER ? TIME_NONE : r->deadline_ns,
			.heard_ns =
				fate == FATE_DONE ? heard_ns(w, r, q->first_token_ns) : TIME_NONE,
			.cause_ns = q->cause_ns,
			.foreseen = foreseen_of(w, slot),
			.cached_tok = q->cached_tok,
			.prefix = c->prefix_tok > 0 ? c->prefix : 0,
			.prefix_tok = c->prefix_tok,
			.own = c->own,
		});
}

static bool anyone_has_model(const struct world *w, struct model_id model)
{
	for (size_t i = 0; i < w->spec->n_instances; i++)
		if (w->spec->instances[i].model.i == NO_ID ||
			w->spec->instances[i].model.i == model.i)
			return true;
	return false;
}

static void reject(struct world *w, uint32_t slot, enum refusal why)
{
	refusal_note(w, slot, why);
	request_end(w, slot, FATE_REJECTED);
}

/** What its tokens are, to those who keep some. */
static void tell_content(struct world *w, uint32_t slot, const struct request_draw *d)
{
	const struct request *r = &w->requests.at[slot];
	struct sequence *q = world_sequence(w, slot);
	struct content *c;

	if (!w->requests.sequences.has_contents) {
		free(d->content.ids);
		return;
	}
	c = &w->requests.sequences.contents[slot];
	*c = d->content;
	c->own = r->session != NO_ID ? session_stream(w, r->session)
				     : content_key(w->request_scope, r->n);
	c->own_tok = content_own_tok(c, q->prompt_tok);
	q->known_tok = r->session != NO_ID ? UINT32_MAX : c->own_tok;
}

/** Into the line. */
static void submit(struct world *w, uint32_t slot, const struct waiting *q)
{
	if (w->has_capacities && scheduler_overflows(w->scheduler, q)) {
		request_end(w, slot, FATE_DROPPED);
		return;
	}
	scheduler_push(w->scheduler, slot, q);
	probes_line(&w->probes, engine_now_ns(w->engine), scheduler_waiting(w->scheduler));
	w->wanted = true;
}

uint32_t request_create(
	struct world *w, struct group_id g, const struct request_draw *d, uint32_t session)
{
	const struct group_spec *spec = &w->spec->groups[g.i];
	uint32_t slot = pool_take(&w->requests);
	struct request *r = &w->requests.at[slot];
	struct sequence *q = world_sequence(w, slot);
	int64_t now_ns = engine_now_ns(w->engine);
	struct waiting waiting;
	bool fits;

	*r = (struct request){
		.n = w->created++,
		.group = g.i,
		.instance = NO_ID,
		.prefill = NO_ID,
		.session = session,
		.measured = cohort_takes(w),
		.created_ns = now_ns,
		.assigned_ns = TIME_NONE,
		.uploaded_ns = TIME_NONE,
		.finished_ns = TIME_NONE,
		.deadline_ns = ns_after(now_ns, ns_of_s(spec->deadline_s)),
		.next_free = NO_ID,
	};
	*q = (struct sequence){
		.id = r->n,
		.prompt_tok = d->prompt_tok,
		.output_tok = d->output_tok,
		.group = g,
		.started_ns = TIME_NONE,
		.first_token_ns = TIME_NONE,
		.charged_ns = now_ns,
		.joined_ns = TIME_NONE,
	};
	w->groups[g.i].created++;
	w->groups[g.i].measured += r->measured;
	level_up(w);
	request_tell(w, slot, MOMENT_CREATED, FATE_IN_SYSTEM, now_ns);
	if (w->requests.n > WORLD_MOST_REQUESTS)
		world_fail(w,
			"more than %d requests are in the system at %.6g s: more comes than is "
			"served",
			WORLD_MOST_REQUESTS, engine_now_s(w->engine));
	fits = fit_context(w, spec, q);
	tell_content(w, slot, d);
	if (!fits) {
		reject(w, slot, REFUSED_CONTEXT);
		return slot;
	}
	waiting = waiting_of(w, slot);
	if (!scheduler_can_serve(w->scheduler, &waiting)) {
		reject(w, slot, anyone_has_model(w, spec->model) ? REFUSED_MEMORY : REFUSED_MODEL);
		return slot;
	}
	if (w->spec->run.scheduler_delay_s > 0.0)
		post_submitted(w->engine, w->spec->run.scheduler_delay_s, slot);
	else
		submit(w, slot, &waiting);
	return slot;
}

void request_submitted(struct world *w, uint32_t slot)
{
	struct waiting q = waiting_of(w, slot);

	submit(w, slot, &q);
}

double request_expected_tok(const struct world *w, uint32_t slot)
{
	return world_sequence(w, slot)->prompt_tok +
	       0.5 * w->groups[w->requests.at[slot].group].output_mean_tok;
}

/** Is it to compute the prompt alone? */
static bool is_part(const struct world *w, uint32_t slot, const struct instance *i, bool apart)
{
	return (apart || (!i->plain && i->spec->role == ROLE_PREFILL)) &&
	       world_sequence(w, slot)->output_tok > 1;
}

/** Before anything of it shows. */
static void foresee(struct world *w, uint32_t slot, struct instance_id i)
{
	struct waiting q = waiting_of(w, slot);

	w->requests.foreseen[slot] = scheduler_foresee(w->scheduler, &q, i);
}

void request_assign(struct world *w, uint32_t slot, struct instance_id i, bool apart)
{
	struct request *r = &w->requests.at[slot];
	struct sequence *q = world_sequence(w, slot);
	struct instance *inst = &w->instances[i.i];

	if (w->requests.has_foreseen)
		foresee(w, slot, i);
	r->instance = i.i;
	r->assigned_ns = engine_now_ns(w->engine);
	if (instance_overflows(inst)) {
		request_end(w, slot, FATE_DROPPED);
		return;
	}
	if (!inst->plain && inst->spec->draft.on) {
		q->acceptance = draft_acceptance(w, i, r->group);
		q->drafting.line = draft_line_of(w, i, r->group);
	}
	q->part = is_part(w, slot, inst, apart);
	instance_assign(inst, slot, q->part ? q->prompt_tok : request_expected_tok(w, slot));
	request_tell(w, slot, MOMENT_ASSIGNED, FATE_IN_SYSTEM, r->assigned_ns);
	scheduler_touch(w->scheduler, i);
	if (w->spec->run.scheduler_delay_s > 0.0)
		post_dispatch(w->engine, w->spec->run.scheduler_delay_s, slot);
	else
		request_dispatch(w, slot);
}

void request_dispatch(struct world *w, uint32_t slot)
{
	const struct request *r = &w->requests.at[slot];
	struct instance_id i = {r->instance};
	const struct route *up = world_route(w, r->group, i, false);
	const struct event there = ev_uploaded(i, slot);
	double bytes =
		world_sequence(w, slot)->prompt_tok * w->spec->groups[r->group].bytes_per_tok;

	account_sent(
		w, slot, up->n > 0 ? net_predict_s(w->net, up, bytes, TRANSFER_PROMPT, true) : 0.0);
	if (net_send(w->net, up, bytes, TRANSFER_PROMPT, &there))
		request_uploaded(w, slot);
}

void request_uploaded(struct world *w, uint32_t slot)
{
	struct request *r = &w->requests.at[slot];
	double front_s;

	r->uploaded_ns = engine_now_ns(w->engine);
	account_uploaded(w, slot);
	request_tell(w, slot, MOMENT_ARRIVED, FATE_IN_SYSTEM, r->uploaded_ns);
	front_s = instance_front_s(&w->instances[r->instance]);
	if (front_s > 0.0)
		post_in_line(w->engine, front_s, (struct instance_id){r->instance}, slot);
	else
		request_in_line(w, slot);
}

void request_in_line(struct world *w, uint32_t slot)
{
	struct instance_id i = {w->requests.at[slot].instance};

	instance_enqueue(&w->instances[i.i], slot);
	world_report(w, i);
}

void request_served(struct world *w, struct instance_id i, uint32_t slot)
{
	struct request *r = &w->requests.at[slot];
	const struct group_spec *g = &w->spec->groups[r->group];
	uint32_t output_tok = world_sequence(w, slot)->output_tok;
	const struct event there = ev_delivered(slot);
	double bytes;

	r->finished_ns = engine_now_ns(w->engine);
	request_tell(w, slot, MOMENT_SERVED, FATE_IN_SYSTEM, r->finished_ns);
	scheduler_touch(w->scheduler, i);
	/* of a streamed answer the other tokens are on their way by now */
	bytes = (g->stream && w->instances[i.i].tells ? fmin(1.0, output_tok) : output_tok) *
		g->bytes_per_tok;
	if (net_send(w->net, world_route(w, r->group, i, true), bytes, TRANSFER_ANSWER, &there))
		request_delivered(w, slot);
}

void request_token(struct world *w, struct instance_id i, uint32_t slot)
{
	const struct request *r = &w->requests.at[slot];
	const struct group_spec *g = &w->spec->groups[r->group];

	if (g->stream)
		net_send_on(w->net, world_route(w, r->group, i, true), g->bytes_per_tok,
			TRANSFER_ANSWER);
}

void request_delivered(struct world *w, uint32_t slot)
{
	request_end(w, slot, FATE_DONE);
}

static struct outcome outcome_of(const struct world *w, uint32_t slot)
{
	const struct request *r = &w->requests.at[slot];
	const struct sequence *q = world_sequence(w, slot);

	return (struct outcome){
		.request = {r->n},
		.group = {r->group},
		.instance = {r->instance},
		.prefilled_at = {first_instance(r)},
		.prompt_tok = q->prompt_tok,
		.output_tok = q->output_tok,
		.created_s = s_of_ns(r->created_ns),
		.delivered_s = engine_now_s(w->engine),
		.deadline_s = r->deadline_ns == NS_NEVER ? HUGE_VAL : s_of_ns(r->deadline_ns),
	};
}

void request_end(struct world *w, uint32_t slot, enum fate fate)
{
	struct request *r = &w->requests.at[slot];
	struct outcome o = outcome_of(w, slot);
	int64_t now_ns = engine_now_ns(w->engine);

	account_ended(w, slot);
	request_tell(w, slot, MOMENT_ENDED, fate, now_ns);
	if (r->measured)
		cohort_left(w);
	level_down(w);
	if (w->requests.sequences.has_contents) {
		free(w->requests.sequences.contents[slot].ids);
		w->requests.sequences.contents[slot].ids = NULL;
	}
	r->next_free = w->requests.free;
	w->requests.free = slot;
	r->created_ns = TIME_NONE; /* marks the slot as free */
	traffic_ended(w, slot, fate);
	if (fate == FATE_DONE) /* last: it may never come back */
		scheduler_learn(w->scheduler, &o);
}
