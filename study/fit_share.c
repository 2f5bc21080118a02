/* Steps into what each constant has of them. */
#include "study/fit_share.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "models/cost/cost.h"
#include "models/cost/profile.h"
#include "models/world/prices.h"

struct stretch {
	int64_t from_ns, to_ns;
	double rate[FIT_CONSTANTS];   /* share of a second */
	double before[FIT_CONSTANTS]; /* of all earlier ones */
};

struct probe_state {
	struct shares *shares;
};

struct shares {
	struct cost *costs[FIT_CONSTANTS + 1];
	size_t n;
	double by;
	unsigned block_tok;
	size_t n_stretches, cap;
	struct stretch *at;
	struct probe_state told;
};

struct cost_spec fit_price(const struct scenario_spec *s, const struct profile *p)
{
	struct instance_spec with = s->instances[0];
	struct cost_spec what;

	with.profile = p;
	profile_host(&with.host_time, p);
	what = price_of(s, &with);
	what.offload = NULL; /* it has none, and @with ends here */
	what.interconnect = &s->instances[0].parallel.interconnect;
	return what;
}

bool shares_create(struct shares **out, const struct shares_spec *s, struct err *err)
{
	struct shares *h = mem_zalloc(1, sizeof *h);
	bool ok = true;

	h->n = s->n;
	h->by = s->by;
	h->block_tok = s->scenario->instances[0].block_tok;
	h->told.shares = h;
	for (size_t k = 0; ok && k <= s->n; k++) {
		struct cost_spec what = fit_price(s->scenario, s->profiles[k]);

		ok = cost_create(&h->costs[k], &what, err);
	}
	*out = h;
	return ok;
}

void shares_destroy(struct shares *s)
{
	if (!s)
		return;
	for (size_t k = 0; k <= s->n; k++)
		cost_destroy(s->costs[k]);
	free(s->at);
	free(s);
}

void shares_clear(struct shares *s)
{
	s->n_stretches = 0;
}

/* A step without context and attention, and what a unit of those takes. */
struct parts {
	double fixed_s, context_s, attention_s;
};

static struct parts parts_of(const struct cost *c, const struct step_span *s)
{
	bool prompts = s->prompt_tok > 0;
	size_t n = prompts && s->kind == STEP_PREFILL ? 0 : s->batch - (prompts && s->batch > 0);
	struct cost_work w = {
		.n_decode = n, .prompt_tok = s->prompt_tok, .n_ended = prompts ? s->batch - n : 0};
	struct parts p = {.fixed_s = cost_step_s(c, &w)};

	if (n > 0) {
		w.decode_context_tok = 1000.0 * (double)n;
		p.context_s = cost_step_s(c, &w) - p.fixed_s;
	}
	if (prompts)
		p.attention_s =
			cost_prefill_attention_s(c, (uint32_t)fmin((double)s->prompt_tok, 1e9), 0);
	return p;
}

/* How the rest of a step, beside what is fixed, divides into context and attention. */
static double context_share(
	const struct shares *h, const struct step_span *s, const struct parts *p)
{
	double tok = (double)s->kv_blocks * h->block_tok;
	double context_s = p->context_s * tok / (1000.0 * fmax((double)s->batch, 1.0));

	if (p->attention_s == 0.0)
		return 1.0;
	return context_s / (context_s + p->attention_s);
}

static double relative(double moved, double now)
{
	return now > 0.0 ? moved / now - 1.0 : 0.0;
}

static void on_step(struct probe_state *told, const struct step_span *s)
{
	struct shares *h = told->shares;
	double length_s = 1e-9 * (double)(s->to_ns - s->from_ns), steps = (double)s->steps;
	struct parts now, moved;
	struct stretch *at;
	double rest_s, share;

	if (s->to_ns <= s->from_ns)
		return;
	h->at = mem_grow(h->at, h->n_stretches, &h->cap, sizeof *h->at);
	at = &h->at[h->n_stretches++];
	*at = (struct stretch){.from_ns = s->from_ns, .to_ns = s->to_ns};
	now = parts_of(h->costs[0], s);
	rest_s = fmax(length_s - steps * now.fixed_s, 0.0);
	share = context_share(h, s, &now);
	for (size_t k = 0; k < h->n; k++) {
		moved = parts_of(h->costs[k + 1], s);
		at->rate[k] = (steps * (moved.fixed_s - now.fixed_s) +
				      rest_s * share * relative(moved.context_s, now.context_s) +
				      rest_s * (1.0 - share) *
					      relative(moved.attention_s, now.attention_s)) /
			      (h->by * length_s);
		if (h->n_stretches > 1)
			at->before[k] =
				at[-1].before[k] +
				1e-9 * at[-1].rate[k] * (double)(at[-1].to_ns - at[-1].from_ns);
	}
}

struct probe shares_probe(struct shares *s)
{
	static const struct probe_ops ops = {.name = "shares", .step = on_step};

	return (struct probe){&ops, &s->told};
}

/* Of constant @k, from the begin of the run. */
static double until(const struct shares *s, size_t k, int64_t at_ns)
{
	size_t low = 0, high = s->n_stretches;
	const struct stretch *t;

	while (low < high) { /* the first that begins at @at_ns or later */
		size_t mid = (low + high) / 2;

		if (s->at[mid].from_ns < at_ns)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == 0)
		return 0.0;
	t = &s->at[low - 1];
	return t->before[k] +
	       1e-9 * t->rate[k] * (double)((at_ns < t->to_ns ? at_ns : t->to_ns) - t->from_ns);
}

double shares_between(const struct shares *s, size_t k, int64_t from_ns, int64_t to_ns)
{
	return until(s, k, to_ns) - until(s, k, from_ns);
}
