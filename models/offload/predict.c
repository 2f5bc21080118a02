/* Predictions: expected times from the profile, as a policy may know them. */

#include <math.h>

#include "models/net/net.h"
#include "models/offload/scheduler_parts.h"

static struct prediction predict(const struct scheduler *s, const struct waiting *q,
	struct instance_id i, double output_tok, bool idle)
{
	const struct instance *inst = instance_of(s, i);
	const struct scheduler_group *g = &s->groups[q->group.i].of;
	double up_bytes = q->prompt_tok * g->bytes_per_tok;
	double down_bytes =
		(g->stream && inst->tells ? fmin(1.0, output_tok) : output_tok) * g->bytes_per_tok;
	struct expectation at = instance_expect(inst,
		(struct demand){.prompt_tok = q->prompt_tok, .output_tok = output_tok},
		idle ? (struct load){0} : instance_load(inst));
	struct prediction p = {
		.upload_s = net_predict_s(
			s->net, route_of(s, q->group, i, false), up_bytes, TRANSFER_PROMPT, idle),
		.wait_s = at.wait_s,
		.prefill_s = at.prefill_s,
		.decode_s = at.decode_s,
		.download_s = net_predict_s(
			s->net, route_of(s, q->group, i, true), down_bytes, TRANSFER_ANSWER, idle),
	};

	p.total_s = p.upload_s + p.wait_s + p.prefill_s + p.decode_s + p.download_s + s->delay_s;
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
