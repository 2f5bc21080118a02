/* The prefix cache of a batch against a twin that numbers every token (prefix_twin.h), on random
 * systems: who shares what, blocks few or many, prompts whole or in chunks; and by hand. */
#include "tests/support/check.h"

#include <stdlib.h>
#include <string.h>

#include "models/content.h"
#include "models/workload/trace.h"
#include "tests/models/serving/prefix_twin.h"
#include "tests/support/world_fixture.h"

/* Which random systems; the slow suite names more. */
static uint64_t first_seed = 1, last_seed = 50;

static uint64_t next_random(uint64_t *x)
{
	*x += 0x9e3779b97f4a7c15u;
	return content_mix(*x);
}

static uint32_t below(uint64_t *x, uint32_t n)
{
	return (uint32_t)(next_random(x) % n);
}

/* Requests as literals, what their prompts share with others included. */

enum { ROWS = 110, IDS = 100 };

struct row {
	int64_t at_ns;
	uint32_t prompt, output;
	uint64_t ids[IDS];
	uint32_t n_ids, id_tok;
};

struct trace_source {
	size_t next;
};

static struct row rows[ROWS];

static bool rows_open(struct trace_source **out, const struct trace_spec *spec, struct err *err)
{
	(void)spec;
	(void)err;
	*out = mem_zalloc(1, sizeof **out);
	return true;
}

static int rows_next(struct trace_source *s, struct trace_row *out, struct err *err)
{
	const struct row *r = &rows[s->next];

	(void)err;
	if (s->next++ == ROWS)
		return 0;
	*out = (struct trace_row){
		.at_ns = r->at_ns,
		.prompt_tok = r->prompt,
		.output_tok = r->output,
		.ids = mem_zalloc(IDS, sizeof *out->ids),
		.n_ids = r->n_ids,
		.id_tok = r->id_tok,
	};
	memcpy(out->ids, r->ids, sizeof r->ids);
	return 1;
}

static uint64_t rows_skipped(const struct trace_source *s)
{
	(void)s;
	return 0;
}

static void rows_close(struct trace_source *s)
{
	free(s);
}

static const struct trace_opener opener = {
	.open = rows_open, .next = rows_next, .skipped = rows_skipped, .close = rows_close};

/** Each begins as one before it did, or as none. */
static void random_rows(uint64_t *x)
{
	uint32_t id_tok = 3 + below(x, 60), gap_ms = 20 + below(x, 500);
	uint64_t fresh = 1;

	for (size_t i = 0; i < ROWS; i++) {
		struct row *r = &rows[i];
		const struct row *like = &rows[i > 0 ? below(x, (uint32_t)i) : 0];
		uint32_t n;

		*r = (struct row){
			.at_ns = (i > 0 ? rows[i - 1].at_ns : 0) + 1 +
				 (int64_t)(next_random(x) % (2000000u * gap_ms)),
			.prompt = 1 + below(x, 300),
			.output = 1 + below(x, 120),
			.id_tok = id_tok,
		};
		n = (r->prompt + id_tok - 1) / id_tok;
		r->n_ids = below(x, 8) > 0 ? n : below(x, n + 1);
		for (uint32_t k = 0, same = i > 0 ? below(x, n + 2) : 0; k < r->n_ids; k++)
			r->ids[k] = k < same && k < like->n_ids ? like->ids[k] : fresh++;
	}
}

/* One instance and an eager policy, so that the instance alone decides who waits. */
static void random_system(struct fixture *f, uint64_t seed)
{
	struct instance_spec *i;
	struct group_spec *g;
	uint64_t x = seed;

	random_rows(&x);
	fixture_init(f);
	fixture_site(f, "cloud", TIER_CLOUD, below(&x, 2) ? "rtx-4090" : "l40s");
	fixture_model(f, "llama2-7b", PRECISION_INT8);
	i = fixture_llm(f, "gpu", 0, 0);
	i->prefix_cache = true;
	i->batching = below(&x, 2) ? BATCHING_CHUNKED : BATCHING_CONTINUOUS;
	i->block_tok = below(&x, 4) ? 1 + below(&x, 24) : 16;
	i->max_batch = 1 + below(&x, 20);
	i->chunk_tok = i->max_batch + below(&x, 2) * below(&x, 500);
	i->kv.blocks = (450 + below(&x, 3000)) / i->block_tok;
	g = fixture_group(f, "users", 1.0);
	g->workload.kind = WORKLOAD_TRACE;
	g->arrivals = (struct arrival_spec){.process = ARRIVAL_TRACE,
		.trace = {.file = "rows",
			.rate_scale = 1.0,
			.window_s = {0.0, HUGE_VAL},
			.clock_s = -1.0,
			.contents = true,
			.opener = &opener}};
	fixture_policy(f, "random");
	f->spec.run.horizon_s = 0.0;
	f->spec.run.horizon_trace = true;
	f->step_by_step = below(&x, 8) == 0;
}

static void twin_of(struct twin *v, const struct fixture *f)
{
	const struct instance_spec *s = &f->instances[0];
	struct err err = {0};
	struct cost_spec spec = {
		.profile = s->profile,
		.gpu = &f->sites[0].gpu,
		.shape = &f->models[0].shape,
		.precision = f->models[0].precision,
		.max_batch = s->max_batch,
		.attention = s->attention,
		.quantile = PROFILE_MEDIAN,
	};

	*v = (struct twin){
		.chunked = s->batching == BATCHING_CHUNKED,
		.max_batch = s->max_batch,
		.block_tok = s->block_tok,
		.budget = s->chunk_tok,
		.cap_tok = spec.shape->context,
		.total = s->kv.blocks,
		.n = ROWS,
		.r = mem_zalloc(ROWS, sizeof *v->r),
	};
	if (!cost_create(&v->cost, &spec, &err))
		fail_msg("%s", err.msg);
	for (size_t i = 0; i < ROWS; i++) {
		struct twin_request *r = &v->r[i];

		r->ready_s = (double)rows[i].at_ns * 1e-9;
		r->prompt = rows[i].prompt;
		r->output = rows[i].output;
		for (uint32_t t = 0; t < r->prompt + r->output; t++) {
			uint32_t k = t / rows[i].id_tok;

			r->tok[t] = t < r->prompt && k < rows[i].n_ids
					    ? rows[i].ids[k] << 20 | t % rows[i].id_tok
					    : (uint64_t)(i + 1) << 40 | t;
		}
	}
}

/* Blocks in use at the end of each run of steps. */

struct probe_state {
	const struct twin *v;
	uint64_t steps;
};

static void check_used(struct probe_state *s, const struct step_span *span)
{
	s->steps += span->steps;
	assert_true(s->steps <= s->v->n_steps);
	assert_int_equal(span->kv_blocks, s->v->used[s->steps - 1]);
}

/** Each request with its times, what it found and how often it gave way; each block that had to go;
 *  and what was in use at the end of each step. Returns how many tokens were found. */
static uint64_t check(struct fixture *f, uint64_t *preemptions, uint64_t *evicted)
{
	static const struct probe_ops ops = {.name = "used", .step = check_used};
	struct twin v;
	struct probe_state state = {.v = &v};
	uint64_t cached = 0;

	twin_of(&v, f);
	twin_run(&v);
	f->also = (struct probe){&ops, &state};
	fixture_run(f);
	assert_int_equal(f->result.status, RUN_COMPLETE);
	assert_int_equal(f->n_rows, ROWS);
	assert_int_equal(state.steps, v.n_steps);
	for (size_t i = 0; i < ROWS; i++) {
		const struct request_row *r = &f->rows[i];

		assert_int_equal(r->fate, FATE_DONE);
		assert_int_equal(r->cached_tok, v.r[i].cached);
		assert_int_equal(r->preemptions, v.r[i].preemptions);
		/* the engine rounds to ns once a jump: 1e4 of them at most */
		assert_near((double)r->first_token_ns * 1e-9, v.r[i].first_s, 1e-5);
		assert_near((double)r->finished_ns * 1e-9, v.r[i].finished_s, 1e-5);
		cached += r->cached_tok;
		*preemptions += r->preemptions;
	}
	assert_near(
		fixture_metric(f, "instance:gpu", "prefix.evicted_blocks"), (double)v.evicted, 0.0);
	*evicted += v.evicted;
	cost_destroy(v.cost);
	twin_finish(&v);
	return cached;
}

static void every_block_is_found_used_and_given_up_as_by_a_naive_engine(void **state)
{
	uint64_t cached = 0, preemptions = 0, evicted = 0;

	(void)state;
	for (uint64_t seed = first_seed; seed <= last_seed; seed++) {
		struct fixture f;

		random_system(&f, seed);
		cached += check(&f, &preemptions, &evicted);
		fixture_finish(&f);
	}
	assert_true(cached > 1000 * (last_seed - first_seed));
	assert_true(preemptions > last_seed - first_seed);
	assert_true(evicted > 100 * (last_seed - first_seed));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_block_is_found_used_and_given_up_as_by_a_naive_engine),
	};

	if (argc == 3) {
		first_seed = strtoull(argv[1], NULL, 10);
		last_seed = strtoull(argv[2], NULL, 10);
	}
	return cmocka_run_group_tests_name("prefix", tests, NULL, NULL);
}
