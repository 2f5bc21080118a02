/* Random scenarios: batching of each kind, drafts, pipelines, offload, shaped links, stations. Each
 * draw is a statement of its own: compilers evaluate arguments in orders of their own, and a seed
 * is the same scenario for all of them. */
#include "tests/plan/made_scenario.h"

#include <stdint.h>
#include <string.h>

#include "base/str.h"
#include "tests/support/scenario_text.h"
#include "tests/support/seeds.h"

static const char *pick_of(uint64_t *r, const char *const *list, size_t n)
{
	return list[seeds_next(r) % n];
}
#define PICK(r, list) pick_of((r), (list), sizeof(list) / sizeof *(list))

static const char *const batchings[] = {"", "", "", ", batching: static",
	", batching: static, batch_wait: 0.4 s", ", batching: chunked, chunk_tokens: 160",
	", batching: chunked, chunk_tokens: 512"};
static const char *const batches[] = {"1", "2", "3", "4", "8", "16"};
static const char *const extras[] = {"", "", "", ", attention: das-optimistic", ", kv_blocks: 90",
	", prefix_cache: true", ", ahead: 4", ", prefill_limit: 1"};
static const char *const decodings[] = {"", "", ", decoding: speculative, draft: {k: 3}",
	", decoding: speculative, draft: {k: 4, acceptance: 0.9}",
	", decoding: planned, draft: {acceptance: 0.7}"};
static const char *const accesses[] = {"rate: 50 Mbps, delay: 2 ms", "rate: 1 Mbps, delay: 5 ms",
	"rate: 2 Mbps, burst: 16 KiB, delay: 1 ms, latency: 50 ms",
	"rate: 5 Mbps, delay: 10 ms, jitter: 4 ms, distribution: normal, loss: 1 %",
	"rate: 8 Mbps, delay: 3 ms, sharing: fair",
	"rate: 1 Mbps, delay: 1 ms, schedule: {2 s: {rate: 4 Mbps}, 5 s: {rate: 300 kbps}}"};
static const char *const workloads[] = {"humaneval", "summeval",
	"{prompt_tokens: {distribution: uniform, min: 5, max: 900}, output_tokens: {distribution: "
	"geometric, mean: 40, max: 300}}",
	"{prompt_tokens: 100, output_tokens: 1}",
	"{prompt_tokens: {distribution: lognormal, mean: 300, cv: 1, max: 2000}, output_tokens: "
	"20}"};
static const char *const processes[] = {"{process: poisson, rate: 2 /s}",
	"{process: poisson, rate: 0.5 /s}", "{process: deterministic, rate: 3 /s}",
	"{process: gamma, rate: 2 /s, cv: 3}",
	"{process: schedule, schedule: {0 s: 1 /s, 5 s: 8 /s, 8 s: 0.5 /s}}"};
static const char *const deadlines[] = {", deadline: 1 s", ", deadline: 2 s", ", deadline: 4 s",
	", deadline: 9 s", ", deadline: 30 s", ""};
static const char *const deliveries[] = {"", "", ", delivery: stream"};
static const char *const prefixes[] = {
	"", "", ", prefixes: {count: 3, tokens: 200, pick: zipf 1.1}"};
static const char *const delays[] = {"", "", ", scheduler_delay: 3 ms, state_delay: 20 ms"};
static const char *const edges[] = {"titan-x", "rtx-3060", "rtx-4090"};
static const char *const clouds[] = {"rtx-4090", "h200", "a100", "l4"};

static void add_instance(struct buf *b, uint64_t *r, const char *name, const char *site)
{
	const char *decoding = PICK(r, decodings), *batching = PICK(r, batchings);
	const char *extra = PICK(r, extras);
	const char *most = PICK(r, batches);
	bool is_static = strstr(batching, "static") != NULL;

	if (*decoding && (is_static || strstr(extra, "prefix")))
		decoding = "";
	if (is_static)
		extra = "";
	buf_printf(b, "  %s: {site: %s, model: chat, max_batch: %s%s%s", name, site, most, batching,
		extra);
	buf_printf(b, "%s}\n", decoding);
}

static void add_users(struct buf *b, uint64_t *r, const char *name, const char *home)
{
	const char *workload = PICK(r, workloads), *process = PICK(r, processes);
	const char *prefix = PICK(r, prefixes), *delivery = PICK(r, deliveries);
	const char *deadline = PICK(r, deadlines);

	buf_printf(b, "  %s: {home: %s, model: chat, arrivals: %s, workload: %s%s%s%s}\n", name,
		home, process, workload, deadline, delivery, prefix);
}

/** Whole devices. */
static void write_devices(struct buf *b, uint64_t *r)
{
	const char *edge = PICK(r, edges), *cloud = PICK(r, clouds);

	buf_printf(b,
		"sites:\n  cloud: {tier: cloud, gpu: %s}\n  edge: {tier: edge, gpu: %s, count: "
		"2}\n",
		cloud, edge);
	buf_puts(b, "models:\n  chat: {model: llama2-7b, precision: int8, draft: {model: "
		    "llama-68m, precision: fp16}}\n");
	buf_puts(b, "instances:\n");
	add_instance(b, r, "i1", "edge1");
	add_instance(b, r, "i2", "edge2");
	add_instance(b, r, "i3", "cloud");
}

/** Parts of a model, here and there. */
static void write_parts(struct buf *b, uint64_t *r)
{
	static const char *const offloads[] = {
		"{cpu_layers: 4}", "{streamed_layers: 6}", "{cpu_layers: 2, streamed_layers: 3}"};
	const char *first = seeds_next(r) % 2 ? ", batching: chunked" : "";
	const char *first_most = PICK(r, batches);
	const char *second = PICK(r, offloads), *second_most = PICK(r, batches);
	const char *third = seeds_next(r) % 2 ? "tensor_parallel: 2"
					      : "decoding: speculative, draft: {k: 4, site: edge*}";
	const char *third_most = PICK(r, batches);

	buf_puts(b, "sites:\n  cloud: {tier: cloud, gpu: rtx-4090, gpus: 2, interconnect: pcie3}\n"
		    "  edge: {tier: edge, gpu: rtx-3060, gpus: 2, count: 3, host: {memory: 32 GiB, "
		    "bandwidth: 45 GB/s, "
		    "fp32: 1.2 TFLOP/s}}\n"
		    "models:\n  chat: {model: llama2-7b, precision: int8, draft: {model: "
		    "llama-68m, precision: fp16}}\n"
		    "instances:\n");
	buf_printf(b, "  i1: {sites: [edge1, edge2], model: chat, max_batch: %s%s}\n", first_most,
		first);
	buf_printf(b, "  i2: {site: edge3, model: chat, max_batch: %s, offload: %s}\n", second_most,
		second);
	buf_printf(b, "  i3: {site: cloud, model: chat, max_batch: %s, %s}\n", third_most, third);
}

/** No model at all. */
static void write_stations(struct buf *b, uint64_t *r)
{
	static const char *const services[] = {"0.4 s",
		"{distribution: uniform, min: 0.1 s, max: 1 s}",
		"{distribution: exponential, mean: 0.5 s}",
		"{distribution: exponential, mean: 0.5 s, min: 0.2 s}"};

	buf_puts(b, "sites:\n  cloud: {tier: cloud}\n  edge: {tier: edge, count: 2}\ninstances:\n");
	buf_printf(b, "  i1: {site: edge1, slots: 1, service: %s}\n", PICK(r, services));
	buf_printf(b, "  i2: {site: edge2, slots: 2, discipline: ps, service: %s}\n",
		PICK(r, services));
	buf_printf(
		b, "  i3: {site: cloud, slots: 3, capacity: 9, service: %s}\n", PICK(r, services));
}

/** Users of stations. */
static void add_callers(struct buf *b, uint64_t *r, const char *name)
{
	const char *deadline = PICK(r, deadlines), *process = PICK(r, processes);

	buf_printf(b, "  %s: {arrivals: %s%s}\n", name, process, deadline);
}

static void write_policies(struct buf *b, bool stations)
{
	buf_puts(b,
		"policies: {kp: {name: k-p-fcfs, window: 8}, kd: {name: k-p-fcfs, priority: edf, "
		"on_infeasible: drop}, f: {name: fcfs}, r: {name: random}, c: {name: cloud-only}, "
		"e: {name: edge-only}, l: {name: locality}, j: {name: jsq}, lw: {name: "
		"least-work}, "
		"rr: {name: round-robin}");
	buf_puts(b, stations ? "}\n" : ", mw: {name: max-weight}}\n");
}

static void write_scenario(struct buf *b, uint64_t seed)
{
	uint64_t r = seed, kind = seeds_next(&r) % 6;

	buf_printf(b, "name: random\nrun: {horizon: 60 s, warmup: 0 s, seed: %ju%s}\n",
		(uintmax_t)seed, PICK(&r, delays));
	if (kind == 0)
		write_stations(b, &r);
	else if (kind == 1)
		write_parts(b, &r);
	else
		write_devices(b, &r);
	buf_printf(b, "links:\n  access: {between: [users, edge*], %s}\n", PICK(&r, accesses));
	buf_printf(b, "  wan: {between: [users, cloud], %s}\n", PICK(&r, accesses));
	buf_puts(b, "  metro: {between: [edge*, edge*], rate: 100 Mbps, delay: 1 ms}\n"
		    "  core: {between: [edge*, cloud], rate: 100 Mbps, delay: 1 ms}\nusers:\n");
	if (kind == 0) {
		add_callers(b, &r, "u1");
		add_callers(b, &r, "u2");
	} else {
		add_users(b, &r, "u1", "edge1");
		add_users(b, &r, "u2", "edge2");
	}
	write_policies(b, kind == 0);
}

struct scenario *made_scenario(uint64_t seed)
{
	struct scenario *sc;
	struct buf b;

	buf_init(&b);
	write_scenario(&b, seed);
	sc = scenario_of_text(b.s, NULL, 0);
	buf_finish(&b);
	return sc;
}
