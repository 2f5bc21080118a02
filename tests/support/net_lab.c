#include "tests/support/check.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "models/ev.h"
#include "tests/support/net_lab.h"

struct world { /* what the engine hands to its handlers */
	struct lab *lab;
};

static void arrived(struct lab *l, uint64_t i)
{
	l->at[i].arrived_ns = engine_now_ns(l->engine);
	if (++l->arrived == l->n && l->until_all)
		engine_stop(l->engine);
}

static void on_send(struct world *w, const struct event *ev)
{
	struct lab_message *m = &w->lab->at[ev->what];

	if (net_send(w->lab->net, lab_route(w->lab, m->from, m->to), m->bytes, m->kind,
		    &(struct event){.kind = EV_DELIVERED, .what = ev->what}))
		arrived(w->lab, ev->what);
}

static void on_delivered(struct world *w, const struct event *ev)
{
	arrived(w->lab, ev->what);
}

static void on_flow(struct world *w, const struct event *ev)
{
	net_flow(w->lab->net, ev->who);
}

static void on_link(struct world *w, const struct event *ev)
{
	net_rate(w->lab->net, ev->who);
}

static void nothing(struct world *w, const struct event *ev)
{
	(void)w, (void)ev;
}

static const struct event_handler handlers[EV_KINDS] = {
	[EV_ARRIVE] = {"none", nothing},
	[EV_SEND] = {"send", on_send},
	[EV_SUBMITTED] = {"none", nothing},
	[EV_DISPATCH] = {"none", nothing},
	[EV_UPLOADED] = {"none", nothing},
	[EV_STEP] = {"none", nothing},
	[EV_SERVED] = {"none", nothing},
	[EV_DELIVERED] = {"delivered", on_delivered},
	[EV_KV_LAYER] = {"none", nothing},
	[EV_KV_LEFT] = {"none", nothing},
	[EV_KV] = {"none", nothing},
	[EV_STAGE] = {"none", nothing},
	[EV_REPORT] = {"none", nothing},
	[EV_HIDDEN] = {"none", nothing},
	[EV_TURN] = {"none", nothing},
	[EV_IN_LINE] = {"none", nothing},
	[EV_DRAFT_STEP] = {"none", nothing},
	[EV_DRAFT] = {"none", nothing},
	[EV_VERDICT] = {"none", nothing},
	[EV_LATE] = {"none", nothing},
	[EV_WAKE] = {"none", nothing},
	[EV_SLOT] = {"none", nothing},
	[EV_MEASURE] = {"none", nothing},
	[EV_FLOW] = {"flow", on_flow},
	[EV_LINK] = {"link", on_link},
};

void lab_init(struct lab *l, const struct link_spec *links, size_t n_links,
	const char *const *names, size_t n_groups, size_t n_sites)
{
	struct net_build b = {.n_links = n_links,
		.links = links,
		.n_groups = n_groups,
		.n_sites = n_sites,
		.end_names = names,
		.seed = 1};
	struct world *w = mem_zalloc(1, sizeof *w);
	struct err err = {0};

	w->lab = l;
	*l = (struct lab){.world = w, .engine = engine_create(handlers, EV_KINDS, w)};
	b.engine = l->engine;
	if (!net_create(&l->net, &b, &err))
		fail_msg("%s", err.msg);
	for (uint32_t from = 0; from < n_groups + n_sites; from++)
		for (uint32_t to = (uint32_t)n_groups; to < n_groups + n_sites; to++) {
			const struct route *r;
			struct err none = {0};

			if (net_route(
				    &r, l->net, (struct end_id){from}, (struct end_id){to}, &none))
				lab_route(l, to, from);
		}
	if (!net_seal(l->net, &err))
		fail_msg("%s", err.msg);
	net_start(l->net);
}

void lab_finish(struct lab *l)
{
	net_destroy(l->net);
	engine_destroy(l->engine);
	free(l->world);
}

const struct route *lab_route(struct lab *l, uint32_t from, uint32_t to)
{
	const struct route *r;
	struct err err = {0};

	if (!net_route(&r, l->net, (struct end_id){from}, (struct end_id){to}, &err))
		fail_msg("%s", err.msg);
	return r;
}

void lab_send(struct lab *l, double at_s, uint32_t from, uint32_t to, double bytes,
	enum transfer_kind kind)
{
	assert_true(l->n < LAB_MOST);
	l->at[l->n] = (struct lab_message){ns_of_s(at_s), NS_NEVER, from, to, bytes, kind};
	engine_post_at(l->engine, ns_of_s(at_s), (struct event){.kind = EV_SEND, .what = l->n++});
}

void lab_run(struct lab *l, double until_s)
{
	engine_run(l->engine, ns_of_s(until_s));
}

double lab_took_s(const struct lab *l, size_t i)
{
	return s_of_ns(l->at[i].arrived_ns - l->at[i].at_ns);
}

struct tally_sums lab_sums(struct lab *l, const char *name)
{
	size_t n = net_n_links(l->net);
	struct net_link *links = mem_zalloc(n, sizeof *links);
	struct tally_sums sums = {0};
	bool found = false;

	net_report(l->net, links);
	for (size_t i = 0; i < n; i++)
		if (strcmp(links[i].name, name) == 0) {
			sums = links[i].sums;
			found = true;
		}
	free(links);
	if (!found)
		fail_msg("no link '%s'", name);
	return sums;
}

struct link_spec lab_link(
	const char *name, const char *a, const char *b, double bytes_per_s, double delay_s)
{
	return (struct link_spec){
		.name = name,
		.between = {a, b},
		.up = {.bytes_per_s = bytes_per_s, .delay_s = delay_s, .rto_s = 0.2},
		.down = {.bytes_per_s = bytes_per_s, .delay_s = delay_s, .rto_s = 0.2},
	};
}
