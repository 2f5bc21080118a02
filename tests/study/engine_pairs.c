/* Two engines in one scenario, each at a site or two of its own. */
#include "tests/study/engine_pairs.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

#include "tests/support/seeds.h"

/** Where one engine stands: sites a1, a2 or b1, b2. */
struct corner {
	struct buf *to;
	uint64_t *random;
	char c;
};

static size_t below(const struct corner *k, size_t n)
{
	return (size_t)(seeds_next(k->random) % n);
}

static bool often(const struct corner *k)
{
	return below(k, 2) == 0;
}

/* Instances, each by what follows `model: m` */

static void begin(const struct corner *k, const char *name, const char *where)
{
	buf_printf(k->to, "  %c%s: {model: m, %s, max_batch: %zu, block_tokens: %zu", k->c, name,
		where, 2 + below(k, 5), 1 + below(k, 20));
}

static void at(const struct corner *k, const char *name, int site)
{
	char where[16] = "site: ?1";

	where[6] = k->c;
	where[7] = (char)('0' + site);
	begin(k, name, where);
}

/** Memory for a few requests: whoever is there preempts. */
static void tight(const struct corner *k, size_t least_tok)
{
	buf_printf(k->to, ", block_tokens: 8, kv_blocks: %zu", (least_tok + below(k, 160)) / 8);
}

static void chunks(const struct corner *k)
{
	buf_printf(k->to, ", batching: chunked, chunk_tokens: %zu", 48 + below(k, 200));
}

static void alone(const struct corner *k, const char *rest)
{
	at(k, "", 1);
	buf_printf(k->to, "%s}\n", rest);
}

static void add_static(const struct corner *k)
{
	alone(k, often(k) ? ", batching: static, batch_wait: 300 ms"
			  : ", batching: static, static_return: each, ahead: 4");
}

static void add_continuous(const struct corner *k)
{
	alone(k, often(k) ? "" : ", prefill_limit: 2, watermark: 0.1");
}

static void add_chunked(const struct corner *k)
{
	at(k, "", 1);
	chunks(k);
	buf_puts(k->to, often(k) ? "}\n" : ", attention: das}\n");
}

static void add_swap(const struct corner *k)
{
	buf_printf(k->to, "  %c: {site: %c1, model: m, max_batch: 5", k->c, k->c);
	tight(k, 344);
	buf_puts(k->to, ", preemption: swap, swap_space: 50 MB}\n");
}

static void add_recompute(const struct corner *k)
{
	buf_printf(k->to, "  %c: {site: %c1, model: m, max_batch: 6", k->c, k->c);
	tight(k, 344);
	if (often(k))
		chunks(k);
	buf_puts(k->to, "}\n");
}

static void add_prefix(const struct corner *k)
{
	buf_printf(
		k->to, "  %c: {site: %c1, model: m, max_batch: 5, prefix_cache: true", k->c, k->c);
	tight(k, 400);
	if (often(k))
		chunks(k);
	buf_puts(k->to, "}\n");
}

static void add_vllm(const struct corner *k)
{
	buf_printf(k->to, "  %c: {site: %c1, model: m, like: %s, max_batch: 8, kv_blocks: %zu}\n",
		k->c, k->c, often(k) ? "vllm" : "vllm-v0", 40 + below(k, 40));
}

static void add_parallel(const struct corner *k)
{
	at(k, "", 1);
	if (often(k))
		chunks(k);
	buf_puts(k->to, ", tensor_parallel: 2}\n");
}

static void add_offload(const struct corner *k)
{
	at(k, "", 1);
	if (often(k))
		chunks(k);
	buf_printf(k->to, ", offload: {cpu_layers: %zu, streamed_layers: %zu}}\n", below(k, 4),
		1 + below(k, 6));
}

static void add_pipeline(const struct corner *k)
{
	char sites[] = "sites: [?1, ?2]";

	sites[8] = sites[12] = k->c;
	sites[13] = often(k) ? '1' : '2';
	begin(k, "", sites);
	buf_printf(k->to, ", micro_batches: %zu", 1 + below(k, 3));
	if (often(k))
		chunks(k);
	buf_puts(k->to, "}\n");
}

static void add_together(const struct corner *k)
{
	at(k, "", 1);
	if (often(k))
		chunks(k);
	buf_puts(k->to, ", decoding: speculative, draft: {acceptance: 0.7, k: ");
	buf_puts(k->to, often(k) ? "3}}\n" : often(k) ? "adaptive}}\n" : "planned}}\n");
}

static void add_apart(const struct corner *k)
{
	at(k, "", 1);
	if (often(k))
		chunks(k);
	buf_printf(k->to,
		", decoding: speculative, draft: {acceptance: 0.7, k: 3, site: %c2, ahead: %s}}\n",
		k->c, often(k) ? "true" : "false");
}

static void phases(const struct corner *k, bool caches)
{
	at(k, "p", 1);
	buf_puts(k->to, caches ? ", prefix_cache: true" : "");
	if (!caches && often(k))
		chunks(k);
	else
		buf_printf(k->to, ", kv_overlap: %s", often(k) ? "true" : "false");
	buf_puts(k->to, ", role: prefill}\n");
	at(k, "d", often(k) ? 1 : 2);
	buf_puts(k->to, caches ? ", prefix_cache: true" : "");
	buf_printf(k->to, ", role: %s}\n", often(k) ? "decode" : "both");
}

static void add_phases(const struct corner *k)
{
	phases(k, false);
}

static void add_cached_phases(const struct corner *k)
{
	phases(k, true);
}

static const struct engine {
	const char *name;
	void (*add)(const struct corner *k);
} engines[] = {
	{"static", add_static},
	{"continuous", add_continuous},
	{"chunked", add_chunked},
	{"swap", add_swap},
	{"recompute", add_recompute},
	{"prefix cache", add_prefix},
	{"vllm", add_vllm},
	{"tensor parallel", add_parallel},
	{"offload", add_offload},
	{"pipeline", add_pipeline},
	{"speculation together", add_together},
	{"speculation apart", add_apart},
	{"phases apart", add_phases},
	{"phases with prefix caches", add_cached_phases},
};

enum { N_ENGINES = sizeof engines / sizeof engines[0] };

size_t engine_pairs(void)
{
	return N_ENGINES * (N_ENGINES + 1) / 2;
}

/** The @n-th of (0, 0), (0, 1), (1, 1), (0, 2), ... */
static void pair_of(size_t *a, size_t *b, size_t n)
{
	n %= engine_pairs();
	for (*b = 0; n > *b; (*b)++)
		n -= *b + 1;
	*a = n;
}

/* The rest of the scenario */

static void add_sites(struct buf *to, bool links)
{
	buf_puts(to,
		"sites:\n"
		"  a1: {tier: cloud, gpu: rtx-4090, gpus: 2, interconnect: pcie4, host: {memory: "
		"32 "
		"GiB, bandwidth: 45 GB/s, fp32: 1.2 TFLOP/s}}\n"
		"  a2: {tier: cloud, gpu: rtx-4090, gpus: 2, interconnect: pcie4}\n"
		"  b1: {tier: edge, gpu: titan-x, gpus: 2, interconnect: pcie3, host: {memory: 32 "
		"GiB, bandwidth: 30 GB/s, fp32: 1 TFLOP/s}}\n"
		"  b2: {tier: edge, gpu: titan-x, gpus: 2, interconnect: pcie3}\n");
	buf_puts(to,
		links ? "links:\n"
			"  access: {between: [users, b*], rate: 40 Mbps, delay: 2 ms}\n"
			"  wan: {between: [users, a*], rate: 50 Mbps, delay: 9 ms, sharing: fair}\n"
			"  rack: {between: [a1, a2], rate: 10 Gbps, delay: 20 us}\n"
			"  metro: {between: [b1, b2], rate: 1 Gbps, delay: 1 ms, shared: true}\n"
			"  core: {between: [a*, b*], rate: 200 Mbps, delay: 5 ms}\n"
		      : "links: {}\n");
}

/** Bursts that are over when `lone` asks, every ENGINE_PAIRS_LONE_S. */
static void add_users(struct buf *to, uint64_t *random)
{
	const char *stream = seeds_next(random) % 3 == 0 ? "stream" : "whole";

	buf_printf(to,
		"users:\n"
		"  many:\n"
		"    model: m\n"
		"    home: b1\n"
		"    delivery: %s\n"
		"    arrivals: {process: schedule, schedule: {0 s: 0 /s, 50 s: %zu /s, 54 s: 0 "
		"/s}, repeat: %d "
		"s}\n"
		"    workload: {prompt_tokens: {distribution: uniform, min: 10, max: 200}, "
		"output_tokens: {distribution: uniform, min: 1, max: 60}}\n"
		"    prefixes: {count: 3, tokens: 40}\n"
		"  lone:\n"
		"    model: m\n"
		"    arrivals: {process: deterministic, rate: %g /s}\n"
		"    workload: {prompt_tokens: 100, output_tokens: 20}\n",
		stream, (size_t)(4 + seeds_next(random) % 20), ENGINE_PAIRS_LONE_S,
		1.0 / ENGINE_PAIRS_LONE_S);
}

void engine_pair(struct buf *to, char name[static ENGINE_PAIR_NAME], uint64_t seed)
{
	static const char *const policies[] = {"fcfs", "k-p-fcfs", "random", "jsq", "power-of-d",
		"least-work", "round-robin", "max-weight", "separated"};
	uint64_t random = seed;
	size_t a, b;

	pair_of(&a, &b, (size_t)seed);
	snprintf(name, ENGINE_PAIR_NAME, "%s and %s, number %ju", engines[a].name, engines[b].name,
		(uintmax_t)seed);
	buf_printf(to,
		"name: pair\n"
		"run: {horizon: %d s, warmup: 0 s, seed: %ju, replications: 3, scheduler_delay: "
		"%s, state_delay: %s}\n",
		2 * ENGINE_PAIRS_LONE_S + 40, (uintmax_t)seed,
		seeds_next(&random) % 3 ? "0 s" : "3 ms",
		seeds_next(&random) % 4 ? "0 s" : "70 ms");
	add_sites(to, seeds_next(&random) % 4 != 0);
	buf_puts(to,
		"models: {m: {model: tinyllama-1.1b, precision: fp16, draft: {model: llama-68m, "
		"precision: fp16}}}\ninstances:\n");
	engines[a].add(&(struct corner){to, &random, 'a'});
	engines[b].add(&(struct corner){to, &random, 'b'});
	add_users(to, &random);
	buf_printf(to, "policy: {name: %s}\n",
		policies[seeds_next(&random) % (sizeof policies / sizeof policies[0])]);
}
