/* The tasks of a scenario are those that a run makes, and what a run of any policy does with them
 * is a solution of Eq. 1 with no less network time: so nobody is beyond the front. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "io/scenario/scenario.h"
#include "models/world/world.h"
#include "plan/replay.h"
#include "plan/tasks.h"
#include "tests/support/check.h"
#include "tests/support/scenario_text.h"
#include "tests/support/seeds.h"

/* Random scenarios */

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
	bool is_static = strstr(batching, "static") != NULL;

	if (*decoding && (is_static || strstr(extra, "prefix")))
		decoding = "";
	if (is_static)
		extra = "";
	buf_printf(b, "  %s: {site: %s, model: chat, max_batch: %s%s%s", name, site,
		PICK(r, batches), batching, extra);
	buf_printf(b, "%s}\n", decoding);
}

static void add_users(struct buf *b, uint64_t *r, const char *name, const char *home)
{
	buf_printf(b, "  %s: {home: %s, model: chat, arrivals: %s, workload: %s", name, home,
		PICK(r, processes), PICK(r, workloads));
	buf_printf(b, "%s%s%s}\n", PICK(r, deadlines), PICK(r, deliveries), PICK(r, prefixes));
}

/** Whole devices. */
static void write_devices(struct buf *b, uint64_t *r)
{
	buf_printf(b,
		"sites:\n  cloud: {tier: cloud, gpu: %s}\n  edge: {tier: edge, gpu: %s, count: "
		"2}\n",
		PICK(r, clouds), PICK(r, edges));
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

	buf_puts(b, "sites:\n  cloud: {tier: cloud, gpu: rtx-4090, gpus: 2, interconnect: pcie3}\n"
		    "  edge: {tier: edge, gpu: rtx-3060, gpus: 2, count: 3, host: {memory: 32 GiB, "
		    "bandwidth: 45 GB/s, "
		    "fp32: 1.2 TFLOP/s}}\n"
		    "models:\n  chat: {model: llama2-7b, precision: int8, draft: {model: "
		    "llama-68m, precision: fp16}}\n"
		    "instances:\n");
	buf_printf(b, "  i1: {sites: [edge1, edge2], model: chat, max_batch: %s%s}\n",
		PICK(r, batches), seeds_next(r) % 2 ? ", batching: chunked" : "");
	buf_printf(b, "  i2: {site: edge3, model: chat, max_batch: %s, offload: %s}\n",
		PICK(r, batches), PICK(r, offloads));
	buf_printf(b, "  i3: {site: cloud, model: chat, max_batch: %s, %s}\n", PICK(r, batches),
		seeds_next(r) % 2 ? "tensor_parallel: 2"
				  : "decoding: speculative, draft: {k: 4, site: edge*}");
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
		buf_printf(b, "  u1: {arrivals: %s%s}\n", PICK(&r, processes), PICK(&r, deadlines));
		buf_printf(b, "  u2: {arrivals: %s%s}\n", PICK(&r, processes), PICK(&r, deadlines));
	} else {
		add_users(b, &r, "u1", "edge1");
		add_users(b, &r, "u2", "edge2");
	}
	write_policies(b, kind == 0);
}

static struct scenario *made_up(uint64_t seed)
{
	struct scenario *sc;
	struct buf b;

	buf_init(&b);
	write_scenario(&b, seed);
	sc = scenario_of_text(b.s, NULL, 0);
	buf_finish(&b);
	return sc;
}

/* The bound */

static double least_trans_s(const struct optimum_problem *p, const uint32_t *server_of)
{
	double sum = 0.0;

	for (size_t i = 0; i < p->n_tasks; i++)
		if (server_of[i] != UINT32_MAX)
			sum += p->pairs[i * p->n_servers + server_of[i]].trans_s;
	return sum;
}

static void check_policy(struct tasks *t, const struct optimum_problem *p,
	const struct optimum_front *f, const struct policy_spec *policy, uint64_t seed)
{
	struct err err = {0};
	struct replay run;

	if (!replay(&run, t, policy, 1, NULL, &err))
		fail_msg("seed %ju: %s", (uintmax_t)seed, err.msg);
	if (run.failed)
		fail_msg("seed %ju: %s", (uintmax_t)seed, run.failure);
	assert_int_equal(run.apart, 0);
	if (!optimum_holds(p, run.server_of))
		fail_msg("seed %ju: %s does what is no solution", (uintmax_t)seed, policy->label);
	if (run.trans_s < least_trans_s(p, run.server_of))
		fail_msg("seed %ju: %s has %.9g s of network time, not %.9g s", (uintmax_t)seed,
			policy->label, run.trans_s, least_trans_s(p, run.server_of));
	if (optimum_place(f, run.in_time, run.trans_s).beyond)
		fail_msg("seed %ju: %s is beyond the front", (uintmax_t)seed, policy->label);
	replay_finish(&run);
}

/** False: the scenario cannot be run. */
static bool check_bound(uint64_t seed)
{
	struct scenario *sc = made_up(seed);
	const struct scenario_spec *s = &sc->spec;
	const struct optimum_limits limits = {.gap = 0.05, .seconds = 0.2};
	struct optimum_problem p;
	struct optimum_front f;
	struct err err = {0};
	struct tasks t;

	if (!world_check(s, &err)) {
		scenario_destroy(sc);
		return false;
	}
	if (!tasks_draw(&t, s, &(struct tasks_wanted){.n = 30, .replication = 1}, &err) ||
		!tasks_problem(&p, &t, &err) || !optimum_solve(&f, &p, &limits, &err))
		fail_msg("seed %ju: %s", (uintmax_t)seed, err.msg);
	for (size_t k = 0; k < s->n_policies; k++)
		check_policy(&t, &p, &f, &s->policies[k], seed);
	optimum_front_finish(&f);
	tasks_finish(&t);
	scenario_destroy(sc);
	return true;
}

static void no_run_of_a_policy_is_beyond_the_front(void **state)
{
	const struct seeds *seeds = *state;
	uint64_t n = 0;

	for (uint64_t seed = seeds->first; seed <= seeds->last; seed++)
		n += check_bound(seed);
	assert_true(2 * n > seeds->last - seeds->first); /* most can be run */
}

/* The tasks */

enum { MOST_SEEN = 4000 };

/** The requests of a run, in order. */
struct probe_state {
	size_t n;
	struct seen {
		uint32_t group, prompt_tok, output_tok;
		int64_t at_ns, deadline_ns;
	} at[MOST_SEEN];
};

static void see(struct probe_state *p, enum moment m, int64_t at_ns, const struct request_row *r)
{
	(void)m;
	if (p->n < MOST_SEEN)
		p->at[p->n++] = (struct seen){
			r->group, r->prompt_tok, r->output_tok, at_ns, r->deadline_ns};
}

static void run_and_see(struct probe_state *p, const struct scenario_spec *s)
{
	static const struct probe_ops ops = {
		.name = "seen", .moments = 1u << MOMENT_CREATED, .request = see};
	const struct world_setup setup = {
		.spec = s, .policy = &s->policies[2], .seed = s->run.seed, .replication = 2};
	struct world_result result;
	struct err err = {0};
	struct world *w;

	p->n = 0;
	assert_true(world_create(&w, &setup, &err));
	world_attach(w, &(struct probe){&ops, p});
	assert_true(world_run(w, &result, &err));
	world_result_finish(&result);
	world_destroy(w);
}

static void check_task(const struct task *x, const struct seen *y)
{
	assert_int_equal(x->group, y->group);
	assert_int_equal(x->at_ns, y->at_ns);
	assert_int_equal(x->prompt_tok, y->prompt_tok);
	assert_int_equal(x->output_tok, y->output_tok);
	assert_int_equal(
		x->deadline_ns, y->deadline_ns == TIME_NONE ? OPTIMUM_NEVER_NS : y->deadline_ns);
}

/** Those of the first 60 s, and of a window in it. */
static void check_tasks(const struct scenario_spec *s, struct probe_state *seen)
{
	struct tasks_wanted first = {.n = 40, .replication = 2};
	struct tasks_wanted window = {.from_s = 4.5, .to_s = 20.0, .replication = 2};
	struct err err = {0};
	struct tasks t;
	size_t k = 0;

	run_and_see(seen, s);
	first.n = seen->n < 40 ? seen->n : 40;
	assert_true(tasks_draw(&t, s, &first, &err));
	assert_int_equal(t.n, first.n);
	for (size_t i = 0; i < t.n; i++)
		check_task(&t.at[i], &seen->at[i]);
	tasks_finish(&t);
	assert_true(tasks_draw(&t, s, &window, &err));
	while (seen->at[k].at_ns < 4500000000)
		k++;
	for (size_t i = 0; i < t.n; i++)
		check_task(&t.at[i], &seen->at[k++]);
	assert_true(k == seen->n || seen->at[k].at_ns >= 20000000000);
	tasks_finish(&t);
}

static void tasks_are_the_requests_of_a_run(void **state)
{
	struct probe_state *seen = malloc(sizeof *seen);
	size_t n = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 30; seed++) {
		struct scenario *sc = made_up(seed);
		struct err err = {0};

		if (world_check(&sc->spec, &err)) {
			check_tasks(&sc->spec, seen);
			n++;
		}
		scenario_destroy(sc);
	}
	assert_true(n > 15);
	free(seen);
}

/** Run again as a scenario of their own they are the same requests. */
static void tasks_make_the_same_requests_again(void **state)
{
	struct probe_state *seen = malloc(sizeof *seen);
	struct tasks_wanted wanted = {.from_s = 3.0, .to_s = 25.0, .replication = 1};

	(void)state;
	for (uint64_t seed = 1; seed <= 30; seed++) {
		struct scenario *sc = made_up(seed);
		struct scenario_spec alone;
		struct err err = {0};
		struct tasks t;

		if (world_check(&sc->spec, &err)) {
			assert_true(tasks_draw(&t, &sc->spec, &wanted, &err));
			tasks_scenario(&alone, &t);
			run_and_see(seen, &alone);
			assert_int_equal(seen->n, t.n);
			for (size_t i = 0; i < t.n; i++)
				check_task(&t.at[i], &seen->at[i]);
			tasks_finish(&t);
		}
		scenario_destroy(sc);
	}
	free(seen);
}

int main(int argc, char **argv)
{
	struct seeds seeds = seeds_of(argc, argv, 60);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tasks_are_the_requests_of_a_run),
		cmocka_unit_test(tasks_make_the_same_requests_again),
		cmocka_unit_test_prestate(no_run_of_a_policy_is_beyond_the_front, &seeds),
	};

	return cmocka_run_group_tests_name("tasks", tests, NULL, NULL);
}
