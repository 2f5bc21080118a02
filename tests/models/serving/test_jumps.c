/* Many steps as one event against one event a step, on random systems whose memories are of a few
 * blocks: who gives way and when he is back is the same, with a prefix cache or without, recomputed
 * or swapped, prompts whole or in chunks, phases apart or not. */
#include "tests/support/check.h"

#include <stdlib.h>

#include "tests/support/seeds.h"
#include "tests/support/world_fixture.h"

static struct seeds seeds;

static uint32_t below(uint64_t *x, uint32_t n)
{
	return (uint32_t)(seeds_next(x) % n);
}

static double one_of(uint64_t *x, const double *of, uint32_t n)
{
	return of[below(x, n)];
}

/* The longest request has 330 tokens; the cache holds it, and 600 tokens more at most. */
static void random_instance(struct fixture *f, uint32_t site, uint64_t *x)
{
	static const char *const names[] = {"here", "there"};
	static const double watermarks[] = {0.0, 0.0, 0.01, 0.1};
	struct instance_spec *i;

	fixture_site(f, names[site], TIER_CLOUD, below(x, 2) ? "rtx-4090" : "l40s");
	i = fixture_llm(f, names[site], site, 0);
	i->batching = below(x, 3) == 0 ? BATCHING_CHUNKED : BATCHING_CONTINUOUS;
	i->block_tok = 1 + below(x, below(x, 2) ? 4 : 20);
	i->max_batch = 2 + below(x, 15);
	i->chunk_tok = i->max_batch + below(x, 2) * below(x, 200);
	i->ahead = below(x, 3);
	i->kv.blocks = (330 + below(x, 600)) / i->block_tok + 1;
	i->kv.watermark = one_of(x, watermarks, 4);
	i->limits.prefill_limit = below(x, 3);
	i->prefix_cache = below(x, 4) > 0;
	if (!i->prefix_cache && below(x, 2)) {
		i->kv.preemption = PREEMPTION_SWAP;
		i->kv.swap_bytes = below(x, 2) ? 1e9 : 5e7;
	}
}

/* What prompts have in common: a few beginnings, or what was said before. */
static void random_users(struct fixture *f, uint64_t *x)
{
	static const double rates[] = {5.0, 15.0, 40.0}, same_tok[] = {30.0, 70.0, 100.0};
	struct group_spec *g = fixture_group(f, "users", one_of(x, rates, 3));

	g->workload.prompt_tok = dist_uniform(1.0, 30.0);
	g->workload.output_tok = dist_uniform(1.0, 200.0);
	if (below(x, 6) > 0)
		g->prefixes = (struct prefixes_spec){.count = 1 + below(x, 2),
			.tok = dist_constant(one_of(x, same_tok, 3)),
			.pick = PICK_UNIFORM,
			.set = "all"};
	if (below(x, 4) > 0)
		return;
	g->workload.prompt_tok = dist_uniform(1.0, 10.0);
	g->workload.output_tok = dist_uniform(1.0, 10.0);
	g->sessions = (struct sessions_spec){
		.on = true, .turns = dist_uniform(1.0, 5.0), .think = dist_exponential(0.5)};
}

static void random_system(struct fixture *f, uint64_t seed)
{
	uint64_t x = seed;
	bool two = below(&x, 3) > 0;

	fixture_init(f);
	fixture_model(f, "llama2-7b", PRECISION_INT8);
	random_instance(f, 0, &x);
	if (two)
		random_instance(f, 1, &x);
	if (two && below(&x, 4) > 0) {
		f->instances[0].role = below(&x, 2) ? ROLE_PREFILL : ROLE_BOTH;
		f->instances[1].role = ROLE_DECODE;
		fixture_link(f, "access", "users", "*", HUGE_VAL, 0.0);
		fixture_link(f, "kv", "here", "there", 2e9, 0.0);
	}
	random_users(f, &x);
	fixture_policy(f, below(&x, 4) ? "random" : "fcfs");
	f->spec.run.seed = seed;
	f->spec.run.horizon_s = 15.0;
}

/* Both round once a run of steps, so they part by at most 1 ns a run, which takes an event. */
static bool same(const struct request_row *a, const struct request_row *b, int64_t bound_ns)
{
	return a->fate == b->fate && a->instance == b->instance && a->prefill == b->prefill &&
	       a->preemptions == b->preemptions && a->cached_tok == b->cached_tok &&
	       llabs(a->started_ns - b->started_ns) <= bound_ns &&
	       llabs(a->first_token_ns - b->first_token_ns) <= bound_ns &&
	       llabs(a->joined_ns - b->joined_ns) <= bound_ns &&
	       llabs(a->finished_ns - b->finished_ns) <= bound_ns;
}

/** What systems came to. */
struct tally {
	uint64_t preempted, swapped, cached, apart; /* all, and of those: how, and where */
};

static void count(struct tally *t, const struct fixture *f, const struct request_row *r)
{
	bool swaps = f->instances[0].kv.preemption == PREEMPTION_SWAP;

	t->preempted += r->preemptions;
	t->swapped += swaps ? r->preemptions : 0;
	t->cached += r->cached_tok > 0 ? r->preemptions : 0;
	t->apart += r->joined_ns != TIME_NONE ? r->preemptions : 0;
}

/* KV that was brought lies in blocks of its own; given up, those that others hold as well fall
 * together with theirs, and who was just put back may fit after one step more. */
static void who_gave_way_is_back_at_the_same_step(void **state)
{
	struct tally t = {0};

	(void)state;
	for (uint64_t seed = seeds.first; seed <= seeds.last; seed++) {
		struct fixture f[2];

		for (int steps = 0; steps < 2; steps++) {
			random_system(&f[steps], seed);
			f[steps].step_by_step = steps;
			fixture_run(&f[steps]);
			assert_int_equal(f[steps].result.status, RUN_COMPLETE);
		}
		assert_int_equal(f[0].n_rows, f[1].n_rows);
		for (size_t k = 0; k < f[0].n_rows; k++) {
			const struct request_row *a = &f[0].rows[k], *b = &f[1].rows[k];

			if (!same(a, b, (int64_t)f[0].result.events))
				fail_msg("system %ju, request %zu: preempted %u, finished %jd ns; "
					 "step by step %u, %jd ns",
					(uintmax_t)seed, k, a->preemptions,
					(intmax_t)a->finished_ns, b->preemptions,
					(intmax_t)b->finished_ns);
			count(&t, &f[0], a);
		}
		fixture_finish(&f[0]);
		fixture_finish(&f[1]);
	}
	if (seeds.last == seeds.first)
		return;
	assert_true(t.preempted > 10 * (seeds.last - seeds.first));
	assert_true(t.swapped > 0 && t.cached > 0 && t.apart > 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_gave_way_is_back_at_the_same_step),
	};

	seeds = seeds_of(argc, argv, 50);
	return cmocka_run_group_tests_name("jumps", tests, NULL, NULL);
}
