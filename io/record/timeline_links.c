/* What links carry: slices one after another where it goes in order, else slices that overlap. */
#include "io/record/timeline_parts.h"
#include "models/net/link.h"

static void edge(
	struct probe_state *t, char phase, const struct transfer_span *s, int64_t at_ns, bool says)
{
	trace_open(&t->out, &(struct trace_event){.phase = phase,
				    .process = t->process,
				    .at_ns = at_ns,
				    .category = "link",
				    .name = s->name,
				    .id = t->flows});
	if (says)
		trace_word(&t->out, "carries", transfer_kind_name(s->kind));
	if (says)
		trace_count(&t->out, "bytes", (uint64_t)s->bytes);
	trace_close(&t->out);
}

static void shared(struct probe_state *t, const struct transfer_span *s)
{
	t->flows++;
	edge(t, 'b', s, s->from_ns, true);
	edge(t, 'e', s, s->to_ns, false);
}

static struct timeline_link *link_of(struct probe_state *t, uint32_t number)
{
	while (t->n_links <= number) {
		t->links = mem_grow(t->links, t->n_links, &t->cap_links, sizeof *t->links);
		t->links[t->n_links++] = (struct timeline_link){0};
	}
	return &t->links[number];
}

/** In order: what leaves before another has, to the rounding of the clock, begins when it has. */
static void in_order(struct probe_state *t, const struct transfer_span *s)
{
	struct timeline_link *l = link_of(t, s->link);
	int64_t from_ns = s->from_ns > l->until_ns ? s->from_ns : l->until_ns;
	uint32_t track = t->link_track + s->link;

	if (!l->named)
		trace_name_track(&t->out, t->process, track, s->name);
	l->named = true;
	l->until_ns = s->to_ns > from_ns ? s->to_ns : from_ns;
	trace_open(&t->out, &(struct trace_event){.phase = 'X',
				    .process = t->process,
				    .track = track,
				    .at_ns = from_ns,
				    .dur_ns = l->until_ns - from_ns,
				    .category = "link",
				    .name = transfer_kind_name(s->kind)});
	trace_count(&t->out, "bytes", (uint64_t)s->bytes);
	trace_close(&t->out);
}

void timeline_transfer(struct probe_state *t, const struct transfer_span *s)
{
	if (!timeline_room(t, 2, s->from_ns))
		return;
	if (s->shared)
		shared(t, s);
	else
		in_order(t, s);
}
