/* Who can serve whom: for ever, and now. */

#include "models/offload/scheduler_parts.h"

enum service fit_service(const struct scheduler *s, const struct waiting *q, struct instance_id i)
{
	if (q->phase == PHASE_DECODE)
		return SERVE_DECODE;
	if (s->instance_views[i.i].phases == PHASES_PREFILL && q->output_tok > 1)
		return SERVE_PREFILL;
	return SERVE_WHOLE;
}

static struct demand demand_of(const struct waiting *q, enum service what)
{
	return (struct demand){.prompt_tok = q->prompt_tok,
		.whose = q->whose,
		.output_tok = q->output_tok,
		.what = what,
		.group = q->group};
}

/** Can KV get from where it lies to @i? NO_ID: it may lie anywhere. Instances whose phases are
 *  never apart give none away. */
static bool in_reach(const struct scheduler *s, const struct waiting *q, struct instance_id i)
{
	return q->phase == PHASE_PREFILL || q->from.i == NO_ID || q->from.i == i.i ||
	       (instance_of(s, q->from)->takes_kv && kv_route_of(s, q->from, i));
}

/** Is there somebody who can go on with @q where @i ends? */
static bool has_follower(const struct scheduler *s, const struct waiting *q, struct instance_id i)
{
	const struct followers *f = &s->followers[s->instance_views[i.i].cls.i];
	const struct demand d = demand_of(q, SERVE_DECODE);

	for (size_t k = 0; k < f->n; k++)
		if (instance_can_serve(
			    instance_of(s, f->at[k]), s->groups[q->group.i].of.model, &d))
			return true;
	return false;
}

/** Is it to be served from its prompt to the end of its answer, as all are where no phases are
 *  apart? */
static bool is_whole(const struct scheduler *s, const struct waiting *q, struct instance_id i)
{
	return q->phase == PHASE_PREFILL && s->instance_views[i.i].phases == PHASES_BOTH;
}

static bool can_serve_part(const struct scheduler *s, const struct waiting *q, struct instance_id i)
{
	const struct instance *inst = instance_of(s, i);
	const struct demand d = demand_of(q, fit_service(s, q, i));

	if (!(s->instance_views[i.i].phases >> q->phase & 1) ||
		(d.what == SERVE_DECODE && !inst->takes_kv) ||
		!instance_can_serve(inst, s->groups[q->group.i].of.model, &d))
		return false;
	return in_reach(s, q, i) && (d.what != SERVE_PREFILL || has_follower(s, q, i));
}

bool fit_can_serve(const struct scheduler *s, const struct waiting *q, struct instance_id i)
{
	const struct demand whole = demand_of(q, SERVE_WHOLE);

	if (!is_whole(s, q, i))
		return can_serve_part(s, q, i);
	return instance_can_serve(instance_of(s, i), s->groups[q->group.i].of.model, &whole);
}

bool fit_stays(const struct scheduler *s, const struct waiting *q, struct instance_id i)
{
	return q->phase == PHASE_DECODE && q->from.i == i.i && fit_can_serve(s, q, i);
}

/** As far as is known. */
static bool had_memory(const struct scheduler *s, const struct waiting *q, struct instance_id i)
{
	const struct aged *a = &s->aged[i.i];
	double blocks = a->kv_blocks;

	return a->kv_blocks == 0 ||
	       a->kv_fill * blocks + aged_blocks(instance_of(s, i), q->prompt_tok) <=
		       blocks * (1.0 + 1e-12);
}

bool fit_has_memory(const struct scheduler *s, const struct waiting *q, struct instance_id i)
{
	struct demand d;

	/* where KV comes from elsewhere its blocks are set aside first: the two agree on that */
	if (s->aged && !had_memory(s, q, i))
		return false;
	if (s->aged && q->phase == PHASE_PREFILL)
		return true;
	d = demand_of(q, fit_service(s, q, i));
	return instance_has_memory(instance_of(s, i), &d);
}

bool fit_now(const struct scheduler *s, const struct waiting *q, struct instance_id i)
{
	if (fit_stays(s, q, i))
		return true;
	return s->instance_views[i.i].room > 0 && fit_can_serve(s, q, i) && fit_has_memory(s, q, i);
}

bool scheduler_can_serve(const struct scheduler *s, const struct waiting *w)
{
	for (size_t c = 0; c < s->view.n_classes; c++)
		if (fit_can_serve(s, w, s->class_views[c].members[0]))
			return true;
	return false;
}

bool scheduler_overflows(const struct scheduler *s, const struct waiting *w)
{
	for (size_t c = 0; c < s->view.n_classes; c++) {
		struct instance_id i = s->class_views[c].members[0];

		if (fit_can_serve(s, w, i) &&
			(!instance_drops(instance_of(s, i)) || s->class_views[c].n_free > 0))
			return false;
	}
	return true;
}
