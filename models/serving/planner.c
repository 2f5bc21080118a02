/* The best plan of a batch, by looking at all. */
#include "models/serving/planner.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "models/cost/holding.h"
#include "models/serving/plan_parts.h"

const char *const plan_bound_names[PLAN_BOUNDS] = {
	"memory", "prefill", "PCIe", "draft", "verify", "link", "bubble"};

/** On average. */
static double of_round(double sum_s, double rounds)
{
	return rounds > 0.0 ? sum_s / rounds : 0.0;
}

/** The candidate of sizes @m, @d, @b and of @k. */
static struct plan candidate(const struct planner *p, const struct plan_parts *t,
	const struct plan_answer *a, size_t m, size_t d, size_t b, uint32_t k)
{
	struct plan c = {.prefill_batch = t->size[m],
		.decode_batch = t->size[d],
		.draft_batch = k > 0 ? t->size[b] : 0,
		.k = k,
		.prefill_s = t->prefill_s[m] + (k > 0 ? t->draft_prefill_s[m] : 0.0),
		.draft_s = of_round(t->draft_s[k][b], t->rounds[k]),
		.verify_s = of_round(t->verify_s[k][d], t->rounds[k]),
		.wait_s = of_round(t->wait_s[k][d], t->rounds[k]),
		.rounds = t->rounds[k]};

	c.round_s = c.draft_s + c.verify_s + c.wait_s;
	c.total_s = c.prefill_s + t->draft_s[k][b] + t->verify_s[k][d] + t->wait_s[k][d];
	c.memory_bytes = plan_memory_bytes(p, a, &c);
	c.room_bytes = a->room_bytes;
	return c;
}

static enum plan_bound binds(const struct plan_answer *a)
{
	const struct plan *c = &a->best[0];
	enum plan_bound outside;

	if (plan_binds_outside(&outside, a))
		return outside;
	if (c->wait_s > 0.0 && a->fetch_s >= c->draft_s)
		return PLAN_PCIE;
	return c->draft_s > c->verify_s ? PLAN_DRAFT : PLAN_VERIFY;
}

/** On one device, in passes. */
static void search(const struct planner *p, struct plan_answer *a)
{
	struct plan_parts t = {0};

	plan_parts_fill(&t, &p->spec, a);
	for (uint32_t k = 0; k <= t.k_most; k++)
		for (size_t m = 0; m < t.n_sizes; m++)
			for (size_t d = 0; d < t.n_sizes; d++)
				for (size_t b = 0; b < (k > 0 ? t.n_sizes : 1); b++) {
					struct plan c = candidate(p, &t, a, m, d, b, k);

					plan_look_at(a, &c);
				}
	if (a->n_best > 0)
		a->binds = binds(a);
}

static size_t slot(uint32_t n, uint32_t prompt_tok, uint32_t output_tok)
{
	uint64_t h = n;

	h = (h * 0x9e3779b97f4a7c15u + prompt_tok) * 0x9e3779b97f4a7c15u + output_tok;
	return (h * 0x9e3779b97f4a7c15u) >> 56;
}

static const struct plan_answer *answer(
	struct planner *p, uint32_t n, uint32_t prompt_tok, uint32_t output_tok)
{
	struct plan_answer *a = &p->kept[slot(n, prompt_tok, output_tok)];

	if (a->n == n && a->prompt_tok == prompt_tok && a->output_tok == output_tok)
		return a;
	*a = (struct plan_answer){.n = n,
		.prompt_tok = prompt_tok,
		.output_tok = output_tok,
		.room_bytes = p->spec.room_bytes,
		.unlimited_s = HUGE_VAL,
		.fetch_s = p->fetch_s};
	if (p->spec.n_stages > 0)
		plan_stages_search(p, a);
	else if (p->spec.apart)
		plan_apart_search(p, a);
	else
		search(p, a);
	return a;
}

static bool check_tokens(const struct planner *p, uint64_t tok, struct err *err)
{
	const struct llm_shape *shape = p->spec.what.shape;
	unsigned most = p->spec.what.max_len_tok;

	if (most > 0 && most < shape->context)
		return tok <= most || err_at(err, p->spec.at,
					      "instance '%s': prompt and answer have %" PRIu64
					      " tokens, but max_len is %u",
					      p->spec.name, tok, most);
	return tok <= shape->context || err_at(err, p->spec.at,
						"instance '%s': prompt and answer have %" PRIu64
						" tokens, but the context of %s has %u",
						p->spec.name, tok, shape->name, shape->context);
}

bool planner_best(const struct plan_answer **out, struct planner *p, uint32_t n,
	uint32_t prompt_tok, uint32_t output_tok, struct err *err)
{
	assert(n >= 1 && prompt_tok >= 1 && output_tok >= 1);
	if (n > p->spec.max_n)
		return err_at(err, p->spec.at, "instance '%s': a batch of %u is beyond %u",
			p->spec.name, n, p->spec.max_n);
	if (!check_tokens(p, (uint64_t)prompt_tok + output_tok, err))
		return false;
	*out = answer(p, n, prompt_tok, output_tok);
	return plan_memory_check(p, *out, err);
}

/** All streamed layers, once over PCIe. */
static double fetch_s(const struct cost_spec *what)
{
	const struct offload_spec *o = what->offload;
	double rate = what->gpu->pcie_bytes_per_s;

	if (!o || o->streamed_layers == 0)
		return 0.0;
	if (o->host.pcie_bytes_per_s > 0.0)
		rate = fmin(rate, o->host.pcie_bytes_per_s);
	return o->streamed_layers * offload_layer_bytes(what) / rate;
}

struct planner *planner_create(const struct planner_spec *spec)
{
	struct planner *p = mem_zalloc(1, sizeof *p);

	assert(spec->max_n >= 1 && spec->max_n <= PLAN_MOST_N);
	p->spec = *spec;
	p->fetch_s = fetch_s(&spec->what);
	p->weight_bytes = cost_weight_bytes(&spec->what);
	p->kv_bytes_tok = cost_kv_bytes_per_tok(&spec->what);
	if (spec->draft_cost) {
		p->draft_weight_bytes = cost_weight_bytes(&spec->draft);
		p->draft_kv_bytes_tok = cost_kv_bytes_per_tok(&spec->draft);
	}
	return p;
}

void planner_destroy(struct planner *p)
{
	free(p);
}
