#include "models/serving/instance.h"

#include <stdlib.h>

#include "base/mem.h"

static bool is_plain(const struct instance_spec *s)
{
	const struct host_time *host = &s->host_time;

	return !s->draft.on && s->role == ROLE_BOTH && host->request_s == 0.0 && !host->ahead &&
	       !host->late;
}

bool instance_init(struct instance *i, const struct instance_build *b, struct err *err)
{
	const struct instance_ops *ops = instance_kind(b->spec);

	*i = (struct instance){
		.ops = ops,
		.state = mem_zalloc(1, ops->state_size),
		.spec = b->spec,
		.id = b->id,
		.model = b->spec->model,
		.site = b->spec->site,
		.plain = is_plain(b->spec),
		.host = b->host,
		.world = b->world,
		.engine = b->engine,
		.sequences = b->sequences,
	};
	level_init(&i->in_system, 0, 0.0);
	level_init(&i->running, 0, 0.0);
	level_init(&i->busy, 0, 0.0);
	return ops->init(i, b, err);
}

void instance_finish(struct instance *i)
{
	if (!i->ops)
		return;
	i->ops->finish(i);
	free(i->state);
}

void instance_assign(struct instance *i, uint32_t seq, double expected_tok)
{
	struct sequence *s = instance_sequence(i, seq);
	bool place = instance_room(i) > 0;

	level_add(&i->in_system, engine_now_ns(i->engine), 1.0);
	i->assigned++;
	s->expected_tok = expected_tok;
	i->context_tok += expected_tok;
	if (i->ops->assigned)
		i->ops->assigned(i, seq, place);
	if (!i->full)
		instance_tell_full(i, false);
}

double instance_front_s(const struct instance *i)
{
	const struct host_time *host = &i->spec->host_time;

	if (i->plain)
		return 0.0;
	if (!host->ahead && !host->late)
		return host->request_s;
	return host->request_s + i->ops->lag_s(i);
}

void instance_served(struct instance *i, uint32_t seq)
{
	const struct sequence *s = instance_sequence(i, seq);
	/* of a prompt alone; what it is to be where it goes on may be known already */
	double tok = s->part ? s->prompt_tok : s->expected_tok;

	level_add(&i->in_system, engine_now_ns(i->engine), -1.0);
	i->served++;
	i->assigned--;
	i->context_tok = i->assigned > 0 ? i->context_tok - tok : 0.0;
	i->host->served(i->world, i->id, seq);
}

void instance_hold(struct instance *i, bool held)
{
	i->held = held;
	i->host->room(i->world, i->id);
}

void instance_tell_steps(struct instance *i)
{
	i->tells_steps = true;
}

void instance_close(struct instance *i)
{
	if (i->tells_steps && i->ops->close)
		i->ops->close(i);
}

void instance_measure(struct instance *i, int64_t now_ns)
{
	level_restart(&i->in_system, now_ns);
	level_restart(&i->running, now_ns);
	level_restart(&i->busy, now_ns);
	i->served = 0;
	i->preemptions = 0;
	i->swap_bytes = 0.0;
	i->kv_sent_bytes = 0.0;
	if (i->ops->measure)
		i->ops->measure(i);
}

bool instance_drew(const struct instance *i)
{
	return i->ops->drew && i->ops->drew(i);
}

bool instance_stage(const struct instance *i, size_t k, struct stage_gauge *out)
{
	return i->ops->stage && i->ops->stage(i, k, out);
}

void speculation_add(struct speculation_counts *to, const struct speculation_counts *x)
{
	to->rounds += x->rounds;
	to->drafted += x->drafted;
	to->looked_at += x->looked_at;
	to->accepted += x->accepted;
	to->wasted += x->wasted;
	to->given += x->given;
	to->draft_bytes += x->draft_bytes;
}

bool instance_speculated(const struct instance *i, struct speculation_counts *out)
{
	return i->ops->speculated && i->ops->speculated(i, out);
}

bool instance_gauge(const struct instance *i, struct gauge *out)
{
	if (!i->ops->gauge)
		return false;
	*out = (struct gauge){0};
	i->ops->gauge(i, out);
	return true;
}
