#include "models/world/planning.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "models/cost/llm.h"
#include "models/net/net.h"
#include "models/serving/acceptance.h"
#include "models/workload/dataset.h"
#include "models/world/network.h"
#include "models/world/prices.h"

struct planning {
	struct planning_of of;
	struct planner_spec spec;
	struct arena arena;
	struct cost *cost, *draft_cost, **stage_costs;
	struct offload *offload;
	struct plan_stage *stages;
	struct plan_drafter drafter;
	struct net *net;
};

/** Of the device's memory what the instance may have. */
static double room_bytes(const struct instance_spec *i, const struct gpu_spec *gpu)
{
	return gpu->mem_bytes * (i->kv.share > 0.0 ? i->kv.share : 1.0);
}

/* Ways between sites. All routes are asked for before the net is sealed. */

static const struct interconnect_spec *within(const struct planning *p, struct site_id site)
{
	return &p->of.spec->sites[site.i].interconnect;
}

static bool way_find(struct planning *p, struct plan_way *w, struct site_id from, struct site_id to,
	struct src_pos at, struct err *err)
{
	const struct scenario_spec *s = p->of.spec;
	struct err why = {0};

	w->net = p->net;
	if (from.i == to.i)
		return true;
	return net_route(&w->route, p->net, network_end(s, from), network_end(s, to), &why) ||
	       err_at(err, at, "instance '%s': there is no link from site '%s' to site '%s'",
		       p->spec.name, s->sites[from.i].name, s->sites[to.i].name);
}

/** A link that is down as the run begins never lets anything through. */
static bool way_check(const struct planning *p, const struct plan_way *w, enum transfer_kind kind,
	struct src_pos at, struct err *err)
{
	static const double never_s = 1e9;
	struct plan_trip t = plan_trip(w, 1.0, kind);

	return t.busy_s + t.delay_s < never_s ||
	       err_at(err, at,
		       "instance '%s' has no plan: nothing passes its links when the run begins",
		       p->spec.name);
}

static bool net_begin(struct planning *p, struct err *err)
{
	const struct scenario_spec *s = p->of.spec;

	return network_of(&p->net, &p->arena, s, NULL, s->run.seed, 0, err);
}

/* A pipeline */

static bool stage_find(struct planning *p, size_t k, struct err *err)
{
	const struct instance_spec *i = p->of.instance;
	const struct stage_spec *from = &i->stages[k], *to = &i->stages[(k + 1) % i->n_stages];
	struct plan_stage *s = &p->stages[k];

	s->what = price_of_stage(p->of.spec, i, k);
	s->what.max_batch = p->of.max_n;
	s->room_bytes = room_bytes(i, from->gpu);
	s->next.at_a_time = true;
	if (from->site.i == to->site.i && i->n_stages > 1)
		s->next.bus = from->bus;
	if (!way_find(p, &s->next, from->site, to->site, from->at, err) ||
		!cost_create(&p->stage_costs[k], &s->what, err))
		return false;
	s->cost = p->stage_costs[k];
	return true;
}

static bool stages_find(struct planning *p, struct err *err)
{
	const struct instance_spec *i = p->of.instance;

	p->stages = arena_alloc(&p->arena, i->n_stages, sizeof *p->stages);
	p->stage_costs = arena_alloc(&p->arena, i->n_stages, sizeof(*p->stage_costs));
	if (!net_begin(p, err))
		return false;
	for (size_t k = 0; k < i->n_stages; k++)
		if (!stage_find(p, k, err))
			return false;
	if (!net_seal(p->net, err))
		return false;
	for (size_t k = 0; k < i->n_stages; k++)
		if (!way_check(p, &p->stages[k].next, TRANSFER_HIDDEN, i->stages[k].at, err))
			return false;
	p->spec.n_stages = i->n_stages;
	p->spec.stages = p->stages;
	p->spec.what = p->stages[0].what;
	p->spec.cost = p->stages[0].cost;
	return true;
}

/* Drafts */

static bool acceptance(struct planning *p, struct err *err)
{
	const struct draft_spec *d = &p->of.instance->draft;
	const struct group_spec *users = p->of.users;

	p->spec.acceptance = d->acceptance;
	if (d->acceptance >= 0.0)
		return true;
	return (users && users->workload.dataset &&
		       acceptance_assumed(&p->spec.acceptance, users->workload.dataset->name,
			       llm_params(p->spec.draft.shape))) ||
	       err_at(err, d->at, "instance '%s' needs draft.acceptance", p->spec.name);
}

/** Who drafts for the users; NULL: nobody. */
static const struct draft_site *drafter_of(const struct planning *p)
{
	const struct draft_spec *d = &p->of.instance->draft;

	for (size_t k = 0; k < d->n_sites; k++)
		if (!d->by_home || !p->of.users || p->of.users->home.i == d->sites[k].site.i)
			return &d->sites[k];
	return NULL;
}

static bool drafter_ways(struct planning *p, struct site_id site, struct err *err)
{
	const struct instance_spec *i = p->of.instance;
	struct plan_drafter *d = &p->drafter;
	const struct interconnect_spec *bus = within(p, site);

	if (!net_begin(p, err) || !way_find(p, &d->up, site, i->site, i->draft.site_at, err) ||
		!way_find(p, &d->down, i->site, site, i->draft.site_at, err) ||
		!net_seal(p->net, err))
		return false;
	if (site.i == i->site.i)
		d->up.bus = d->down.bus = (struct bus){bus->latency_s, bus->bytes_per_s};
	return way_check(p, &d->up, TRANSFER_DRAFT, i->draft.site_at, err) &&
	       way_check(p, &d->down, TRANSFER_DRAFT, i->draft.site_at, err);
}

/** By a device of its own. */
static bool drafter_find(struct planning *p, const struct draft_site *at, struct err *err)
{
	const struct instance_spec *i = p->of.instance;
	struct plan_drafter *d = &p->drafter;

	p->spec.draft = price_of_drafter(p->of.spec, i, at);
	p->spec.draft.max_batch = p->of.max_n;
	d->site = p->of.spec->sites[at->site.i].name;
	d->tok_bytes = i->draft.tok_bytes;
	d->verdict_bytes = i->draft.verdict_bytes;
	d->room_bytes = p->spec.draft.gpu->mem_bytes - p->spec.draft.reserve_bytes;
	p->spec.apart = d;
	return drafter_ways(p, at->site, err);
}

static bool draft_find(struct planning *p, struct err *err)
{
	const struct instance_spec *i = p->of.instance;
	const struct draft_site *apart = drafter_of(p);

	if (i->draft.drafts_ahead)
		return err_at(err, i->draft.at,
			"instance '%s' drafts ahead of verdicts: plans are for drafts that wait "
			"for "
			"them",
			i->name);
	if (i->draft.n_sites > 0 && !apart)
		return true;
	if (!apart)
		p->spec.draft = price_of_draft(p->of.spec, i, &p->spec.what);
	else if (!drafter_find(p, apart, err))
		return false;
	if (!acceptance(p, err) || !cost_create(&p->draft_cost, &p->spec.draft, err))
		return false;
	p->spec.draft_cost = p->draft_cost;
	return true;
}

/* The model on one device */

static bool model_find(struct planning *p, struct err *err)
{
	const struct instance_spec *i = p->of.instance;

	p->spec.what = price_of(p->of.spec, i);
	p->spec.what.max_batch = p->of.max_n;
	p->spec.what.verify_rows = i->draft.on ? PLAN_K_MOST + 1 : 0;
	p->spec.host_bytes = i->offload.host.mem_bytes;
	if (i->kv.preemption == PREEMPTION_SWAP)
		p->spec.host_bytes -= i->kv.swap_bytes;
	p->spec.room_bytes = room_bytes(i, p->spec.what.gpu);
	if (!cost_create(&p->cost, &p->spec.what, err) ||
		!offload_create(&p->offload, &p->spec.what, err))
		return false;
	p->spec.cost = p->cost;
	p->spec.offload = p->offload;
	return !i->draft.on || draft_find(p, err);
}

static bool find(struct planning *p, struct err *err)
{
	const struct instance_spec *i = p->of.instance;

	return i->n_stages > 0 ? stages_find(p, err) : model_find(p, err);
}

bool planning_create(struct planning **out, const struct planning_of *of, struct err *err)
{
	struct planning *p = mem_zalloc(1, sizeof *p);
	const struct instance_spec *i = of->instance;

	assert(!i->synthetic);
	p->of = *of;
	p->spec = (struct planner_spec){.name = i->name,
		.max_n = of->max_n,
		.at = i->at,
		.reserve_bytes = i->reserve_bytes,
		.keeps_rows = i->batching == BATCHING_STATIC};
	arena_init(&p->arena);
	*out = p;
	if (find(p, err))
		return true;
	planning_destroy(p);
	*out = NULL;
	return false;
}

void planning_destroy(struct planning *p)
{
	if (!p)
		return;
	for (size_t k = 0; p->stage_costs && k < p->of.instance->n_stages; k++)
		cost_destroy(p->stage_costs[k]);
	cost_destroy(p->cost);
	cost_destroy(p->draft_cost);
	offload_destroy(p->offload);
	net_destroy(p->net);
	arena_finish(&p->arena);
	free(p);
}

const struct planner_spec *planning_spec(const struct planning *p)
{
	return &p->spec;
}
