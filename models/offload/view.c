/* What policies see: classes of like instances, their members with room ranked
 * in tournaments, predictions on demand. Kept up to date one instance at a time. */

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "models/offload/params.h"
#include "models/serving/alike.h"
#include "models/state.h"

static struct world *world_of(const struct view *v)
{
	/* the view is a member of the world it belongs to, which is never const itself */
	return (struct world *)(uintptr_t)v->world;
}

/* Who can serve whom */

static bool serves(const struct world *w, uint32_t group, struct demand d, struct instance_id i)
{
	return instance_can_serve(&w->instances[i.i], w->spec->groups[group].model, d);
}

bool view_can_serve(const struct world *w, uint32_t slot, struct instance_id i)
{
	const struct sequence *q = world_sequence(w, slot);

	return serves(w, w->requests.at[slot].group,
		(struct demand){q->prompt_tok, (double)q->output_tok}, i);
}

struct instance_id view_home(const struct world *w, uint32_t slot)
{
	struct instance_id home = w->groups[w->requests.at[slot].group].home;

	if (home.i != NO_ID && view_can_serve(w, slot, home))
		return home;
	return (struct instance_id){NO_ID};
}

static struct demand demand_of(const struct waiting *q)
{
	return (struct demand){q->prompt_tok, (double)q->output_tok};
}

static bool can_serve(const struct view *v, const struct waiting *q, struct instance_id i)
{
	return serves(v->world, q->group.i, demand_of(q), i);
}

static bool has_memory(const struct world *w, const struct waiting *q, struct instance_id i)
{
	return instance_has_memory(&w->instances[i.i], demand_of(q));
}

static bool fits(const struct view *v, const struct waiting *q, struct instance_id i)
{
	return v->instances[i.i].room > 0 && can_serve(v, q, i) && has_memory(v->world, q, i);
}

/* Ranking */

static const unsigned __int128 no_room = ~(unsigned __int128)0;

/** The bits of a number >= 0 rise as it does. */
static uint64_t bits_of(double x)
{
	uint64_t bits;

	memcpy(&bits, &x, sizeof bits);
	return bits;
}

static uint64_t rank_key(const struct world *w, enum rank by, struct instance_id i)
{
	if (by == RANK_IDLE)
		return 0; /* what breaks ties is all there is */
	return by == RANK_LOAD ? w->instance_views[i.i].assigned
			       : bits_of(instance_step_s(&w->instances[i.i]));
}

/** Seat the member anew and let it play its way up: without branches, which nobody could
 *  predict, and the winner so far in registers. */
static void ready_update(struct world *w, struct ready *r, enum rank by, struct instance_id i)
{
	const struct standing *x = &w->standings[i.i];
	size_t seat = r->seats + x->member;
	unsigned __int128 won = no_room, other;

	if (w->instance_views[i.i].room > 0)
		won = (unsigned __int128)rank_key(w, by, i) << 64 | x->idle_order << MEMBER_BITS |
		      x->member;
	r->at[seat] = won;
	for (; seat > 1; seat /= 2) {
		other = r->at[seat ^ 1];
		won = other < won ? other : won;
		r->at[seat / 2] = won;
	}
}

/** Ranks cost something at every change, so only those a policy asks for are kept. */
static struct ready *ready_of(struct world *w, uint32_t c, enum rank by)
{
	struct ready *r = &w->ready[c].by[by];
	const struct class_view *cls = &w->class_views[c];

	if (r->seats > 0)
		return r;
	for (r->seats = 1; r->seats < cls->n_members; r->seats *= 2)
		;
	r->at = arena_alloc(&w->arena, 2 * r->seats, sizeof *r->at);
	for (size_t k = 0; k < 2 * r->seats; k++)
		r->at[k] = no_room;
	for (size_t k = 0; k < cls->n_members; k++)
		ready_update(w, r, by, cls->members[k]);
	return r;
}

static struct instance_id member_of(const struct class_view *c, unsigned __int128 rank)
{
	return c->members[(size_t)rank & ((1u << MEMBER_BITS) - 1)];
}

static bool best(const struct view *v, const struct waiting *q, struct class_id c, enum rank by,
	struct instance_id *out)
{
	struct world *w = world_of(v);
	const struct class_view *cls = &v->classes[c.i];
	unsigned __int128 found = no_room;
	const struct ready *r;

	if (cls->n_free == 0 || !can_serve(v, q, cls->members[0]))
		return false;
	r = ready_of(w, c.i, by);
	*out = member_of(cls, r->at[1]);
	if (has_memory(w, q, *out))
		return true;
	for (size_t k = r->seats; k < 2 * r->seats; k++) /* memory is short: look at every one */
		if (r->at[k] < found && has_memory(w, q, member_of(cls, r->at[k]))) {
			found = r->at[k];
			*out = member_of(cls, found);
		}
	return found != no_room;
}

/* Predictions: expected times, as models.md section 10 lets a policy know them. */

static struct prediction predict_at(const struct view *v, const struct waiting *q,
	struct instance_id i, double output_tok, bool idle)
{
	const struct world *w = v->world;
	const struct instance *inst = &w->instances[i.i];
	const struct group_spec *g = &w->spec->groups[q->group.i];
	const struct route *up = world_route(w, q->group.i, i, false);
	const struct route *down = world_route(w, q->group.i, i, true);
	double up_bytes = q->prompt_tok * g->bytes_per_tok;
	double down_bytes = (g->stream ? fmin(1.0, output_tok) : output_tok) * g->bytes_per_tok;
	struct prediction p = {
		.upload_s = transfer_predict_s(w, up, up_bytes, TRANSFER_PROMPT, idle),
		.download_s = transfer_predict_s(w, down, down_bytes, TRANSFER_ANSWER, idle),
	};

	struct expectation e = instance_expect(inst, (struct demand){q->prompt_tok, output_tok},
		idle ? (struct load){0} : instance_load(inst));

	p.wait_s = e.wait_s;
	p.prefill_s = e.prefill_s;
	p.decode_s = e.decode_s;
	p.total_s = p.upload_s + p.wait_s + p.prefill_s + p.decode_s + p.download_s +
		    w->spec->run.scheduler_delay_s;
	return p;
}

static struct prediction predict(
	const struct view *v, const struct waiting *q, struct instance_id i, double output_tok)
{
	return predict_at(v, q, i, output_tok, false);
}

static struct prediction predict_idle(
	const struct view *v, const struct waiting *q, struct instance_id i, double output_tok)
{
	return predict_at(v, q, i, output_tok, true);
}

static size_t draw(const struct view *v, size_t n)
{
	return (size_t)rng_below(v->rng, n);
}

/* Keeping it up to date */

static void busy(struct world *w, struct instance_id i)
{
	w->instance_views[i.i].idle_since_s = HUGE_VAL;
	w->standings[i.i].idle_order = IDLE_NEVER;
}

static void idle(struct world *w, struct instance_id i)
{
	int64_t now_ns = engine_now_ns(w->engine);

	w->idle_order += now_ns > w->idle_at_ns;
	w->idle_at_ns = now_ns;
	w->instance_views[i.i].idle_since_s = s_of_ns(now_ns);
	w->standings[i.i].idle_order = w->idle_order;
}

void view_touch(struct world *w, struct instance_id i)
{
	struct instance_view *x = &w->instance_views[i.i];
	struct class_view *c = &w->class_views[x->cls.i];
	const struct instance *inst = &w->instances[i.i];
	bool had = x->room > 0;

	x->assigned = inst->assigned;
	x->room = instance_room(inst);
	if (x->assigned > 0)
		busy(w, i);
	else if (!(x->idle_since_s < HUGE_VAL))
		idle(w, i);
	if (had != (x->room > 0)) {
		c->n_free += had ? (size_t)-1 : 1;
		w->view.n_free += had ? (size_t)-1 : 1;
	}
	for (enum rank by = 0; by < RANKS; by++) {
		struct ready *r = &w->ready[x->cls.i].by[by];

		if (r->seats > 0)
			ready_update(w, r, by, i);
	}
}

/* Classes */

static bool same_machine(
	const struct scenario_spec *s, const struct instance_spec *a, const struct instance_spec *b)
{
	const struct site_spec *at = &s->sites[a->site.i], *bt = &s->sites[b->site.i];

	return at->tier == bt->tier && instances_alike(a, &at->gpu, b, &bt->gpu);
}

static bool same_link(const struct link *a, const struct link *b)
{
	if (a->spec == b->spec)
		return true;
	return a->plain && b->plain && a->bytes_per_s == b->bytes_per_s && a->delay_s == b->delay_s;
}

static bool same_route(const struct route *a, const struct route *b)
{
	if (a->n != b->n)
		return false;
	for (size_t h = 0; h < a->n; h++)
		if (!same_link(a->hops[h], b->hops[h]))
			return false;
	return true;
}

static bool same_class(const struct world *w, struct instance_id a, struct instance_id b)
{
	const struct instance_spec *all = w->spec->instances;

	if (!same_machine(w->spec, &all[a.i], &all[b.i]))
		return false;
	for (uint32_t g = 0; g < w->spec->n_groups; g++)
		if (!same_route(world_route(w, g, a, false), world_route(w, g, b, false)) ||
			!same_route(world_route(w, g, a, true), world_route(w, g, b, true)))
			return false;
	return true;
}

static void classes_find(struct world *w)
{
	size_t n = w->spec->n_instances, n_classes = 0;
	struct class_view *cls = arena_alloc(&w->arena, n, sizeof *cls);
	struct instance_id *first = mem_zalloc(n, sizeof *first);

	for (uint32_t i = 0; i < n; i++) {
		uint32_t c = 0;

		while (c < n_classes && !same_class(w, first[c], (struct instance_id){i}))
			c++;
		if (c == n_classes)
			first[n_classes++].i = i;
		w->instance_views[i].cls.i = c;
		cls[c].n_members++;
	}
	assert(n >> MEMBER_BITS == 0);
	w->ready = arena_alloc(&w->arena, n_classes, sizeof *w->ready);
	for (uint32_t c = 0; c < n_classes; c++) {
		struct instance_id *members =
			arena_alloc(&w->arena, cls[c].n_members, sizeof *members);
		size_t k = 0;

		for (uint32_t i = 0; i < n; i++)
			if (w->instance_views[i].cls.i == c) {
				w->standings[i].member = (uint32_t)k;
				members[k++].i = i;
			}
		cls[c].members = members;
		cls[c].tier = w->instance_views[first[c].i].tier;
	}
	free(first);
	w->class_views = cls;
	w->view.classes = cls;
	w->view.n_classes = n_classes;
}

static void instances_show(struct world *w)
{
	for (uint32_t i = 0; i < w->spec->n_instances; i++) {
		const struct instance_spec *s = &w->spec->instances[i];

		w->instance_views[i] = (struct instance_view){
			.name = s->name,
			.site = s->site,
			.tier = w->spec->sites[s->site.i].tier,
		};
	}
}

static void groups_show(struct world *w)
{
	for (uint32_t g = 0; g < w->spec->n_groups; g++) {
		const struct group_spec *s = &w->spec->groups[g];

		w->group_views[g] = (struct group_view){
			.name = s->name,
			.home = s->home,
			.output_mean_tok = w->groups[g].output_mean_tok,
			.output_q90_tok = w->groups[g].output_q90_tok,
		};
		w->groups[g].home.i = NO_ID;
		for (uint32_t i = 0; i < w->spec->n_instances; i++)
			if (s->home.i != NO_ID && w->spec->instances[i].site.i == s->home.i &&
				(w->spec->instances[i].model.i == s->model.i ||
					w->spec->instances[i].model.i == NO_ID)) {
				w->groups[g].home.i = i;
				break;
			}
	}
}

bool view_create(struct world *w, struct err *err)
{
	const struct scenario_spec *s = w->spec;
	const struct policy_spec *policy = w->setup.policy;
	char why[200];

	w->group_views = arena_alloc(&w->arena, s->n_groups, sizeof *w->group_views);
	w->instance_views = arena_alloc(&w->arena, s->n_instances, sizeof *w->instance_views);
	w->standings = arena_alloc(&w->arena, s->n_instances, sizeof *w->standings);
	w->view = (struct view){
		.n_groups = s->n_groups,
		.groups = w->group_views,
		.n_instances = s->n_instances,
		.instances = w->instance_views,
		.rng = &w->policy_rng,
		.world = w,
		.can_serve = can_serve,
		.fits = fits,
		.best = best,
		.predict = predict,
		.predict_idle = predict_idle,
		.draw = draw,
	};
	instances_show(w);
	groups_show(w);
	classes_find(w);
	for (uint32_t i = 0; i < s->n_instances; i++)
		view_touch(w, (struct instance_id){i});
	rng_init(&w->policy_rng, w->setup.seed, w->setup.replication, "policy", policy->ops->name);
	w->policy = mem_zalloc(1, policy->ops->state_size ? policy->ops->state_size : 1);
	if (!params_read(w->policy, policy->ops->params, policy->ops->name, policy->params,
		    policy->n_params, err))
		return false;
	if (policy->ops->check && !policy->ops->check(w->policy, &w->view, why, sizeof why))
		return err_at(err, policy->at, "policy '%s' %s", policy->ops->name, why);
	return true;
}

void view_destroy(struct world *w)
{
	free(w->policy);
}
