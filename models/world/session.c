/* Conversations: each turn's prompt is all that was said before, answers included, and what is new.
 * A session is over after its last turn, when a turn was turned away, or when the model's context
 * cannot hold the next. */

#include "base/mem.h"
#include "models/ev.h"
#include "models/world/state.h"

static uint32_t pool_take(struct session_pool *p)
{
	uint32_t i = p->free;

	if (i != NO_ID) {
		p->free = p->at[i].next_free;
		return i;
	}
	p->at = mem_grow(p->at, p->n, &p->cap, sizeof *p->at);
	return (uint32_t)p->n++;
}

static void end(struct world *w, uint32_t session)
{
	struct session *s = &w->sessions.at[session];

	w->groups[s->group].going--;
	s->next_free = w->sessions.free;
	w->sessions.free = session;
}

uint32_t session_begin(struct world *w, struct group_id g, const struct request_draw *d)
{
	struct group *group = &w->groups[g.i];
	uint32_t session = pool_take(&w->sessions);

	w->sessions.at[session] = (struct session){
		.n = group->sessions,
		.group = g.i,
		.turn = 1,
		.turns = workload_turns(group->source, group->sessions),
		.prefix = d->content.prefix,
		.prefix_tok = d->content.prefix_tok,
	};
	group->sessions++;
	group->going++;
	group->begun++;
	return session;
}

bool session_goes_on(struct world *w, uint32_t session, uint32_t slot, enum fate fate)
{
	struct session *s = &w->sessions.at[session];
	const struct sequence *q = world_sequence(w, slot);
	double think_s;

	if (fate != FATE_DONE || s->turn == s->turns) {
		end(w, session);
		return false;
	}
	s->tok = q->prompt_tok + q->output_tok;
	s->turn++;
	workload_turn(w->groups[s->group].source, s->n, s->turn, &think_s);
	post_turn(w->engine, think_s, (struct group_id){s->group}, session);
	return true;
}

/** Prompt and answer in the model's context; there is one. */
static bool holds(const struct world *w, const struct session *s, const struct request_draw *d)
{
	struct model_id model = w->spec->groups[s->group].model;
	uint64_t tok = (uint64_t)s->tok + d->prompt_tok + d->output_tok;

	return tok <= (model.i == NO_ID ? DIST_COUNT_MAX : w->spec->models[model.i].shape.context);
}

bool session_turn(struct world *w, uint32_t session, struct request_draw *d)
{
	struct session *s = &w->sessions.at[session];
	double think_s;

	*d = workload_turn(w->groups[s->group].source, s->n, s->turn, &think_s);
	if (!holds(w, s, d)) {
		w->groups[s->group].cut++;
		end(w, session);
		return false;
	}
	d->prompt_tok += s->tok;
	d->content.prefix = s->prefix;
	d->content.prefix_tok = s->prefix_tok;
	return true;
}

uint64_t session_stream(const struct world *w, uint32_t session)
{
	const struct session *s = &w->sessions.at[session];
	uint64_t scope = content_scope(CONTENT_SESSION, w->spec->groups[s->group].name);

	return content_key(scope, s->n);
}
