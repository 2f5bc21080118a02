/* Random scenarios, small enough to run in a tenth of a second. */
#include "tests/extremes/generate.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "sim/rng.h"

enum { MOST_SITES = 4, MOST_GROUPS = 3 };

struct generator {
	struct buf *to;
	struct rng rng;
	bool llm, tokens; /* with models; with lengths at all */
	bool has_edge, has_cloud;
	size_t n_sites, n_groups;
};

static size_t below(struct generator *g, size_t n)
{
	return (size_t)rng_below(&g->rng, n);
}

static bool chance(struct generator *g, double p)
{
	return rng_uniform(&g->rng) < p;
}

/** Between @lo and @hi, evenly over the orders of magnitude; three digits, so that some are
 *  whole and some meet. */
static double some(struct generator *g, double lo, double hi)
{
	return lo * __builtin_pow(hi / lo, rng_uniform(&g->rng));
}

static const char *one_of(struct generator *g, const char *const *words)
{
	size_t n = 0;

	while (words[n])
		n++;
	return words[below(g, n)];
}

#define ONE_OF(g, ...) one_of((g), (const char *const[]){__VA_ARGS__, NULL})

/* Laws */

/** A law of mean about @mean @unit. */
static void law(struct generator *g, double mean, const char *unit)
{
	switch (below(g, 8)) {
	case 0:
		buf_printf(
			g->to, "%.3g%s", mean < 1.0 || *unit ? mean : __builtin_ceil(mean), unit);
		return;
	case 1:
		buf_printf(g->to, "{distribution: exponential, mean: %.3g%s}", mean, unit);
		return;
	case 2:
		buf_printf(g->to, "{distribution: uniform, min: %.3g%s, max: %.3g%s}", 0.5 * mean,
			unit, 1.5 * mean, unit);
		return;
	case 3:
		buf_printf(g->to, "{distribution: erlang, mean: %.3g%s, k: %zu}", mean, unit,
			1 + below(g, 4));
		return;
	case 4:
		buf_printf(g->to, "{distribution: gamma, mean: %.3g%s, cv: %.3g}", mean, unit,
			some(g, 0.2, 3.0));
		return;
	case 5:
		buf_printf(g->to, "{distribution: lognormal, mean: %.3g%s, cv: %.3g, max: %.3g%s}",
			mean, unit, some(g, 0.2, 2.0), 20.0 * mean, unit);
		return;
	case 6:
		buf_printf(g->to, "{distribution: hyperexponential, mean: %.3g%s, cv: %.3g}", mean,
			unit, some(g, 1.1, 4.0));
		return;
	default:
		buf_printf(g->to, "{distribution: weibull, mean: %.3g%s, shape: %.3g}", mean, unit,
			some(g, 0.5, 4.0));
		return;
	}
}

/* Sections */

static void add_run(struct generator *g)
{
	buf_printf(g->to, "name: random\nrun: {%s, warmup: %s, seed: %zu, replications: %zu",
		ONE_OF(g, "horizon: 5 s", "horizon: 12 s", "horizon: 7.3 s",
			"requests: 60, limit: 100 s"),
		ONE_OF(g, "0 s", "0 s", "2 s", "1.7 s"), below(g, 1000), 1 + below(g, 3));
	if (chance(g, 0.2))
		buf_printf(g->to, ", scheduler_delay: %.3g ms", some(g, 0.1, 30.0));
	if (chance(g, 0.15))
		buf_printf(g->to, ", state_delay: %.3g ms", some(g, 0.1, 3000.0));
	if (g->llm && chance(g, 0.2))
		buf_printf(g->to, ", profile_quantile: high");
	buf_puts(g->to, "}\n");
	buf_printf(g->to, "record: {queues: %s}\n", ONE_OF(g, "1 s", "100 ms", "off", "730 ms"));
}

static void add_sites(struct generator *g)
{
	g->n_sites = 1 + below(g, MOST_SITES);
	buf_puts(g->to, "sites:\n");
	for (size_t i = 0; i < g->n_sites; i++) {
		bool edge = chance(g, 0.6);

		g->has_edge = g->has_edge || edge;
		g->has_cloud = g->has_cloud || !edge;
		buf_printf(g->to, "  s%zu: {tier: %s", i, edge ? "edge" : "cloud");
		if (g->llm)
			buf_printf(g->to, ", gpu: %s", ONE_OF(g, "rtx-4090", "titan-x"));
		buf_puts(g->to, "}\n");
	}
}

static void add_schedule(struct generator *g, double mbps)
{
	double at_s = some(g, 0.3, 2.0), for_s = some(g, 0.2, 1.0);

	buf_printf(g->to,
		"    schedule: {%.3g s: {rate: %.3g Mbps}, %.3g s: {rate: 0, for: %.3g s}}\n", at_s,
		0.3 * mbps, at_s + 1.0, for_s);
	if (chance(g, 0.7))
		buf_printf(g->to, "    repeat: %.3g s\n", at_s + 1.0 + for_s + some(g, 0.3, 3.0));
}

static void add_netem(struct generator *g)
{
	if (chance(g, 0.3)) {
		buf_printf(g->to, "    jitter: %.3g ms\n    distribution: %s\n", some(g, 0.1, 30.0),
			ONE_OF(g, "uniform", "normal", "pareto", "paretonormal"));
		if (chance(g, 0.3))
			buf_puts(g->to, "    jitter_correlation: 25 %\n");
	}
	if (chance(g, 0.15))
		buf_printf(g->to, "    loss: %.3g %%\n", some(g, 0.1, 8.0));
	else if (chance(g, 0.1))
		buf_puts(g->to, "    loss: {p: 1 %, r: 30 %, 1-h: 80 %, 1-k: 0.1 %}\n");
}

static void add_bucket(struct generator *g, double mbps)
{
	buf_printf(g->to, "    burst: %.3g kB\n", some(g, 3.1, 60.0));
	if (chance(g, 0.3))
		buf_printf(g->to, "    latency: %.3g ms\n", some(g, 5.0, 300.0));
	if (chance(g, 0.2))
		buf_printf(g->to, "    peakrate: %.3g Mbps\n", 2.0 * mbps);
	if (chance(g, 0.3))
		buf_puts(g->to, "    transport: datagram\n");
	else if (chance(g, 0.4))
		buf_printf(g->to, "    connection: %s\n", ONE_OF(g, "warm", "new"));
}

static void add_htb(struct generator *g, double mbps)
{
	buf_puts(g->to, "    qdisc: htb\n");
	if (chance(g, 0.3))
		buf_puts(g->to, "    gso: true\n");
	if (chance(g, 0.6))
		buf_printf(g->to,
			"    classes: {p: {rate: %.3g Mbps, ceil: %.3g Mbps, carries: [prompt]}, "
			"rest: {rate: %.3g Mbps, ceil: %.3g Mbps, prio: 1}}\n",
			0.4 * mbps, mbps, 0.3 * mbps, 0.8 * mbps);
}

static void add_link(struct generator *g, size_t site)
{
	double mbps = some(g, 0.2, 50.0);

	buf_printf(g->to, "  l%zu:\n    between: [users, s%zu]\n    delay: %.3g ms\n", site, site,
		chance(g, 0.2) ? 0.0 : some(g, 0.1, 100.0));
	buf_printf(g->to, "    rate: %.3g Mbps\n", mbps);
	if (chance(g, 0.2))
		buf_puts(g->to, "    shared: true\n");
	if (chance(g, 0.3))
		return; /* of rate and delay alone */
	if (chance(g, 0.3))
		add_bucket(g, mbps);
	else if (chance(g, 0.3))
		add_htb(g, mbps);
	else if (chance(g, 0.4))
		buf_puts(g->to, "    sharing: fair\n");
	add_netem(g);
	if (chance(g, 0.3))
		add_schedule(g, mbps);
}

static void add_links(struct generator *g)
{
	if (chance(g, 0.15))
		return;
	buf_puts(g->to, "links:\n");
	for (size_t i = 0; i < g->n_sites; i++)
		add_link(g, i);
}

/** How an instance forms its steps. */
static void add_steps(struct generator *g, size_t max_batch)
{
	const char *batching = ONE_OF(g, "continuous", "chunked", "static");

	buf_printf(g->to, ", batching: %s", batching);
	if (strcmp(batching, "chunked") == 0)
		buf_printf(g->to, ", chunk_tokens: %zu", max_batch + below(g, 300));
	if (strcmp(batching, "static") == 0 && chance(g, 0.7))
		buf_printf(g->to, ", batch_wait: %.3g s, static_return: %s", some(g, 0.01, 2.0),
			ONE_OF(g, "batch", "each"));
	if (strcmp(batching, "continuous") == 0 && chance(g, 0.3))
		buf_printf(g->to, ", prefill_limit: %zu", 1 + below(g, 3));
	if (chance(g, 0.3))
		buf_printf(g->to, ", max_batched_tokens: %zu", max_batch + below(g, 900));
	if (chance(g, 0.2))
		buf_printf(g->to, ", max_len: %zu", 200 + below(g, 1800));
	if (chance(g, 0.2))
		buf_printf(g->to, ", decode_attention: das-decode, decode_keep: %.2g",
			some(g, 0.05, 1.0));
}

/** What it has for keys and values, and what it does for want of it. */
static void add_memory(struct generator *g, size_t block_tok)
{
	if (chance(g, 0.4)) /* 22.5 KB a token: some requests in 800 to 4 800 of them */
		buf_printf(g->to, ", kv_blocks: %zu", (800 + below(g, 4000)) / block_tok);
	else if (chance(g, 0.2))
		buf_printf(g->to, ", memory_share: %.2g", some(g, 0.4, 1.0));
	else if (chance(g, 0.4)) /* tight: 2.2 GB of weights in 11 to 24 GB */
		buf_printf(g->to, ", reserve: %.4g GB", some(g, 1.0, 8.7));
	if (chance(g, 0.3))
		buf_printf(g->to, ", watermark: %.2g", some(g, 0.01, 0.5));
	if (chance(g, 0.3))
		buf_printf(g->to, ", preemption: swap, swap_space: %.3g MB", some(g, 1.0, 1000.0));
}

static void add_instances(struct generator *g)
{
	if (g->llm)
		buf_puts(g->to, "models: {m: {model: tinyllama-1.1b, precision: fp16}}\n");
	buf_puts(g->to, "instances:\n");
	for (size_t i = 0; i < g->n_sites; i++) {
		buf_printf(g->to, "  i%zu: {site: s%zu", i, i);
		if (g->llm) {
			size_t max_batch = 1 + below(g, 8), block_tok = 1 + below(g, 32);

			buf_printf(g->to, ", model: m, max_batch: %zu, block_tokens: %zu",
				max_batch, block_tok);
			if (chance(g, 0.7))
				add_steps(g, max_batch);
			add_memory(g, block_tok);
		} else {
			buf_puts(g->to, ", service: ");
			law(g, some(g, 0.02, 1.0), " s");
			buf_printf(g->to, ", slots: %zu, discipline: %s", 1 + below(g, 4),
				chance(g, 0.3) ? "ps" : "fifo");
			if (chance(g, 0.3))
				buf_printf(g->to, ", capacity: %zu", 4 + below(g, 8));
		}
		buf_puts(g->to, "}\n");
	}
}

static void add_arrivals(struct generator *g, size_t user)
{
	double rate = some(g, 0.3, 8.0);

	switch (below(g, 8)) {
	case 0:
		buf_printf(g->to, "{process: poisson, rate: %.3g /s}", rate);
		return;
	case 1: /* whole seconds now and then: ties with slots and windows */
		buf_printf(g->to, "{process: deterministic, rate: %zu /s}", 1 + below(g, 4));
		return;
	case 2:
		buf_printf(g->to, "{process: gamma, rate: %.3g /s, cv: %.3g}", rate,
			some(g, 0.3, 4.0));
		return;
	case 3:
		buf_printf(g->to, "{process: weibull, rate: %.3g /s, cv: %.3g}", rate,
			some(g, 0.3, 4.0));
		return;
	case 4:
		buf_printf(g->to,
			"{process: mmpp, rates: [%.3g /s, %.3g /s], sojourns: [1 s, 2.5 s]}", rate,
			0.1 * rate);
		return;
	case 5:
		buf_printf(g->to,
			"{process: schedule, schedule: {0 s: %.3g /s, 2 s: %.3g /s}, repeat: %.3g "
			"s}",
			rate, 0.2 * rate, some(g, 2.1, 6.0));
		return;
	case 6:
		buf_puts(g->to, "{process: closed, think: ");
		law(g, some(g, 0.1, 3.0), " s");
		buf_printf(g->to, "}, count: %zu", 1 + user + below(g, 6));
		return;
	default:
		buf_printf(g->to, "{process: saturated, outstanding: %zu}", 1 + below(g, 6));
		return;
	}
}

static void add_workload(struct generator *g)
{
	if (g->llm && chance(g, 0.3)) {
		buf_printf(g->to, ", workload: %s", ONE_OF(g, "humaneval", "summeval", "ceval"));
		return;
	}
	buf_puts(g->to, ", workload: {prompt_tokens: ");
	law(g, some(g, 3.0, 900.0), "");
	buf_puts(g->to, ", output_tokens: ");
	law(g, some(g, 2.0, 150.0), "");
	buf_puts(g->to, "}");
}

static void add_users(struct generator *g)
{
	g->n_groups = 1 + below(g, MOST_GROUPS);
	buf_puts(g->to, "users:\n");
	for (size_t u = 0; u < g->n_groups; u++) {
		buf_printf(g->to, "  u%zu: {arrivals: ", u);
		add_arrivals(g, u);
		if (g->llm)
			buf_puts(g->to, ", model: m");
		if (g->tokens)
			add_workload(g);
		if (g->tokens && chance(g, 0.4))
			buf_puts(g->to, ", delivery: stream");
		if (g->tokens && chance(g, 0.5))
			buf_printf(g->to, ", bytes_per_token: %.3g B", some(g, 1.0, 400.0));
		if (chance(g, 0.5))
			buf_printf(g->to, ", deadline: %.3g s", some(g, 0.2, 10.0));
		buf_puts(g->to, "}\n");
	}
}

static void add_policies(struct generator *g)
{
	buf_puts(g->to, "policies:\n");
	buf_printf(g->to,
		"  ours: {name: k-p-fcfs, window: %zu, priority: %s, assign: %s, "
		"on_infeasible: %s, lengths: %s}\n",
		1 + below(g, 12), ONE_OF(g, "fcfs", "sjf", "edf", "slack", "prefill-first"),
		ONE_OF(g, "earliest-finish", "fastest", "least-loaded"), ONE_OF(g, "serve", "drop"),
		ONE_OF(g, "known", "mean", "quantile"));
	buf_printf(g->to, "  other: {name: %s}\n",
		ONE_OF(g, "fcfs", "random", "jsq", "power-of-d", "least-work", "round-robin",
			"max-weight"));
	if (chance(g, 0.3))
		buf_printf(g->to, "  third: {name: %s}\n",
			!g->has_cloud  ? "edge-only"
			: !g->has_edge ? "cloud-only"
				       : ONE_OF(g, "cloud-only", "edge-only", "fcfs"));
}

void generate_scenario(struct buf *to, uint64_t seed)
{
	struct generator g = {.to = to};

	rng_init(&g.rng, seed, 0, "scenario", "");
	g.llm = chance(&g, 0.4);
	g.tokens = g.llm || chance(&g, 0.5);
	add_run(&g);
	add_sites(&g);
	add_links(&g);
	add_instances(&g);
	add_users(&g);
	add_policies(&g);
}
