/* Memory that is short: kv_blocks, watermark, caps on a step, recomputation and swapping, against a
 * loop that makes every step by itself and looks at everybody in each. Written from
 * docs/serving.md, "Batching and memory". */
#include "tests/support/check.h"

#include <stdlib.h>

#include "models/cost/cost.h"
#include "tests/support/seeds.h"
#include "tests/support/world_fixture.h"

enum stage { COMING, WAITING, SWAPPED, PROMPT, RUNNING, DONE };

struct naive_request {
	enum stage stage;
	int64_t ready_ns;
	uint32_t prompt, output, emitted, computed, chunk, preemptions;
	uint64_t held, reserved, on_host; /* blocks */
	bool begun;                       /* it was in a step */
	unsigned long order;              /* in the prefill, and of those that run: of joining */
	double first_s, finished_s;
};

struct naive {
	struct cost *cost; /* of the device alone */
	struct host_time host;
	bool chunked;
	uint32_t max_batch, block_tok, budget, limit;
	uint64_t total, watermark, cap_tok, host_room, swapped;
	double s_per_block, due_s;
	struct naive_request *r;
	size_t n, come;
	size_t *line, n_line; /* numbers of those that wait, the first foremost */
	unsigned long orders;
	double now_s;
};

static uint64_t blocks_of(const struct naive *v, uint64_t tok)
{
	return (tok + v->block_tok - 1) / v->block_tok;
}

static size_t count(const struct naive *v, enum stage stage)
{
	size_t n = 0;

	for (size_t i = 0; i < v->n; i++)
		n += v->r[i].stage == stage;
	return n;
}

static uint64_t taken(const struct naive *v)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < v->n; i++)
		sum += v->r[i].held + v->r[i].reserved;
	return sum;
}

/** Blocks that the next step of all that run asks for. */
static uint64_t growth(const struct naive *v)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < v->n; i++)
		if (v->r[i].stage == RUNNING)
			sum += blocks_of(v, v->r[i].prompt + v->r[i].emitted) - v->r[i].held;
	return sum;
}

static bool free_for(const struct naive *v, uint64_t blocks)
{
	uint64_t sum = taken(v);

	return sum + blocks + (sum > 0 ? v->watermark : 0) <= v->total;
}

static bool again(const struct naive_request *r)
{
	return r->stage == SWAPPED || (r->stage == WAITING && r->preemptions > 0);
}

static bool anyone_again(const struct naive *v)
{
	for (size_t i = 0; i < v->n_line; i++)
		if (again(&v->r[v->line[i]]))
			return true;
	return false;
}

/** Somebody new waits for whom nothing is set aside. */
static bool bare(const struct naive *v)
{
	for (size_t i = 0; i < v->n_line; i++)
		if (!again(&v->r[v->line[i]]) && v->r[v->line[i]].reserved == 0)
			return true;
	return false;
}

/** Those who come until @until_s, while the step in flight holds its blocks. */
static void arrivals(struct naive *v, double until_s)
{
	for (; v->come < v->n && (double)v->r[v->come].ready_ns * 1e-9 <= until_s; v->come++) {
		struct naive_request *r = &v->r[v->come];
		size_t here = v->n_line + count(v, PROMPT) + count(v, RUNNING);

		if (here < v->max_batch && !anyone_again(v) && !bare(v) &&
			free_for(v, blocks_of(v, r->prompt + 1)))
			r->reserved = blocks_of(v, r->prompt + 1);
		r->stage = WAITING;
		v->line[v->n_line++] = v->come;
	}
}

static bool fits(const struct naive *v, const struct naive_request *r)
{
	uint64_t want = blocks_of(v, r->prompt + r->emitted + (r->stage == SWAPPED ? 0 : 1));

	if (r->reserved > 0)
		return true;
	return free_for(v, want + (v->chunked || r->stage == SWAPPED ? growth(v) : 0));
}

static bool admissible(const struct naive *v, size_t place)
{
	const struct naive_request *r = &v->r[v->line[place]];
	size_t prompts = count(v, PROMPT);
	uint64_t tok = r->prompt + r->emitted;

	if (prompts + count(v, RUNNING) >= v->max_batch)
		return false;
	for (size_t i = 0; i < v->n; i++)
		if (v->r[i].stage == PROMPT)
			tok += v->r[i].prompt + v->r[i].emitted;
	if (!v->chunked && r->stage != SWAPPED && prompts > 0 &&
		(prompts >= v->limit || tok > v->cap_tok))
		return false;
	return fits(v, r);
}

static void admit(struct naive *v, size_t place)
{
	struct naive_request *r = &v->r[v->line[place]];

	v->n_line--;
	for (size_t i = place; i < v->n_line; i++)
		v->line[i] = v->line[i + 1];
	r->reserved = 0;
	r->order = ++v->orders;
	if (r->stage == SWAPPED) {
		r->stage = RUNNING;
		r->held = blocks_of(v, r->prompt + r->emitted);
		v->host_room += r->on_host;
		v->swapped += r->on_host;
		v->due_s += (double)r->on_host * v->s_per_block;
		return;
	}
	r->stage = PROMPT;
	r->computed = 0;
	r->held = blocks_of(v, r->prompt + r->emitted + 1);
}

static struct naive_request *last(const struct naive *v, enum stage stage)
{
	struct naive_request *young = NULL;

	for (size_t i = 0; i < v->n; i++)
		if (v->r[i].stage == stage && (!young || v->r[i].order > young->order))
			young = &v->r[i];
	return young;
}

static void preempt(struct naive *v)
{
	struct naive_request *r = last(v, PROMPT);
	uint64_t full;

	if (!r)
		r = last(v, RUNNING);
	full = blocks_of(v, r->prompt + r->emitted - 1);
	r->preemptions++;
	r->held = 0;
	if (r->stage == RUNNING && full <= v->host_room) {
		r->stage = SWAPPED;
		r->on_host = full;
		v->host_room -= full;
		v->swapped += full;
		v->due_s += (double)full * v->s_per_block;
	} else {
		r->stage = WAITING;
	}
	for (size_t i = v->n_line++; i > 0; i--)
		v->line[i] = v->line[i - 1];
	v->line[0] = (size_t)(r - v->r);
}

static void make_room(struct naive *v)
{
	while (count(v, RUNNING) > 0 && taken(v) + growth(v) > v->total)
		preempt(v);
}

static void set_aside(struct naive *v)
{
	size_t size = count(v, PROMPT) + count(v, RUNNING);

	for (size_t i = 0; i < v->n_line && size + i < v->max_batch && !anyone_again(v); i++) {
		struct naive_request *r = &v->r[v->line[i]];

		if (r->reserved > 0)
			continue;
		if (!fits(v, r))
			break;
		r->reserved = blocks_of(v, r->prompt + 1);
	}
}

/** Nothing runs, and the first waits for what is set aside: the next whom it is set aside for. */
static void let_one_through(struct naive *v)
{
	for (size_t i = 1; i < v->n_line && count(v, PROMPT) + count(v, RUNNING) == 0; i++)
		if (admissible(v, i))
			admit(v, i);
}

/** Of the prompts that are being computed, the one admitted next after @order. */
static struct naive_request *prompt_after(const struct naive *v, unsigned long order)
{
	struct naive_request *next = NULL;

	for (size_t i = 0; i < v->n; i++)
		if (v->r[i].stage == PROMPT && v->r[i].order > order &&
			(!next || v->r[i].order < next->order))
			next = &v->r[i];
	return next;
}

static uint32_t cut_prompts(struct naive *v)
{
	uint32_t left = v->budget - (uint32_t)count(v, RUNNING);

	for (struct naive_request *r = prompt_after(v, 0); r; r = prompt_after(v, r->order)) {
		uint32_t tok = r->prompt + r->emitted - r->computed;

		r->chunk = tok < left ? tok : left;
		left -= r->chunk;
	}
	return left;
}

/** Those that run hold the blocks of their next tokens. */
static void grow(struct naive *v)
{
	for (size_t i = 0; i < v->n; i++)
		if (v->r[i].stage == RUNNING)
			v->r[i].held = blocks_of(v, v->r[i].prompt + v->r[i].emitted);
}

/** Who is in the next step: those of PROMPT, and of RUNNING if there are none, or in chunks. */
static void form(struct naive *v)
{
	if (v->chunked) {
		make_room(v);
		while (cut_prompts(v) > 0 && v->n_line > 0 && admissible(v, 0))
			admit(v, 0);
		let_one_through(v);
		cut_prompts(v);
		if (count(v, PROMPT) > 0)
			grow(v);
	} else {
		while (v->n_line > 0 && admissible(v, 0))
			admit(v, 0);
		let_one_through(v);
		for (size_t i = 0; i < v->n; i++)
			v->r[i].chunk = v->r[i].prompt + v->r[i].emitted;
	}
	set_aside(v);
	if (count(v, PROMPT) > 0)
		return;
	make_room(v);
	grow(v);
}

static double step_s(struct naive *v, bool decodes)
{
	struct cost_work w = {0};
	double s = v->due_s + v->host.step_s;

	for (size_t i = 0; i < v->n; i++) {
		struct naive_request *r = &v->r[i];

		if (r->stage == RUNNING && decodes) {
			w.n_decode++;
			w.decode_context_tok += r->prompt + r->emitted;
		}
		if (r->stage != PROMPT || r->chunk == 0)
			continue;
		w.prompt_tok += r->chunk;
		w.n_ended += r->computed + r->chunk == r->prompt + r->emitted;
		s += cost_prefill_attention_s(v->cost, r->chunk, r->computed);
		s += r->begun ? 0.0 : v->host.prompt_s;
		r->begun = true;
	}
	v->due_s = 0.0;
	s += v->host.sequence_s * (double)(w.n_decode + w.n_ended);
	s += w.prompt_tok > 0 ? v->host.prefill_s : 0.0;
	return s + cost_step_s(v->cost, &w);
}

static void token(struct naive *v, struct naive_request *r)
{
	if (r->emitted++ == 0)
		r->first_s = v->now_s;
	if (r->stage == PROMPT)
		r->order = ++v->orders;
	r->stage = r->emitted < r->output ? RUNNING : DONE;
	if (r->stage == RUNNING)
		return;
	r->finished_s = v->now_s;
	r->held = 0;
}

/** Prompts end in the order of admission. */
static void end_prompts(struct naive *v)
{
	unsigned long until = v->orders, at = 0;
	struct naive_request *r;

	while ((r = prompt_after(v, at)) && r->order <= until) {
		at = r->order;
		r->computed += r->chunk;
		if (r->computed == r->prompt + r->emitted)
			token(v, r);
	}
}

static void step(struct naive *v)
{
	bool prompts = count(v, PROMPT) > 0, decodes = v->chunked || !prompts;
	double s = step_s(v, decodes);

	arrivals(v, v->now_s + s);
	v->now_s += s;
	for (size_t i = 0; i < v->n && decodes; i++)
		if (v->r[i].stage == RUNNING)
			token(v, &v->r[i]);
	end_prompts(v);
	while (anyone_again(v) && admissible(v, 0))
		admit(v, 0);
}

/** Have those ended that ended in @f? */
static bool is_over(const struct naive *v, const struct fixture *f)
{
	for (size_t i = 0; i < v->n; i++)
		if (f->rows[i].fate == FATE_DONE && v->r[i].stage != DONE)
			return false;
	return true;
}

static void naive_run(struct naive *v, const struct fixture *f)
{
	while (!is_over(v, f)) {
		form(v);
		if (count(v, PROMPT) + count(v, RUNNING) > 0) {
			step(v);
			continue;
		}
		if (v->n_line > 0) /* preempted itself: it is back at once */
			continue;
		assert_true(v->come < v->n);
		v->now_s = (double)v->r[v->come].ready_ns * 1e-9;
		arrivals(v, v->now_s);
	}
}

static void naive_of(struct naive *v, const struct fixture *f)
{
	const struct instance_spec *s = &f->instances[0];
	const struct batch_limits *l = &s->limits;
	struct cost_spec spec = {
		.profile = s->profile,
		.gpu = &f->sites[0].gpu,
		.shape = &f->models[0].shape,
		.precision = f->models[0].precision,
		.max_batch = s->max_batch,
		.decode_keep = s->decode_keep,
		.quantile = PROFILE_MEDIAN,
	};
	struct err err = {0};
	double block_bytes = llm_kv_bytes_per_tok(spec.shape) * s->block_tok;

	*v = (struct naive){
		.host = s->host_time,
		.chunked = s->batching == BATCHING_CHUNKED,
		.max_batch = s->max_batch,
		.block_tok = s->block_tok,
		.budget = s->chunk_tok,
		.limit = l->prefill_limit > 0 ? l->prefill_limit : UINT32_MAX,
		.total = s->kv.blocks,
		.watermark = (uint64_t)(s->kv.watermark * s->kv.blocks),
		.cap_tok = spec.shape->context,
		.s_per_block =
			block_bytes / (s->kv.pcie_bytes_per_s > 0.0 ? s->kv.pcie_bytes_per_s
								    : spec.gpu->pcie_bytes_per_s),
		.n = f->n_rows,
		.r = mem_zalloc(f->n_rows, sizeof *v->r),
		.line = mem_zalloc(f->n_rows, sizeof *v->line),
	};
	if (s->kv.preemption == PREEMPTION_SWAP)
		v->host_room = (uint64_t)(s->kv.swap_bytes / block_bytes);
	if (l->max_batched_tok > 0) {
		v->cap_tok = l->max_batched_tok;
		v->budget = v->budget < l->max_batched_tok ? v->budget : l->max_batched_tok;
	}
	assert_true(cost_create(&v->cost, &spec, &err));
	for (size_t i = 0; i < v->n; i++)
		v->r[i] = (struct naive_request){
			.ready_ns = f->rows[i].created_ns,
			.prompt = f->rows[i].prompt_tok,
			.output = f->rows[i].output_tok,
		};
}

static void naive_finish(struct naive *v)
{
	cost_destroy(v->cost);
	free(v->r);
	free(v->line);
}

/* An eager policy, so that the instance alone decides who waits. */
static struct instance_spec *build(struct fixture *f, double rate_per_s)
{
	struct instance_spec *i;
	struct group_spec *g;

	fixture_init(f);
	fixture_site(f, "cloud", TIER_CLOUD, "rtx-4090");
	fixture_model(f, "llama2-7b", PRECISION_INT8);
	i = fixture_llm(f, "gpu", 0, 0);
	g = fixture_group(f, "users", rate_per_s);
	g->workload.prompt_tok = dist_uniform(5.0, 300.0);
	g->workload.output_tok = dist_uniform(1.0, 250.0);
	fixture_policy(f, "random");
	f->spec.run.horizon_s = 0.0;
	f->spec.run.requests = 80;
	f->spec.run.limit_s = 1e5;
	return i;
}

/* Memory from that of the longest request alone to that of eight, blocks of 1 to 20 tokens, a
 * watermark or none, recomputation or swapping into much or little, and every cap. Some read only a
 * part of what they hold beyond 1024 tokens. */
static void random_system(struct fixture *f, uint64_t seed)
{
	static const double rates[] = {1.0, 3.0, 8.0}, space[] = {4e9, 2e8, 4e10};
	uint64_t x = seed;
	struct instance_spec *i = build(f, rates[seeds_next(&x) % 3]);

	f->spec.run.seed = seed;
	i->batching = seeds_next(&x) % 2 ? BATCHING_CHUNKED : BATCHING_CONTINUOUS;
	i->max_batch = 1 + (unsigned)(seeds_next(&x) % 30);
	i->block_tok = 1 + (unsigned)(seeds_next(&x) % 20);
	i->chunk_tok = i->max_batch + (unsigned)(seeds_next(&x) % 400);
	i->kv.blocks = (580 + (unsigned)(seeds_next(&x) % 4000)) / i->block_tok;
	if (seeds_next(&x) % 2)
		i->kv.watermark = 0.01 * (double)(1 + seeds_next(&x) % 20);
	if (seeds_next(&x) % 2) {
		i->kv.preemption = PREEMPTION_SWAP;
		i->kv.swap_bytes = space[seeds_next(&x) % 3];
		i->kv.pcie_bytes_per_s = 3e9 * (double)(seeds_next(&x) % 3);
	}
	if (seeds_next(&x) % 2)
		i->host_time = (struct host_time){.step_s = 1e-4 * (double)(seeds_next(&x) % 30),
			.sequence_s = 1e-5 * (double)(seeds_next(&x) % 20),
			.prefill_s = 1e-3 * (double)(seeds_next(&x) % 20),
			.prompt_s = 1e-3 * (double)(seeds_next(&x) % 5)};
	if (seeds_next(&x) % 2)
		i->limits.max_batched_tok = i->max_batch + (unsigned)(seeds_next(&x) % 900);
	if (seeds_next(&x) % 3 == 0)
		i->limits.prefill_limit = 1 + (unsigned)(seeds_next(&x) % 4);
	if (seeds_next(&x) % 8 > 0)
		return;
	i->decode_keep = 0.27;
	f->groups[0].workload.prompt_tok = dist_uniform(700.0, 1300.0);
	f->groups[0].workload.output_tok = dist_uniform(1.0, 700.0);
	i->kv.blocks = 2100 / i->block_tok + 1 + (unsigned)(seeds_next(&x) % 300);
}

/** What a run came to, over all of them. */
struct tally {
	uint64_t preemptions, swapped, recomputed;
};

/* Both round to a nanosecond at most once an event; the loop never. */
static void expect_naive(const struct fixture *f, struct naive *v, struct tally *t)
{
	double bound_s = 1e-9 * (double)f->result.events;

	naive_run(v, f);
	for (size_t k = 0; k < v->n; k++) {
		const struct request_row *r = &f->rows[k];

		if (r->fate != FATE_DONE) /* it came after the last that is measured */
			continue;
		assert_near((double)r->first_token_ns * 1e-9, v->r[k].first_s, bound_s);
		assert_near((double)r->finished_ns * 1e-9, v->r[k].finished_s, bound_s);
		assert_int_equal(r->preemptions, v->r[k].preemptions);
		t->preemptions += r->preemptions;
	}
	t->swapped += v->swapped;
	t->recomputed += v->swapped == 0;
}

static void every_time_is_that_of_a_naive_loop(void **state)
{
	const struct seeds *seeds = *state;
	struct tally t = {0};

	for (uint64_t seed = seeds->first; seed <= seeds->last; seed++) {
		struct fixture f;
		struct naive v;

		random_system(&f, seed);
		f.step_by_step = seed % 4 == 0;
		fixture_run(&f);
		assert_int_equal(f.result.status, RUN_COMPLETE);
		naive_of(&v, &f);
		expect_naive(&f, &v, &t);
		naive_finish(&v);
		fixture_finish(&f);
	}
	if (seeds->last == seeds->first)
		return;
	assert_true(t.preemptions > 5 * (seeds->last - seeds->first));
	assert_true(t.swapped > 0 && t.recomputed > 0);
}

static double prefill_s(const struct cost *c, uint32_t tok)
{
	return cost_prefill_s(c, tok, 1) + cost_prefill_attention_s(c, tok, 0);
}

/* Seconds of @steps from @n rows with a context of @tok together on. */
static double steps_s(const struct cost *c, size_t n, uint32_t tok, uint32_t steps)
{
	double s = 0.0;

	for (uint32_t k = 0; k < steps; k++, tok += (uint32_t)n) {
		struct cost_affine a = cost_decode(c, n, tok);

		s += a.base_s + a.per_tok_s * tok;
	}
	return s;
}

/* 20 blocks of 16 tokens; 150 and 140 tokens come at once and want 60 each. Their prefills take 10
 * and 9 blocks. Of the steps after that the fifth stores token 145 of the second, in block 20; the
 * eleventh would store token 161 of the first, in block 21. So the second goes, with 11 of its
 * tokens made and 150 stored in 10 blocks, until the first has made its other 49. Recomputed, it
 * is a prompt of 151 tokens, whose prefill gives token 12; swapped, it is copied out before the
 * first's next step and in before its own. */
static void one_that_gives_way_by_hand(void **state)
{
	static const char *const names[] = {"a", "b"};

	(void)state;
	for (int swap = 0; swap < 2; swap++) {
		struct fixture f;
		struct instance_spec *i = build(&f, 1.0);
		struct naive v;
		double first_s, second_s, copy_s, both_s;

		i->kv.blocks = 20;
		i->kv.preemption = swap ? PREEMPTION_SWAP : PREEMPTION_RECOMPUTE;
		i->kv.swap_bytes = 4e9;
		f.spec.n_groups = 0;
		for (size_t k = 0; k < 2; k++) {
			struct group_spec *g = fixture_group(&f, names[k], 0.0);

			g->arrivals = (struct arrival_spec){
				.process = ARRIVAL_DETERMINISTIC, .rate_per_s = 0.01};
			g->workload.prompt_tok = dist_constant(k == 0 ? 150.0 : 140.0);
			g->workload.output_tok = dist_constant(60.0);
		}
		f.spec.run.requests = 2;
		fixture_run(&f);
		naive_of(&v, &f); /* for its cost */
		copy_s = swap ? 10.0 * v.s_per_block : 0.0;
		both_s = 100.0 + prefill_s(v.cost, 150) + prefill_s(v.cost, 140);
		first_s = both_s + steps_s(v.cost, 2, 151 + 141, 10) + copy_s +
			  steps_s(v.cost, 1, 161, 49);
		second_s = first_s + (swap ? copy_s + steps_s(v.cost, 1, 151, 49)
					   : prefill_s(v.cost, 151) + steps_s(v.cost, 1, 152, 48));
		assert_near((double)f.rows[0].finished_ns * 1e-9, first_s, 5e-8);
		assert_near((double)f.rows[1].first_token_ns * 1e-9, both_s, 5e-8);
		assert_near((double)f.rows[1].finished_ns * 1e-9, second_s, 5e-8);
		assert_int_equal(f.rows[0].preemptions, 0);
		assert_int_equal(f.rows[1].preemptions, 1);
		assert_near(fixture_metric(&f, "instance:gpu", "preemptions"), 1.0, 0.0);
		assert_near(fixture_metric(&f, "instance:gpu", "busy.share") *
				    ((double)f.rows[1].finished_ns * 1e-9),
			second_s - 100.0, 1e-6);
		if (swap)
			assert_near(fixture_metric(&f, "instance:gpu", "swap.bytes"),
				20.0 * 16.0 * llm_kv_bytes_per_tok(&f.models[0].shape), 1.0);
		/* what is computed twice is put out once */
		assert_near(fixture_metric(&f, "", "throughput.tok_per_s") *
				    ((double)f.rows[1].finished_ns * 1e-9),
			120.0, 1e-6);
		naive_finish(&v);
		fixture_finish(&f);
	}
}

int main(int argc, char **argv)
{
	struct seeds seeds = seeds_of(argc, argv, 50);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(every_time_is_that_of_a_naive_loop, &seeds),
		cmocka_unit_test(one_that_gives_way_by_hand),
	};

	return cmocka_run_group_tests_name("kv_memory", tests, NULL, NULL);
}
