/* Phases apart: when KV goes, what it holds, and that nobody waits for ever. */
#include "tests/support/check.h"

#include <stdlib.h>
#include <string.h>

#include "models/cost/cost.h"
#include "models/cost/llm.h"
#include "policies/all.h"
#include "tests/support/world_fixture.h"

/** A prefill and a decode instance of Llama-2-7B on two sites, a line of @bytes_per_s between them,
 *  and users who are next to both. */
static void pair(struct fixture *f, double bytes_per_s)
{
	fixture_init(f);
	fixture_site(f, "a", TIER_CLOUD, "a100");
	fixture_site(f, "b", TIER_CLOUD, "a100");
	fixture_model(f, "llama2-7b", PRECISION_FP16);
	fixture_llm(f, "p", 0, 0)->role = ROLE_PREFILL;
	fixture_llm(f, "d", 1, 0)->role = ROLE_DECODE;
	fixture_link(f, "access", "users", "*", HUGE_VAL, 0.0);
	fixture_link(f, "kv", "a", "b", bytes_per_s, 0.0);
	fixture_group(f, "users", 0.01)->arrivals.process = ARRIVAL_DETERMINISTIC;
	f->groups[0].workload.prompt_tok = dist_constant(600.0);
	f->groups[0].workload.output_tok = dist_constant(10.0);
	f->spec.run.horizon_s = 0.0;
	f->spec.run.requests = 1;
}

static double s_of(int64_t ns)
{
	return (double)ns * 1e-9;
}

/** On the wire: packets of 1448 bytes, each with 66 of headers. */
static double wire_s(double payload_bytes, double bytes_per_s)
{
	return (payload_bytes + 66.0 * ceil(payload_bytes / 1448.0)) / bytes_per_s;
}

static const double KV_BYTES = 314572800.0;

/* 2 x 32 layers x 4096 x 2 bytes = 524288 bytes a token: 600 tokens are 314572800, and at 50 Mbps
 * 50.331648 s; with 66 bytes of headers on each of 217247 packets 52.62577632 s. */
static void kv_of_600_tokens_takes_fifty_seconds_at_50_mbps(void **state)
{
	const struct request_row *r;
	struct fixture f;

	(void)state;
	pair(&f, 6.25e6);
	fixture_run(&f);
	r = &f.rows[0];
	assert_int_equal(r->fate, FATE_DONE);
	assert_int_equal(r->prefill, 0);
	assert_int_equal(r->instance, 1);
	assert_near(KV_BYTES / 6.25e6, 50.331648, 1e-12);
	assert_int_equal(r->joined_ns - r->first_token_ns, 52625776320);
	assert_near(fixture_metric(&f, "", "kv.wait_s"), 52.62577632, 1e-9);
	assert_near(fixture_metric(&f, "", "kv.bytes"), KV_BYTES, 0.0);
	assert_near(fixture_metric(&f, "instance:p", "kv.bytes"), KV_BYTES, 0.0);
	assert_near(fixture_metric(&f, "instance:d", "kv.bytes"), 0.0, 0.0);
	assert_near(fixture_metric(&f, "", "time.kv_s"), 52.62577632, 1e-9);
	fixture_finish(&f);
}

/* The line is slower than the prefill: the KV goes from the end of the first of 32 layers on. And
 * so fast that it is not: one layer is left when the prefill ends. */
static void with_overlap_it_ends_as_the_formula_says(void **state)
{
	static const double rates[] = {6.25e6, 1.25e9, 2.5e10, 1e12};

	(void)state;
	for (size_t k = 0; k < sizeof rates / sizeof *rates; k++) {
		double layer_s = wire_s(KV_BYTES / 32.0, rates[k]), prefill_s, first, last;
		const struct request_row *r;
		struct fixture f;

		pair(&f, rates[k]);
		f.instances[0].kv_overlap = true;
		fixture_run(&f);
		r = &f.rows[0];
		prefill_s = s_of(r->first_token_ns - r->started_ns);
		first = s_of(r->started_ns) + prefill_s / 32.0 +
			wire_s(KV_BYTES * 31.0 / 32.0, rates[k]) + layer_s;
		last = s_of(r->first_token_ns) + layer_s;
		assert_near(s_of(r->joined_ns), first > last ? first : last, 3e-9);
		assert_int_equal(first > last, k < 2);
		fixture_finish(&f);
	}
}

/* Ten tokens of 4 bytes, each in a packet of 70: the first from where it was made, nine from where
 * the request went on. */
static void streamed_tokens_leave_from_where_they_are_made(void **state)
{
	struct fixture f;

	(void)state;
	pair(&f, 1e9);
	f.groups[0].stream = true;
	f.spec.run.requests = 0;
	f.spec.run.horizon_s = 150.0; /* one comes at 100 s */
	fixture_run(&f);
	assert_near(fixture_metric(&f, "link:access/users-a/down", "bytes.answer"), 70.0, 0.0);
	assert_near(fixture_metric(&f, "link:access/users-b/down", "bytes.answer"), 630.0, 0.0);
	fixture_finish(&f);
}

/* Both on one site: no time without an interconnect; with one of 1.25 GB/s and 5 us, no headers:
 * 314572800 / 1.25e9 = 0.25165824 s and the latency. A policy is told that way, too. */
static void within_a_site_kv_goes_over_the_interconnect(void **state)
{
	static const double rates[] = {0.0, 1.25e9};

	(void)state;
	for (size_t k = 0; k < 2; k++) {
		const struct request_row *r;
		struct fixture f;

		pair(&f, 6.25e6);
		f.instances[1].site.i = 0;
		f.sites[0].n_gpus = 2;
		f.sites[0].interconnect =
			(struct interconnect_spec){.bytes_per_s = rates[k], .latency_s = 5e-6};
		fixture_run(&f);
		r = &f.rows[0];
		assert_int_equal(r->joined_ns - r->first_token_ns, k == 0 ? 0 : 251658240 + 5000);
		fixture_finish(&f);
	}
}

/* Of two who come at once the second prompt is computed after the first (its instance has one
 * place), and its KV waits for the line. */
static void a_tandem_runs_as_worked_out_by_hand(void **state)
{
	double whole_s = wire_s(KV_BYTES, 1.25e9), prefill_s;
	const struct request_row *r;
	struct fixture f;

	(void)state;
	pair(&f, 1.25e9);
	f.instances[0].max_batch = 1;
	f.groups[0].arrivals =
		(struct arrival_spec){.process = ARRIVAL_SATURATED, .outstanding = 3};
	f.spec.run.requests = 3;
	fixture_run(&f);
	r = f.rows;
	prefill_s = s_of(r[0].first_token_ns);
	assert_true(prefill_s < whole_s);
	for (int k = 0; k < 3; k++) {
		assert_near(s_of(r[k].first_token_ns), (k + 1) * prefill_s, 5e-9);
		/* the line is never idle */
		assert_near(s_of(r[k].joined_ns), prefill_s + (k + 1) * whole_s, 1e-8);
	}
	fixture_finish(&f);
}

/* Memories of a few blocks, every policy, every mixture of roles. */

static uint64_t next_random(uint64_t *x)
{
	uint64_t z = *x += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

/** One prefill instance, one decode instance and up to three of any role; a cache of theirs holds
 *  the longest request once or twice. */
static void random_instances(struct fixture *f, uint64_t *x)
{
	static const char *const names[] = {"s0", "s1", "s2", "s3", "s4"};
	uint32_t n = 2 + (uint32_t)(next_random(x) % 4);

	for (uint32_t k = 0; k < n; k++) {
		struct instance_spec *s;

		fixture_site(f, names[k], k % 2 ? TIER_EDGE : TIER_CLOUD, "l40s");
		s = fixture_llm(f, names[k], k, 0);
		s->role = k == 0 ? ROLE_PREFILL : k == 1 ? ROLE_DECODE : next_random(x) % 3;
		s->batching = next_random(x) % 3 ? BATCHING_CONTINUOUS : BATCHING_CHUNKED;
		s->kv_overlap = s->batching == BATCHING_CONTINUOUS && next_random(x) % 2;
		s->block_tok = 1 + (unsigned)(next_random(x) % 20);
		s->max_batch = 1 + (unsigned)(next_random(x) % 6);
		s->chunk_tok = s->max_batch + (unsigned)(next_random(x) % 100);
		s->ahead = (unsigned)(next_random(x) % 2);
		s->kv.blocks = (120 + (unsigned)(next_random(x) % 130)) / s->block_tok + 1;
		s->prefix_cache = next_random(x) % 3 == 0;
		if (!s->prefix_cache && next_random(x) % 4 == 0) {
			s->kv.preemption = PREEMPTION_SWAP;
			s->kv.swap_bytes = 1e8;
		}
	}
}

/** So many a second for three seconds, and then no more. */
static const double until_s[] = {0.0, 3.0}, rates[][2] = {{2.0, 0.0}, {10.0, 0.0}, {30.0, 0.0}};

static void random_system(struct fixture *f, uint64_t seed, const struct policy_ops *policy)
{
	uint64_t x = seed;
	struct group_spec *g;

	fixture_init(f);
	f->spec.run.seed = seed;
	f->spec.run.horizon_s = 400.0;
	fixture_model(f, "llama2-7b", PRECISION_INT8);
	random_instances(f, &x);
	if (next_random(&x) % 3 > 0) {
		fixture_link(f, "access", "users", "*", 1e8, 0.001);
		fixture_link(f, "kv", "s*", "s*", next_random(&x) % 2 ? 2e8 : 1e10, 0.001);
	}
	if (next_random(&x) % 4 == 0)
		f->spec.run.scheduler_delay_s = 0.002;
	for (int k = 0; k < 2; k++) {
		g = fixture_group(f, k ? "a" : "b", 0.0);
		g->arrivals = (struct arrival_spec){.process = ARRIVAL_SCHEDULE,
			.n_steps = 2,
			.steps_s = until_s,
			.steps_per_s = rates[next_random(&x) % 3]};
		g->workload.prompt_tok = dist_uniform(1.0, 90.0);
		g->workload.output_tok = dist_uniform(1.0, 30.0);
		g->prefixes = (struct prefixes_spec){
			.count = 3, .tok = dist_constant(30.0), .pick = PICK_UNIFORM, .set = "all"};
		if (next_random(&x) % 3 == 0)
			g->deadline_s = 0.3;
		g->stream = next_random(&x) % 3 == 0;
	}
	f->policy = (struct policy_spec){.label = policy->name, .ops = policy};
}

static const struct param_text drops = {.key = "on_infeasible", .value = "drop"},
			       pairs = {.key = "rule", .value = "distserve"};

static void set_param(struct fixture *f, uint64_t seed)
{
	const char *name = f->policy.ops->name;

	if (seed % 2 || (strcmp(name, "k-p-fcfs") && strcmp(name, "separated")))
		return;
	f->policy.params = strcmp(name, "separated") ? &drops : &pairs;
	f->policy.n_params = 1;
}

static uint64_t first_seed = 1, last_seed = 12, n_systems = 12;

/* Every request ends, however little memory there is and whoever waits for
 * whom; and the run's own checks hold (requests, tokens, blocks, Little's law, causes). */
static void nobody_waits_for_ever(void **state)
{
	const struct policy_registry all = policies_all();
	size_t done = 0, apart = 0, preempted = 0, dropped = 0;

	(void)state;
	for (size_t p = 0; p < all.n; p++)
		for (uint64_t seed = first_seed; seed <= last_seed; seed++) {
			struct fixture f;

			random_system(&f, seed, all.all[p]);
			set_param(&f, seed);
			if (!strcmp(all.all[p]->name, "cloud-only") ||
				!strcmp(all.all[p]->name, "edge-only")) {
				for (size_t k = 0; k < f.spec.n_sites; k++)
					f.sites[k].tier =
						*all.all[p]->name == 'c' ? TIER_CLOUD : TIER_EDGE;
			}
			fixture_run(&f);
			if (f.result.status != RUN_COMPLETE)
				fail_msg("%s, seed %ju: %s", all.all[p]->name, (uintmax_t)seed,
					f.result.failure);
			for (size_t k = 0; k < f.n_rows; k++) {
				const struct request_row *r = &f.rows[k];

				if (r->fate == FATE_IN_SYSTEM)
					fail_msg("%s, seed %ju: request %zu never ends",
						all.all[p]->name, (uintmax_t)seed, k);
				done += r->fate == FATE_DONE;
				dropped += r->fate == FATE_DROPPED;
				apart += r->fate == FATE_DONE && r->joined_ns != TIME_NONE;
				preempted += r->preemptions > 0;
			}
			fixture_finish(&f);
		}
	assert_true(done > 40 * all.n * n_systems);
	assert_true(apart > 15 * all.n * n_systems);
	assert_true(preempted > all.n * n_systems);
	assert_true(dropped > 0);
}

/** Answers leave whole, which needs no step told. */
static void in_jumps(struct fixture *f)
{
	f->groups[0].stream = f->groups[1].stream = false;
}

/* Both round once a jump, so they part by at most 1 ns a jump; a jump takes an event. Who is where,
 * and who is preempted, is the same. */
static void a_jump_ends_where_its_steps_end(void **state)
{
	size_t apart = 0, preempted = 0;

	(void)state;
	for (uint64_t seed = 5 * first_seed - 4; seed <= 5 * last_seed; seed++) {
		struct fixture jump, step;
		int64_t bound_ns;

		random_system(&jump, seed, &policy_round_robin);
		random_system(&step, seed, &policy_round_robin);
		in_jumps(&jump);
		in_jumps(&step);
		step.step_by_step = true;
		fixture_run(&jump);
		fixture_run(&step);
		bound_ns = (int64_t)jump.result.events;
		assert_int_equal(jump.n_rows, step.n_rows);
		for (size_t k = 0; k < jump.n_rows; k++) {
			const struct request_row *a = &jump.rows[k], *b = &step.rows[k];

			assert_int_equal(a->fate, b->fate);
			assert_int_equal(a->prefill, b->prefill);
			assert_int_equal(a->instance, b->instance);
			assert_int_equal(a->preemptions, b->preemptions);
			if (llabs(a->first_token_ns - b->first_token_ns) > bound_ns ||
				llabs(a->joined_ns - b->joined_ns) > bound_ns ||
				llabs(a->finished_ns - b->finished_ns) > bound_ns)
				fail_msg("seed %ju row %zu: first %jd joined %jd finished %jd",
					(uintmax_t)seed, k,
					(intmax_t)(a->first_token_ns - b->first_token_ns),
					(intmax_t)(a->joined_ns - b->joined_ns),
					(intmax_t)(a->finished_ns - b->finished_ns));
			apart += a->joined_ns != TIME_NONE;
			preempted += a->preemptions;
		}
		fixture_finish(&jump);
		fixture_finish(&step);
	}
	assert_true(apart > 100 * n_systems);
	assert_true(preempted > 10 * n_systems);
}

/* A policy that sends everything round: each prompt is computed apart, on any instance, and goes on
 * anywhere else, where it is only when nobody else has room for what lies at one of both roles. */
static bool round_next(struct policy_state *st, const struct view *v, struct assignment *out)
{
	const struct waiting *w = v->waiting;
	uint32_t n = (uint32_t)v->n_instances, first = (uint32_t)v->draw(v, n);
	bool again = w->phase == PHASE_DECODE;

	(void)st;
	if (v->n_waiting == 0)
		return false;
	*out = (struct assignment){.request = w->id, .instance = w->from, .apart = !again};
	for (uint32_t k = 0; k < n; k++) {
		struct instance_id i = {(first + k) % n};
		bool lies_at_both = again && v->instances[w->from.i].phases == PHASES_BOTH;

		if (again && i.i == w->from.i)
			continue;
		if (lies_at_both ? v->fits(v, w, i) : v->can_serve(v, w, i)) {
			out->instance = i;
			break;
		}
	}
	return true;
}

static const struct policy_ops round_and_round = {.name = "round-and-round",
	.summary = "prompts apart, and on to anybody else",
	.eager = true,
	.next = round_next};

/* Every instance holds what others could go on with, and wants room at the others for its own: a
 * circle, were it not that each may go on where it is. */
static void a_circle_of_instances_of_both_roles_goes_round(void **state)
{
	size_t apart = 0, stayed = 0;

	(void)state;
	for (uint64_t seed = 5 * first_seed - 4; seed <= 5 * last_seed; seed++) {
		struct fixture f;

		random_system(&f, seed, &round_and_round);
		for (size_t k = 2; k < f.spec.n_instances; k++)
			f.instances[k].role = ROLE_BOTH;
		fixture_run(&f);
		if (f.result.status != RUN_COMPLETE)
			fail_msg("seed %ju: %s", (uintmax_t)seed, f.result.failure);
		for (size_t k = 0; k < f.n_rows; k++) {
			const struct request_row *r = &f.rows[k];

			if (r->fate == FATE_IN_SYSTEM)
				fail_msg("seed %ju: request %zu never ends", (uintmax_t)seed, k);
			apart += r->fate == FATE_DONE && r->joined_ns != TIME_NONE;
			stayed += r->fate == FATE_DONE && r->joined_ns != TIME_NONE &&
				  r->prefill == r->instance;
		}
		fixture_finish(&f);
	}
	assert_true(apart > 100 * n_systems);
	assert_true(stayed > n_systems);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kv_of_600_tokens_takes_fifty_seconds_at_50_mbps),
		cmocka_unit_test(with_overlap_it_ends_as_the_formula_says),
		cmocka_unit_test(streamed_tokens_leave_from_where_they_are_made),
		cmocka_unit_test(within_a_site_kv_goes_over_the_interconnect),
		cmocka_unit_test(a_tandem_runs_as_worked_out_by_hand),
		cmocka_unit_test(nobody_waits_for_ever),
		cmocka_unit_test(a_jump_ends_where_its_steps_end),
		cmocka_unit_test(a_circle_of_instances_of_both_roles_goes_round),
	};

	if (argc == 3) {
		first_seed = strtoull(argv[1], NULL, 10);
		last_seed = strtoull(argv[2], NULL, 10);
		n_systems = last_seed - first_seed + 1;
	}

	return cmocka_run_group_tests_name("handover", tests, NULL, NULL);
}
