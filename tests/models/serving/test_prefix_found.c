/* What a prefix cache finds, by hand and against a trace: sessions, prefixes, what was preempted,
 * who goes on elsewhere; and that one that finds nothing changes nothing. */
#include "tests/support/check.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/trace/arrival_trace.h"
#include "models/cost/cost.h"
#include "tests/support/world_fixture.h"

static struct group_spec *build(struct fixture *f, double rate_per_s)
{
	struct group_spec *g;

	fixture_init(f);
	fixture_site(f, "cloud", TIER_CLOUD, "a100");
	fixture_model(f, "llama2-7b", PRECISION_FP16);
	fixture_llm(f, "gpu", 0, 0)->prefix_cache = true;
	g = fixture_group(f, "users", rate_per_s);
	g->arrivals.process = ARRIVAL_DETERMINISTIC;
	return g;
}

static struct cost *cost_of(const struct fixture *f)
{
	struct err err = {0};
	struct cost_spec spec = {
		.profile = f->instances[0].profile,
		.gpu = &f->sites[0].gpu,
		.shape = &f->models[0].shape,
		.precision = f->models[0].precision,
		.max_batch = f->instances[0].max_batch,
		.quantile = PROFILE_MEDIAN,
	};
	struct cost *c;

	if (!cost_create(&c, &spec, &err))
		fail_msg("%s", err.msg);
	return c;
}

static double prefill_s(const struct cost *c, uint32_t tok, uint32_t past)
{
	return cost_prefill_s(c, tok, 1) + cost_prefill_attention_s(c, tok, past);
}

/* One session at a time. A prefix of 40 tokens, 50 new ones a turn, 30 in an answer, blocks of 16:
 * turn 1 has a prompt of 90, of which the first session finds nothing and the second the two full
 * blocks of the prefix; when it is over 119 tokens are stored, the 30th of the answer is not. Turn
 * 2 has 170 and finds 112, turn 3 has 250 and finds 192 of 199. Only the rest is computed. */
static void a_turn_finds_all_full_blocks_of_what_was_said(void **state)
{
	static const uint32_t prompt[] = {90, 170, 250},
			      found[2][3] = {{0, 112, 192}, {32, 112, 192}};
	struct fixture f;
	struct group_spec *g = build(&f, 0.001);
	struct cost *c = cost_of(&f);

	(void)state;
	g->workload.prompt_tok = dist_constant(50.0);
	g->workload.output_tok = dist_constant(30.0);
	g->prefixes = (struct prefixes_spec){.count = 1, .tok = dist_constant(40.0), .set = "all"};
	g->sessions = (struct sessions_spec){
		.on = true, .turns = dist_constant(3.0), .think = dist_constant(2.5)};
	f.spec.run.horizon_s = 2500.0;
	fixture_run(&f);
	assert_int_equal(f.n_rows, 6);
	for (size_t i = 0; i < 6; i++) {
		const struct request_row *r = &f.rows[i];
		uint32_t cached = found[i / 3][i % 3];

		assert_int_equal(r->prompt_tok, prompt[i % 3]);
		assert_int_equal(r->output_tok, 30);
		assert_int_equal(r->cached_tok, cached);
		assert_near((double)(r->first_token_ns - r->started_ns) * 1e-9,
			prefill_s(c, prompt[i % 3] - cached, cached), 1e-9);
		if (i % 3 > 0)
			assert_int_equal(r->created_ns - f.rows[i - 1].delivered_ns, 2500000000);
	}
	assert_near(fixture_metric(&f, "instance:gpu", "prefix.hit_share"),
		(2.0 * (112.0 + 192.0) + 32.0) / (2.0 * (90.0 + 170.0 + 250.0)), 1e-12);
	assert_near(fixture_metric(&f, "", "prefix.hit_share"),
		fixture_metric(&f, "group:users", "prefix.hit_share"), 0.0);
	assert_near(fixture_metric(&f, "group:users", "sessions.begun"), 2.0, 0.0);
	cost_destroy(c);
	fixture_finish(&f);
}

/* 4 096 tokens hold a prompt of 1 000 and three answers of 1 000 and two more prompts of 40: the
 * third turn ends at 1 000 + 3 000 + 80 = 4 080, and the fourth would not fit. */
static void the_context_ends_a_session(void **state)
{
	struct fixture f;
	struct group_spec *g = build(&f, 0.002);

	(void)state;
	g->workload.prompt_tok = dist_constant(40.0);
	g->workload.output_tok = dist_constant(1000.0);
	g->prefixes = (struct prefixes_spec){.count = 1, .tok = dist_constant(960.0), .set = "all"};
	g->sessions = (struct sessions_spec){
		.on = true, .turns = dist_constant(9.0), .think = dist_constant(0.0)};
	f.spec.run.horizon_s = 1400.0;
	fixture_run(&f);
	assert_int_equal(f.n_rows, 6);
	for (size_t i = 0; i < 6; i++) {
		assert_int_equal(f.rows[i].fate, FATE_DONE);
		assert_int_equal(f.rows[i].prompt_tok, 1000 + i % 3 * 1040);
	}
	assert_near(fixture_metric(&f, "group:users", "sessions.cut"), 2.0, 0.0);
	assert_near(fixture_metric(&f, "group:users", "requests.rejected"), 0.0, 0.0);
	fixture_finish(&f);
}

/* A prompt of 64 tokens that is all there is computed from its last token on. */
static void at_least_one_token_is_computed(void **state)
{
	struct fixture f;
	struct group_spec *g = build(&f, 0.01);
	struct cost *c = cost_of(&f);

	(void)state;
	g->workload.prompt_tok = dist_constant(1.0);
	g->workload.output_tok = dist_constant(5.0);
	g->prefixes = (struct prefixes_spec){.count = 1, .tok = dist_constant(64.0), .set = "all"};
	f.instances[0].block_tok = 5; /* of 65 tokens 12 blocks are shared, the 13th is not */
	f.spec.run.horizon_s = 250.0;
	fixture_run(&f);
	assert_int_equal(f.rows[1].cached_tok, 60);
	f.instances[0].block_tok = 64;
	fixture_run(&f);
	assert_int_equal(f.rows[1].prompt_tok, 65);
	assert_int_equal(f.rows[1].cached_tok, 64);
	assert_near((double)(f.rows[1].first_token_ns - f.rows[1].started_ns) * 1e-9,
		prefill_s(c, 1, 64), 1e-9);
	g->workload.truncate = true; /* the last token goes, and what is left is all shared */
	f.models[0].shape.context = 69;
	fixture_run(&f);
	assert_int_equal(f.rows[1].prompt_tok, 64);
	assert_int_equal(f.rows[1].cached_tok, 63);
	assert_near((double)(f.rows[1].first_token_ns - f.rows[1].started_ns) * 1e-9,
		prefill_s(c, 1, 63), 1e-9);
	cost_destroy(c);
	fixture_finish(&f);
}

/* Nobody shares anything and nobody gives way: the same run, event by event. */
static void one_that_finds_nothing_changes_nothing(void **state)
{
	uint64_t digest[2];

	(void)state;
	for (int chunked = 0; chunked < 2; chunked++) {
		for (int on = 0; on < 2; on++) {
			struct fixture f;
			struct group_spec *g = build(&f, 6.0);

			g->arrivals.process = ARRIVAL_POISSON;
			g->workload.prompt_tok = dist_uniform(1.0, 900.0);
			g->workload.output_tok = dist_uniform(1.0, 300.0);
			f.instances[0].prefix_cache = on;
			f.instances[0].batching = chunked ? BATCHING_CHUNKED : BATCHING_CONTINUOUS;
			f.instances[0].max_batch = 64;
			fixture_run(&f);
			digest[on] = f.result.digest;
			assert_near(fixture_metric(&f, "instance:gpu", "preemptions"), 0.0, 0.0);
			fixture_finish(&f);
		}
		assert_true(digest[0] == digest[1]);
	}
}

/* What a session says does not depend on how fast it is answered. */
static void a_session_is_the_same_on_any_machine(void **state)
{
	struct fixture f[2];
	size_t same = 0;

	(void)state;
	for (int k = 0; k < 2; k++) {
		struct group_spec *g = build(&f[k], 0.05);

		if (k == 1)
			f[k].sites[0].gpu.bytes_per_s /= 3.0;
		g->workload.prompt_tok = dist_uniform(10.0, 100.0);
		g->workload.output_tok = dist_uniform(10.0, 100.0);
		g->sessions = (struct sessions_spec){.on = true,
			.turns = dist_uniform(1.0, 6.0),
			.think = dist_exponential(3.0)};
		f[k].spec.run.horizon_s = 2000.0;
		fixture_run(&f[k]);
	}
	assert_true(f[0].n_rows > 200);
	for (size_t i = 0; i < f[0].n_rows; i++) /* the same prompts, in some order */
		for (size_t j = 0; j < f[1].n_rows; j++)
			if (f[0].rows[i].prompt_tok == f[1].rows[j].prompt_tok &&
				f[0].rows[i].output_tok == f[1].rows[j].output_tok) {
				f[1].rows[j].prompt_tok = 0;
				same++;
				break;
			}
	assert_true(same + 6 >= f[0].n_rows && f[0].n_rows + 6 >= f[1].n_rows);
	fixture_finish(&f[0]);
	fixture_finish(&f[1]);
}

/* A prompt shares its first 3 200 of 3 260 tokens with all others, and memory holds 5 000: alone
 * two do not fit, with the cache they do, also as a policy sees it that waits for room. */
static void what_others_hold_needs_no_room(void **state)
{
	double batch[2];

	(void)state;
	for (int on = 0; on < 2; on++) {
		struct fixture f;
		struct group_spec *g = build(&f, 4.0);

		g->prefixes = (struct prefixes_spec){
			.count = 1, .tok = dist_constant(3200.0), .set = "all"};
		g->workload.prompt_tok = dist_constant(60.0);
		g->workload.output_tok = dist_constant(100.0);
		f.instances[0].prefix_cache = on;
		f.instances[0].kv.blocks = 5000 / 16;
		fixture_policy(&f, "fcfs");
		f.spec.run.horizon_s = 60.0;
		fixture_run(&f);
		batch[on] = fixture_metric(&f, "instance:gpu", "batch.mean");
		assert_true(fixture_metric(&f, "instance:gpu", "kv.peak_bytes") <=
			    5000.0 * llm_kv_bytes_per_tok(&f.models[0].shape));
		fixture_finish(&f);
	}
	assert_near(batch[0], 1.0, 1e-9);
	assert_true(batch[1] > 3.0);
}

/* Phases apart, memories of a few blocks, both sides with a cache: nobody waits for ever, jumps end
 * where steps do, and no side holds more than it has. */
static void phases_apart_keep_their_blocks_apart(void **state)
{
	uint64_t cached = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct fixture f[2];

		for (int step = 0; step < 2; step++) {
			struct group_spec *g = build(&f[step], 3.0);
			struct instance_spec *d;

			fixture_site(&f[step], "other", TIER_CLOUD, "a100");
			d = fixture_llm(&f[step], "decode", 1, 0);
			d->prefix_cache = seed % 3 > 0;
			d->role = ROLE_DECODE;
			f[step].instances[0].role = seed % 2 ? ROLE_PREFILL : ROLE_BOTH;
			f[step].instances[0].kv.blocks = 70;
			d->kv.blocks = 60 + (unsigned)seed;
			d->batching = seed % 4 ? BATCHING_CONTINUOUS : BATCHING_CHUNKED;
			fixture_link(&f[step], "access", "users", "*", HUGE_VAL, 0.0);
			fixture_link(&f[step], "kv", "cloud", "other", 2e9, 0.0);
			g->arrivals.process = ARRIVAL_POISSON;
			g->prefixes = (struct prefixes_spec){
				.count = 3, .tok = dist_constant(300.0), .set = "all"};
			g->workload.prompt_tok = dist_uniform(1.0, 200.0);
			g->workload.output_tok = dist_uniform(1.0, 150.0);
			f[step].spec.run.seed = seed;
			f[step].spec.run.horizon_s = 0.0;
			f[step].spec.run.requests = 100;
			f[step].spec.run.limit_s = 1e5;
			f[step].step_by_step = step;
			fixture_run(&f[step]);
			assert_int_equal(f[step].result.status, RUN_COMPLETE);
			assert_true(fixture_metric(&f[step], "instance:decode", "kv.peak_bytes") <=
				    (60.0 + (double)seed) * 16.0 *
					    llm_kv_bytes_per_tok(&f[step].models[0].shape));
		}
		assert_int_equal(f[0].n_rows, f[1].n_rows);
		for (size_t i = 0; i < f[0].n_rows; i++) {
			const struct request_row *a = &f[0].rows[i], *b = &f[1].rows[i];

			assert_int_equal(a->fate, b->fate);
			assert_int_equal(a->cached_tok, b->cached_tok);
			assert_true(llabs(a->finished_ns - b->finished_ns) <=
				    (int64_t)f[0].result.events);
			cached += a->cached_tok;
		}
		fixture_finish(&f[0]);
		fixture_finish(&f[1]);
	}
	assert_true(cached > 100000);
}

/* Mooncake's conversations, 12 031 requests, on a machine that has room for all that was ever said:
 * each finds what the ids before it say, 105 710 of 288 500 blocks in all, 37 % of the prompts. */

static void a_cache_without_end_finds_what_a_trace_repeats(void **state)
{
	static const char file[] = SHARED_DATA "/mooncake_conversation_trace.jsonl.gz";
	const struct trace_spec spec = {.file = file,
		.format = TRACE_MOONCAKE,
		.rate_scale = 1.0,
		.window_s = {0.0, HUGE_VAL},
		.contents = true,
		.opener = &arrival_trace_opener};
	bool *seen = mem_zalloc(1000000, sizeof *seen);
	uint64_t ids = 0, ids_found = 0;
	struct trace_source *source;
	struct trace_row row;
	struct err err = {0};
	struct fixture f;
	struct group_spec *g = build(&f, 1.0);

	(void)state;
	if (access(file, R_OK) != 0) {
		print_message("skipped: there is no %s\n", file);
		free(seen);
		fixture_finish(&f);
		return;
	}
	f.models[0].shape.context = 1000000;
	f.sites[0].gpu.mem_bytes = 1e18;
	f.instances[0].max_batch = 64;
	g->workload.kind = WORKLOAD_TRACE;
	g->arrivals = (struct arrival_spec){.process = ARRIVAL_TRACE, .trace = spec};
	f.spec.run.horizon_s = 0.0;
	f.spec.run.horizon_trace = true;
	fixture_run(&f);
	assert_int_equal(f.n_rows, 12031);
	assert_true(spec.opener->open(&source, &spec, &err));
	for (size_t i = 0; i < f.n_rows; i++) {
		uint32_t n = 0, tok;

		assert_int_equal(spec.opener->next(source, &row, &err), 1);
		assert_int_equal(row.prompt_tok, f.rows[i].prompt_tok);
		assert_int_equal(row.n_ids, (row.prompt_tok + 511) / 512);
		while (n < row.n_ids && seen[row.ids[n]])
			n++;
		for (uint32_t k = 0; k < row.n_ids; k++)
			seen[row.ids[k]] = true;
		tok = n * 512 < row.prompt_tok ? n * 512 : row.prompt_tok / 16 * 16;
		assert_int_equal(
			f.rows[i].cached_tok, tok < row.prompt_tok ? tok : row.prompt_tok - 1);
		ids += row.n_ids;
		ids_found += n;
		free(row.ids);
	}
	spec.opener->close(source);
	assert_int_equal(ids, 288500);
	assert_int_equal(ids_found, 105710);
	assert_near(fixture_metric(&f, "", "prefix.hit_share"), 0.37, 0.005);
	assert_near(fixture_metric(&f, "instance:gpu", "prefix.evicted_blocks"), 0.0, 0.0);
	free(seen);
	fixture_finish(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_turn_finds_all_full_blocks_of_what_was_said),
		cmocka_unit_test(the_context_ends_a_session),
		cmocka_unit_test(at_least_one_token_is_computed),
		cmocka_unit_test(one_that_finds_nothing_changes_nothing),
		cmocka_unit_test(a_session_is_the_same_on_any_machine),
		cmocka_unit_test(what_others_hold_needs_no_room),
		cmocka_unit_test(phases_apart_keep_their_blocks_apart),
		cmocka_unit_test(a_cache_without_end_finds_what_a_trace_repeats),
	};

	return cmocka_run_group_tests_name("prefix_found", tests, NULL, NULL);
}
