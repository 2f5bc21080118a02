/* Who can serve whom: for ever, and now. */

#include "models/offload/scheduler_parts.h"

static struct demand demand_of(const struct waiting *q)
{
	return (struct demand){.prompt_tok = q->prompt_tok, .output_tok = q->output_tok};
}

bool fit_can_serve(const struct scheduler *s, const struct waiting *q, struct instance_id i)
{
	return instance_can_serve(instance_of(s, i), s->groups[q->group.i].of.model, demand_of(q));
}

bool fit_has_memory(const struct scheduler *s, const struct waiting *q, struct instance_id i)
{
	return instance_has_memory(instance_of(s, i), demand_of(q));
}

bool fit_now(const struct scheduler *s, const struct waiting *q, struct instance_id i)
{
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
