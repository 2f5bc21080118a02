#include "plan/token_time.h"

#include <math.h>

#include "models/cost/offload.h"
#include "models/serving/acceptance.h"
#include "models/world/prices.h"

/** Mean of a step over the tokens behind the first. */
static double mean_s(const struct cost *c, const struct offload *o, const struct token_request *r)
{
	uint32_t n = r->output_tok > 2 ? r->output_tok - 1 : 1;
	double sum = 0.0;

	for (uint32_t j = 1; j <= n; j++) {
		double tok = (double)r->prompt_tok + j;

		sum += o ? cost_affine_s(offload_decode(o, c, 1, tok), tok)
			 : cost_decode_s(c, 1, tok);
	}
	return sum / n;
}

/** A drafter of its own, elsewhere. */
struct talk {
	double up_s, down_s; /* of a draft, of a verdict */
};

static bool talk(struct talk *out, struct cost_spec *drafter, const struct devices *d,
	const struct instance_spec *i, struct err *err)
{
	struct site_id at = i->draft.sites[0].site;

	drafter->profile = i->draft.sites[0].profile;
	drafter->gpu = &d->spec->sites[at.i].gpu;
	drafter->max_batch = i->draft.max_batch;
	drafter->reserve_bytes = i->reserve_bytes;
	out->up_s = devices_way_s(d, at, i->site, i->draft.k * i->draft.tok_bytes, TRANSFER_DRAFT);
	out->down_s = devices_way_s(d, i->site, at, i->draft.verdict_bytes, TRANSFER_DRAFT);
	return out->up_s + out->down_s < HUGE_VAL ||
	       err_at(err, i->draft.at, "there is no way from the drafter of '%s' to its model",
		       i->name);
}

static double prompt_s(const struct cost *c, uint32_t tok)
{
	return cost_prefill_s(c, tok, 1) + cost_prefill_attention_s(c, tok, 0);
}

/** Of all rounds together: what goes to and fro, and first of all the drafter has to have computed
 *  the prompt, which it began with the model. */
static double talk_s(const struct talk *t, const struct cost *c, const struct cost *draft,
	const struct token_request *r, double rounds)
{
	double late = prompt_s(draft, r->prompt_tok) - prompt_s(c, r->prompt_tok) - t->down_s;

	return rounds * (t->up_s + t->down_s) + fmax(late, 0.0);
}

static bool drafted_s(double *out_s, const struct devices *d, const struct instance_spec *i,
	const struct cost_spec *what, const struct cost *c, const struct token_request *r,
	struct err *err)
{
	struct cost_spec spec = price_of_draft(d->spec, i, what);
	double tok = r->output_tok > 2 ? r->output_tok - 1.0 : 1.0, rounds, s;
	bool chosen = i->draft.adaptive || i->draft.planned; /* as if one were best for all */
	uint32_t k;
	struct talk t = {0};
	struct cost *draft;

	if (i->draft.n_sites > 1)
		return err_at(err, i->draft.at,
			"the drafts of instance '%s' are made at several sites", i->name);
	if (i->draft.n_sites == 1 && !talk(&t, &spec, d, i, err))
		return false;
	if (!cost_create(&draft, &spec, err))
		return false;
	*out_s = HUGE_VAL;
	for (k = chosen ? 0 : i->draft.k; k <= i->draft.k; k++) {
		rounds = acceptance_slowest_rounds(r->acceptance, k, (size_t)tok, 1);
		s = rounds * cost_round_s(c, draft, 1, k, r->prompt_tok + 0.5 * r->output_tok);
		if (i->draft.n_sites == 1)
			s += talk_s(&t, c, draft, r, rounds);
		*out_s = fmin(*out_s, s / tok);
	}
	cost_destroy(draft);
	return true;
}

static bool of_one(double *out_s, const struct devices *d, const struct instance_spec *i,
	const struct token_request *r, struct err *err)
{
	struct cost_spec what = price_of(d->spec, i);
	struct offload *o = NULL;
	struct cost *c;
	bool ok;

	if (!cost_create(&c, &what, err))
		return false;
	ok = offload_create(&o, &what, err);
	if (ok && i->draft.on && i->draft.k > 0)
		ok = drafted_s(out_s, d, i, &what, c, r, err);
	else if (ok)
		*out_s = mean_s(c, o, r);
	offload_destroy(o);
	cost_destroy(c);
	return ok;
}

/** The stages one after the other, and what they send. */
static bool of_pipeline(double *out_s, const struct devices *d, const struct instance_spec *i,
	const struct token_request *r, struct err *err)
{
	double hidden = llm_hidden_bytes(&d->spec->models[i->model.i].shape);

	*out_s = 0.0;
	for (size_t k = 0; k < i->n_stages; k++) {
		struct cost_spec what = price_of_stage(d->spec, i, k);
		bool last = k + 1 == i->n_stages;
		struct cost *c;

		if (!cost_create(&c, &what, err))
			return false;
		*out_s += mean_s(c, NULL, r);
		if (i->n_stages > 1)
			*out_s += devices_way_s(d, i->stages[k].site,
				i->stages[last ? 0 : k + 1].site,
				last ? LLM_TOKEN_ID_BYTES : hidden, TRANSFER_HIDDEN);
		cost_destroy(c);
	}
	return *out_s < HUGE_VAL ||
	       err_at(err, i->at, "there is no way from one stage of '%s' to the next", i->name);
}

bool token_time(double *out_s, const struct devices *d, const struct instance_spec *i,
	const struct token_request *r, struct err *err)
{
	return i->n_stages > 0 ? of_pipeline(out_s, d, i, r, err) : of_one(out_s, d, i, r, err);
}
