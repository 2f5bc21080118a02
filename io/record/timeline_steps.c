/* Steps of instances as slices, and what they say as counters. */
#include "io/record/timeline_parts.h"

enum { STEP_EVENTS = 6 };

static void count(struct probe_state *t, const char *who, const char *what, uint64_t *shown,
	int64_t at_ns, uint64_t value)
{
	if (*shown == value)
		return;
	*shown = value;
	trace_open(&t->out, &(struct trace_event){.phase = 'C',
				    .process = t->process,
				    .at_ns = at_ns,
				    .name = who,
				    .suffix = what});
	trace_count(&t->out, "n", value);
	trace_close(&t->out);
}

static void idle(struct probe_state *t, uint32_t i)
{
	struct timeline_instance *inst = &t->instances[i];
	const char *name = t->scenario->instances[i].name;

	count(t, name, " batch", &inst->batch, inst->until_ns, 0);
	count(t, name, " KV blocks", &inst->kv_blocks, inst->until_ns, 0);
}

void timeline_idle(struct probe_state *t)
{
	for (uint32_t i = 0; i < t->scenario->n_instances; i++)
		idle(t, i);
}

static void slice(struct probe_state *t, const struct step_span *s)
{
	static const char *const names[] = {[STEP_PREFILL] = "prefill",
		[STEP_DECODE] = "decode",
		[STEP_CHUNK] = "chunk",
		[STEP_VERIFY] = "verify"};

	trace_open(&t->out, &(struct trace_event){.phase = 'X',
				    .process = t->process,
				    .track = timeline_track(s->instance.i),
				    .at_ns = s->from_ns,
				    .dur_ns = s->to_ns - s->from_ns,
				    .category = "step",
				    .name = names[s->kind]});
	trace_count(&t->out, "batch", s->batch);
	trace_count(&t->out, "steps", s->steps);
	if (s->kind == STEP_PREFILL || s->kind == STEP_CHUNK)
		trace_count(&t->out, "prompt_tok", s->prompt_tok);
	trace_count(&t->out, "tok", s->tok);
	trace_count(&t->out, "kv_blocks", s->kv_blocks);
	trace_close(&t->out);
}

void timeline_step(struct probe_state *t, const struct step_span *s)
{
	struct timeline_instance *inst = &t->instances[s->instance.i];
	const char *name = t->scenario->instances[s->instance.i].name;

	if (!timeline_room(t, STEP_EVENTS, s->from_ns))
		return;
	if (!inst->named)
		trace_name_track(&t->out, t->process, timeline_track(s->instance.i), name);
	inst->named = true;
	if (s->from_ns > inst->until_ns)
		idle(t, s->instance.i);
	slice(t, s);
	count(t, name, " batch", &inst->batch, s->from_ns, s->batch);
	count(t, name, " KV blocks", &inst->kv_blocks, s->to_ns, s->kv_blocks);
	count(t, name, " queue", &inst->waiting, s->to_ns, s->waiting);
	inst->until_ns = s->to_ns;
}

void timeline_line(struct probe_state *t, int64_t at_ns, size_t n)
{
	if (timeline_room(t, 1, at_ns))
		count(t, "scheduler queue", NULL, &t->waiting, at_ns, n);
}
