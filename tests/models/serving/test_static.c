/* Static batches against a loop that makes every token of every row, and by hand. */
#include "tests/support/check.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "io/profile/file.h"
#include "models/cost/catalog.h"
#include "models/cost/cost.h"
#include "sim/rng.h"
#include "tests/models/serving/plan_twin.h"
#include "tests/support/seeds.h"
#include "tests/support/world_fixture.h"

struct naive_request {
	uint64_t id;
	int64_t ready_ns, first_ns, finished_ns;
	uint32_t prompt, output;
	/* with a draft */
	uint32_t emitted, round;
	double won, tried;
};

/** A question to the planner, its figures rounded. */
struct asked {
	unsigned n, tok, want, k;
};

struct naive {
	struct asked *asked;
	size_t n_asked, cap_asked;
	struct cost *cost, *draft; /* the latter: NULL where nobody drafts */
	const struct draft_spec *how;
	struct rng_table coins;
	uint64_t pass_tok; /* of prompts in a pass, 0: all */
	uint32_t max_batch, block_tok;
	uint64_t blocks, cap_tok, peak;
	int64_t wait_ns, now_ns;
	bool each;
	struct naive_request *r; /* in order of arrival */
	size_t n, next;          /* the first that no batch has had */
};

static uint64_t blocks_of(const struct naive *v, uint64_t tok)
{
	return (tok + v->block_tok - 1) / v->block_tok;
}

/** Those here by @ns and in no batch yet. */
static size_t in_line(const struct naive *v, int64_t ns)
{
	size_t n = 0;

	while (v->next + n < v->n && v->r[v->next + n].ready_ns <= ns)
		n++;
	return n;
}

/** The moment at which the next batch is formed. */
static int64_t naive_start_ns(const struct naive *v)
{
	const struct naive_request *first = &v->r[v->next];
	int64_t free_ns = v->now_ns > first->ready_ns ? v->now_ns : first->ready_ns;
	int64_t until_ns = first->ready_ns + v->wait_ns, full_ns = INT64_MAX;

	if (v->next + v->max_batch <= v->n)
		full_ns = v->r[v->next + v->max_batch - 1].ready_ns;
	if (full_ns < until_ns)
		until_ns = full_ns;
	return until_ns > free_ns ? until_ns : free_ns;
}

static uint64_t most(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/** Tokens that a round must have room for beyond the one it gives. */
static uint64_t ahead_of(const struct naive *v)
{
	return !v->draft || v->how->adaptive || v->how->planned ? 0 : v->how->k;
}

/** How many of @n in line, while all fit as long as the longest of them. */
static size_t naive_size(const struct naive *v, size_t n, uint64_t *prompt, uint64_t *output)
{
	*prompt = *output = 0;
	for (size_t k = 0; k < n && k < v->max_batch; k++) {
		const struct naive_request *r = &v->r[v->next + k];
		uint64_t p = most(*prompt, r->prompt), o = most(*output, r->output);

		if (k > 0 && ((k + 1) * blocks_of(v, p + o + ahead_of(v)) > v->blocks ||
				     (k + 1) * p > v->cap_tok))
			return k;
		*prompt = p;
		*output = o;
	}
	return n < v->max_batch ? n : v->max_batch;
}

/** All rows, padded to @prompt, up to the last token of the longest answer. */
static void naive_decode(struct naive *v, size_t n, uint64_t prompt, uint64_t output)
{
	double s = 0.0;
	int64_t from_ns = v->now_ns;

	for (uint64_t emitted = 2; emitted <= output; emitted++) {
		uint64_t held = n * blocks_of(v, prompt + emitted - 1);
		double context = (double)(n * (prompt + emitted - 1));
		struct cost_affine a = cost_decode(v->cost, n, (uint64_t)context);
		bool ends = emitted == output;

		s += a.base_s + a.per_tok_s * context;
		v->peak = most(v->peak, held);
		v->now_ns = from_ns + ns_of_s(s);
		for (size_t k = 0; k < n; k++) {
			struct naive_request *r = &v->r[v->next + k];

			if (v->each ? r->output != emitted : !ends)
				continue;
			r->finished_ns = v->now_ns;
			from_ns = v->now_ns; /* where a run of steps ends is a whole ns */
			s = 0.0;
		}
	}
}

/* With a draft: all rows in rounds, those that have ended as long as they were */

static bool wants(const struct naive_request *r)
{
	return r->emitted < r->output;
}

/** Rows, context of all, blocks of all while @k are drafted. */
static double context_of(const struct naive *v, size_t n, uint64_t prompt)
{
	double tok = 0.0;

	for (size_t i = 0; i < n; i++)
		tok += (double)(prompt + v->r[v->next + i].emitted);
	return tok;
}

static uint64_t blocks_in(const struct naive *v, size_t n, uint64_t prompt, uint32_t k)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++) {
		const struct naive_request *r = &v->r[v->next + i];
		uint64_t tok = prompt + r->emitted + k;

		if (!wants(r)) /* its last token is not stored; one of one token was given a place
				*/
			tok = prompt + r->emitted - !(v->each && r->output == 1);
		sum += blocks_of(v, tok);
	}
	return sum;
}

static double naive_round_s(const struct naive *v, size_t n, double tok, uint32_t k)
{
	struct cost_work w = {0}, d;
	double s = 0.0;

	if (k == 0)
		w = (struct cost_work){.n_decode = n, .decode_context_tok = tok};
	for (size_t i = 0; i < n && k > 0; i++)
		cost_work_verify(&w, k, tok / (double)n);
	for (uint32_t j = 0; j < k; j++) {
		d = (struct cost_work){.n_decode = n, .decode_context_tok = tok + (double)(n * j)};
		s += cost_step_s(v->draft, &d);
	}
	return s + cost_step_s(v->cost, &w);
}

static uint32_t adaptive_k(const struct naive *v, size_t n, uint64_t prompt)
{
	double best = -1.0;
	uint32_t best_k = 0;

	for (uint32_t k = 0; k <= v->how->k; k++) {
		double rate = 0.0;

		if (k > 0 && blocks_in(v, n, prompt, k) > v->blocks)
			break;
		for (size_t i = 0; i < n; i++) {
			const struct naive_request *r = &v->r[v->next + i];
			double a = (r->won + v->how->acceptance) / (r->tried + 1.0);

			for (uint32_t j = 0; wants(r) && j <= k; j++)
				rate += pow(a, j);
		}
		rate /= naive_round_s(v, n, context_of(v, n, prompt), k);
		if (rate > best * (1.0 + 1e-12)) {
			best = rate;
			best_k = k;
		}
	}
	return best_k;
}

/** Asked once for figures that round alike. */
static uint32_t ask(struct naive *v, struct asked a)
{
	for (size_t i = 0; i < v->n_asked; i++)
		if (v->asked[i].n == a.n && v->asked[i].tok == a.tok && v->asked[i].want == a.want)
			return v->asked[i].k;
	a.k = twin_planned_k(v->cost, v->draft, a.n, a.tok, a.want,
		(unsigned)round(100.0 * v->how->acceptance), true);
	v->asked = mem_grow(v->asked, v->n_asked, &v->cap_asked, sizeof *v->asked);
	v->asked[v->n_asked++] = a;
	return a.k;
}

static uint32_t planned_k(struct naive *v, size_t n, uint64_t prompt)
{
	double want = 0.0, n_want = 0.0, rows = (double)n;
	unsigned about = twin_rounded(rows, 8.0, 4096.0);
	uint32_t k;

	for (size_t i = 0; i < n; i++) {
		const struct naive_request *r = &v->r[v->next + i];

		want += r->output - r->emitted;
		n_want += wants(r);
	}
	k = ask(v, (struct asked){.n = about < v->max_batch ? about : v->max_batch,
			   .tok = twin_rounded(context_of(v, n, prompt) / rows, 2.0, 0x1p21),
			   .want = twin_rounded(want / n_want, 4.0, 512.0)});
	while (k > 0 && blocks_in(v, n, prompt, k) > v->blocks)
		k--;
	return k;
}

static void naive_wins(struct naive *v, struct naive_request *r, uint32_t k)
{
	uint64_t word[RNG_TABLE_WORDS];
	uint32_t n = 0;
	double u;

	rng_table_look(&v->coins, r->id, r->round / RNG_TABLE_WORDS, word);
	u = (double)(word[r->round % RNG_TABLE_WORDS] >> 11) * 0x1p-53;
	while (n < k && u < pow(v->how->acceptance, n + 1.0))
		n++;
	r->emitted += n + 1;
	if (r->emitted > r->output)
		r->emitted = r->output;
	if (k == 0)
		return;
	r->round++;
	r->won = 0.9 * r->won + n;
	r->tried = 0.9 * r->tried + (n < k ? n + 1 : k);
}

static size_t wanting(const struct naive *v, size_t n)
{
	size_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += wants(&v->r[v->next + i]);
	return sum;
}

static void naive_rounds(struct naive *v, size_t n, uint64_t prompt)
{
	int64_t from_ns = v->now_ns;
	double s = 0.0;

	for (size_t left = wanting(v, n); left > 0;) {
		uint32_t k = v->how->planned    ? planned_k(v, n, prompt)
			     : v->how->adaptive ? adaptive_k(v, n, prompt)
						: v->how->k;
		size_t before = left;

		v->peak = most(v->peak, blocks_in(v, n, prompt, k));
		s += naive_round_s(v, n, context_of(v, n, prompt), k);
		v->now_ns = from_ns + ns_of_s(s);
		for (size_t i = 0; i < n; i++) {
			struct naive_request *r = &v->r[v->next + i];

			if (!wants(r))
				continue;
			naive_wins(v, r, k);
			if (!wants(r))
				r->finished_ns = v->now_ns;
		}
		left = wanting(v, n);
		if (left == before || !(v->each || left == 0))
			continue;
		from_ns = v->now_ns; /* where a run of rounds ends is a whole ns */
		s = 0.0;
	}
	for (size_t i = 0; i < n && !v->each; i++)
		v->r[v->next + i].finished_ns = v->now_ns;
}

/** All prompts, as many in a pass as there is memory for. */
static double naive_prefill_s(const struct naive *v, size_t n, uint64_t prompt)
{
	size_t pass = v->pass_tok > 0 ? v->pass_tok / prompt : n;
	double s = 0.0;

	for (size_t left = n, m; left > 0; left -= m) {
		m = pass < 1 ? 1 : pass;
		m = m < left ? m : left;
		s += cost_prefill_s(v->cost, m * prompt, m) +
		     (double)m * cost_prefill_attention_s(v->cost, (uint32_t)prompt, 0);
		if (v->draft && v->how->k > 0)
			s += cost_prefill_s(v->draft, m * prompt, m) +
			     (double)m * cost_prefill_attention_s(v->draft, (uint32_t)prompt, 0);
	}
	return s;
}

static void naive_batch(struct naive *v)
{
	uint64_t prompt, output;
	double s;
	size_t n;

	v->now_ns = naive_start_ns(v);
	n = naive_size(v, in_line(v, v->now_ns), &prompt, &output);
	s = naive_prefill_s(v, n, prompt);
	v->now_ns += ns_of_s(s);
	v->peak = most(v->peak, n * blocks_of(v, prompt + 1));
	for (size_t k = 0; k < n; k++) {
		struct naive_request *r = &v->r[v->next + k];

		r->first_ns = v->now_ns;
		r->emitted = 1;
		if ((v->each ? r->output : output) == 1)
			r->finished_ns = v->now_ns;
	}
	if (v->draft)
		naive_rounds(v, n, prompt);
	else
		naive_decode(v, n, prompt, output);
	v->next += n;
}

/** @left_bytes: of the device, beside weights and blocks. */
static void naive_draft(
	struct naive *v, const struct fixture *f, const struct cost_spec *model, double left_bytes)
{
	const struct model_spec *d = f->models[0].draft;
	struct cost_spec spec = *model;
	struct err err = {0};
	double rows = floor(left_bytes / (4.0 * (model->shape->hidden + model->shape->ffn)));

	v->how = &f->instances[0].draft;
	spec.shape = &d->shape;
	spec.precision = d->precision;
	spec.profile = v->how->profile;
	assert_true(cost_create(&v->draft, &spec, &err));
	rng_table_init(&v->coins, f->spec.run.seed, f->replication, "acceptance", "");
	if (v->how->planned)
		v->pass_tok = rows > 1.0 ? (uint64_t)rows : 1;
}

static void naive_of(struct naive *v, const struct fixture *f)
{
	const struct instance_spec *s = &f->instances[0];
	struct cost_spec spec = {
		.profile = s->profile,
		.gpu = &f->sites[0].gpu,
		.shape = &f->models[0].shape,
		.precision = f->models[0].precision,
		.max_batch = s->max_batch,
		.attention = s->attention,
		.quantile = PROFILE_MEDIAN,
	};
	struct err err = {0};
	const struct model_spec *d = s->draft.on ? f->models[0].draft : NULL;
	double per_tok = llm_kv_bytes_per_tok(spec.shape);
	double room = spec.gpu->mem_bytes - llm_weight_bytes(spec.shape, spec.precision);

	*v = (struct naive){
		.max_batch = s->max_batch,
		.block_tok = s->block_tok,
		.blocks = s->kv.blocks,
		.cap_tok = s->limits.max_batched_tok ? s->limits.max_batched_tok : UINT64_MAX,
		.wait_ns = ns_of_s(s->limits.batch_wait_s),
		.each = s->limits.returns == STATIC_RETURN_EACH,
		.n = f->n_rows,
		.r = mem_zalloc(f->n_rows, sizeof *v->r),
	};
	if (d) {
		per_tok += llm_kv_bytes_per_tok(&d->shape);
		room -= llm_weight_bytes(&d->shape, d->precision);
	}
	if (v->blocks == 0)
		v->blocks = (uint64_t)((room - s->reserve_bytes) / (per_tok * s->block_tok));
	assert_true(cost_create(&v->cost, &spec, &err));
	if (d)
		naive_draft(v, f, &spec, room - (double)v->blocks * per_tok * s->block_tok);
	for (size_t i = 0; i < v->n; i++)
		v->r[i] = (struct naive_request){
			.id = f->rows[i].id,
			.ready_ns = f->rows[i].created_ns,
			.prompt = f->rows[i].prompt_tok,
			.output = f->rows[i].output_tok,
		};
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
	i->batching = BATCHING_STATIC;
	g = fixture_group(f, "users", rate_per_s);
	g->workload.prompt_tok = dist_uniform(5.0, 500.0);
	g->workload.output_tok = dist_uniform(1.0, 200.0);
	fixture_policy(f, "random");
	f->spec.run.horizon_s = 0.0;
	f->spec.run.requests = 120;
	f->spec.run.limit_s = 1e5;
	return i;
}

static void add_draft(struct fixture *f, struct instance_spec *i, uint64_t *x)
{
	struct model_spec *m = arena_alloc(&f->arena, 1, sizeof *m);
	struct err err = {0};

	*m = (struct model_spec){.name = "draft",
		.shape = catalog_find_model("llama-68m")->shape,
		.precision = PRECISION_FP16};
	f->models[0].draft = m;
	i->draft = (struct draft_spec){.on = true,
		.k = (unsigned)(seeds_next(x) % 9),
		.acceptance = (double)(seeds_next(x) % 11) / 10.0};
	i->draft.adaptive = seeds_next(x) % 3 == 0;
	i->draft.planned = !i->draft.adaptive && seeds_next(x) % 2;
	if (i->draft.planned) {
		i->draft.k = 8;
		if (i->kv.blocks == 0) /* activations of a few hundred rows */
			i->reserve_bytes = 10e6 + (double)(seeds_next(x) % 50) * 1e6;
	}
	assert_true(profile_find(&i->draft.profile, profile_builtin(&f->arena), &f->sites[0].gpu,
		"fused", "llama-68m", PRECISION_FP16, i->at, &err));
}

/* Wide and narrow, waiting or not, blocks of 1 to 20 tokens, memory for all or for one and a
 * half of the longest; light load and far too much. */
static void random_system(struct fixture *f, uint64_t seed)
{
	static const double rates[] = {0.2, 1.0, 4.0};
	uint64_t x = seed;
	struct instance_spec *i = build(f, rates[seeds_next(&x) % 3]);

	f->spec.run.seed = seed;
	i->max_batch = 1 + (unsigned)(seeds_next(&x) % 24);
	i->block_tok = 1 + (unsigned)(seeds_next(&x) % 20);
	if (seeds_next(&x) % 2)
		i->limits.batch_wait_s = 0.1 * (double)(1 + seeds_next(&x) % 30);
	i->limits.returns = seeds_next(&x) % 2 ? STATIC_RETURN_EACH : STATIC_RETURN_BATCH;
	if (seeds_next(&x) % 2)
		i->kv.blocks = (1000 + (unsigned)(seeds_next(&x) % 4000)) / i->block_tok;
	if (seeds_next(&x) % 3 == 0)
		i->limits.max_batched_tok = 600 + (unsigned)(seeds_next(&x) % 3000);
	i->attention = seeds_next(&x) % 3 == 0 ? ATTENTION_DAS_CEILING : ATTENTION_FULL;
	if (seeds_next(&x) % 4 == 0)
		f->groups[0].workload.output_tok = dist_uniform(1.0, 3.0);
	if (seeds_next(&x) % 2)
		add_draft(f, i, &x);
}

/* The engine sums a run of steps in closed form, the loop one by one: where that meets a half,
 * they part by a nanosecond. */
static void expect_naive(const struct fixture *f, struct naive *v)
{
	int64_t bound_ns = 3;
	size_t done = 0;
	double bytes = llm_kv_bytes_per_tok(&f->models[0].shape) * v->block_tok;

	if (v->draft)
		bytes += llm_kv_bytes_per_tok(&f->models[0].draft->shape) * v->block_tok;

	while (v->next < v->n)
		naive_batch(v);
	for (size_t k = 0; k < v->n; k++) {
		const struct request_row *r = &f->rows[k];

		if (r->fate != FATE_DONE) /* it came after the last that is measured */
			continue;
		assert_true(llabs(r->first_token_ns - v->r[k].first_ns) <= bound_ns);
		if (llabs(r->finished_ns - v->r[k].finished_ns) > bound_ns)
			fail_msg("system %llu, request %zu: %lld, naive %lld",
				(unsigned long long)f->spec.run.seed, k, (long long)r->finished_ns,
				(long long)v->r[k].finished_ns);
		assert_int_equal(r->preemptions, 0);
		done++;
	}
	assert_true(done >= 120);
	assert_true(fixture_metric(f, "instance:gpu", "kv.peak_bytes") <= (double)v->peak * bytes);
}

static void every_time_is_that_of_a_naive_loop(void **state)
{
	const struct seeds *seeds = *state;

	for (uint64_t seed = seeds->first; seed <= seeds->last; seed++) {
		struct fixture f;
		struct naive v;

		random_system(&f, seed);
		f.step_by_step = seed % 4 == 0;
		fixture_run(&f);
		assert_int_equal(f.result.status, RUN_COMPLETE);
		naive_of(&v, &f);
		expect_naive(&f, &v);
		cost_destroy(v.cost);
		cost_destroy(v.draft);
		free(v.asked);
		free(v.r);
		fixture_finish(&f);
	}
}

/* Three who come at 0.5, 0.6 and 0.7 s. */
static void three(struct fixture *f, struct instance_spec **i)
{
	static const char *const names[] = {"a", "b", "c"};
	static const double period_s[] = {0.5, 0.6, 0.7}, prompt[] = {40.0, 100.0, 30.0},
			    output[] = {5.0, 3.0, 1.0};

	*i = build(f, 1.0);
	f->spec.n_groups = 0;
	for (size_t k = 0; k < 3; k++) {
		struct group_spec *g = fixture_group(f, names[k], 0.0);

		g->arrivals = (struct arrival_spec){
			.process = ARRIVAL_DETERMINISTIC, .rate_per_s = 1.0 / period_s[k]};
		g->workload.prompt_tok = dist_constant(prompt[k]);
		g->workload.output_tok = dist_constant(output[k]);
	}
	f->spec.run.requests = 3;
}

/* Seconds of @n prompts padded to @tok. */
static double prefill_s(const struct cost *c, size_t n, uint32_t tok)
{
	return cost_prefill_s(c, n * tok, n) + (double)n * cost_prefill_attention_s(c, tok, 0);
}

/* Seconds of the steps from @n rows that hold @tok tokens each on. */
static double steps_s(const struct cost *c, size_t n, uint32_t tok, uint32_t steps)
{
	double s = 0.0;

	for (uint32_t k = 0; k < steps; k++) {
		struct cost_affine a = cost_decode(c, n, n * (tok + k));

		s += a.base_s + a.per_tok_s * (double)(n * (tok + k));
	}
	return s;
}

/* batch_wait 0.15 s: at 0.65 s the batch of the first two begins, two rows of 100 tokens; four
 * steps more make five tokens, which the second, who needs three, waits for, unless each leaves
 * when it is done. The third, who comes at 0.7 s, waits until 0.85 s, when those are long done,
 * and is alone: one prefill is all. */
static void three_requests_by_hand(void **state)
{
	(void)state;
	for (int each = 0; each < 2; each++) {
		struct fixture f;
		struct instance_spec *i;
		struct naive v;
		double two_s, second_s, third_s;

		three(&f, &i);
		i->limits.batch_wait_s = 0.15;
		i->limits.returns = each ? STATIC_RETURN_EACH : STATIC_RETURN_BATCH;
		fixture_run(&f);
		naive_of(&v, &f); /* for its cost */
		two_s = 0.65 + prefill_s(v.cost, 2, 100);
		second_s = two_s + steps_s(v.cost, 2, 101, each ? 2 : 4);
		third_s = 0.85 + prefill_s(v.cost, 1, 30);
		assert_true(two_s + steps_s(v.cost, 2, 101, 4) < 0.85);
		assert_near((double)f.rows[0].created_ns * 1e-9, 0.5, 1e-9);
		assert_near((double)f.rows[0].started_ns * 1e-9, 0.65, 1e-9);
		assert_near((double)f.rows[0].first_token_ns * 1e-9, two_s, 2e-9);
		assert_near((double)f.rows[0].finished_ns * 1e-9,
			two_s + steps_s(v.cost, 2, 101, 4), 4e-9);
		assert_near((double)f.rows[1].finished_ns * 1e-9, second_s, 4e-9);
		assert_near((double)f.rows[2].finished_ns * 1e-9, third_s, 2e-9);
		/* two rows of 100 + 4 tokens: the fifth is never stored */
		assert_near(fixture_metric(&f, "instance:gpu", "kv.peak_bytes"),
			2.0 * 7.0 * 16.0 * llm_kv_bytes_per_tok(&f.models[0].shape), 1.0);
		cost_destroy(v.cost);
		cost_destroy(v.draft);
		free(v.asked);
		free(v.r);
		fixture_finish(&f);
	}
}

/* Always more in line than a batch takes, all of 200 and 64 tokens: as many batches follow each
 * other as go into the time. */
static void capacity_is_a_batch_a_batch_time(void **state)
{
	struct fixture f;
	struct instance_spec *i = build(&f, 1.0);
	struct naive v;
	double batch_s;

	(void)state;
	i->max_batch = 12;
	i->limits.batch_wait_s = 0.01; /* for those who come at the same instant */
	f.groups[0].arrivals =
		(struct arrival_spec){.process = ARRIVAL_SATURATED, .outstanding = 60};
	f.groups[0].workload.prompt_tok = dist_constant(200.0);
	f.groups[0].workload.output_tok = dist_constant(64.0);
	f.spec.run.requests = 12 * 50;
	fixture_run(&f);
	naive_of(&v, &f);
	batch_s = prefill_s(v.cost, 12, 200) + steps_s(v.cost, 12, 201, 63);
	assert_near(f.rows[12 * 50 - 1].finished_ns * 1e-9, 50.0 * batch_s, 1e-6);
	cost_destroy(v.cost);
	free(v.r);
	fixture_finish(&f);
}

int main(int argc, char **argv)
{
	struct seeds seeds = seeds_of(argc, argv, 50);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(every_time_is_that_of_a_naive_loop, &seeds),
		cmocka_unit_test(three_requests_by_hand),
		cmocka_unit_test(capacity_is_a_batch_a_batch_time),
	};

	return cmocka_run_group_tests_name("static", tests, NULL, NULL);
}
