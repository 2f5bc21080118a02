/* Plans against simulated batches: the choice of the planner is within 5 % of the candidate that
 * takes least when its rounds are made one by one, with coins for what is accepted. What is made
 * here is held to the engine, which makes the same batch of the same coins. */
#include "tests/support/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/profile/file.h"
#include "models/cost/catalog.h"
#include "models/cost/holding.h"
#include "models/serving/planner.h"
#include "sim/rng.h"
#include "tests/support/seeds.h"
#include "tests/support/world_fixture.h"

enum { SIZES = 8, REPLICATIONS = 32, RUNS = 8, N_MOST = 64 };

static struct seeds seeds;

/* A random batch on a random device */

struct subject {
	struct fixture f;
	struct instance_spec *i;
	const struct model_spec *draft; /* NULL: none */
	uint32_t n, prompt, output;
	struct planner_spec spec;
	struct cost *cost, *draft_cost;
	struct offload *offload;
	struct planner *planner;
	const struct plan_answer *answer; /* NULL: there is no plan */
};

static void add_draft(struct subject *s, uint64_t *x)
{
	static const char *const drafts[] = {"llama-68m", "llama-68m", "tinyllama-1.1b"};
	const char *name = drafts[seeds_next(x) % 3];
	struct model_spec *m = arena_alloc(&s->f.arena, 1, sizeof *m);
	struct err err = {0};

	*m = (struct model_spec){.name = name,
		.shape = catalog_find_model(name)->shape,
		.precision = PRECISION_FP16};
	m->shape.context = 4096;
	s->f.models[0].draft = s->draft = m;
	s->i->draft = (struct draft_spec){
		.on = true, .acceptance = round(seeds_log_uniform(x, 1.0, 10.9) - 1.0) / 10.0};
	if (!profile_find(&s->i->draft.profile, profile_builtin(&s->f.arena), &s->f.sites[0].gpu,
		    "fused", name, PRECISION_FP16, s->i->at, &err))
		fail_msg("%s", err.msg);
}

/** Layers in the host's memory, or the CPU's. */
static void put_off(struct subject *s, uint64_t *x)
{
	struct offload_spec *o = &s->i->offload;
	struct err err = {0};

	o->host = (struct gpu_spec){
		.name = "cpu", .mem_bytes = 64e9, .bytes_per_s = 60e9, .fp32_flop_per_s = 1e12};
	if (seeds_next(x) % 3 > 0)
		o->streamed_layers = 3 + (unsigned)(seeds_next(x) % 30);
	else
		o->cpu_layers = 1 + (unsigned)(seeds_next(x) % 12);
	if (o->cpu_layers > 0 &&
		!profile_find(&o->cpu, profile_builtin(&s->f.arena), &o->host, "fused",
			s->f.models[0].shape.name, s->f.models[0].precision, s->i->at, &err))
		fail_msg("%s", err.msg);
}

static void random_subject(struct subject *s, uint64_t *x)
{
	static const char *const gpus[] = {
		"rtx-4090", "titan-x", "h200", "a100", "l40s", "rtx-3060", "t4", "jetson-agx-orin"};
	static const char *const models[] = {"llama2-7b", "llama2-7b", "llama2-13b"};
	bool fp16 = seeds_next(x) % 4 == 0;

	memset(s, 0, sizeof *s);
	fixture_init(&s->f);
	fixture_site(&s->f, "cloud", TIER_CLOUD, gpus[seeds_next(x) % 8]);
	fixture_model(&s->f, models[seeds_next(x) % 3], fp16 ? PRECISION_FP16 : PRECISION_INT8);
	if (fp16 && strcmp(s->f.sites[0].gpu.name, "h200") == 0)
		s->f.models[0].precision = PRECISION_INT8;
	s->i = fixture_llm(&s->f, "gpu", 0, 0);
	s->n = (uint32_t)seeds_log_uniform(x, 1.0, N_MOST + 0.9);
	s->prompt = (uint32_t)seeds_log_uniform(x, 8.0, 2000.0);
	s->output = (uint32_t)seeds_log_uniform(x, 2.0, 500.0);
	if (seeds_next(x) % 4 > 0)
		add_draft(s, x);
	else if (seeds_next(x) % 2)
		put_off(s, x);
	if (seeds_next(x) % 4 == 0)
		s->i->batching = BATCHING_STATIC;
}

static void price(struct subject *s)
{
	struct planner_spec *p = &s->spec;
	struct err err = {0};

	*p = (struct planner_spec){.name = "gpu", .max_n = s->n};
	p->what = (struct cost_spec){.profile = s->i->profile,
		.gpu = &s->f.sites[0].gpu,
		.shape = &s->f.models[0].shape,
		.precision = s->f.models[0].precision,
		.max_batch = s->n,
		.verify_rows = s->draft ? PLAN_K_MOST + 1 : 0,
		.reserve_bytes = s->i->reserve_bytes,
		.quantile = PROFILE_MEDIAN,
		.offload = &s->i->offload};
	p->draft = p->what;
	p->draft.offload = NULL;
	p->draft.verify_rows = 0;
	p->draft.profile = s->i->draft.profile;
	p->reserve_bytes = s->i->reserve_bytes;
	p->room_bytes = p->what.gpu->mem_bytes;
	p->host_bytes = s->i->offload.host.mem_bytes;
	p->acceptance = s->i->draft.acceptance;
	p->keeps_rows = s->i->batching == BATCHING_STATIC;
	if (!cost_create(&s->cost, &p->what, &err) || !offload_create(&s->offload, &p->what, &err))
		fail_msg("%s", err.msg);
	if (s->draft) {
		p->draft.shape = &s->draft->shape;
		p->draft.precision = s->draft->precision;
		p->draft.reserve_bytes += cost_weight_bytes(&p->what);
		if (!cost_create(&s->draft_cost, &p->draft, &err))
			fail_msg("%s", err.msg);
	}
	p->cost = s->cost;
	p->draft_cost = s->draft_cost;
	p->offload = s->offload;
	s->planner = planner_create(p);
}

static void drop(struct subject *s)
{
	planner_destroy(s->planner);
	cost_destroy(s->cost);
	cost_destroy(s->draft_cost);
	offload_destroy(s->offload);
	fixture_finish(&s->f);
}

/** Is there any room beside the weights? */
static bool has_room(const struct subject *s)
{
	const struct gpu_spec *g = &s->f.sites[0].gpu;
	struct cost_spec what = {.gpu = g,
		.shape = &s->f.models[0].shape,
		.precision = s->f.models[0].precision,
		.offload = &s->i->offload};
	double draft = s->draft ? 3e9 : 0.0;

	return s->i->offload.cpu_layers + s->i->offload.streamed_layers < what.shape->layers &&
	       cost_weight_bytes(&what) + s->i->reserve_bytes + draft + 1e9 < g->mem_bytes;
}

/** One that has a plan. */
static void find_subject(struct subject *s, uint64_t seed)
{
	uint64_t x = seed * 1000003;
	struct err err = {0};

	for (;;) {
		random_subject(s, &x);
		if (has_room(s)) {
			price(s);
			if (planner_best(&s->answer, s->planner, s->n, s->prompt, s->output, &err))
				return;
		}
		drop(s);
		err = (struct err){0};
	}
}

/* The naive batch: every round by itself, in passes of every size at once */

struct batch_times {
	size_t n_sizes;
	uint32_t size[SIZES];
	double prefill_s[SIZES], draft_prefill_s[SIZES];
	double draft_s[9][SIZES], verify_s[9][SIZES];
};

static double step_of(const struct cost *c, uint32_t n, uint32_t k, double tok)
{
	struct cost_work w = {0};

	if (k == 0) {
		w = (struct cost_work){.n_decode = n, .decode_context_tok = n * tok};
		return cost_step_s(c, &w);
	}
	for (uint32_t i = 0; i < n; i++)
		cost_work_verify(&w, k, tok);
	return cost_step_s(c, &w);
}

/** All parts of a pass of the model: its own, the CPU's with the hand-over, a streamed layer's. */
static void add_parts(const struct subject *s, struct offload_step *to, double times, uint32_t n,
	uint32_t k, double tok)
{
	const struct offload *o = s->offload;

	to->gpu_s += times * step_of(s->cost, n, k, tok);
	if (o && o->cpu)
		to->before_s += times * (step_of(o->cpu, n, k, tok) + n * o->handover_s_row);
	if (o && o->layer)
		to->layer_s += times * step_of(o->layer, n, k, tok);
}

static double finish_step_s(const struct subject *s, const struct offload_step *x)
{
	double wait = 0.0;

	if (s->offload)
		wait = offload_wait_s(s->offload, x, offload_tail_s(s->offload, x));
	return x->before_s + x->gpu_s + wait;
}

static double round_s(const struct subject *s, uint32_t n, uint32_t size, uint32_t k, double tok)
{
	struct offload_step x = {0};

	if (n >= size)
		add_parts(s, &x, n / size, size, k, tok);
	if (n % size > 0)
		add_parts(s, &x, 1.0, n % size, k, tok);
	return finish_step_s(s, &x);
}

static double drafting_s(const struct subject *s, uint32_t n, uint32_t size, uint32_t k, double tok)
{
	double sum = 0.0;

	tok += 0.5 * (k - 1.0);
	if (n >= size)
		sum += n / size * step_of(s->draft_cost, size, 0, tok);
	if (n % size > 0)
		sum += step_of(s->draft_cost, n % size, 0, tok);
	return k * sum;
}

static uint32_t accepted(const struct subject *s, const struct rng_table *coins, uint32_t id,
	uint32_t round, uint32_t k)
{
	uint64_t word[RNG_TABLE_WORDS];
	double u;

	rng_table_look(coins, id, round / RNG_TABLE_WORDS, word);
	u = (double)(word[round % RNG_TABLE_WORDS] >> 11) * 0x1p-53;
	for (uint32_t n = 0; n < k; n++)
		if (!(u < pow(s->i->draft.acceptance, n + 1.0)))
			return n;
	return k;
}

/** Every round of one replication; the batch's sequences have the numbers from 1 on. */
static void naive_rounds(
	const struct subject *s, struct batch_times *t, const struct rng_table *coins, uint32_t k)
{
	bool keeps = s->i->batching == BATCHING_STATIC;
	uint32_t has[N_MOST], n = s->n;

	for (uint32_t i = 0; i < s->n; i++)
		has[i] = 1;
	for (uint32_t r = 0; n > 0; r++) {
		double tok = 0.0;

		n = 0;
		for (uint32_t i = 0; i < s->n; i++)
			n += has[i] < s->output;
		if (n == 0)
			break;
		if (keeps)
			n = s->n;
		for (uint32_t i = 0; i < s->n; i++)
			if (keeps || has[i] < s->output)
				tok += s->prompt + has[i];
		for (size_t z = 0; z < t->n_sizes; z++) {
			t->verify_s[k][z] += round_s(s, n, t->size[z], k, tok / n);
			if (k > 0)
				t->draft_s[k][z] += drafting_s(s, n, t->size[z], k, tok / n);
		}
		for (uint32_t i = 0; i < s->n; i++)
			if (has[i] < s->output) {
				has[i] += 1 + (k > 0 ? accepted(s, coins, i + 1, r, k) : 0);
				has[i] = has[i] < s->output ? has[i] : s->output;
			}
	}
}

static double prompts_s(const struct cost *c, uint32_t n, uint32_t tok)
{
	return cost_prefill_s(c, (uint64_t)n * tok, n) + n * cost_prefill_attention_s(c, tok, 0);
}

static double prefill_step_s(const struct subject *s, uint32_t n)
{
	const struct offload *o = s->offload;
	struct offload_step x = {.gpu_s = prompts_s(s->cost, n, s->prompt)};

	if (o && o->cpu)
		x.before_s =
			prompts_s(o->cpu, n, s->prompt) + (double)n * s->prompt * o->handover_s_row;
	if (o && o->layer)
		x.layer_s = prompts_s(o->layer, n, s->prompt);
	return finish_step_s(s, &x);
}

static void naive_prompts(const struct subject *s, struct batch_times *t)
{
	for (size_t z = 0; z < t->n_sizes; z++)
		for (uint32_t left = s->n; left > 0;) {
			uint32_t n = left < t->size[z] ? left : t->size[z];

			t->prefill_s[z] += prefill_step_s(s, n);
			if (s->draft)
				t->draft_prefill_s[z] += prompts_s(s->draft_cost, n, s->prompt);
			left -= n;
		}
}

static void naive_init(const struct subject *s, struct batch_times *t)
{
	memset(t, 0, sizeof *t);
	for (uint32_t z = 1; z < s->n; z *= 2)
		t->size[t->n_sizes++] = z;
	t->size[t->n_sizes++] = s->n;
	naive_prompts(s, t);
}

static void coins_of(struct rng_table *coins, uint32_t replication)
{
	rng_table_init(coins, 1, replication, "acceptance", "");
}

static size_t place_of(const struct batch_times *t, uint32_t size)
{
	size_t z = 0;

	while (t->size[z] != size)
		z++;
	return z;
}

static double total_s(const struct batch_times *t, const struct plan *c, double replications)
{
	size_t m = place_of(t, c->prefill_batch), d = place_of(t, c->decode_batch);
	double s = t->prefill_s[m] + t->verify_s[c->k][d] / replications;

	if (c->k > 0)
		s += t->draft_prefill_s[m] +
		     t->draft_s[c->k][place_of(t, c->draft_batch)] / replications;
	return s;
}

/* The engine */

/** The batch behind a request that keeps the machine busy until all have come; from its end to the
 * last answer. */
static double engine_run_s(struct subject *s, uint32_t replication)
{
	struct buf lines;
	int64_t last_ns = 0;

	if (s->f.spec.n_groups == 0)
		fixture_group(&s->f, "users", 1.0);
	fixture_policy(&s->f, "random");
	s->f.spec.run.horizon_s = 1e5;
	s->f.replication = replication;
	s->i->max_batch = s->n;
	s->i->ahead = 1;
	s->i->block_tok = 1;
	s->i->limits.max_batched_tok = 10000000;
	buf_init(&lines);
	buf_printf(&lines, "0,1,1\n");
	for (uint32_t i = 0; i < s->n; i++)
		buf_printf(&lines, "0.000001,%u,%u\n", s->prompt, s->output);
	fixture_run_trace(&s->f, lines.s);
	buf_finish(&lines);
	assert_int_equal(s->f.n_rows, s->n + 1);
	for (size_t i = 0; i < s->f.n_rows; i++) {
		assert_int_equal(s->f.rows[i].fate, FATE_DONE);
		last_ns = s->f.rows[i].finished_ns > last_ns ? s->f.rows[i].finished_ns : last_ns;
	}
	return (double)(last_ns - s->f.rows[0].finished_ns) * 1e-9;
}

static double engine_s(struct subject *s, const struct plan *c)
{
	s->i->limits.prefill_limit = c->prefill_batch;
	s->i->draft.on = c->k > 0;
	s->i->draft.k = c->k;
	return engine_run_s(s, 0);
}

/** Planned round by round; the mean of some replications. */
static double planned_s(struct subject *s, uint32_t replications)
{
	double sum = 0.0;

	s->i->limits.prefill_limit = 0;
	s->i->draft.planned = true;
	s->i->draft.k = PLAN_K_MOST;
	for (uint32_t r = 0; r < replications; r++)
		sum += engine_run_s(s, r);
	return sum / replications;
}

/** Does it fit where drafts have room for all, and for k tokens more of each? */
static bool engine_can(const struct subject *s, const struct plan *c)
{
	double tok = s->n * (s->prompt + s->output + 9.0), draft = 0.0;

	if (s->draft && c->k > 0)
		draft = cost_weight_bytes(&s->spec.draft) +
			tok * cost_kv_bytes_per_tok(&s->spec.draft);
	if (s->i->batching == BATCHING_STATIC && c->prefill_batch != s->n)
		return false; /* its prompts are one step */
	return c->decode_batch == s->n && (c->k == 0 || c->draft_batch == s->n) &&
	       cost_weight_bytes(&s->spec.what) + s->i->reserve_bytes + draft +
			       tok * cost_kv_bytes_per_tok(&s->spec.what) <
		       0.99 * s->spec.room_bytes;
}

static void the_naive_batch_is_that_of_the_engine(void **state)
{
	unsigned compared = 0;

	(void)state;
	for (uint64_t seed = seeds.first; seed <= seeds.last && compared < 40; seed++) {
		struct batch_times t;
		struct rng_table coins;
		struct subject s;
		double naive;

		find_subject(&s, seed);
		if (engine_can(&s, &s.answer->best[0])) {
			naive_init(&s, &t);
			coins_of(&coins, 0);
			naive_rounds(&s, &t, &coins, s.answer->best[0].k);
			naive = total_s(&t, &s.answer->best[0], 1.0);
			/* the first fetch is behind another step there */
			assert_ratio(
				engine_s(&s, &s.answer->best[0]), naive, s.offload ? 0.03 : 2e-4);
			compared++;
		}
		drop(&s);
	}
	assert_true(compared >= 20);
}

/* The choice against all */

struct contest {
	struct plan best;
	double best_s, choice_s;
};

/** All that fit, as the planner sees memory. */
static void try_all(const struct subject *s, const struct batch_times *t, uint32_t replications,
	struct contest *out)
{
	double tok = (double)s->prompt + s->output, kv = cost_kv_bytes_per_tok(&s->spec.what);
	const struct llm_shape *shape = s->spec.what.shape;
	uint32_t k_most = s->draft ? 8 : 0;

	*out = (struct contest){.best_s = HUGE_VAL};
	for (uint32_t k = 0; k <= k_most; k++)
		for (size_t m = 0; m < t->n_sizes; m++)
			for (size_t d = 0; d < t->n_sizes; d++)
				for (size_t b = 0; b < (k > 0 ? t->n_sizes : 1); b++) {
					struct plan c = {t->size[m], t->size[d],
						k > 0 ? t->size[b] : 0, .k = k};
					double rows = fmax((double)c.prefill_batch * s->prompt,
						c.decode_batch * (k + 1.0));
					double bytes =
						cost_weight_bytes(&s->spec.what) + s->n * tok * kv +
						fmax(s->i->reserve_bytes,
							4.0 * rows * (shape->hidden + shape->ffn));
					double x = total_s(t, &c, replications);

					if (k > 0)
						bytes += cost_weight_bytes(&s->spec.draft) +
							 c.draft_batch * tok *
								 cost_kv_bytes_per_tok(
									 &s->spec.draft);
					if (bytes > s->spec.room_bytes || x >= out->best_s)
						continue;
					out->best_s = x;
					out->best = c;
				}
	out->choice_s = total_s(t, &s->answer->best[0], replications);
}

static void hold(const struct subject *s, uint32_t replications, struct contest *out)
{
	uint32_t k_most = s->draft ? 8 : 0;
	struct batch_times t;
	struct rng_table coins;

	naive_init(s, &t);
	for (uint32_t r = 0; r < replications; r++) {
		coins_of(&coins, r);
		for (uint32_t k = 0; k <= k_most; k++)
			naive_rounds(s, &t, &coins, k);
	}
	try_all(s, &t, replications, out);
}

static void print_case(uint64_t seed, const struct subject *s, const struct contest *c)
{
	const struct plan *p = &s->answer->best[0];

	print_message("%4llu %s %s %s%s a %.1f off %u+%u N %u L %u G %u: plan %u %u %u k %u "
		      "%.4f s (foretold %.4f), best %u %u %u k %u %.4f: +%.1f %%\n",
		(unsigned long long)seed, s->spec.what.gpu->name, s->spec.what.shape->name,
		s->f.models[0].precision == PRECISION_FP16 ? "fp16" : "int8",
		s->draft ? s->draft->name : "", s->i->draft.acceptance,
		s->i->offload.streamed_layers, s->i->offload.cpu_layers, s->n, s->prompt, s->output,
		p->prefill_batch, p->decode_batch, p->draft_batch, p->k, c->choice_s, p->total_s,
		c->best.prefill_batch, c->best.decode_batch, c->best.draft_batch, c->best.k,
		c->best_s, 100.0 * (c->choice_s / c->best_s - 1.0));
}

static void the_choice_is_within_5_percent_of_the_best_simulated(void **state)
{
	unsigned n = 0, within = 0, drafting = 0, off = 0;
	double worst = 0.0, sum = 0.0, total_off = 0.0;

	(void)state;
	for (uint64_t seed = seeds.first; seed <= seeds.last; seed++) {
		struct contest c;
		struct subject s;
		double over;

		find_subject(&s, seed);
		hold(&s, REPLICATIONS, &c);
		over = c.choice_s / c.best_s - 1.0;
		n++;
		within += over <= 0.05;
		drafting += s.draft != NULL;
		off += s.offload != NULL;
		worst = fmax(worst, over);
		sum += over;
		total_off = fmax(total_off, fabs(s.answer->best[0].total_s / c.choice_s - 1.0));
		if (over > 0.05 || getenv("PLAN_RUNS_ALL"))
			print_case(seed, &s, &c);
		drop(&s);
	}
	print_message("%u of %u within 5 %% (%u with a draft, %u with layers elsewhere); mean %.2f "
		      "%%, worst %.1f %%; totals as foretold within %.1f %%\n",
		within, n, drafting, off, 100.0 * sum / n, 100.0 * worst, 100.0 * total_off);
	assert_true(within >= 0.95 * n);
	assert_true(drafting > n / 3 && off > 0);
}

/* The draft computes the prompts there even if no round drafts: that is the price of having one. */
static void a_run_that_plans_is_within_5_percent_of_the_best_of_all(void **state)
{
	unsigned n = 0, within = 0, better = 0;
	double worst = -1.0, sum = 0.0;

	(void)state;
	for (uint64_t seed = seeds.first; seed <= seeds.last && n < 60; seed++) {
		struct contest c;
		struct subject s;
		double over;

		find_subject(&s, seed);
		if (s.draft && engine_can(&s, &(struct plan){.prefill_batch = s.n,
						      .decode_batch = s.n,
						      .draft_batch = s.n,
						      .k = PLAN_K_MOST})) {
			hold(&s, RUNS, &c);
			if (c.best.k == 0)
				c.best_s += prompts_s(s.draft_cost, s.n, s.prompt);
			over = planned_s(&s, RUNS) / c.best_s - 1.0;
			n++;
			within += over <= 0.05;
			better += over < 0.0;
			worst = fmax(worst, over);
			sum += over;
			if (over > 0.05)
				print_message(
					"%llu: +%.1f %%\n", (unsigned long long)seed, 100.0 * over);
		}
		drop(&s);
	}
	print_message("%u of %u runs within 5 %%, %u better; mean %.2f %%, worst %.2f %%\n", within,
		n, better, 100.0 * sum / n, 100.0 * worst);
	assert_true(n >= 20);
	assert_true(within >= 0.95 * n);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_naive_batch_is_that_of_the_engine),
		cmocka_unit_test(the_choice_is_within_5_percent_of_the_best_simulated),
		cmocka_unit_test(a_run_that_plans_is_within_5_percent_of_the_best_of_all),
	};

	seeds = seeds_of(argc, argv, 60);
	return cmocka_run_group_tests_name("plan_runs", tests, NULL, NULL);
}
