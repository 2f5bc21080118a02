/* Layers on the CPU and layers that are fetched for every step, beside a loop that makes every
 * layer of every step by itself. */
#include "tests/support/check.h"

#include <stdlib.h>
#include <string.h>

#include "io/profile/file.h"
#include "models/cost/cost.h"
#include "models/cost/offload.h"
#include "tests/support/seeds.h"
#include "tests/support/world_fixture.h"

/* The loop: doubles in seconds, nobody ever out of memory. */

struct naive_request {
	double ready_s;
	uint32_t prompt, output, emitted, computed, chunk;
	bool in, done;
	double first_s, finished_s;
};

struct naive {
	struct cost *gpu, *layer, *cpu; /* what is not on the CPU; one layer of it; what is */
	unsigned streamed;
	double fetch_s, row_s;
	bool chunked;
	uint32_t max_batch, chunk_tok, cap_tok;
	struct naive_request *r;
	size_t n;
	double now_s;
	double last_s; /* when the last streamed layer began; below 0: none has */
};

static bool decodes(const struct naive_request *r)
{
	return r->in && !r->done && r->emitted > 0;
}

/** One step's work on one device. */
static double price(const struct naive *v, const struct cost *c, bool mixed)
{
	struct cost_work w = {0};
	double s = 0.0;

	for (size_t i = 0; i < v->n; i++) {
		const struct naive_request *r = &v->r[i];

		if (decodes(r) && mixed) {
			w.n_decode++;
			w.decode_context_tok += r->prompt + r->emitted;
		}
		if (r->chunk > 0) {
			w.prompt_tok += r->chunk;
			w.n_ended += r->computed + r->chunk == r->prompt;
			s += cost_prefill_attention_s(c, r->chunk, r->computed);
		}
	}
	return s + cost_step_s(c, &w);
}

static double rows(const struct naive *v, bool mixed)
{
	double n = 0.0;

	for (size_t i = 0; i < v->n; i++)
		n += v->r[i].chunk + (mixed && decodes(&v->r[i]) ? 1.0 : 0.0);
	return n;
}

/** Layer by layer: one buffer is computed from while the other is filled. */
static void make_step(struct naive *v, bool mixed)
{
	double t = v->now_s, fetch_began = v->last_s < 0.0 ? t : v->last_s, layer = 0.0;

	if (v->cpu)
		t += price(v, v->cpu, mixed) + rows(v, mixed) * v->row_s;
	if (v->layer)
		layer = price(v, v->layer, mixed);
	for (unsigned k = 0; k < v->streamed; k++) {
		double fetched = fetch_began + v->fetch_s;

		t = t > fetched ? t : fetched;
		fetch_began = v->last_s = t;
		t += layer;
	}
	v->now_s = t + price(v, v->gpu, mixed) - v->streamed * layer;
}

static size_t size(const struct naive *v)
{
	size_t n = 0;

	for (size_t i = 0; i < v->n; i++)
		n += v->r[i].in && !v->r[i].done;
	return n;
}

/** Cut a prompt to @budget. */
static uint64_t cut(struct naive_request *r, uint64_t budget)
{
	uint64_t left = r->prompt - r->computed;

	r->chunk = (uint32_t)(left < budget ? left : budget);
	return budget - r->chunk;
}

/** Who computes how much of his prompt in the next step? */
static uint64_t form(struct naive *v)
{
	uint64_t budget = v->chunked ? v->chunk_tok : v->cap_tok, all;

	for (size_t i = 0; i < v->n; i++)
		budget -= v->chunked && decodes(&v->r[i]) ? 1 : 0;
	all = budget;
	for (size_t i = 0; i < v->n; i++)
		if (v->r[i].in && v->r[i].computed < v->r[i].prompt)
			budget = cut(&v->r[i], budget);
	for (size_t i = 0; i < v->n && size(v) < v->max_batch && budget > 0; i++) {
		struct naive_request *r = &v->r[i];

		if (r->in || r->ready_s > v->now_s)
			continue;
		if (!v->chunked && budget < all && r->prompt > budget)
			break;
		r->in = true;
		budget = cut(r, budget);
	}
	return all - budget;
}

static void give_tokens(struct naive *v, bool mixed)
{
	for (size_t i = 0; i < v->n; i++) {
		struct naive_request *r = &v->r[i];
		bool ends = r->chunk > 0 && r->computed + r->chunk == r->prompt;

		if ((decodes(r) && mixed) || ends)
			r->emitted++;
		if (ends)
			r->first_s = v->now_s;
		r->computed += r->chunk;
		r->chunk = 0;
		if (r->emitted == r->output && !r->done) {
			r->done = true;
			r->finished_s = v->now_s;
		}
	}
}

static void naive_run(struct naive *v)
{
	for (;;) {
		bool prompts = form(v) > 0, mixed = !prompts || v->chunked;
		double next_s = HUGE_VAL;

		if (size(v) > 0) {
			make_step(v, mixed);
			give_tokens(v, mixed);
			continue;
		}
		for (size_t i = 0; i < v->n; i++)
			if (!v->r[i].in && v->r[i].ready_s < next_s)
				next_s = v->r[i].ready_s;
		if (next_s == HUGE_VAL)
			return;
		v->now_s = next_s;
	}
}

/* Systems */

static void find(const struct profile **to, struct fixture *f, const struct gpu_spec *gpu,
	const char *runtime)
{
	const struct model_spec *m = &f->models[0];
	struct err err = {0};

	if (!profile_find(to, profile_builtin(&f->arena), gpu, runtime, m->shape.name, m->precision,
		    (struct src_pos){0}, &err))
		fail_msg("%s", err.msg);
}

static void offload(struct fixture *f, struct instance_spec *i, unsigned cpu, unsigned streamed)
{
	i->offload.cpu_layers = cpu;
	i->offload.streamed_layers = streamed;
	i->offload.host = (struct gpu_spec){
		.name = "cpu", .mem_bytes = 256e9, .bytes_per_s = 50e9, .fp32_flop_per_s = 1e12};
	if (cpu > 0)
		find(&i->offload.cpu, f, &i->offload.host, "fused");
}

static struct instance_spec *build(struct fixture *f, const char *gpu, const char *runtime)
{
	struct instance_spec *i;
	struct group_spec *g;

	fixture_init(f);
	fixture_site(f, "edge", TIER_EDGE, gpu);
	fixture_model(f, "llama2-7b", PRECISION_INT8);
	i = fixture_llm(f, "i", 0, 0);
	find(&i->profile, f, &f->sites[0].gpu, runtime);
	g = fixture_group(f, "u", 0.5);
	g->workload.prompt_tok = dist_uniform(5.0, 400.0);
	g->workload.output_tok = dist_uniform(1.0, 150.0);
	fixture_policy(f, "random");
	return i;
}

static struct cost *part(struct fixture *f, const struct gpu_spec *gpu, const struct profile *p,
	struct llm_stage stage)
{
	struct cost_spec spec = {.profile = p,
		.gpu = gpu,
		.shape = &f->models[0].shape,
		.precision = f->models[0].precision,
		.max_batch = f->instances[0].max_batch,
		.quantile = PROFILE_MEDIAN,
		.stage = stage};
	struct err err = {0};
	struct cost *c;

	if (!cost_create(&c, &spec, &err))
		fail_msg("%s", err.msg);
	return c;
}

static double at(const struct cost *c, size_t n, double tok)
{
	struct cost_affine a = cost_decode(c, n, (uint64_t)tok);

	return a.base_s + a.per_tok_s * tok;
}

/** Let a fetch take as long as what hides it takes at some context of some batch, so that it is
 *  sometimes longer and sometimes not. */
static void meet(struct fixture *f, const struct instance_spec *i, uint64_t *x)
{
	const struct llm_shape *s = &f->models[0].shape;
	unsigned cpu = i->offload.cpu_layers;
	struct llm_stage rest = {cpu, s->layers - cpu, cpu == 0, true}, one = {.n_layers = 1};
	struct cost *layer = part(f, &f->sites[0].gpu, i->profile, one);
	size_t n = 1 + seeds_next(x) % i->max_batch;
	double tok = (double)n * (50.0 + (double)(seeds_next(x) % 450)), fetch = at(layer, n, tok);

	if (seeds_next(x) % 2) { /* of the first layer */
		struct cost *gpu = part(f, &f->sites[0].gpu, i->profile, rest);

		fetch = at(gpu, n, tok) - (i->offload.streamed_layers - 1.0) * fetch;
		cost_destroy(gpu);
	}
	f->sites[0].gpu.pcie_bytes_per_s = 202391552.0 / fetch;
	cost_destroy(layer);
}

static struct instance_spec *random_system(struct fixture *f, uint64_t *x)
{
	static const char *const gpus[] = {"rtx-4090", "titan-x", "h200", "a100"};
	bool launches = seeds_next(x) % 4 == 0;
	struct instance_spec *i = build(f, gpus[seeds_next(x) % 4], launches ? "llmint8" : "fused");
	unsigned cpu = seeds_next(x) % 2 && !launches ? (unsigned)(seeds_next(x) % 20) : 0;
	unsigned streamed = (unsigned)(seeds_next(x) % (33 - cpu));

	if (streamed + cpu == 0)
		streamed = 32;
	offload(f, i, cpu, streamed);
	i->max_batch = 1 + (unsigned)(seeds_next(x) % 12);
	i->offload.host.bytes_per_s = seeds_log_uniform(x, 2e10, 4e11);
	i->offload.host.fp32_flop_per_s = seeds_log_uniform(x, 3e11, 1e13);
	f->sites[0].gpu.pcie_bytes_per_s = seeds_log_uniform(x, 2e9, 1e12);
	if (seeds_next(x) % 2)
		i->offload.host.pcie_bytes_per_s = seeds_log_uniform(x, 2e9, 1e12);
	else if (streamed > 0)
		meet(f, i, x);
	i->batching = seeds_next(x) % 2 ? BATCHING_CHUNKED : BATCHING_CONTINUOUS;
	i->chunk_tok = i->max_batch + 1 + (unsigned)(seeds_next(x) % 500);
	f->groups[0].arrivals.rate_per_s = seeds_log_uniform(x, 0.2, 4.0);
	return i;
}

static void naive_of(struct naive *v, struct fixture *f)
{
	const struct instance_spec *i = &f->instances[0];
	const struct gpu_spec *gpu = &f->sites[0].gpu, *host = &i->offload.host;
	const struct llm_shape *s = &f->models[0].shape;
	unsigned cpu = i->offload.cpu_layers;
	struct llm_stage first = {.n_layers = cpu, .embedding = true}, one = {.n_layers = 1};
	struct llm_stage rest = {cpu, s->layers - cpu, cpu == 0, true};
	double rate = gpu->pcie_bytes_per_s;

	if (host->pcie_bytes_per_s > 0.0 && host->pcie_bytes_per_s < rate)
		rate = host->pcie_bytes_per_s;
	*v = (struct naive){
		.gpu = part(f, gpu, i->profile, rest),
		.layer = part(f, gpu, i->profile, one),
		.cpu = cpu > 0 ? part(f, host, i->offload.cpu, first) : NULL,
		.streamed = i->offload.streamed_layers,
		/* 4 x 4096^2 + 3 x 4096 x 11008 weights of a byte, two norms of 2 x 4096 */
		.fetch_s = (202375168.0 + 16384.0) / rate,
		.row_s = 8192.0 / rate,
		.chunked = i->batching == BATCHING_CHUNKED,
		.max_batch = i->max_batch,
		.chunk_tok = i->chunk_tok,
		.cap_tok = s->context,
		.n = f->n_rows,
		.r = calloc(f->n_rows + 1, sizeof *v->r),
		.last_s = -1.0,
	};
	assert_non_null(v->r);
	for (size_t k = 0; k < v->n; k++)
		v->r[k] = (struct naive_request){
			.ready_s = (double)f->rows[k].created_ns * 1e-9,
			.prompt = f->rows[k].prompt_tok,
			.output = f->rows[k].output_tok,
		};
}

static void naive_finish(struct naive *v)
{
	cost_destroy(v->gpu);
	cost_destroy(v->layer);
	cost_destroy(v->cpu);
	free(v->r);
}

/** How many of the rows of @f that are done are as @v has them. */
static size_t check_rows(const struct fixture *f, const struct naive *v)
{
	size_t done = 0;

	for (size_t k = 0; k < v->n; k++) {
		const struct request_row *r = &f->rows[k];

		if (r->fate != FATE_DONE)
			continue;
		assert_int_equal(r->preemptions, 0);
		/* the engine rounds to ns once a jump: 1e4 of them at most */
		assert_near((double)r->first_token_ns * 1e-9, v->r[k].first_s, 1e-5);
		assert_near((double)r->finished_ns * 1e-9, v->r[k].finished_s, 1e-5);
		done++;
	}
	return done;
}

static void every_time_is_that_of_a_loop_over_layers(void **state)
{
	const struct seeds *seeds = *state;
	size_t done = 0;

	for (uint64_t seed = seeds->first; seed <= seeds->last; seed++) {
		uint64_t x = seed;
		struct fixture f;
		struct naive v;

		random_system(&f, &x);
		f.spec.run.seed = seed;
		f.spec.run.horizon_s = 40.0;
		fixture_run(&f);
		naive_of(&v, &f);
		naive_run(&v);
		done += check_rows(&f, &v);
		naive_finish(&v);
		fixture_finish(&f);
	}
	assert_true(done > 10 * (seeds->last - seeds->first + 1));
}

/* Memory short, recomputed or swapped: jumps end where their steps end. */
static void a_jump_ends_where_its_steps_end(void **state)
{
	const struct seeds *seeds = *state;
	size_t preempted = 0;

	for (uint64_t seed = seeds->first; seed <= seeds->last; seed++) {
		struct fixture f[2];
		uint64_t x = seed + 1000000;

		for (int by_step = 0; by_step < 2; by_step++) {
			uint64_t y = x;
			struct instance_spec *i = random_system(&f[by_step], &y);

			if (seeds_next(&y) % 3 == 0)
				i->batching = BATCHING_STATIC;
			i->kv.blocks = 40 + (unsigned)(seeds_next(&y) % 60);
			i->limits.max_len_tok = 600;
			if (seeds_next(&y) % 2 && i->batching != BATCHING_STATIC) {
				i->kv.preemption = PREEMPTION_SWAP;
				i->kv.swap_bytes = 4e9;
			}
			f[by_step].spec.run.seed = seed;
			f[by_step].spec.run.horizon_s = 20.0;
			f[by_step].step_by_step = by_step;
			fixture_run(&f[by_step]);
		}
		assert_int_equal(f[0].n_rows, f[1].n_rows);
		for (size_t k = 0; k < f[0].n_rows; k++) {
			const struct request_row *a = &f[0].rows[k], *b = &f[1].rows[k];

			preempted += a->preemptions;
			if (a->fate == FATE_DONE && b->fate == FATE_DONE)
				assert_near((double)a->finished_ns, (double)b->finished_ns, 1e4);
		}
		fixture_finish(&f[0]);
		fixture_finish(&f[1]);
	}
	assert_true(preempted > 0);
}

/* When PCIe takes no time, whoever lies behind it might as well be here. */
static void an_endless_pcie_is_a_large_memory_to_the_bit(void **state)
{
	static const char *const gpus[] = {"rtx-4090", "h200"};

	(void)state;
	for (int k = 0; k < 4; k++) {
		struct fixture f[2];

		for (int streams = 0; streams < 2; streams++) {
			struct instance_spec *i = build(&f[streams], gpus[k / 2], "fused");

			i->batching = k % 2 ? BATCHING_CHUNKED : BATCHING_CONTINUOUS;
			i->kv.blocks = 400;
			f[streams].sites[0].gpu.pcie_bytes_per_s = HUGE_VAL;
			if (streams)
				offload(&f[streams], i, 0, 20);
			fixture_run(&f[streams]);
		}
		assert_true(f[0].n_rows > 30);
		assert_int_equal(f[0].n_rows, f[1].n_rows);
		for (size_t r = 0; r < f[0].n_rows; r++) {
			assert_int_equal(f[0].rows[r].first_token_ns, f[1].rows[r].first_token_ns);
			assert_int_equal(f[0].rows[r].finished_ns, f[1].rows[r].finished_ns);
		}
		fixture_finish(&f[0]);
		fixture_finish(&f[1]);
	}
}

/*
 * All 32 layers of 7B are fetched at 4 GB/s: 202 391 552 bytes, 50.597888 ms each, longer than any
 * arithmetic on an RTX 4090. From the last layer of a step to that of the next 32 fetches pass,
 * whatever is computed meanwhile: 19 more tokens take 19 x 32 x 50.597888 ms = 30.763516 s, and
 * what the last step computes behind its last fetch beyond what the first did, less than its own
 * prompt's.
 */
static void fetches_alone_set_the_pace(void **state)
{
	struct fixture f;
	struct instance_spec *i = build(&f, "rtx-4090", "fused");
	double s;

	(void)state;
	offload(&f, i, 0, 32);
	f.sites[0].gpu.pcie_bytes_per_s = 4e9;
	f.groups[0].arrivals.process = ARRIVAL_DETERMINISTIC;
	f.groups[0].arrivals.rate_per_s = 0.01;
	f.groups[0].workload.prompt_tok = dist_constant(100.0);
	f.groups[0].workload.output_tok = dist_constant(20.0);
	f.spec.run.horizon_s = 250.0;
	fixture_run(&f);
	assert_int_equal(f.rows[0].fate, FATE_DONE);
	s = (double)(f.rows[0].finished_ns - f.rows[0].first_token_ns) * 1e-9;
	assert_near(s, 30.763516, 2e-3);
	/* Before the first token: the first fetch begins with the step, 32 pass, one layer, the
	 * head. */
	s = (double)(f.rows[0].first_token_ns - f.rows[0].created_ns) * 1e-9;
	assert_near(s, 32.0 * 0.050597888, 3e-3);
	/* The next comes long after: its first layer lies in its buffer. */
	s = (double)(f.rows[1].first_token_ns - f.rows[1].created_ns) * 1e-9;
	assert_near(s, 31.0 * 0.050597888, 3e-3);
	fixture_finish(&f);
}

/* The GPU has 7.00 GB less what is not there: 10 layers of 202 391 552 bytes but for two buffers;
 * of 4 layers on the CPU all, and the embedding. Keys and values of the CPU's layers are its own.
 */
static void memory_is_where_the_layers_are(void **state)
{
	struct offload_spec o = {.streamed_layers = 10};
	struct fixture f;
	struct instance_spec *i = build(&f, "titan-x", "fused");
	struct cost_spec spec = {.shape = &f.models[0].shape,
		.precision = PRECISION_INT8,
		.gpu = &f.sites[0].gpu,
		.offload = &o};
	double all = llm_weight_bytes(spec.shape, PRECISION_INT8);

	(void)state;
	assert_near(cost_weight_bytes(&spec), all - 8.0 * 202391552.0, 0.0);
	assert_near(offload_host_weight_bytes(&spec), 10.0 * 202391552.0, 0.0);
	assert_near(cost_kv_bytes_per_tok(&spec), 524288.0, 0.0);
	assert_near(offload_host_kv_bytes_per_tok(&spec), 0.0, 0.0);
	o.cpu_layers = 4;
	assert_near(cost_weight_bytes(&spec), all - 12.0 * 202391552.0 - 262144000.0, 0.0);
	assert_near(offload_host_weight_bytes(&spec), 14.0 * 202391552.0 + 262144000.0, 0.0);
	assert_near(cost_kv_bytes_per_tok(&spec), 28.0 * 16384.0, 0.0);
	assert_near(offload_host_kv_bytes_per_tok(&spec), 4.0 * 16384.0, 0.0);
	/* one streamed layer has a buffer of its own, and saves nothing */
	o = (struct offload_spec){.streamed_layers = 1};
	assert_near(cost_weight_bytes(&spec), all, 0.0);

	/* blocks of both: 119 tokens, eight of 16 */
	offload(&f, i, 4, 10);
	f.groups[0].arrivals.process = ARRIVAL_DETERMINISTIC;
	f.groups[0].arrivals.rate_per_s = 0.01;
	f.groups[0].workload.prompt_tok = dist_constant(100.0);
	f.groups[0].workload.output_tok = dist_constant(20.0);
	f.spec.run.horizon_s = 250.0;
	fixture_run(&f);
	assert_near(fixture_metric(&f, "instance:i", "kv.peak_bytes"), 8.0 * 16.0 * 524288.0, 0.0);
	fixture_finish(&f);
}

/* What a policy is told of a lone request is what it takes, but for steps at one context instead
 * of many: the prompt exactly when the step before was its like, the answer within 1 %. */
static void predictions_know_of_it(void **state)
{
	static const unsigned where[][2] = {{8, 0}, {0, 20}, {6, 12}};

	(void)state;
	for (size_t k = 0; k < 3; k++) {
		struct fixture f;
		struct instance_spec *i = build(&f, "titan-x", "fused");
		double took, deadline;

		offload(&f, i, where[k][0], where[k][1]);
		f.groups[0].arrivals.process = ARRIVAL_DETERMINISTIC;
		f.groups[0].arrivals.rate_per_s = 0.01;
		f.groups[0].workload.prompt_tok = dist_constant(100.0);
		f.groups[0].workload.output_tok = dist_constant(100.0);
		f.spec.run.horizon_s = 250.0;
		fixture_run(&f);
		took = (double)(f.rows[1].finished_ns - f.rows[1].created_ns) * 1e-9;
		/* a deadline that it just meets, and one that it is foretold to miss */
		for (int late = 0; late < 2; late++) {
			struct fixture g;

			deadline = took * (late ? 0.97 : 1.03);
			i = build(&g, "titan-x", "fused");
			offload(&g, i, where[k][0], where[k][1]);
			g.groups[0] = f.groups[0];
			g.groups[0].deadline_s = deadline;
			g.spec.run.horizon_s = 250.0;
			fixture_policy(&g, "k-p-fcfs");
			g.policy.n_params = 1;
			g.policy.params = (const struct param_text[]){
				{.key = "on_infeasible", .value = "drop"}};
			fixture_run(&g);
			assert_int_equal(g.rows[1].fate, late ? FATE_DROPPED : FATE_DONE);
			fixture_finish(&g);
		}
		fixture_finish(&f);
	}
}

int main(int argc, char **argv)
{
	struct seeds seeds = seeds_of(argc, argv, 50);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(every_time_is_that_of_a_loop_over_layers, &seeds),
		cmocka_unit_test_prestate(a_jump_ends_where_its_steps_end, &seeds),
		cmocka_unit_test(an_endless_pcie_is_a_large_memory_to_the_bit),
		cmocka_unit_test(fetches_alone_set_the_pace),
		cmocka_unit_test(memory_is_where_the_layers_are),
		cmocka_unit_test(predictions_know_of_it),
	};

	return cmocka_run_group_tests_name("offload", tests, NULL, NULL);
}
