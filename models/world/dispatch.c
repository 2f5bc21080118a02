/* The life of a request as a table: what happens at each kind of event. */

#include "models/ev.h"
#include "models/world/state.h"

/** Notice that somebody asked to stop: at what brings work, since all else follows from it. */
static void heed(struct world *w)
{
	if (world_interrupted(w) || cohort_hopeless(w))
		engine_stop(w->engine);
}

static void on_arrive(struct world *w, const struct event *ev)
{
	struct group_id g = {ev->who};

	uint32_t session;
	struct request_draw d;

	heed(w);
	d = traffic_arrive(w, g, &session);
	request_create(w, g, &d, session);
	if (w->groups[g.i].over)
		cohort_over(w);
	decide_if_wanted(w);
}

static void on_send(struct world *w, const struct event *ev)
{
	struct group_id g = {ev->who};

	uint32_t session;
	struct request_draw d;

	heed(w);
	d = traffic_send(w, g, &session);
	request_create(w, g, &d, session);
	decide_if_wanted(w);
}

static void on_turn(struct world *w, const struct event *ev)
{
	struct group_id g = {ev->who};
	struct request_draw d;

	heed(w);
	if (traffic_turn(w, g, (uint32_t)ev->what, &d))
		request_create(w, g, &d, (uint32_t)ev->what);
	decide_if_wanted(w);
}

static void on_submitted(struct world *w, const struct event *ev)
{
	request_submitted(w, (uint32_t)ev->what);
	decide_if_wanted(w);
}

static void on_dispatch(struct world *w, const struct event *ev)
{
	uint32_t slot = (uint32_t)ev->what;

	if (w->requests.at[slot].prefill != NO_ID)
		handover_told(w, slot);
	else
		request_dispatch(w, slot);
	decide_if_wanted(w);
}

static void on_uploaded(struct world *w, const struct event *ev)
{
	request_uploaded(w, (uint32_t)ev->what);
	decide_if_wanted(w);
}

static void on_in_line(struct world *w, const struct event *ev)
{
	request_in_line(w, (uint32_t)ev->what);
	decide_if_wanted(w);
}

static void on_step(struct world *w, const struct event *ev)
{
	struct instance *i = &w->instances[ev->who];
	bool told;

	/* most steps end with it leaving */
	__builtin_prefetch(&w->requests.at[ev->what]);
	sequence_prefetch(world_sequence(w, (uint32_t)ev->what));
	told = instance_advance(i, (uint32_t)ev->what);
	world_eased(w, i->id);
	if (!told)
		return;
	decide(w); /* what it sends here at once joins the next step */
	instance_begin(i);
	world_report(w, i->id);
	decide_if_wanted(w); /* its step may have blocks for KV, or begin to make some */
}

static void on_kv_layer(struct world *w, const struct event *ev)
{
	handover_layer(w, (uint32_t)ev->what);
	decide_if_wanted(w);
}

static void on_kv_left(struct world *w, const struct event *ev)
{
	handover_left(w, (uint32_t)ev->what);
	decide_if_wanted(w);
}

static void on_kv(struct world *w, const struct event *ev)
{
	handover_arrived(w, (uint32_t)ev->what);
	decide_if_wanted(w);
}

/** A stage, or a hop between two, of a pipeline. */
static void on_moved(struct world *w, const struct event *ev)
{
	struct instance *i = &w->instances[ev->who];
	bool told = instance_moved(i, ev);

	world_eased(w, i->id);
	if (!told)
		return;
	decide(w);
	instance_begin(i);
	world_eased(w, i->id);
}

static void on_flow(struct world *w, const struct event *ev)
{
	net_flow(w->net, ev->who);
}

static void on_link(struct world *w, const struct event *ev)
{
	heed(w);
	if (!net_rate(w->net, ev->who))
		return;
	scheduler_rates_changed(w->scheduler);
	decide(w);
}

static void on_delivered(struct world *w, const struct event *ev)
{
	request_delivered(w, (uint32_t)ev->what);
}

static void on_decide(struct world *w, const struct event *ev)
{
	(void)ev;
	heed(w);
	decide(w);
}

static void on_slot(struct world *w, const struct event *ev)
{
	heed(w);
	probe_slot(w);
	if (ev->at_ns / ns_of_s(w->spec->record.queues_s) >= WORLD_MOST_SLOTS)
		world_fail(w, "%d slots of record.queues, %g s each, are over: choose longer ones",
			WORLD_MOST_SLOTS, w->spec->record.queues_s);
	post_slot(w->engine, ns_after(ev->at_ns, ns_of_s(w->spec->record.queues_s)));
}

static void on_measure(struct world *w, const struct event *ev)
{
	(void)ev;
	cohort_open(w);
}

static void on_draft_step(struct world *w, const struct event *ev)
{
	const struct draft_maker *m = &w->drafters.at[ev->who];
	struct step_span s;

	if (w->probes.step.n > 0) {
		s = drafter_step(m->drafter);
		s.site = m->site;
		s.to_ns = ev->at_ns;
		probes_step(&w->probes, &s);
	}
	drafter_advance(m->drafter);
}

static void on_draft(struct world *w, const struct event *ev)
{
	instance_drafted(&w->instances[ev->who], &w->drafters.mail.at[ev->what]);
	draft_mail_close(&w->drafters.mail, (uint32_t)ev->what);
}

static void on_verdict(struct world *w, const struct event *ev)
{
	drafter_hear(w->drafters.at[ev->who].drafter, (uint32_t)ev->what);
}

const struct event_handler world_handlers[EV_KINDS] = {
	[EV_ARRIVE] = {"arrive", on_arrive},
	[EV_SEND] = {"send", on_send},
	[EV_SUBMITTED] = {"submitted", on_submitted},
	[EV_DISPATCH] = {"dispatch", on_dispatch},
	[EV_UPLOADED] = {"uploaded", on_uploaded},
	[EV_STEP] = {"step", on_step},
	[EV_STAGE] = {"stage", on_moved},
	[EV_HIDDEN] = {"hidden", on_moved},
	[EV_SERVED] = {"served", on_step},
	[EV_KV_LAYER] = {"kv_layer", on_kv_layer},
	[EV_KV_LEFT] = {"kv_left", on_kv_left},
	[EV_KV] = {"kv", on_kv},
	[EV_FLOW] = {"flow", on_flow},
	[EV_LINK] = {"link", on_link},
	[EV_DELIVERED] = {"delivered", on_delivered},
	[EV_LATE] = {"late", on_decide},
	[EV_WAKE] = {"wake", on_decide},
	[EV_REPORT] = {"report", on_decide},
	[EV_SLOT] = {"slot", on_slot},
	[EV_MEASURE] = {"measure", on_measure},
	[EV_DRAFT_STEP] = {"draft_step", on_draft_step},
	[EV_DRAFT] = {"draft", on_draft},
	[EV_VERDICT] = {"verdict", on_verdict},
	[EV_TURN] = {"turn", on_turn},
	[EV_IN_LINE] = {"in_line", on_in_line},
};
