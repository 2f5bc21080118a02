/* What a policy asks of its view. A policy of somebody else may ask for anything: whatever would
 * be looked up where nothing is ends the run with its name. */

#include <math.h>

#include "models/offload/scheduler_parts.h"

static const struct scheduler *asked(
	const struct view *v, const char *what, const struct waiting *q)
{
	const struct scheduler *s = scheduler_behind(v);

	if (!q)
		guard_refuse(s->guard, "asked %s() for no request (NULL)", what);
	if (q->group.i >= v->n_groups)
		guard_refuse(s->guard, "asked %s() for a request of group %u, there are %zu", what,
			q->group.i, v->n_groups);
	if ((unsigned)q->phase >= PHASE_KINDS)
		guard_refuse(s->guard, "asked %s() for a request in phase %d, there are %d", what,
			(int)q->phase, (int)PHASE_KINDS);
	if (q->phase == PHASE_DECODE && q->from.i != NO_ID && q->from.i >= v->n_instances)
		guard_refuse(s->guard, "asked %s() for KV at instance %u, there are %zu", what,
			q->from.i, v->n_instances);
	return s;
}

static void need_instance(const struct scheduler *s, const char *what, struct instance_id i)
{
	if (i.i >= s->view.n_instances)
		guard_refuse(s->guard, "asked %s() for instance %u, there are %zu", what, i.i,
			s->view.n_instances);
}

static bool asked_can_serve(const struct view *v, const struct waiting *q, struct instance_id i)
{
	const struct scheduler *s = asked(v, "can_serve", q);

	need_instance(s, "can_serve", i);
	return fit_can_serve(s, q, i);
}

static bool asked_fits(const struct view *v, const struct waiting *q, struct instance_id i)
{
	const struct scheduler *s = asked(v, "fits", q);

	need_instance(s, "fits", i);
	return fit_now(s, q, i);
}

static bool asked_best(const struct view *v, const struct waiting *q, struct class_id c,
	enum rank by, struct instance_id *out)
{
	const struct scheduler *s = asked(v, "best", q);

	if (c.i >= v->n_classes)
		guard_refuse(
			s->guard, "asked best() for class %u, there are %zu", c.i, v->n_classes);
	if ((unsigned)by >= RANKS)
		guard_refuse(
			s->guard, "asked best() for rank %d, there are %d", (int)by, (int)RANKS);
	if (!out)
		guard_refuse(s->guard, "asked best() to put its answer nowhere (NULL)");
	return ranking_best(s, q, c, by, out);
}

static const struct scheduler *asked_predict(const struct view *v, const char *what,
	const struct waiting *q, struct instance_id i, double output_tok)
{
	const struct scheduler *s = asked(v, what, q);

	need_instance(s, what, i);
	if (q->prompt_tok == 0 && instance_of(s, i)->ops->needs_cost)
		guard_refuse(s->guard, "asked %s() for a prompt of 0 tokens", what);
	if (!(output_tok >= 0.0 && output_tok <= UINT32_MAX))
		guard_refuse(s->guard, "asked %s() for an answer of %g tokens", what, output_tok);
	return s;
}

static struct prediction asked_loaded(
	const struct view *v, const struct waiting *q, struct instance_id i, double output_tok)
{
	return predict_loaded(asked_predict(v, "predict", q, i, output_tok), q, i, output_tok);
}

static struct prediction asked_idle(
	const struct view *v, const struct waiting *q, struct instance_id i, double output_tok)
{
	return predict_idle(asked_predict(v, "predict_idle", q, i, output_tok), q, i, output_tok);
}

static size_t asked_draw(const struct view *v, size_t n)
{
	if (n == 0)
		guard_refuse(scheduler_behind(v)->guard, "asked draw() for one of 0");
	return (size_t)rng_below(v->rng, n);
}

static double asked_uniform(const struct view *v)
{
	return rng_uniform(v->rng);
}

static double asked_kv_fill(const struct view *v, struct instance_id i)
{
	const struct scheduler *s = scheduler_behind(v);
	struct gauge gauge;

	need_instance(s, "kv_fill", i);
	if (s->aged)
		return s->aged[i.i].kv_fill;
	return instance_gauge(instance_of(s, i), &gauge) ? gauge.kv_fill : 0.0;
}

static struct path shown(struct net_path p)
{
	return (struct path){
		.delay_s = p.delay_s,
		.bytes_per_s = p.bytes_per_s,
		.share_bytes_per_s = p.share_bytes_per_s,
		.wait_s = p.backlog_s,
	};
}

static struct path asked_path(
	const struct view *v, struct group_id g, struct instance_id i, bool back)
{
	const struct scheduler *s = scheduler_behind(v);

	need_instance(s, "path", i);
	if (g.i >= v->n_groups)
		guard_refuse(
			s->guard, "asked path() for group %u, there are %zu", g.i, v->n_groups);
	return shown(net_path(
		s->net, route_of(s, g, i, back), back ? TRANSFER_ANSWER : TRANSFER_PROMPT));
}

static struct path asked_kv_path(const struct view *v, struct instance_id a, struct instance_id b)
{
	const struct scheduler *s = scheduler_behind(v);
	const struct kv_local *local;
	const struct route *way;

	need_instance(s, "kv_path", a);
	need_instance(s, "kv_path", b);
	if (a.i == b.i)
		return (struct path){.bytes_per_s = HUGE_VAL, .share_bytes_per_s = HUGE_VAL};
	local = kv_local_of(s, a, b);
	if (local)
		return (struct path){local->delay_s, local->bytes_per_s, local->bytes_per_s, 0.0};
	way = kv_route_of(s, a, b);
	return way ? shown(net_path(s->net, way, TRANSFER_KV)) : (struct path){0};
}

static void upkeep_add(struct upkeep *u, const struct gpu_spec *gpu, double devices)
{
	u->power_w += gpu->tdp_w > 0.0 ? devices * gpu->tdp_w : (double)NAN;
	u->usd_per_s += gpu->usd_per_h > 0.0 ? devices * gpu->usd_per_h / 3600.0 : (double)NAN;
}

/** As the metrics energy.J and cost.usd have it. */
static struct upkeep asked_upkeep(const struct view *v, struct instance_id i)
{
	const struct scheduler *s = scheduler_behind(v);
	const struct instance_spec *spec;
	struct upkeep u = {0.0, 0.0};

	need_instance(s, "upkeep", i);
	spec = instance_of(s, i)->spec;
	if (spec->n_stages == 0)
		upkeep_add(&u, s->seats[i.i].of.gpu, instance_devices(spec));
	for (size_t k = 0; k < spec->n_stages; k++)
		upkeep_add(&u, spec->stages[k].gpu, 1.0);
	return u;
}

void asked_answer(struct view *v)
{
	v->can_serve = asked_can_serve;
	v->fits = asked_fits;
	v->best = asked_best;
	v->predict = asked_loaded;
	v->predict_idle = asked_idle;
	v->draw = asked_draw;
	v->uniform = asked_uniform;
	v->kv_fill = asked_kv_fill;
	v->path = asked_path;
	v->kv_path = asked_kv_path;
	v->upkeep = asked_upkeep;
}
