/* The batch engine against a naive one that makes every token by itself, and
 * jumps against steps. */
#include "tests/support/check.h"

#include <stdlib.h>
#include <string.h>

#include "models/cost/cost.h"
#include "tests/support/world_fixture.h"

/* A continuous batch in the plainest way: one
 * loop turn a step, every request looked at in every turn, doubles in seconds. */

struct naive_request {
	double ready_s; /* the prompt is there */
	uint32_t prompt, output, emitted;
	uint32_t preemptions;
	uint64_t held_tok;                  /* what its blocks were last asked to hold */
	bool reserved, here, running, done; /* reserved: its first blocks are set aside */
	double order;           /* of waiting: preempted ones first, last preempted foremost */
	unsigned long admitted; /* of the last admission: larger is younger */
	double first_s, finished_s;
};

struct naive {
	struct cost *cost;
	uint32_t max_batch, block_tok, cap_tok;
	uint64_t total;
	struct naive_request *r;
	size_t n;
	double now_s;
	unsigned long admissions;
	double front;
};

static uint64_t blocks_of(const struct naive *v, uint64_t tok)
{
	return (tok + v->block_tok - 1) / v->block_tok;
}

/** Blocks held by the running ones. */
static uint64_t blocks_used(const struct naive *v)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < v->n; i++)
		if (v->r[i].running)
			sum += blocks_of(v, v->r[i].held_tok);
	return sum;
}

/** Blocks that the coming decode step asks for. */
static uint64_t blocks_wanted(const struct naive *v)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < v->n; i++)
		if (v->r[i].running)
			sum += blocks_of(v, v->r[i].prompt + v->r[i].emitted);
	return sum;
}

static size_t running(const struct naive *v)
{
	size_t n = 0;

	for (size_t i = 0; i < v->n; i++)
		n += v->r[i].running;
	return n;
}

static uint64_t blocks_reserved(const struct naive *v)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < v->n; i++)
		if (v->r[i].reserved)
			sum += blocks_of(v, v->r[i].prompt + 1);
	return sum;
}

static bool preempted_waits(const struct naive *v)
{
	for (size_t i = 0; i < v->n; i++)
		if (!v->r[i].running && !v->r[i].done && v->r[i].preemptions > 0)
			return true;
	return false;
}

/** Somebody waits who never ran and for whom nothing is set aside. */
static bool bare_waits(const struct naive *v)
{
	for (size_t i = 0; i < v->n; i++) {
		const struct naive_request *r = &v->r[i];

		if (r->here && !r->done && !r->running && !r->reserved && r->preemptions == 0)
			return true;
	}
	return false;
}

/** Those here and not done, running or not. */
static size_t here(const struct naive *v)
{
	size_t n = 0;

	for (size_t i = 0; i < v->n; i++)
		n += v->r[i].here && !v->r[i].done;
	return n;
}

/** Those that come until @until_s, while what is in flight holds its blocks. */
static void naive_arrivals(struct naive *v, double until_s)
{
	for (size_t i = 0; i < v->n; i++) {
		struct naive_request *r = &v->r[i];

		if (r->here || r->ready_s > until_s)
			continue;
		r->reserved = here(v) < v->max_batch && !preempted_waits(v) && !bare_waits(v) &&
			      blocks_used(v) + blocks_reserved(v) + blocks_of(v, r->prompt + 1) <=
				      v->total;
		r->here = true;
	}
}

static bool naive_fits(const struct naive *v, const struct naive_request *r)
{
	return r->reserved ||
	       blocks_used(v) + blocks_reserved(v) + blocks_of(v, r->prompt + r->emitted + 1) <=
		       v->total;
}

/** The first in line; when nothing runs, the first that fits. */
static struct naive_request *first_waiting(struct naive *v)
{
	struct naive_request *best = NULL;

	for (size_t i = 0; i < v->n; i++) {
		struct naive_request *r = &v->r[i];

		if (r->here && !r->done && !r->running && (running(v) > 0 || naive_fits(v, r)) &&
			(!best || r->order < best->order))
			best = r;
	}
	return best;
}

static void naive_prefill(struct naive *v, struct naive_request **in, size_t n)
{
	uint64_t tok = 0;
	double s = 0.0;

	for (size_t i = 0; i < n; i++) {
		tok += in[i]->prompt + in[i]->emitted;
		s += cost_prefill_attention_s(v->cost, in[i]->prompt + in[i]->emitted, 0);
	}
	s += cost_prefill_s(v->cost, tok, n);
	for (size_t i = 0; i < n; i++)
		in[i]->emitted++;
	naive_arrivals(v, v->now_s + s);
	v->now_s += s;
	for (size_t i = 0; i < n; i++) {
		if (in[i]->emitted == 1)
			in[i]->first_s = v->now_s;
		if (in[i]->emitted == in[i]->output) {
			in[i]->done = true;
			in[i]->running = false;
			in[i]->finished_s = v->now_s;
		}
	}
}

static bool naive_admit(struct naive *v)
{
	struct naive_request *in[64];
	size_t n = 0;
	uint64_t tok = 0;

	for (;;) {
		struct naive_request *r = first_waiting(v);
		uint64_t size = r ? r->prompt + r->emitted : 0;

		if (!r || running(v) >= v->max_batch || (n > 0 && tok + size > v->cap_tok))
			break;
		if (!naive_fits(v, r))
			break;
		tok += size;
		r->running = true;
		r->reserved = false;
		r->held_tok = size + 1;
		r->admitted = ++v->admissions;
		in[n++] = r;
	}
	if (n > 0)
		naive_prefill(v, in, n);
	return n > 0;
}

static void naive_preempt(struct naive *v)
{
	struct naive_request *young = NULL;

	for (size_t i = 0; i < v->n; i++)
		if (v->r[i].running && (!young || v->r[i].admitted > young->admitted))
			young = &v->r[i];
	young->running = false;
	young->preemptions++;
	young->order = --v->front;
}

static void naive_decode(struct naive *v)
{
	struct cost_affine a;
	double context = 0.0;
	size_t n;

	while (blocks_wanted(v) + blocks_reserved(v) > v->total)
		naive_preempt(v);
	for (size_t i = 0; i < v->n; i++)
		v->r[i].held_tok = v->r[i].prompt + v->r[i].emitted;
	n = running(v);
	if (n == 0)
		return;
	for (size_t i = 0; i < v->n; i++)
		if (v->r[i].running)
			context += v->r[i].prompt + v->r[i].emitted;
	a = cost_decode(v->cost, n, (uint64_t)context);
	naive_arrivals(v, v->now_s + a.base_s + a.per_tok_s * context);
	v->now_s += a.base_s + a.per_tok_s * context;
	for (size_t i = 0; i < v->n; i++) {
		struct naive_request *r = &v->r[i];

		if (!r->running || ++r->emitted < r->output)
			continue;
		r->done = true;
		r->running = false;
		r->finished_s = v->now_s;
	}
}

static void naive_run(struct naive *v)
{
	size_t left;

	do {
		double next_s = HUGE_VAL;

		left = 0;
		for (size_t i = 0; i < v->n; i++) {
			left += !v->r[i].done;
			if (!v->r[i].here && v->r[i].ready_s < next_s)
				next_s = v->r[i].ready_s;
		}
		if (left == 0)
			break;
		if (naive_admit(v))
			continue;
		if (running(v) > 0) {
			naive_decode(v);
			continue;
		}
		naive_arrivals(v, next_s);
		v->now_s = next_s;
	} while (left > 0);
}

/* An eager policy, so that the instance alone decides who waits */
/** @kv_tok: what the cache holds; 0: all that the card has room for. */
static void build(struct fixture *f, double kv_tok, unsigned block_tok, unsigned max_batch)
{
	struct instance_spec *i;
	struct group_spec *g;

	fixture_init(f);
	fixture_site(f, "cloud", TIER_CLOUD, "rtx-4090");
	fixture_model(f, "llama2-7b", PRECISION_INT8);
	i = fixture_llm(f, "gpu", 0, 0);
	if (kv_tok > 0.0)
		i->reserve_bytes = f->sites[0].gpu.mem_bytes -
				   llm_weight_bytes(&f->models[0].shape, PRECISION_INT8) -
				   kv_tok * llm_kv_bytes_per_tok(&f->models[0].shape);
	i->block_tok = block_tok;
	i->max_batch = max_batch;
	g = fixture_group(f, "users", 3.0);
	g->workload.prompt_tok = dist_uniform(20.0, 400.0);
	g->workload.output_tok = dist_uniform(1.0, 200.0);
	fixture_policy(f, "random");
	f->spec.run.horizon_s = 60.0;
}

static void naive_of(struct naive *v, struct fixture *f)
{
	const struct instance_spec *s = &f->instances[0];
	struct cost_spec spec = {
		.profile = s->profile,
		.gpu = &f->sites[0].gpu,
		.shape = &f->models[0].shape,
		.precision = f->models[0].precision,
		.max_batch = s->max_batch,
		.quantile = PROFILE_MEDIAN,
	};
	struct err err = {0};
	double room = spec.gpu->mem_bytes - llm_weight_bytes(spec.shape, spec.precision) -
		      s->reserve_bytes;

	*v = (struct naive){
		.max_batch = s->max_batch,
		.block_tok = s->block_tok,
		.cap_tok = spec.shape->context,
		.total = (uint64_t)(room / (llm_kv_bytes_per_tok(spec.shape) * s->block_tok)),
		.n = f->n_rows,
		.r = mem_zalloc(f->n_rows, sizeof *v->r),
	};
	assert_true(cost_create(&v->cost, &spec, &err));
	for (size_t i = 0; i < v->n; i++)
		v->r[i] = (struct naive_request){
			.ready_s = (double)f->rows[i].created_ns * 1e-9,
			.prompt = f->rows[i].prompt_tok,
			.output = f->rows[i].output_tok,
			.order = (double)(i + 1),
		};
}

/* Blocks are few or many, of 16 tokens or of 5, the batch is wide or narrow. */
static void every_token_time_is_that_of_a_naive_engine(void **state)
{
	static const struct {
		double kv_tok;
		unsigned block_tok, max_batch;
		bool preempts;
	} cases[] = {{0.0, 16, 16, false}, {1500.0, 16, 16, true}, {1200.0, 5, 32, true},
		{900.0, 1, 8, true}, {0.0, 16, 1, false}};

	(void)state;
	for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
		struct fixture f;
		struct naive v;
		uint32_t preemptions = 0;
		size_t done = 0;

		build(&f, cases[c].kv_tok, cases[c].block_tok, cases[c].max_batch);
		fixture_run(&f);
		assert_true(f.n_rows > 100);
		naive_of(&v, &f);
		naive_run(&v);
		for (size_t i = 0; i < v.n; i++) {
			const struct request_row *r = &f.rows[i];

			if (r->fate != FATE_DONE) /* the horizon came first */
				continue;
			/* the engine rounds to ns once a jump: 1e4 of them at most */
			assert_near((double)r->finished_ns * 1e-9, v.r[i].finished_s, 1e-5);
			assert_near((double)r->first_token_ns * 1e-9, v.r[i].first_s, 1e-5);
			assert_int_equal(r->preemptions, v.r[i].preemptions);
			preemptions += r->preemptions;
			done++;
		}
		assert_true(done > 20);
		assert_int_equal(preemptions > 0, cases[c].preempts);
		cost_destroy(v.cost);
		free(v.r);
		fixture_finish(&f);
	}
}

/* Random systems: up to four machines and three groups, links or none, every
 * policy, every kind of batching, memory short or plenty, recomputed or swapped. */
static uint64_t next_random(uint64_t *x)
{
	*x += 0x9e3779b97f4a7c15u;
	uint64_t z = (*x ^ (*x >> 30)) * 0xbf58476d1ce4e5b9u;

	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

/* How steps are formed, and what they may hold: half as before. */
static void vary(struct instance_spec *s, uint64_t *x)
{
	if (next_random(x) % 2)
		return;
	s->batching = (enum batching)(next_random(x) % 3);
	s->chunk_tok = s->max_batch + (unsigned)(next_random(x) % 500);
	s->limits.batch_wait_s = 0.2 * (double)(next_random(x) % 4);
	s->limits.returns = next_random(x) % 2 ? STATIC_RETURN_EACH : STATIC_RETURN_BATCH;
	s->limits.prefill_limit = (unsigned)(next_random(x) % 3);
	s->kv.watermark = 0.02 * (double)(next_random(x) % 4);
	s->ahead = (unsigned)(next_random(x) % 5);
	if (next_random(x) % 2) {
		s->kv.preemption = PREEMPTION_SWAP;
		s->kv.swap_bytes = 1e9;
	}
}

static void random_system(struct fixture *f, uint64_t seed)
{
	static const char *const gpus[] = {"rtx-4090", "titan-x", "a100", "l40s"};
	static const char *const sites[] = {"s0", "s1", "s2", "s3"};
	static const char *const names[] = {"i0", "i1", "i2", "i3"};
	static const char *const groups[] = {"g0", "g1", "g2"};
	static const char *const policies[] = {"random", "fcfs", "k-p-fcfs"};
	uint64_t x = seed;
	size_t n = 1 + next_random(&x) % 4, n_groups = 1 + next_random(&x) % 3;

	fixture_init(f);
	f->spec.run.seed = seed;
	f->spec.run.horizon_s = 40.0;
	fixture_model(f, "llama2-7b", PRECISION_INT8);
	for (uint32_t i = 0; i < n; i++) {
		const char *gpu = gpus[next_random(&x) % 4];
		struct instance_spec *s;

		fixture_site(f, sites[i], i == 0 ? TIER_CLOUD : TIER_EDGE, gpu);
		s = fixture_llm(f, names[i], i, 0);
		s->block_tok = 1 + (unsigned)(next_random(&x) % 20);
		s->max_batch = 1 + (unsigned)(next_random(&x) % 24);
		if (next_random(&x) % 2) /* room for 800 to 2 300 tokens */
			s->reserve_bytes = f->sites[i].gpu.mem_bytes -
					   llm_weight_bytes(&f->models[0].shape, PRECISION_INT8) -
					   (4.2e8 + 8e7 * (double)(next_random(&x) % 10));
	}
	for (uint32_t i = 0; i < n; i++)
		vary(&f->instances[i], &x);
	if (next_random(&x) % 2)
		fixture_link(f, "net", "users", "s*", 6.25e6, 5e-3);
	for (size_t g = 0; g < n_groups; g++) {
		struct group_spec *s = fixture_group(f, groups[g], 0.7 * (double)n);

		s->workload.prompt_tok = dist_uniform(5.0, 500.0);
		s->workload.output_tok = dist_uniform(1.0, 250.0);
		if (next_random(&x) % 3 == 0)
			s->deadline_s = 10.0;
	}
	fixture_policy(f, policies[next_random(&x) % 3]);
}

/* Both round once a jump, so they part by at most 1 ns a jump; a jump takes an event. */
static void a_jump_ends_where_its_steps_end(void **state)
{
	size_t preempted = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 60; seed++) {
		struct fixture jump, step;
		int64_t bound_ns;

		random_system(&jump, seed);
		random_system(&step, seed);
		step.step_by_step = true;
		fixture_run(&jump);
		fixture_run(&step);
		bound_ns = (int64_t)jump.result.events;
		assert_true(step.result.events > jump.result.events);
		assert_int_equal(jump.n_rows, step.n_rows);
		for (size_t i = 0; i < jump.n_rows; i++) {
			const struct request_row *a = &jump.rows[i], *b = &step.rows[i];

			assert_int_equal(a->fate, b->fate);
			assert_int_equal(a->instance, b->instance);
			assert_int_equal(a->preemptions, b->preemptions);
			assert_true(llabs(a->started_ns - b->started_ns) <= bound_ns);
			assert_true(llabs(a->first_token_ns - b->first_token_ns) <= bound_ns);
			assert_true(llabs(a->finished_ns - b->finished_ns) <= bound_ns);
			preempted += a->preemptions;
		}
		fixture_finish(&jump);
		fixture_finish(&step);
	}
	assert_true(preempted > 100);
}

/* The number of events does not grow with the number of tokens: one request alone takes an
 * arrival, a prefill, one jump. */
static void a_long_answer_costs_no_more_events_than_a_short_one(void **state)
{
	uint64_t events[2];

	(void)state;
	for (int k = 0; k < 2; k++) {
		struct fixture f;

		build(&f, 0.0, 16, 16);
		f.groups[0].arrivals =
			(struct arrival_spec){.process = ARRIVAL_DETERMINISTIC, .rate_per_s = 0.05};
		f.groups[0].workload.output_tok = dist_constant(k == 0 ? 20.0 : 900.0);
		f.spec.run.horizon_s = 1000.0;
		fixture_run(&f);
		events[k] = f.result.events;
		fixture_finish(&f);
	}
	assert_int_equal(events[0], events[1]);
}

/* Twice what the instance can serve, so the line grows all the time; yet the cache holds three
 * requests in full, and there are three places: nobody need ever give up blocks. (A request is
 * 96 + 96 tokens, 12 whole blocks.) */
static void a_long_line_takes_no_blocks_from_those_running(void **state)
{
	struct fixture f;

	(void)state;
	build(&f, 3.0 * 192.0, 16, 3);
	f.groups[0].arrivals.rate_per_s = 6.0;
	f.groups[0].workload.prompt_tok = dist_constant(96.0);
	f.groups[0].workload.output_tok = dist_constant(96.0);
	fixture_run(&f);
	assert_true(fixture_metric(&f, "instance:gpu", "queue.max") > 100.0);
	assert_near(fixture_metric(&f, "instance:gpu", "preemptions"), 0.0, 0.0);
	assert_true(fixture_metric(&f, "instance:gpu", "batch.mean") > 2.8);
	fixture_finish(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_token_time_is_that_of_a_naive_engine),
		cmocka_unit_test(a_jump_ends_where_its_steps_end),
		cmocka_unit_test(a_long_answer_costs_no_more_events_than_a_short_one),
		cmocka_unit_test(a_long_line_takes_no_blocks_from_those_running),
	};

	return cmocka_run_group_tests_name("batch", tests, NULL, NULL);
}
