/* The best plan of a batch, by looking at all. */
#include "models/serving/planner.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "models/cost/holding.h"
#include "models/serving/plan_parts.h"

const char *const plan_bound_names[PLAN_BOUNDS] = {"memory", "prefill", "PCIe", "draft", "verify"};

enum { KEPT = 256 };

struct planner {
	struct planner_spec spec;
	double fetch_s;
	double weight_bytes, kv_bytes_tok, draft_weight_bytes, draft_kv_bytes_tok;
	struct plan_answer kept[KEPT]; /* by a hash of what was asked */
};

/** Hidden values and those between gate, up and down, of all rows of the largest pass. */
static double activation_bytes(const struct llm_shape *s, const struct plan *c, uint32_t prompt_tok)
{
	double rows =
		fmax((double)c->prefill_batch * prompt_tok, (double)c->decode_batch * (c->k + 1.0));

	return rows * 2.0 * (2.0 * s->hidden + 2.0 * s->ffn);
}

static double memory_bytes(
	const struct planner *p, const struct plan_answer *a, const struct plan *c)
{
	double tok = (double)a->prompt_tok + a->output_tok;
	double sum =
		p->weight_bytes + a->n * tok * p->kv_bytes_tok +
		fmax(activation_bytes(p->spec.what.shape, c, a->prompt_tok), p->spec.reserve_bytes);

	if (c->k > 0)
		sum += p->draft_weight_bytes + c->draft_batch * tok * p->draft_kv_bytes_tok;
	return sum;
}

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
	c.memory_bytes = memory_bytes(p, a, &c);
	return c;
}

/** Less total, then less work in a round, which streamed layers may hide; else whoever came first,
 *  with the smaller sizes. */
static bool is_better(const struct plan *x, const struct plan *y)
{
	if (x->total_s < y->total_s || x->total_s > y->total_s)
		return x->total_s < y->total_s;
	return x->draft_s + x->verify_s < y->draft_s + y->verify_s;
}

static void keep_best(struct plan_answer *a, const struct plan *c)
{
	size_t at = a->n_best < PLAN_BEST ? a->n_best++ : PLAN_BEST;

	for (; at > 0 && is_better(c, &a->best[at - 1]); at--)
		if (at < PLAN_BEST)
			a->best[at] = a->best[at - 1];
	if (at < PLAN_BEST)
		a->best[at] = *c;
}

static void look_at(struct plan_answer *a, const struct plan *c)
{
	a->n_candidates++;
	a->least_bytes = fmin(a->least_bytes, c->memory_bytes);
	a->unlimited_s = fmin(a->unlimited_s, c->total_s);
	if (!(c->memory_bytes <= a->room_bytes))
		return;
	a->n_fit++;
	keep_best(a, c);
}

static enum plan_bound binds(const struct plan_answer *a)
{
	const struct plan *c = &a->best[0];

	if (a->unlimited_s < c->total_s)
		return PLAN_MEMORY;
	if (c->prefill_s > c->rounds * c->round_s)
		return PLAN_PREFILL;
	if (c->wait_s > 0.0 && a->fetch_s >= c->draft_s)
		return PLAN_PCIE;
	return c->draft_s > c->verify_s ? PLAN_DRAFT : PLAN_VERIFY;
}

static void search(struct planner *p, struct plan_answer *a)
{
	struct plan_parts t = {0};

	plan_parts_fill(&t, &p->spec, a);
	for (uint32_t k = 0; k <= t.k_most; k++)
		for (size_t m = 0; m < t.n_sizes; m++)
			for (size_t d = 0; d < t.n_sizes; d++)
				for (size_t b = 0; b < (k > 0 ? t.n_sizes : 1); b++) {
					struct plan c = candidate(p, &t, a, m, d, b, k);

					look_at(a, &c);
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
		.least_bytes = HUGE_VAL,
		.unlimited_s = HUGE_VAL,
		.fetch_s = p->fetch_s};
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

/** Requests of @a's lengths for which there is room on the device, and in the host's memory. */
static double fit_device(const struct planner *p, const struct plan_answer *a)
{
	struct plan one = {.prefill_batch = 1, .decode_batch = 1};
	struct plan_answer none = {.prompt_tok = a->prompt_tok, .output_tok = a->output_tok};
	double tok = (double)a->prompt_tok + a->output_tok;

	return floor((a->room_bytes - memory_bytes(p, &none, &one)) / (tok * p->kv_bytes_tok));
}

static double host_kv_bytes(const struct planner *p, const struct plan_answer *a)
{
	return ((double)a->prompt_tok + a->output_tok) *
	       offload_host_kv_bytes_per_tok(&p->spec.what);
}

static double fit_host(const struct planner *p, const struct plan_answer *a)
{
	double kv = host_kv_bytes(p, a);

	if (!p->spec.offload || !(kv > 0.0)) /* that weights fit is checked with the scenario */
		return HUGE_VAL;
	return floor((p->spec.host_bytes - offload_host_weight_bytes(&p->spec.what)) / kv);
}

/** What would fit, behind a refusal. */
enum { FIT_SIZE = 60 };

static const char *fitting(char to[FIT_SIZE], double n)
{
	if (n >= 1.0)
		snprintf(to, FIT_SIZE, "a batch of %.0f would fit", n);
	else
		snprintf(to, FIT_SIZE, "not even one would fit");
	return to;
}

static bool refuse_device(const struct planner *p, const struct plan_answer *a, struct err *err)
{
	double tok = (double)a->prompt_tok + a->output_tok, kv = a->n * tok * p->kv_bytes_tok;
	char fit[FIT_SIZE];

	return err_at(err, p->spec.at,
		"instance '%s': no plan fits the memory (3b): weights take %.2f GB, keys and "
		"values "
		"of %u x %.0f tokens %.2f GB, reserve and activations %.2f GB or more; there are "
		"%.2f GB of '%s': %s",
		p->spec.name, p->weight_bytes / 1e9, a->n, tok, kv / 1e9,
		(a->least_bytes - p->weight_bytes - kv) / 1e9, a->room_bytes / 1e9,
		p->spec.what.gpu->name, fitting(fit, fit_device(p, a)));
}

static bool refuse_host(const struct planner *p, const struct plan_answer *a, struct err *err)
{
	double tok = (double)a->prompt_tok + a->output_tok;
	char fit[FIT_SIZE];

	return err_at(err, p->spec.at,
		"instance '%s': no plan fits the host's memory (3b): layers take %.2f GB, keys and "
		"values of %u x %.0f tokens %.2f GB; there are %.2f GB: %s",
		p->spec.name, offload_host_weight_bytes(&p->spec.what) / 1e9, a->n, tok,
		a->n * host_kv_bytes(p, a) / 1e9, p->spec.host_bytes / 1e9,
		fitting(fit, fit_host(p, a)));
}

/** Of two memories that are both short the one that holds fewer is named. */
static bool check_memory(const struct planner *p, const struct plan_answer *a, struct err *err)
{
	double host = fit_host(p, a);

	if (a->n_best > 0 && a->n <= host)
		return true;
	return host < fit_device(p, a) ? refuse_host(p, a, err) : refuse_device(p, a, err);
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
	return check_memory(p, *out, err);
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
