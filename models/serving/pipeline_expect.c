/* What a policy may expect of a pipeline. */

#include <math.h>

#include "models/net/net.h"
#include "models/serving/pipeline_parts.h"

double pipeline_hop_s(const struct instance_state *p, const struct hop *h, double bytes)
{
	if (h->kind == HOP_AT_ONCE)
		return 0.0;
	if (h->kind == HOP_BUS)
		return s_of_ns(h->latency_ns) + bytes / h->bytes_per_s;
	return net_predict_s(p->net, h->route, bytes, TRANSFER_HIDDEN, true);
}

/** Of what leaves stage @k, where a step has @rows and gives @tokens. */
static double hop_of_s(const struct instance_state *p, size_t k, double rows, double tokens)
{
	double bytes = k + 1 < p->n_stages ? rows * p->hidden_bytes : tokens * LLM_TOKEN_ID_BYTES;

	return pipeline_hop_s(p, &p->stages[k].hop, bytes);
}

/** From one token of a sequence to its next, where @n sequences are dealt out evenly:
 *  max(lanes max t, sum of t and hops). */
static double cycle_s(const struct instance_state *p, size_t n, double context_tok)
{
	size_t lanes = n < p->n_lanes ? n : p->n_lanes, size = (n + lanes - 1) / lanes;
	double tok = context_tok / (double)lanes, most_s = 0.0, sum_s = 0.0;

	size = size < p->lanes[0].batch.max_batch ? size : p->lanes[0].batch.max_batch;
	for (size_t k = 0; k < p->n_stages; k++) {
		double s = cost_decode_s(p->stages[k].cost, size, tok);

		most_s = fmax(most_s, s);
		sum_s += s + hop_of_s(p, k, (double)size, (double)size);
	}
	return fmax((double)lanes * most_s, sum_s);
}

double pipeline_step_s(const struct instance *i, struct load others)
{
	return cycle_s(i->state, (size_t)others.n + 1, others.context_tok);
}

/** A round of all that are here: as of batch.c. */
double pipeline_lag_s(const struct instance *i)
{
	const struct host_time *host = &i->spec->host_time;
	double others = i->assigned - 1.0, sum = host->late ? 1.0 : 0.0;

	if (host->ahead && others > 0.0)
		sum += 1.0;
	return sum * cycle_s(i->state, i->assigned, i->context_tok);
}

static double prompt_s(const struct instance_state *p, uint32_t tok)
{
	double sum_s = 0.0;

	for (size_t k = 0; k < p->n_stages; k++)
		sum_s += cost_prefill_s(p->stages[k].cost, tok, 1) +
			 cost_prefill_attention_s(p->stages[k].cost, tok, 0) +
			 hop_of_s(p, k, tok, 1.0);
	return sum_s;
}

struct expectation pipeline_expect(
	const struct instance *i, const struct demand *d, struct load others)
{
	const struct instance_state *p = i->state;
	double tok = others.context_tok + d->prompt_tok + 0.5 * d->output_tok;
	double all = (double)p->n_lanes * p->lanes[0].batch.max_batch;
	struct expectation e = {.prefill_s = prompt_s(p, d->prompt_tok)};

	if (d->output_tok > 1.0)
		e.decode_s = (d->output_tok - 1.0) * cycle_s(p, (size_t)others.n + 1, tok);
	if (others.n >= all) /* one place opens every service / all */
		e.wait_s = (others.n - all + 1.0) * (e.prefill_s + e.decode_s) / all;
	return e;
}
