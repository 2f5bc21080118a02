/* Predictions: expected times from the profile, as a policy may know them. */

#include <math.h>

#include "models/net/net.h"
#include "models/offload/scheduler_parts.h"

static double prompt_way_s(
	const struct scheduler *s, const struct waiting *q, struct instance_id i, bool idle)
{
	double bytes = q->prompt_tok * s->groups[q->group.i].of.bytes_per_tok;

	return net_predict_s(s->net, route_of(s, q->group, i, false), bytes, TRANSFER_PROMPT, idle);
}

static double answer_way_s(const struct scheduler *s, const struct waiting *q, struct instance_id i,
	double output_tok, bool idle)
{
	const struct scheduler_group *g = &s->groups[q->group.i].of;
	bool tells = g->stream && instance_of(s, i)->tells;
	double bytes = (tells ? fmin(1.0, output_tok) : output_tok) * g->bytes_per_tok;

	return net_predict_s(s->net, route_of(s, q->group, i, true), bytes, TRANSFER_ANSWER, idle);
}

/** @bytes of it, from @a to @b. */
static double kv_send_s(const struct scheduler *s, struct instance_id a, struct instance_id b,
	double bytes, bool idle)
{
	const struct kv_local *local = kv_local_of(s, a, b);

	if (local)
		return local->delay_s + bytes / local->bytes_per_s;
	return net_predict_s(s->net, kv_route_of(s, a, b), bytes, TRANSFER_KV, idle);
}

/** Until the KV of @q, which lies at @from, is at @i. While its prompt is computed all layers but
 *  the last can go ahead. */
static double kv_way_s(const struct scheduler *s, const struct waiting *q, struct instance_id from,
	struct instance_id i, bool idle)
{
	const struct scheduler_group *g = &s->groups[q->group.i].of;
	double bytes = q->prompt_tok * g->kv_bytes_per_tok;
	double ready_s = fmax(0.0, q->ready_s - s->view.now_s), whole_s;

	if (from.i == i.i || !kv_route_of(s, from, i))
		return ready_s;
	whole_s = kv_send_s(s, from, i, bytes, idle);
	if (!(ready_s > 0.0))
		return whole_s;
	return fmax(whole_s, ready_s + kv_send_s(s, from, i, bytes / g->n_layers, idle));
}

static struct expectation expect(const struct scheduler *s, const struct waiting *q,
	struct instance_id i, double output_tok, enum service what, bool idle)
{
	const struct instance *inst = instance_of(s, i);

	return instance_expect(inst,
		&(struct demand){.prompt_tok = q->prompt_tok,
			.output_tok = output_tok,
			.what = what,
			.group = q->group},
		idle ? (struct load){0} : load_of(s, i));
}

/** What follows elsewhere on a prompt computed at @i, at the least. */
static double later_s(
	const struct scheduler *s, const struct waiting *q, struct instance_id i, double output_tok)
{
	const struct followers *f = &s->followers[s->instance_views[i.i].cls.i];
	double least_s = HUGE_VAL;

	for (size_t k = 0; k < f->n; k++) {
		struct instance_id to = f->at[k];
		struct expectation at = expect(s, q, to, output_tok, SERVE_DECODE, true);

		least_s = fmin(least_s, kv_way_s(s, q, i, to, true) + at.decode_s +
						answer_way_s(s, q, to, output_tok, true));
	}
	return f->n > 0 ? least_s : 0.0;
}

static struct prediction predict(const struct scheduler *s, const struct waiting *q,
	struct instance_id i, double output_tok, bool idle)
{
	enum service what = fit_service(s, q, i);
	struct expectation at = expect(s, q, i, output_tok, what, idle);
	struct prediction p = {
		.wait_s = at.wait_s, .prefill_s = at.prefill_s, .decode_s = at.decode_s};

	if (what == SERVE_DECODE)
		p.upload_s = q->from.i == NO_ID ? 0.0 : kv_way_s(s, q, q->from, i, idle);
	else
		p.upload_s = prompt_way_s(s, q, i, idle);
	if (what == SERVE_PREFILL)
		p.later_s = later_s(s, q, i, output_tok);
	else
		p.download_s = answer_way_s(s, q, i, output_tok, idle);
	p.total_s = p.upload_s + p.wait_s + p.prefill_s + p.decode_s + p.download_s + s->delay_s;
	if (what == SERVE_PREFILL)
		p.total_s += p.later_s;
	return p;
}

struct prediction predict_loaded(
	const struct scheduler *s, const struct waiting *q, struct instance_id i, double output_tok)
{
	return predict(s, q, i, output_tok, false);
}

struct prediction predict_idle(
	const struct scheduler *s, const struct waiting *q, struct instance_id i, double output_tok)
{
	return predict(s, q, i, output_tok, true);
}
