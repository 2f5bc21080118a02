/* What is foretold of every way to have a model, beside the engine, on random small systems. */
#include "tests/support/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/profile/file.h"
#include "plan/candidates.h"
#include "plan/offloads.h"
#include "policies/all.h"
#include "sim/rng.h"
#include "study/alone.h"
#include "tests/support/world_fixture.h"

static double uniform(struct rng *r, double lo, double hi)
{
	return lo + (hi - lo) * rng_uniform(r);
}

/** Evenly over orders of magnitude. */
static double spread(struct rng *r, double lo, double hi)
{
	return lo * exp(rng_uniform(r) * log(hi / lo));
}

static size_t pick(struct rng *r, size_t n)
{
	return (size_t)(rng_uniform(r) * (double)n);
}

struct bed {
	struct fixture f;
	struct instance_spec like;
	struct placing_like placing;
	struct subject subject;
	struct devices devices;
	struct units units;
	bool free_device[FIXTURE_MOST * 2];
	struct candidates all;
};

static void add_sites(struct bed *b, struct rng *r)
{
	static const char *const gpus[] = {"titan-x", "rtx-3060", "t4", "rtx-4090", "l4", "h200"};
	static const char *const names[] = {"east", "west", "north", "south", "core"};
	size_t n = 2 + pick(r, 4);
	const char *last = gpus[pick(r, 6)];

	for (size_t k = 0; k < n; k++) {
		/* often alike, so that pipelines of one kind come up */
		const char *gpu = rng_uniform(r) < 0.5 ? last : gpus[pick(r, 6)];
		struct site_spec *s = fixture_site(&b->f, names[k], TIER_EDGE, gpu);

		last = gpu;
		if (rng_uniform(r) < 0.7)
			s->host = (struct gpu_spec){.name = "cpu",
				.mem_bytes = spread(r, 8e9, 128e9),
				.bytes_per_s = spread(r, 20e9, 400e9),
				.fp32_flop_per_s = spread(r, 0.3e12, 6e12),
				.pcie_bytes_per_s =
					rng_uniform(r) < 0.5 ? spread(r, 3e9, 60e9) : 0.0};
		if (rng_uniform(r) < 0.3) {
			s->n_gpus = 2;
			s->interconnect =
				(struct interconnect_spec){.bytes_per_s = spread(r, 1e9, 100e9),
					.latency_s = uniform(r, 0, 2e-5)};
		}
	}
	if (rng_uniform(r) < 0.2)
		return; /* no network at all */
	fixture_link(&b->f, "access", "users", "*", spread(r, 1e6, 1e9), uniform(r, 0.0, 0.02));
	fixture_link(&b->f, "metro", "*", "*", spread(r, 1e6, 1e9), uniform(r, 0.0, 0.02));
}

static void add_model(struct bed *b, struct rng *r)
{
	static const char *const models[] = {"llama2-7b", "llama2-13b", "qwen2.5-3b"};
	static const char *const drafts[] = {"llama-68m", "tinyllama-1.1b"};
	static const enum precision ps[] = {
		PRECISION_FP16, PRECISION_INT8, PRECISION_Q8_0, PRECISION_Q4_0};
	struct model_spec *m, *d;

	m = fixture_model(&b->f, models[pick(r, 3)], ps[pick(r, 4)]);
	d = fixture_model(&b->f, drafts[pick(r, 2)], PRECISION_FP16);
	m->draft = d;
}

static void bed_make(struct bed *b, struct rng *r)
{
	struct err err = {0};
	const struct profile_set *set;

	*b = (struct bed){0};
	fixture_init(&b->f);
	add_sites(b, r);
	add_model(b, r);
	fixture_group(&b->f, "users1", 1.0)->workload =
		(struct workload_spec){.kind = WORKLOAD_DISTS,
			.prompt_tok = dist_constant(20.0 + (double)pick(r, 500)),
			.output_tok = dist_constant(60.0 + (double)pick(r, 140))};
	fixture_group(&b->f, "idle", 1.0)->model.i = 1;
	set = profile_builtin(&b->f.arena);
	b->like = (struct instance_spec){.name = "like",
		.model = {0},
		.runtime = "fused",
		.max_batch = 1 + (unsigned)pick(r, 8),
		.chunk_tok = 512,
		.block_tok = 16,
		.reserve_bytes = 0.4e9,
		.draft = {.k = 1 + (unsigned)pick(r, 6),
			.acceptance = uniform(r, 0.0, 0.95),
			.at = {"test", 1, 1}}};
	if (rng_uniform(r) < 0.3) /* a server's own time between steps */
		b->like.host_time = (struct host_time){
			.step_s = uniform(r, 0.0, 5e-3), .sequence_s = uniform(r, 0.0, 1e-3)};
	b->placing = (struct placing_like){&b->like, set->all, set->n, DRAFTING_MAY};
	if (!subject_init(&b->subject, &b->f.spec, &b->placing, &err) ||
		!devices_init(&b->devices, &b->f.spec, &err) ||
		!units_init(&b->units, &b->subject, &b->devices, &err))
		fail_msg("%s", err.msg);
	memset(b->free_device, true, sizeof b->free_device);
	candidates_make(&b->all, &b->units, &b->devices, b->free_device);
}

static void bed_drop(struct bed *b)
{
	candidates_finish(&b->all);
	units_finish(&b->units);
	devices_finish(&b->devices);
	fixture_finish(&b->f);
}

/** Of its own, or of luck: twice the half-width of the interval. */
static void hold(const struct candidate *c, const struct alone_result *seen)
{
	double luck = seen->token_s.hi > 0.0 ? seen->token_s.hi - seen->token_s.lo : 0.0;
	double off = fabs(c->dep.token_s - seen->token_s.mean);

	if (!(off <= 0.01 * seen->token_s.mean + luck))
		fail_msg("%s on %s (%u CPU layers, %u streamed): foretold %.9g ms, simulated %.9g",
			candidate_sort_names[c->sort], c->where, c->dep.cpu_layers,
			c->dep.streamed_layers, c->dep.token_s * 1e3, seen->token_s.mean * 1e3);
}

static void run(struct bed *b, const struct candidate *c, struct alone_result *seen)
{
	struct alone a = {.s = &b->f.spec,
		.instance = &c->instance,
		.policy = &policy_fcfs,
		.prompt_tok = b->subject.prompt_tok,
		.output_tok = b->subject.output_tok,
		.requests = c->dep.drafted ? 30 : 2,
		.replications = 10};
	struct err err = {0};

	if (!alone_run(seen, &a, &err))
		fail_msg("%s on %s: %s", candidate_sort_names[c->sort], c->where, err.msg);
}

/* 30 systems; each sort comes up often. */
static void what_is_foretold_of_every_candidate_is_what_the_engine_takes(void **state)
{
	size_t seen_of[CANDIDATE_SORTS] = {0};
	struct rng r;

	(void)state;
	for (uint32_t round = 0; round < 30; round++) {
		struct bed b;

		rng_init(&r, 20, round, "systems", "");
		bed_make(&b, &r);
		for (size_t i = 0; i < b.all.n; i++) {
			struct alone_result seen;

			run(&b, &b.all.at[i], &seen);
			hold(&b.all.at[i], &seen);
			seen_of[b.all.at[i].sort]++;
		}
		bed_drop(&b);
	}
	for (size_t k = 0; k < CANDIDATE_SORTS; k++)
		if (seen_of[k] < 5)
			fail_msg("%s came up %zu times only", candidate_sort_names[k], seen_of[k]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_foretold_of_every_candidate_is_what_the_engine_takes),
	};
	return cmocka_run_group_tests_name("candidates", tests, NULL, NULL);
}
