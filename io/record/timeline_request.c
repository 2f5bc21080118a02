/* The life of a request: slices one in the other, and an arrow from the scheduler to
 * the step that its prompt begins in. */
#include "io/record/timeline_parts.h"

enum { REQUEST_EVENTS = 24, PHASES = 7 };

/** When a request was where; phase k lies between the moments k and k + 1. */
struct life {
	const struct request_row *r;
	const struct instance_spec *at; /* NULL: nobody was to serve it */
	uint64_t id;
	int64_t ns[PHASES + 1];
	const char *const *phases;
};

static const char *const of_tokens[PHASES] = {
	"queued", "upload", "wait", "prefill", "kv", "decode", "download"};
/* a station tells of no first token: that is its last */
static const char *const of_work[PHASES] = {
	"queued", "upload", "wait", "service", "service", "service", "download"};

static const char *const fates[FATES] = {[FATE_IN_SYSTEM] = "in-system",
	[FATE_DONE] = "done",
	[FATE_REJECTED] = "rejected",
	[FATE_DROPPED] = "dropped"};

/** What it did not reach lies at its end. */
static struct life life_of(const struct probe_state *t, int64_t at_ns, const struct request_row *r)
{
	int64_t sent = r->assigned_ns == TIME_NONE ? TIME_NONE : r->assigned_ns + t->delay_ns;
	struct life l = {
		.r = r,
		.id = r->id,
		.ns = {r->created_ns, sent, r->uploaded_ns, r->started_ns, r->first_token_ns,
			r->joined_ns, r->finished_ns, at_ns},
		.phases = of_tokens,
	};

	if (r->instance != NO_ID)
		l.at = &t->scenario->instances[r->instance];
	if (l.at && l.at->synthetic)
		l.phases = of_work;
	if (r->joined_ns == TIME_NONE) /* it went on where it was */
		l.ns[5] = r->first_token_ns;
	for (size_t k = 0; k <= PHASES; k++)
		if (l.ns[k] == TIME_NONE || l.ns[k] > at_ns)
			l.ns[k] = at_ns;
	return l;
}

static void edge(struct probe_state *t, char phase, const char *category, const struct life *l,
	const char *name, const char *suffix, int64_t at_ns)
{
	trace_open(&t->out, &(struct trace_event){.phase = phase,
				    .process = t->process,
				    .at_ns = at_ns,
				    .category = category,
				    .name = name,
				    .suffix = suffix,
				    .id = l->id});
}

static void root(struct probe_state *t, const struct life *l)
{
	const struct request_row *r = l->r;

	edge(t, 'b', "request", l, t->scenario->groups[r->group].name, NULL, l->ns[0]);
	trace_count(&t->out, "id", r->id);
	trace_word(&t->out, "fate", fates[r->fate]);
	if (l->at)
		trace_word(&t->out, "instance", l->at->name);
	trace_count(&t->out, "prompt_tok", r->prompt_tok);
	trace_count(&t->out, "output_tok", r->output_tok);
	trace_count(&t->out, "preemptions", r->preemptions);
	if (r->cached_tok > 0)
		trace_count(&t->out, "cached_tok", r->cached_tok);
	trace_count(&t->out, "measured", r->measured);
	trace_close(&t->out);
}

static void phases(struct probe_state *t, const struct life *l)
{
	for (size_t k = 0; k < PHASES; k++) {
		if (l->ns[k] == l->ns[k + 1])
			continue;
		edge(t, 'b', "request", l, l->phases[k], NULL, l->ns[k]);
		trace_close(&t->out);
		edge(t, 'e', "request", l, l->phases[k], NULL, l->ns[k + 1]);
		trace_close(&t->out);
	}
	edge(t, 'e', "request", l, t->scenario->groups[l->r->group].name, NULL, l->ns[PHASES]);
	trace_close(&t->out);
}

/** The same from the other end: in service at a station. Slices of one place may overlap. */
static void there(struct probe_state *t, const struct life *l, int64_t from_ns, int64_t to_ns)
{
	const char *place = l->at->name;

	if (from_ns == to_ns)
		return;
	edge(t, 'b', "service", l, "served by ", place, from_ns);
	trace_count(&t->out, "request", l->r->id);
	trace_word(&t->out, "group", t->scenario->groups[l->r->group].name);
	trace_close(&t->out);
	edge(t, 'e', "service", l, "served by ", place, to_ns);
	trace_close(&t->out);
}

static void arrow_end(struct probe_state *t, const struct life *l, const char *name, char phase,
	uint32_t track, int64_t at_ns)
{
	trace_open(&t->out, &(struct trace_event){.phase = phase,
				    .process = t->process,
				    .track = track,
				    .at_ns = at_ns,
				    .category = "request",
				    .name = name,
				    .id = (uint64_t)t->process << 40 | l->id});
	trace_close(&t->out);
}

/** What the scheduler decided, an instant, and where it led to. */
static void decision(struct probe_state *t, const struct life *l)
{
	const struct request_row *r = l->r;

	if (!l->at || r->assigned_ns == TIME_NONE)
		return;
	trace_open(&t->out, &(struct trace_event){.phase = 'X',
				    .process = t->process,
				    .at_ns = r->assigned_ns,
				    .category = "decision",
				    .name = "to ",
				    .suffix = l->at->name});
	trace_count(&t->out, "request", r->id);
	trace_close(&t->out);
	if (l->at->synthetic || r->started_ns == TIME_NONE)
		return;
	arrow_end(t, l, "assigned", 's', 0, r->assigned_ns);
	arrow_end(t, l, "assigned", 'f', timeline_track(t, r->prefill), r->started_ns);
	if (r->joined_ns == TIME_NONE)
		return;
	/* from the end of the step that computed its prompt, inside of it */
	arrow_end(t, l, "kv", 's', timeline_track(t, r->prefill), r->first_token_ns - 1);
	arrow_end(t, l, "kv", 'f', timeline_track(t, r->instance), r->joined_ns);
}

void timeline_request(
	struct probe_state *t, enum moment m, int64_t at_ns, const struct request_row *r)
{
	struct life l;

	(void)m;
	if (!timeline_room(t, REQUEST_EVENTS, at_ns))
		return;
	l = life_of(t, at_ns, r);
	root(t, &l);
	phases(t, &l);
	if (l.at && l.at->synthetic)
		there(t, &l, l.ns[3], l.ns[6]);
	decision(t, &l);
}
