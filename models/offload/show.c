/* An instance as it is shown: its load, its room, since when it is idle. */

#include <math.h>

#include "models/offload/scheduler_parts.h"

static void busy(struct scheduler *s, struct instance_id i)
{
	s->instance_views[i.i].idle_since_s = HUGE_VAL;
	s->seats[i.i].idle_order = IDLE_NEVER;
}

static void idle(struct scheduler *s, struct instance_id i, int64_t at_ns)
{
	s->idle_order += at_ns > s->idle_at_ns;
	s->idle_at_ns = at_ns;
	s->instance_views[i.i].idle_since_s = s_of_ns(at_ns);
	s->seats[i.i].idle_order = s->idle_order;
}

void view_show(
	struct scheduler *s, struct instance_id i, uint32_t assigned, uint32_t room, int64_t at_ns)
{
	struct instance_view *x = &s->instance_views[i.i];
	struct class_view *c = &s->class_views[x->cls.i];
	bool had = x->room > 0;

	x->assigned = assigned;
	x->room = room;
	if (x->assigned > 0)
		busy(s, i);
	else if (!(x->idle_since_s < HUGE_VAL))
		idle(s, i, at_ns);
	if (had != (x->room > 0)) {
		c->n_free += had ? (size_t)-1 : 1;
		s->view.n_free += had ? (size_t)-1 : 1;
	}
	ranking_touch(s, i);
}
