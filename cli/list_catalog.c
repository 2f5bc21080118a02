/* GPUs, models and profiles as `offing list` shows them. */
#include <math.h>
#include <string.h>

#include "cli/list.h"
#include "io/profile/file.h"
#include "models/cost/catalog.h"
#include "models/cost/llm.h"

#define GIB 1073741824.0

static double known(double x)
{
	return x > 0.0 ? x : HUGE_VAL;
}

/* @x in units of @unit with as many digits as a data sheet has. */
static const char *figure(struct list *l, double x, double unit)
{
	return arena_printf(&l->arena, "%.4g", x / unit);
}

static void list_rate(struct list *l, const char *key, double per_s)
{
	list_number(l, key, known(per_s), figure(l, per_s, 1e12));
}

void list_gpus(struct list *l)
{
	static const char *const titles[] = {
		"gpu", "GiB", "GB/s", "fp32", "fp16", "int8", "W", "USD/h", "list USD", NULL};

	l->titles = titles;
	l->note = "GiB: what CUDA leaves to use. fp32, fp16: TFLOP/s, int8: TOP/s, all dense; fp16 "
		  "with fp32 sums. USD/h: lowest rent, spring 2026. Sources: docs/models.md.";
	for (size_t i = 0; i < catalog_n_gpus; i++) {
		const struct catalog_gpu *g = &catalog_gpus[i];

		list_add(l, g->spec.name, g->summary);
		list_number(l, "memory_bytes", floor(g->spec.mem_bytes),
			figure(l, g->spec.mem_bytes, GIB));
		list_number(
			l, "bytes_per_s", g->spec.bytes_per_s, figure(l, g->spec.bytes_per_s, 1e9));
		list_rate(l, "fp32_flop_per_s", g->spec.fp32_flop_per_s);
		list_rate(l, "fp16_flop_per_s", g->spec.fp16_flop_per_s);
		list_rate(l, "int8_op_per_s", g->spec.int8_op_per_s);
		list_number(l, "power_w", g->spec.tdp_w, figure(l, g->spec.tdp_w, 1.0));
		list_number(l, "usd_per_h", known(g->spec.usd_per_h),
			arena_printf(&l->arena, "%.2f", g->spec.usd_per_h));
		list_number(l, "list_usd", known(g->list_usd),
			arena_printf(&l->arena, "%.0f (%u)", g->list_usd, g->list_year));
		list_number(l, "list_year", known(g->list_year), NULL);
		list_number(l, "pcie_bytes_per_s", known(g->spec.pcie_bytes_per_s), NULL);
		list_number(l, "clock_hz", known(g->spec.clock_hz), NULL);
		list_number(l, "compute_capability", known(g->spec.cc), NULL);
	}
}

void list_models(struct list *l)
{
	static const char *const titles[] = {
		"model", "params", "L", "h", "ffn", "heads", "vocab", "context", "KV/token", NULL};

	l->titles = titles;
	l->note = "heads: of queries, keys and values, and their size. KV/token: KiB of keys and "
		  "values in fp16. *: the embedding is the head.";
	for (size_t i = 0; i < catalog_n_models; i++) {
		const struct llm_shape *s = &catalog_models[i].shape;
		double kv_bytes = llm_kv_bytes_per_tok(s);

		list_add(l, s->name, catalog_models[i].summary);
		list_number(l, "parameters", llm_params(s),
			arena_printf(&l->arena, "%.2f G", llm_params(s) / 1e9));
		list_number(l, "L", s->layers, figure(l, s->layers, 1.0));
		list_number(l, "h", s->hidden, arena_printf(&l->arena, "%u", s->hidden));
		list_number(l, "ffn", s->ffn, arena_printf(&l->arena, "%u", s->ffn));
		list_number(l, "heads", s->heads,
			arena_printf(&l->arena, "%u/%ux%u", s->heads, s->kv_heads, s->head_dim));
		list_number(l, "kv_heads", s->kv_heads, NULL);
		list_number(l, "head_dim", s->head_dim, NULL);
		list_number(l, "vocab", s->vocab,
			arena_printf(&l->arena, "%s%u", s->tied_embeddings ? "*" : "", s->vocab));
		list_number(l, "context", s->context, arena_printf(&l->arena, "%u", s->context));
		list_bool(l, "tied_embeddings", s->tied_embeddings, NULL);
		list_bool(l, "qkv_bias", s->qkv_bias, NULL);
		list_number(l, "kv_bytes_per_token", kv_bytes, figure(l, kv_bytes, 1024.0));
	}
}

void list_interconnects(struct list *l)
{
	static const char *const titles[] = {"interconnect", "GB/s", "us", NULL};

	l->titles = titles;
	l->note =
		"GB/s: what a gpu reaches each way. us: a message from one to the next in a ring. "
		"Sources: docs/serving.md.";
	for (size_t i = 0; i < catalog_n_interconnects; i++) {
		const struct catalog_interconnect *c = &catalog_interconnects[i];

		list_add(l, c->name, c->summary);
		list_number(l, "bytes_per_s", c->bytes_per_s, figure(l, c->bytes_per_s, 1e9));
		list_number(l, "latency_s", c->latency_s, figure(l, c->latency_s, 1e-6));
		list_detail(l, c->summary);
	}
}

static void list_host_time(struct list *l, const char *key, double s)
{
	list_number(l, key, s, figure(l, s, 1e-3));
}

void list_runtimes(struct list *l)
{
	static const char *const titles[] = {"runtime", "step", "sequence", "prefill", "prompt",
		"request", "sigma", "provenance", NULL};

	l->titles = titles;
	l->note =
		"Milliseconds of the server's host beside the device: of every step, of a sequence "
		"in it, of a step with prompts and of each that begins in it, of a request while "
		"steps go on; sigma: of their log. A "
		"scenario says those of a host it knows (instances.X.host_time). "
		"Sources: docs/real-servers.md.";
	for (size_t i = 0; i < catalog_n_runtimes; i++) {
		const struct catalog_runtime *r = &catalog_runtimes[i];

		list_add(l, r->name, r->summary);
		list_host_time(l, "step_s", r->host.step_s);
		list_host_time(l, "sequence_s", r->host.sequence_s);
		list_host_time(l, "prefill_s", r->host.prefill_s);
		list_host_time(l, "prompt_s", r->host.prompt_s);
		list_host_time(l, "request_s", r->host.request_s);
		list_number(l, "sigma", r->host.sigma, figure(l, r->host.sigma, 1.0));
		list_text(l, "provenance", r->provenance, r->provenance ? r->provenance : "-");
		list_detail(l, r->summary);
	}
}

static const char *precisions(struct list *l, unsigned set)
{
	const char *text = "";

	for (int p = 0; p < LLM_PRECISIONS; p++)
		if (set >> p & 1u)
			text = arena_printf(&l->arena, "%s%s%s", text, *text ? " " : "",
				llm_precision_names[p]);
	return text;
}

static const char *any(const char *pattern)
{
	return strcmp(pattern, "*") ? pattern : "any";
}

/* The first of several names. */
static const char *first(struct list *l, const char *names)
{
	return arena_printf(&l->arena, "%.*s", (int)strcspn(any(names), " "), any(names));
}

/* All of them, where the columns have the first alone. */
static const char *all_of(struct list *l, const struct profile *p)
{
	bool devices = strchr(p->device, ' '), runtimes = strchr(p->runtime, ' ');
	bool models = strchr(p->model, ' ');

	return arena_printf(&l->arena, "%s%s%s%s%s%s", devices ? "; on " : "",
		devices ? p->device : "", runtimes ? "; " : "", runtimes ? p->runtime : "",
		models ? "; " : "", models ? p->model : "");
}

/* Kinds of step that a grid has rows of. */
static const char *measured(struct list *l, const struct profile_grid *g)
{
	if (!g)
		return NULL;
	return arena_printf(&l->arena, "decode prefill%s%s attention%s%s",
		g->n_verify > 0 ? " verify" : "", g->n_mixed > 0 ? " mixed" : "",
		g->n_prediction > 0 ? " prediction" : "", g->n_host > 0 ? " host" : "");
}

static const char *given(const char *text)
{
	return *text ? text : NULL;
}

void list_profiles(struct list *l)
{
	static const char *const titles[] = {
		"profile", "device", "runtime", "model", "provenance", "sigma", NULL};
	const struct profile_set *set = profile_builtin(&l->arena);

	l->titles = titles;
	l->note = "sigma: standard deviation of the log of a decode step; the others: --json.";
	for (size_t i = 0; i < set->n; i++) {
		const struct profile *p = set->all[i];
		const char *covers = precisions(l, p->precisions);

		list_add(l, p->name, p->method);
		list_detail(l, arena_printf(&l->arena, "%s: %s%s%s%s%s%s", covers,
				       p->grid ? measured(l, p->grid) : "", p->grid ? "; " : "",
				       p->method, *p->date ? "; " : "", p->date, all_of(l, p)));
		list_text(l, "device", any(p->device), first(l, p->device));
		list_text(l, "runtime", p->runtime, first(l, p->runtime));
		list_text(l, "model", any(p->model), first(l, p->model));
		list_text(l, "precision", covers, NULL);
		list_text(l, "provenance", provenance_names[p->provenance],
			provenance_names[p->provenance]);
		list_number(l, "sigma_decode", p->sigma.decode, figure(l, p->sigma.decode, 1.0));
		list_number(l, "sigma_prefill", p->sigma.prefill, NULL);
		list_number(l, "sigma_attention", p->sigma.attention, NULL);
		list_text(l, "measured", measured(l, p->grid), NULL);
		list_text(l, "date", given(p->date), NULL);
		list_text(l, "driver", given(p->driver), NULL);
		list_text(l, "kernels", given(p->kernels), NULL);
		list_text(l, "method", given(p->method), NULL);
	}
}
