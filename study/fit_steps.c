/* Steps of a usual kind, before and after a fit. */
#include <string.h>

#include "study/fit_parts.h"
#include "study/fit_share.h"

static const struct fit_step usual[FIT_STEPS] = {
	{.n = 1, .context_tok = 0},
	{.n = 1, .context_tok = 1000},
	{.n = 8, .context_tok = 1000},
	{.n = 32, .context_tok = 1000},
	{.prompt_tok = 128},
	{.prompt_tok = 512},
	{.prompt_tok = 2048},
};

static double step_s(const struct cost *c, const struct fit_step *s)
{
	if (s->prompt_tok > 0)
		return cost_prefill_s(c, s->prompt_tok, 1) +
		       cost_prefill_attention_s(c, s->prompt_tok, 0);
	return cost_step_s(c, &(struct cost_work){.n_decode = s->n,
				      .decode_context_tok = (double)s->n * s->context_tok});
}

static bool fits(const struct scenario_spec *sc, const struct fit_step *s)
{
	const struct instance_spec *i = sc->instances;
	unsigned most = sc->models[i->model.i].shape.context;

	if (i->limits.max_len_tok > 0 && i->limits.max_len_tok < most)
		most = i->limits.max_len_tok;
	return s->n <= i->max_batch && s->context_tok < most && s->prompt_tok < most;
}

bool fit_steps(struct fit_result *out, const struct fit *f, struct err *err)
{
	struct cost_spec was = fit_price(f->s->spec, out->base);
	struct cost_spec is = fit_price(f->s->spec, out->profile);
	struct cost *before = NULL, *after = NULL;
	bool ok = cost_create(&before, &was, err) && cost_create(&after, &is, err);

	memcpy(out->steps, usual, sizeof usual);
	for (size_t k = 0; ok && k < FIT_STEPS; k++) {
		struct fit_step *s = &out->steps[k];

		if (!fits(f->s->spec, s))
			continue;
		s->before_s = step_s(before, s);
		s->after_s = step_s(after, s);
	}
	cost_destroy(before);
	cost_destroy(after);
	return ok;
}
