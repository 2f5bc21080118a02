/* Steps of instances as slices, and what they say as counters. */
#include "io/record/timeline_parts.h"

enum { STEP_EVENTS = 8 };

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

/** The counters of @i, at @at_ns. */
static void counters(struct probe_state *t, uint32_t i, int64_t at_ns)
{
	struct timeline_instance *inst = &t->instances[i];
	const char *name = t->scenario->instances[i].name;
	struct timeline_lane all = {0};

	for (uint32_t l = 0; l < inst->n_lanes; l++) {
		all.batch += inst->lanes[l].batch;
		all.kv_blocks += inst->lanes[l].kv_blocks;
		all.waiting += inst->lanes[l].waiting;
	}
	count(t, name, " batch", &inst->shown.batch, at_ns, all.batch);
	count(t, name, " KV blocks", &inst->shown.kv_blocks, at_ns, all.kv_blocks);
	count(t, name, " queue", &inst->shown.waiting, at_ns, all.waiting);
}

/** Nobody is in its batch since it last worked. */
static void idle(struct probe_state *t, uint32_t i)
{
	struct timeline_instance *inst = &t->instances[i];

	for (uint32_t l = 0; l < inst->n_lanes; l++)
		inst->lanes[l].batch = inst->lanes[l].kv_blocks = 0;
	counters(t, i, inst->until_ns);
}

void timeline_idle(struct probe_state *t)
{
	for (uint32_t i = 0; i < t->scenario->n_instances; i++) {
		idle(t, i);
		t->instances[i].shown = (struct timeline_lane){0};
		for (uint32_t l = 0; l < t->instances[i].n_lanes; l++)
			t->instances[i].lanes[l].waiting = 0;
	}
}

/** No more devices than that draft. */
static uint32_t drafters_most(const struct scenario_spec *s)
{
	uint32_t n = 0;

	for (size_t i = 0; i < s->n_instances; i++)
		n += s->instances[i].draft.on;
	return n * (uint32_t)s->n_sites;
}

void timeline_tracks(struct probe_state *t)
{
	size_t n = t->scenario->n_instances;
	uint32_t next = 1;

	t->instances = arena_alloc(&t->arena, n, sizeof *t->instances);
	for (size_t i = 0; i < n; i++) {
		const struct instance_spec *s = &t->scenario->instances[i];
		struct timeline_instance *inst = &t->instances[i];

		inst->first_track = next;
		inst->n_tracks = s->n_stages > 0 ? (uint32_t)s->n_stages : 1;
		inst->n_lanes = s->micro_batches > 0 ? s->micro_batches : 1;
		inst->lanes = arena_alloc(&t->arena, inst->n_lanes, sizeof *inst->lanes);
		next += inst->n_tracks;
	}
	t->draft_track = next;
	t->link_track = next + drafters_most(t->scenario);
	t->drafter_named = arena_alloc(&t->arena, t->link_track - next + 1, sizeof(bool));
}

static void name_tracks(struct probe_state *t, uint32_t i)
{
	const struct instance_spec *s = &t->scenario->instances[i];
	struct timeline_instance *inst = &t->instances[i];

	inst->named = true;
	if (s->n_stages == 0) {
		trace_name_track(&t->out, t->process, inst->first_track, s->name);
		return;
	}
	for (uint32_t k = 0; k < inst->n_tracks; k++)
		trace_name_track(&t->out, t->process, inst->first_track + k,
			arena_printf(&t->arena, "%s, stage %u at %s", s->name, k + 1,
				t->scenario->sites[s->stages[k].site.i].name));
}

static void slice(struct probe_state *t, const struct step_span *s, uint32_t track)
{
	static const char *const names[] = {[STEP_PREFILL] = "prefill",
		[STEP_DECODE] = "decode",
		[STEP_CHUNK] = "chunk",
		[STEP_VERIFY] = "verify",
		[STEP_DRAFT] = "draft"};

	trace_open(&t->out, &(struct trace_event){.phase = 'X',
				    .process = t->process,
				    .track = track,
				    .at_ns = s->from_ns,
				    .dur_ns = s->to_ns - s->from_ns,
				    .category = "step",
				    .name = names[s->kind]});
	if (s->stage > 0)
		trace_count(&t->out, "micro_batch", s->lane + 1);
	trace_count(&t->out, "batch", s->batch);
	trace_count(&t->out, "steps", s->steps);
	if (s->kind == STEP_PREFILL || s->kind == STEP_CHUNK)
		trace_count(&t->out, "prompt_tok", s->prompt_tok);
	trace_count(&t->out, "tok", s->tok);
	trace_count(&t->out, "kv_blocks", s->kv_blocks);
	trace_close(&t->out);
}

static void slice_and_counters(
	struct probe_state *t, const struct step_span *s, struct timeline_lane *lane)
{
	struct timeline_instance *inst = &t->instances[s->instance.i];

	if (s->stage == 0 && s->from_ns > inst->until_ns)
		idle(t, s->instance.i);
	slice(t, s, timeline_track(t, s->instance.i) + (s->stage > 0 ? s->stage - 1 : 0));
	if (s->to_ns > inst->until_ns)
		inst->until_ns = s->to_ns;
	if (s->stage > 1)
		return; /* the first has told of it */
	lane->batch = s->batch;
	lane->kv_blocks = s->kv_blocks; /* prompts have theirs from the start on */
	counters(t, s->instance.i, s->from_ns);
	lane->waiting = s->waiting;
	counters(t, s->instance.i, s->to_ns);
}

static void instance_step(struct probe_state *t, const struct step_span *s)
{
	struct timeline_instance *inst = &t->instances[s->instance.i];
	struct timeline_lane *lane = &inst->lanes[s->lane < inst->n_lanes ? s->lane : 0];

	if (!inst->named)
		name_tracks(t, s->instance.i);
	if (s->steps > 0) {
		slice_and_counters(t, s, lane);
		return;
	}
	*lane = (struct timeline_lane){.waiting = s->waiting}; /* a micro-batch rests */
	counters(t, s->instance.i, s->to_ns);
}

/** A device that drafts has a track and no counters. */
static void drafter_step(struct probe_state *t, const struct step_span *s)
{
	uint32_t track = t->draft_track + s->drafter - 1;
	bool *named = &t->drafter_named[s->drafter - 1];

	if (!*named)
		trace_name_track(&t->out, t->process, track,
			arena_printf(
				&t->arena, "drafts at %s", t->scenario->sites[s->site.i].name));
	*named = true;
	slice(t, s, track);
}

void timeline_step(struct probe_state *t, const struct step_span *s)
{
	if (!timeline_room(t, STEP_EVENTS, s->from_ns))
		return;
	if (s->drafter > 0)
		drafter_step(t, s);
	else
		instance_step(t, s);
}

void timeline_line(struct probe_state *t, int64_t at_ns, size_t n)
{
	if (timeline_room(t, 1, at_ns))
		count(t, "scheduler queue", NULL, &t->waiting, at_ns, n);
}
